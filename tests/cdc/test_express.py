"""One change alone: done by one statement, or left as it was to the ordinary way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cdc.errors import PositionMoved
from cdc.express import express
from cdc.model import Side
from cdc.undone import Outcome
from tests.databases import Pair
from tests.synced import Synced, synced

SCHEMA = """
CREATE TABLE p (id int PRIMARY KEY, v text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, v text);
CREATE TABLE n (id serial PRIMARY KEY, v text);
CREATE TABLE bag (v text);
CREATE TABLE late (id int PRIMARY KEY, v int UNIQUE DEFERRABLE);
CREATE TABLE fires (id int PRIMARY KEY, v text);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := upper(NEW.v); RETURN NEW; END $$;
CREATE TRIGGER shout BEFORE INSERT ON fires FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO p VALUES (1, 'x'), (2, 'x');
INSERT INTO c VALUES (1, 1, 'x')
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What MAIN writes after BACKUP was changed; `alone`: whether one statement does it."""

    name: str
    write: str
    alone: bool = True
    before: str = ""


CASES = (
    Case("insert", "INSERT INTO p VALUES (3, 'new')"),
    Case("update", "UPDATE p SET v = 'new' WHERE id = 1"),
    Case("update of a child", "UPDATE c SET v = 'new'"),
    Case("several", "UPDATE p SET v = 'new'", alone=False),
    Case("delete of a child", "DELETE FROM c"),
    Case("delete of a parent", "DELETE FROM p WHERE id = 2", alone=False),
    Case("another parent", "UPDATE c SET p = 2", alone=False),
    Case("insert of a child", "INSERT INTO c VALUES (2, 1, 'new')", alone=False),
    Case("another key", "UPDATE c SET id = 5", alone=False),
    Case("a number drawn", "INSERT INTO n (v) VALUES ('x')", alone=False),
    Case("no key", "INSERT INTO bag VALUES ('x')", alone=False),
    Case("a constraint that is checked late", "INSERT INTO late VALUES (1, 1)", alone=False),
    Case(
        "a row that is another one",
        "UPDATE p SET v = 'new' WHERE id = 1",
        alone=False,
        before="UPDATE p SET v = 'theirs'",
    ),
    Case("a row that is gone", "DELETE FROM c", alone=False, before="DELETE FROM c"),
    Case(
        "a row that is there",
        "INSERT INTO p VALUES (3, 'new')",
        alone=False,
        before="INSERT INTO p VALUES (3, 'theirs')",
    ),
    Case(
        "an altered table",
        "UPDATE p SET v = 'new' WHERE id = 1",
        alone=False,
        before="ALTER TABLE p ADD COLUMN w int",
    ),
    Case(
        "a refusal",
        "UPDATE p SET v = 'new' WHERE id = 1",
        alone=False,
        before="ALTER TABLE p ADD CHECK (v <> 'new')",
    ),
    Case("triggers that do not fire", "INSERT INTO fires VALUES (1, 'x')"),
    Case(
        "triggers that fire all the same",
        "INSERT INTO fires VALUES (1, 'x')",
        alone=False,
        before="ALTER TABLE fires ENABLE ALWAYS TRIGGER shout",
    ),
)


async def attempt(both: Synced) -> Outcome | None:
    """Read what MAIN wrote, and try to apply it by one statement."""
    crossing = both.engine.links[Side.MAIN]._crossing
    assert crossing is not None
    batch = await crossing.reader.read(crossing.position)
    await crossing.reader.learn(batch.changes)
    await crossing.applier.prepare(batch.changes)
    outcome = await express(crossing.applier, crossing.stored, batch)
    if outcome is not None:
        crossing.position = crossing.stored = batch.after
    return outcome


async def state(both: Synced) -> list[object]:
    position = await both.backup.fetchrow("SELECT * FROM cdc.position")
    tables = [await both.rows(Side.BACKUP, name) for name in ("p", "c", "n", "bag", "late", "fires")]
    return [position, await both.backup.fetch("SELECT * FROM cdc.sync_state"), *tables]


GRANTED = pytest.mark.granted("one statement checks no foreign keys, and people's triggers must not fire")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=GRANTED if case.alone or " fires " in case.write else ())
        for case in CASES
    ],
)
async def test_it_is_done_at_once_or_nothing_of_it_stays(pair: Pair, case: Case) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE p SET v = 'first' WHERE id = 2")
        await both.settle()
        await both.backup.execute(case.before or "SELECT 1")
        await both.main.execute(case.write)
        before = await state(both)
        outcome = await attempt(both)
        assert (outcome is not None) == case.alone
        assert (await state(both) == before) == (not case.alone)
        await both.settle()
        if not case.before:
            await both.assert_equal("p", "c", "n", "bag", "late")
            await both.assert_no_conflicts()
        assert await both.applied(Side.MAIN) == await both.captured(Side.MAIN)
        written = 1 if case.before.startswith(("UPDATE", "DELETE", "INSERT")) else 0
        assert await both.captured(Side.BACKUP) == (2 if "p SET" in case.before else written), (
            "ours are not captured"
        )


async def test_an_entry_that_holds_a_key_is_noticed(pair: Pair) -> None:
    """Whoever made it: a decision, a comparison, or another instance."""
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE p SET v = 'first' WHERE id = 2")
        await both.settle()
        await both.backup.execute(
            "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status)"
            " VALUES ('MAIN', 'p', '1', 'UPDATE_ORIGIN_DIFFERS', 'OPEN')"
        )
        await both.main.execute("UPDATE p SET v = 'new' WHERE id = 1")
        assert await attempt(both) is None
        await both.engine.step(Side.MAIN)
        assert await both.backup.fetchval("SELECT v FROM p WHERE id = 1") == "x"


async def test_of_two_instances_one_applies_it(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE p SET v = v || '!' WHERE id = 2")
        await both.settle()
        other = both.make()
        await other.open()
        try:
            await both.main.execute("UPDATE p SET v = v || '!' WHERE id = 1")
            assert (await other.step(Side.MAIN)).applied == 1
            with pytest.raises(PositionMoved):
                await both.engine.step(Side.MAIN)
        finally:
            await other.close()
        await both.assert_equal("p")
        assert await both.applied(Side.MAIN) == 2
