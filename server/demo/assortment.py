"""What the club sells and who its people are: the words of the demo's data. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CATEGORIES: tuple[tuple[str, str | None], ...] = (
    ("Drinks", None),
    ("Draught beer", "Drinks"),
    ("Bottles & cans", "Drinks"),
    ("Wine & spirits", "Drinks"),
    ("Soft drinks", "Drinks"),
    ("Hot drinks", "Drinks"),
    ("Kitchen", None),
    ("Sandwiches & toasties", "Kitchen"),
    ("Hot plates", "Kitchen"),
    ("Crisps & nuts", "Kitchen"),
    ("Sweets", "Kitchen"),
    ("Pro shop", None),
    ("Cues & cases", "Pro shop"),
    ("Chalk & tips", "Pro shop"),
    ("Clothing", "Pro shop"),
    ("Club", None),
    ("Coaching", "Club"),
    ("Hire & fees", "Club"),
)
"""Category name and its parent's name, parents first."""

TABLES: tuple[tuple[str, str, str], ...] = (
    ("SNOOKER", "Riley Aristocrat", "9.50"),
    ("SNOOKER", "Riley Aristocrat", "9.50"),
    ("SNOOKER", "Riley Aristocrat", "9.50"),
    ("SNOOKER", "Star Xingpai", "12.00"),
    ("SNOOKER", "Star Xingpai", "12.00"),
    ("SNOOKER", "Burroughes & Watts, 1912", "14.00"),
    ("SNOOKER", "Thurston Prince", "9.50"),
    ("SNOOKER", "Thurston Prince", "9.50"),
    ("BILLIARDS", "Orme & Sons, 1904", "11.00"),
    ("POOL", "Supreme Winner", "7.00"),
    ("POOL", "Supreme Winner", "7.00"),
    ("POOL", "Brunswick Gold Crown", "8.50"),
)
"""Kind, maker and price per hour in pounds; the table's number is its place here, from 1."""

STAFF: tuple[tuple[str, str], ...] = (
    ("Maureen Hollis", "OWNER"),
    ("Dev Chaudhary", "MANAGER"),
    ("Siân Prosser", "BAR"),
    ("Tomasz Wilk", "BAR"),
    ("Ellie Marsden", "BAR"),
    ("Kwame Boateng", "BAR"),
    ("Ronnie Tate", "COACH"),
    ("Priya Nair", "COACH"),
)
"""Name and role."""

FIRST_NAMES = (
    "Aaron", "Aisha", "Alan", "Amir", "Anna", "Barry", "Ben", "Bethan", "Callum", "Carol", "Chloe", "Colin",
    "Daniel", "Darren", "Deepa", "Derek", "Emma", "Farah", "Fiona", "Gareth", "George", "Gita", "Graham",
    "Hannah", "Harry", "Imran", "Ioana", "Jack", "Janet", "Jason", "Jill", "Joe", "Karen", "Keith", "Kelly",
    "Kofi", "Laura", "Lee", "Liam", "Linda", "Lucy", "Magda", "Mark", "Mei", "Mike", "Mohammed", "Nadia",
    "Neil", "Nigel", "Olu", "Owen", "Pat", "Paul", "Peter", "Rachel", "Raj", "Rhys", "Rosa", "Ruth", "Sam",
    "Sandra", "Sean", "Shaun", "Steve", "Sunita", "Terry", "Tina", "Tom", "Vikram", "Wendy", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Adams", "Ahmed", "Ashworth", "Bailey", "Banerjee", "Barker", "Begum", "Bennett", "Bradley", "Carter",
    "Chan", "Clarke", "Cooper", "Davies", "Doyle", "Edwards", "Ellis", "Evans", "Fletcher", "Foster",
    "Gill", "Grant", "Griffiths", "Hall", "Harris", "Hussain", "Hughes", "Iqbal", "Jackson", "Jenkins",
    "Jones", "Kaur", "Kelly", "Khan", "King", "Kowalski", "Lewis", "Lloyd", "Mason", "Mensah", "Mills",
    "Morgan", "Murphy", "Novak", "O'Brien", "Okafor", "Owen", "Palmer", "Parry", "Patel", "Perera",
    "Powell", "Price", "Quinn", "Rees", "Roberts", "Robinson", "Shah", "Sharma", "Singh", "Smith", "Stone",
    "Taylor", "Thomas", "Turner", "Walker", "Ward", "Watson", "Webb", "Whittaker", "Wright", "Young",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the price list; `price` in pounds as text, so that no float touches money."""

    sku: str
    name: str
    category: str
    price: str
    tags: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


HAPPY_HOUR = "happy-hour"
"""Tag of the products that the till and the office both reprice, and so come into conflict over."""


def _beer(  # noqa: PLR0917  # read as a line of the price list
    sku: str, name: str, category: str, price: str, abv: float, ml: int, *tags: str
) -> Item:
    return Item(sku, name, category, price, tags, {"abv": abv, "volumeMl": ml, "allergens": ["barley"]})


ITEMS: tuple[Item, ...] = (
    _beer("BEER-001", "Timothy Taylor Landlord, pint", "Draught beer", "4.60", 4.3, 568, HAPPY_HOUR, "cask"),
    _beer("BEER-002", "Camden Hells, pint", "Draught beer", "5.20", 4.6, 568, HAPPY_HOUR, "keg"),
    _beer("BEER-003", "Guinness, pint", "Draught beer", "5.10", 4.2, 568, HAPPY_HOUR, "keg"),
    _beer("BEER-004", "Brains SA, pint", "Draught beer", "4.20", 4.2, 568, HAPPY_HOUR, "cask"),
    _beer("BEER-005", "Aspall Cyder, pint", "Draught beer", "4.90", 4.5, 568, HAPPY_HOUR, "keg"),
    _beer("BEER-006", "Madrí, half", "Draught beer", "2.70", 4.6, 284, "keg"),
    _beer("BEER-007", "Landlord, half", "Draught beer", "2.40", 4.3, 284, "cask"),
    _beer("BEER-008", "Shandy, pint", "Draught beer", "4.00", 2.2, 568, "keg"),
    _beer("BOTL-001", "Peroni 33 cl", "Bottles & cans", "4.10", 5.0, 330, HAPPY_HOUR),
    _beer("BOTL-002", "Corona 33 cl", "Bottles & cans", "4.10", 4.5, 330, HAPPY_HOUR),
    _beer("BOTL-003", "Punk IPA can", "Bottles & cans", "4.30", 5.4, 330, HAPPY_HOUR, "craft"),
    _beer("BOTL-004", "Lucky Saint 0.5 %", "Bottles & cans", "3.60", 0.5, 330, "alcohol-free"),
    _beer("BOTL-005", "Old Speckled Hen 50 cl", "Bottles & cans", "4.80", 5.0, 500),
    _beer("BOTL-006", "Kopparberg Strawberry", "Bottles & cans", "4.90", 4.0, 500),
    Item("WINE-001", "House red, 175 ml", "Wine & spirits", "4.80", (HAPPY_HOUR,), {"abv": 13.0}),
    Item("WINE-002", "House white, 175 ml", "Wine & spirits", "4.80", (HAPPY_HOUR,), {"abv": 12.0}),
    Item("WINE-003", "Prosecco, 20 cl", "Wine & spirits", "6.90", (), {"abv": 11.0}),
    Item("SPRT-001", "Bell's, 25 ml", "Wine & spirits", "3.20", (), {"abv": 40.0}),
    Item("SPRT-002", "Penderyn, 25 ml", "Wine & spirits", "4.60", ("local",), {"abv": 46.0}),
    Item("SPRT-003", "Gordon's & tonic", "Wine & spirits", "4.70", (HAPPY_HOUR,), {"abv": 37.5}),
    Item("SPRT-004", "Captain Morgan & coke", "Wine & spirits", "4.70", (HAPPY_HOUR,), {"abv": 35.0}),
    Item("SOFT-001", "Coca-Cola 33 cl", "Soft drinks", "2.30", (), {"volumeMl": 330}),
    Item("SOFT-002", "Diet Coke 33 cl", "Soft drinks", "2.30", ("sugar-free",), {"volumeMl": 330}),
    Item("SOFT-003", "Irn-Bru 33 cl", "Soft drinks", "2.30", (), {"volumeMl": 330}),
    Item("SOFT-004", "Orange squash, pint", "Soft drinks", "1.20", ("jug",), {"volumeMl": 568}),
    Item("SOFT-005", "J2O Apple & Mango", "Soft drinks", "2.90", (), {"volumeMl": 275}),
    Item("SOFT-006", "Still water 50 cl", "Soft drinks", "1.60", (), {"volumeMl": 500}),
    Item("SOFT-007", "Ginger beer", "Soft drinks", "2.60", ("local",), {"volumeMl": 330}),
    Item("HOTD-001", "Tea, mug", "Hot drinks", "1.50", (), {"milk": ["dairy", "oat"]}),
    Item("HOTD-002", "Flat white", "Hot drinks", "2.80", (), {"milk": ["dairy", "oat"]}),
    Item("HOTD-003", "Americano", "Hot drinks", "2.50"),
    Item("HOTD-004", "Hot chocolate", "Hot drinks", "2.90", (), {"milk": ["dairy", "oat"]}),
    Item("HOTD-005", "Bovril", "Hot drinks", "1.80", ("league-night",)),
    Item("SAND-001", "Cheese & onion toastie", "Sandwiches & toasties", "4.50", ("vegetarian",)),
    Item("SAND-002", "Ham & mustard toastie", "Sandwiches & toasties", "4.90"),
    Item("SAND-003", "Bacon roll", "Sandwiches & toasties", "4.20", ("breakfast",)),
    Item("SAND-004", "Tuna melt", "Sandwiches & toasties", "5.20", (), {"allergens": ["fish", "milk"]}),
    Item("SAND-005", "Falafel wrap", "Sandwiches & toasties", "5.40", ("vegan",)),
    Item("SAND-006", "Chip butty", "Sandwiches & toasties", "3.60", ("vegetarian",)),
    Item("PLAT-001", "Pie, chips & gravy", "Hot plates", "8.90", ("league-night",)),
    Item("PLAT-002", "Chilli con carne", "Hot plates", "8.50", (), {"spice": 2}),
    Item("PLAT-003", "Chicken tikka & rice", "Hot plates", "9.20", (), {"spice": 3}),
    Item("PLAT-004", "Halloumi burger", "Hot plates", "8.80", ("vegetarian",)),
    Item("PLAT-005", "Bowl of chips", "Hot plates", "3.50", ("vegan",)),
    Item("PLAT-006", "Chips & curry sauce", "Hot plates", "4.40", ("vegan",), {"spice": 1}),
    Item("CRIS-001", "Walkers ready salted", "Crisps & nuts", "1.30", ("vegan",)),
    Item("CRIS-002", "Walkers cheese & onion", "Crisps & nuts", "1.30", ("vegetarian",)),
    Item("CRIS-003", "Scampi fries", "Crisps & nuts", "1.50", (), {"allergens": ["fish", "wheat"]}),
    Item("CRIS-004", "Pork scratchings", "Crisps & nuts", "1.80"),
    Item("CRIS-005", "Dry-roasted peanuts", "Crisps & nuts", "1.60", (), {"allergens": ["peanut"]}),
    Item("CRIS-006", "Wasabi peas", "Crisps & nuts", "1.90", ("vegan",), {"spice": 3}),
    Item("SWEE-001", "Mars bar", "Sweets", "1.20"),
    Item("SWEE-002", "Twix", "Sweets", "1.20"),
    Item("SWEE-003", "Extra strong mints", "Sweets", "0.90", ("vegan",)),
    Item("SWEE-004", "Welsh cake", "Sweets", "1.40", ("local",), {"allergens": ["egg", "milk", "wheat"]}),
    Item("CUES-001", "Peradon Crown, 57 inch", "Cues & cases", "189.00", (), {"tipMm": 9.5, "joint": "3/4"}),
    Item("CUES-002", "Britannia Classic cue", "Cues & cases", "64.00", (), {"tipMm": 10, "joint": "1/2"}),
    Item("CUES-003", "Junior cue, 48 inch", "Cues & cases", "32.50", ("junior",), {"tipMm": 10}),
    Item("CUES-004", "Aluminium cue case", "Cues & cases", "39.95"),
    Item("CUES-005", "Cue extension, 18 inch", "Cues & cases", "24.00"),
    Item("CHLK-001", "Taom Pyro chalk, blue", "Chalk & tips", "19.95"),
    Item("CHLK-002", "Triangle chalk, green, pair", "Chalk & tips", "1.80"),
    Item("CHLK-003", "Elk Master tips, box of 3", "Chalk & tips", "4.50", (), {"tipMm": 9.5}),
    Item("CHLK-004", "Tip shaper", "Chalk & tips", "6.75"),
    Item("CHLK-005", "Microfibre towel", "Chalk & tips", "5.00"),
    Item("CLTH-001", "Club polo shirt", "Clothing", "22.00", (), {"sizes": ["S", "M", "L", "XL"]}),
    Item("CLTH-002", "Waistcoat, black", "Clothing", "38.00", (), {"sizes": ["S", "M", "L", "XL"]}),
    Item("CLTH-003", "Dickie bow", "Clothing", "8.50", ("league-night",)),
    Item("COAC-001", "Coaching, one hour", "Coaching", "30.00", (), {"minutes": 60}),
    Item("COAC-002", "Junior coaching, group", "Coaching", "8.00", ("junior",), {"minutes": 90}),
    Item("COAC-003", "Break-building clinic", "Coaching", "45.00", (), {"minutes": 120}),
    Item("HIRE-001", "Cue hire", "Hire & fees", "2.00"),
    Item("HIRE-002", "Locker, month", "Hire & fees", "6.00", (), {"deposit": "10.00"}),
    Item("HIRE-003", "League match fee", "Hire & fees", "5.00", ("league-night",)),
    Item("HIRE-004", "Day membership", "Hire & fees", "3.00"),
)
"""The price list."""
