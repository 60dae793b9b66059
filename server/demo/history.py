"""The club's last thirty days, made up but always the same for the same instant. No input or output here."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from server.demo.assortment import CATEGORIES, FIRST_NAMES, ITEMS, LAST_NAMES, STAFF, TABLES
from server.demo.cuid import cuids
from server.demo.records import Rows, Value
from server.demo.trade import Counter, Visit

DAYS = 30
CUSTOMERS = 320
SALES_PER_DAY = 26
SESSIONS_PER_DAY = 18
_SATURDAY = 5


class History:
    """Makes up every row of the demo from one seed; `now` (UTC) is the instant its last day ends at."""

    def __init__(self, now: datetime, seed: int = 147) -> None:
        """Prepare an empty history; `tables` fills it."""
        self._now = now.replace(microsecond=0)
        self._opened = self._now - timedelta(days=DAYS)
        self._chance = random.Random(seed)  # noqa: S311  # the same demo every time, not cryptography
        self._cuid = cuids(self._chance)
        self._staff: list[str] = []
        self._customers: list[str] = []
        self._visits: list[Visit] = []
        self._products: list[tuple[str, Decimal]] = []

    def tables(self) -> list[Rows]:
        """Make all tables' rows, parents before children."""
        categories, products = self._price_list()
        first = [self._employees(), categories, products, self._members()]
        return [*first, *self._sessions(), *self._sales()]

    def _employees(self) -> Rows:
        rows: list[tuple[Value, ...]] = []
        for name, role in STAFF:
            key = self._cuid(self._opened)
            self._staff.append(key)
            hired = (self._opened - timedelta(days=self._chance.randrange(60, 3000))).date()
            email = name.split()[0].lower().replace("â", "a") + "@baizeandcue.example"
            rows.append((key, name, email, role, hired, self._opened, self._opened))
        columns = ("id", "name", "email", "role", "hiredOn", "createdAt", "updatedAt")
        return Rows("Employee", columns, rows)

    def _price_list(self) -> tuple[Rows, Rows]:
        keys = {name: self._cuid(self._opened) for name, _ in CATEGORIES}
        categories: list[tuple[Value, ...]] = [
            (keys[name], name, keys[parent] if parent else None, place, self._opened)
            for place, (name, parent) in enumerate(CATEGORIES)
        ]
        products: list[tuple[Value, ...]] = []
        made = self._opened
        for item in ITEMS:
            key, price = self._cuid(self._opened), Decimal(item.price)
            self._products.append((key, price))
            reorder = 24 if price < Decimal(10) else 2
            told = list(item.tags), json.dumps(item.attributes)
            products.append(
                (key, item.sku, item.name, keys[item.category], price, reorder, *told, made, made)
            )
        columns = ("id", "sku", "name", "categoryId", "price", "reorderAt", "tags", "attributes")
        return (
            Rows("Category", ("id", "name", "parentId", "position", "updatedAt"), categories),
            Rows("Product", (*columns, "createdAt", "updatedAt"), products),
        )

    def _members(self) -> Rows:
        rows: list[tuple[Value, ...]] = []
        names = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
        for name in self._chance.sample(names, CUSTOMERS):
            joined = self._opened - timedelta(minutes=self._chance.randrange(10, 60 * 24 * 900))
            key = self._cuid(joined)
            self._customers.append(key)
            kind = self._chance.choices(("MEMBER", "GUEST", "LEAGUE", "JUNIOR"), (50, 25, 18, 7))[0]
            mail = name.lower().replace(" ", ".").replace("'", "").replace("ë", "e") + "@example.com"
            phone = f"07700 900{self._chance.randrange(1000):03}"  # a range kept free for fiction
            likes = {"hand": self._chance.choice(("right", "right", "right", "left"))}
            if kind == "LEAGUE":
                likes["team"] = self._chance.choice(("Baize & Cue A", "Baize & Cue B", "Century Breakers"))
            wishes = json.dumps(likes) if self._chance.randrange(4) else None
            rows.append((key, name, mail if kind != "GUEST" else None, phone, kind, wishes, joined, joined))
        columns = ("id", "name", "email", "phone", "membership", "preferences", "createdAt", "updatedAt")
        return Rows("Customer", columns, rows)

    def _sessions(self) -> tuple[Rows, Rows]:
        tables = [(self._cuid(self._opened), Decimal(price)) for _, _, price in TABLES]
        furniture: list[tuple[Value, ...]] = [
            (key, number, kind, maker, price, self._opened)
            for number, ((key, price), (kind, maker, _)) in enumerate(zip(tables, TABLES, strict=True), 1)
        ]
        played: list[tuple[Value, ...]] = []
        for start in self._instants(SESSIONS_PER_DAY):
            end = start + timedelta(minutes=self._chance.randrange(30, 180, 5))
            table, per_hour = self._chance.choice(tables)
            who = self._chance.choice(self._customers) if self._chance.randrange(5) else None
            if end >= self._now:
                continue
            key = self._cuid(start)
            charge = (per_hour * int((end - start).total_seconds()) / 3600).quantize(Decimal("0.01"))
            played.append((key, table, who, "FINISHED", start, end, charge))
            self._visits.append(Visit(key, who, end))
        columns = ("id", "tableId", "customerId", "status", "startedAt", "endedAt", "charge")
        return (
            Rows("SnookerTable", ("id", "number", "kind", "maker", "perHour", "updatedAt"), furniture),
            Rows("TableSession", columns, played),
        )

    def _sales(self) -> list[Rows]:
        counter = Counter(self._chance, self._cuid, self._staff, self._customers, self._products)
        counter.deliver(self._opened)
        for visit in self._chance.sample(self._visits, len(self._visits) // 3):
            counter.sell(visit.ended, visit=visit, until=self._now)
        for opened in self._instants(SALES_PER_DAY):
            counter.sell(opened, visit=None, until=self._now)
        return counter.rows()

    def _instants(self, per_day: int) -> list[datetime]:
        """Instants within opening hours (noon to eleven, UTC), busier at weekends, in order."""
        found = []
        for back in range(DAYS, -1, -1):
            day = (self._now - timedelta(days=back)).date()
            count = per_day + (per_day // 2 if day.weekday() >= _SATURDAY else 0)
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            found += [noon + timedelta(seconds=self._chance.randrange(11 * 3600)) for _ in range(count)]
        return sorted(at for at in found if at < self._now)
