"""A table whose columns are named like everything that our SQL names, through all that is done with tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cdc.decision import Decision
from cdc.first_contact import resync
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.restore import restore
from cdc.snapshot.writer import write_snapshot
from cdc.stats import Options
from cdc.verify import verify_sides
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced
from triggers.identifiers import identifier

SOURCES = Path(__file__).parents[2]
WORD = re.compile(r"\b[a-z_][a-z0-9_]*\b")
FRAGMENT = re.compile(r"""fragment\(\s*r?"((?:[^"\\]|\\.)*)\"""")
SYSTEM = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid"}
TABLES = ("words", "copies")


def our_words() -> list[str]:
    """Aliases, variables, columns and functions of all templates, and of the parts that Python puts into them."""
    texts = []
    for path in (path for package in ("cdc", "triggers") for path in (SOURCES / package).rglob("*")):
        if path.suffix == ".sql" and "{" in (text := path.read_text(encoding="utf-8")):
            texts.append(re.sub(r"--.*", "", text))
        elif path.suffix == ".py":
            texts += FRAGMENT.findall(path.read_text(encoding="utf-8"))
    words = {word for text in texts for word in WORD.findall(text.lower())}
    return sorted({*words, *"abcdefghijklmnopqrstuvwxyz", "f0", "f1", "k0", "k1", "r0", "r1"} - SYSTEM)


WORDS = our_words()
COLUMNS = ", ".join(f"{identifier(word)} text" for word in WORDS)
SCHEMA = f"""
CREATE TABLE words ({COLUMNS}, PRIMARY KEY ("n", "after"), UNIQUE ("t") DEFERRABLE, UNIQUE ("parent"));
ALTER TABLE words ADD FOREIGN KEY ("child") REFERENCES words ("parent");
CREATE TABLE copies ({COLUMNS});
"""
UNSEEN = """
BEGIN; SET LOCAL cdc.applying = 'on';
UPDATE words SET "x" = 'other' WHERE "seq" = 'seq 2!'; DELETE FROM words WHERE "seq" = 'seq 4!';
UPDATE copies SET "x" = 'other' WHERE "seq" = 'seq 2!'; DELETE FROM copies WHERE "seq" = 'seq 4!';
INSERT INTO words VALUES {row}; INSERT INTO copies VALUES {row}; COMMIT
"""
"""Writes that nothing captures."""


def row(number: int | str, **others: str) -> str:
    """A row of which each value is its column's name and a number, and each row its own child."""
    values = {word: f"'{word} {number}'" for word in WORDS} | {"child": f"'parent {number}'"} | others
    return f"({', '.join(values[word] for word in WORDS)})"


def sets(mark: str) -> str:
    return ", ".join(f"{identifier(word)} = {identifier(word)} || '{mark}'" for word in WORDS)


def where(*numbers: int | str) -> str:
    values = ", ".join(f"'seq {number}'" for number in numbers)
    return f'"seq" IN ({values})'


async def everywhere(both: Synced, side: Side, sql: str) -> None:
    """In one transaction, with a key and without."""
    await both.connection(side).execute("; ".join(sql.replace("{table}", table) for table in TABLES))


async def assert_settled(both: Synced, rows: int) -> None:
    await both.settle()
    await both.assert_no_conflicts()
    for table in TABLES:
        await both.assert_equal(table)
        assert len(await both.rows(Side.MAIN, table)) == rows


@pytest.mark.parametrize("batch_rows", [1, 3], ids=["one by one", "pages"])
async def test_through_all_that_is_done_with_tables(pair: Pair, tmp_path: Path, batch_rows: int) -> None:
    assert {"t", "n", "batch", "old_rows", "origin", "seq", "entity_id", "act", "difference", "nth"} <= set(
        WORDS
    )
    async with synced(pair, SCHEMA, options=Options(batch_rows=batch_rows)) as both:
        await written(both)
        await in_conflict(both)
        if batch_rows > 1:  # what follows knows of no batches
            await compared(both)
            await kept(both, DiskStore(tmp_path))


async def written(both: Synced) -> None:
    for side, numbers in ((Side.MAIN, "12"), (Side.BACKUP, "345")):
        await everywhere(both, side, f"INSERT INTO {{table}} VALUES {', '.join(map(row, numbers))}")
    await assert_settled(both, 5)
    for side, numbers in ((Side.MAIN, "134"), (Side.BACKUP, "25")):
        await everywhere(both, side, f"UPDATE {{table}} SET {sets('!')} WHERE {where(*numbers)}")
    await assert_settled(both, 5)
    await everywhere(both, Side.MAIN, f"DELETE FROM {{table}} WHERE {where('3!')}; TRUNCATE copies")
    await both.backup.execute(f"INSERT INTO copies VALUES {row('1!')}")
    await both.settle()
    await both.main.execute(
        "INSERT INTO copies SELECT * FROM words WHERE " + where(*(f"{i}!" for i in range(4, 6)))
    )
    await both.main.execute(f"INSERT INTO copies VALUES {row('2!')}")
    await assert_settled(both, 4)


async def in_conflict(both: Synced) -> None:
    """Updated on both sides, a unique value taken twice, and a parent that has gone: decided for either side."""
    gone, taken, too = row("c", child="'parent 5!'"), row("m", t="'taken'"), row("b", t="'taken'")
    await both.main.execute(
        f"UPDATE words SET \"x\" = 'main' WHERE {where('1!', '2!')}; INSERT INTO words VALUES {taken}"
    )
    await both.backup.execute(
        f"UPDATE words SET \"x\" = 'backup' WHERE {where('1!', '2!')};"
        f"INSERT INTO words VALUES {too}; DELETE FROM words WHERE {where('5!')}"
    )
    await both.main.execute(f"INSERT INTO words VALUES {gone}")
    await both.settle()
    kinds = {each.entity_id: each.type for each in await both.open_conflicts()}
    assert set(kinds) >= {f"n {i},after {i}" for i in ("1!", "2!", "m", "b", "c")}
    assert {"UPDATE_ORIGIN_DIFFERS", "UNIQUE_VIOLATION", "FOREIGN_KEY_VIOLATION"} <= set(kinds.values())
    await both.main.execute(f"DELETE FROM words WHERE {where('c', 'm')}")
    await both.settle()
    async with Resolver(*endpoints(both.pair)) as resolver:
        for each in {each.entity_id for each in await both.open_conflicts()}:
            side = Resolution.BACKUP if each.startswith("n 2!") else Resolution.MAIN
            await resolver.resolve(Decision("words", each, side, by="me"))
    await both.settle()
    await both.assert_no_conflicts()
    await both.assert_equal("words")


async def compared(both: Synced) -> None:
    """Found, mended for one table, and brought over anew for both."""
    before = [await both.rows(Side.MAIN, table) for table in TABLES]
    await both.backup.execute(UNSEEN.replace("{row}", row("u")))
    report = await verify_sides(*endpoints(both.pair), repair=Side.BACKUP, progress=lambda *_: None)
    words = next(one for one in report.tables if one.entity == "words")
    assert (words.differing, words.missing_main, words.missing_backup, words.repaired) == (1, 1, 1, 3)
    await both.settle()
    await both.assert_equal("words")
    await both.backup.execute(UNSEEN.replace("{row}", row("v")))
    await resync(*endpoints(both.pair), Side.BACKUP, lambda *_: None)
    await both.reopen()
    await both.settle()
    for side in Side:
        assert [await both.rows(side, table) for table in TABLES] == before


async def kept(both: Synced, store: DiskStore) -> None:
    """Written to a file, and put back from it into one side, which the other follows."""
    main, backup = endpoints(both.pair)
    before = [await both.rows(Side.MAIN, table) for table in TABLES]
    name = (await write_snapshot(main, store, kind="FULL")).name
    await everywhere(both, Side.BACKUP, f"DELETE FROM {{table}} WHERE {where('1!', '2!')}")
    await both.settle()
    await everywhere(
        both, Side.MAIN, f"UPDATE {{table}} SET \"x\" = 'new'; INSERT INTO {{table}} VALUES {row('w')}"
    )
    await both.settle()
    await restore(store, name, main, backup, propagate=True, by="me")
    await both.settle()
    for side in Side:
        assert [await both.rows(side, table) for table in TABLES] == before
