"""Whether both sides hold the same rows, and where they do not: in SQL, rows never pass through here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cdc.catalog import read_shapes
from cdc.contact_facts import Installer, Synced
from cdc.contact_state import LOCK_WAIT_MS, opened
from cdc.copy_pipe import pipe
from cdc.copy_tasks import Progress
from cdc.difference import Difference
from cdc.model import Side
from cdc.session import Connection, Endpoint, make_private
from cdc.table_pair import TablePair, pair
from triggers.identifiers import Composed, joined
from triggers.statements import render, statement


@dataclass(frozen=True, slots=True)
class Contact:
    """The two sides, the tables that both have to hold alike, and who is told of progress."""

    main: Endpoint
    backup: Endpoint
    tables: Sequence[Synced]
    install: Installer
    progress: Progress
    two_way: bool

    def endpoint(self, side: Side) -> Endpoint:
        """One of the two."""
        return self.main if side is Side.MAIN else self.backup


@dataclass(frozen=True, slots=True)
class Digest:
    """A table's rows as a number and a sum of hashes, whatever their order."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How a table differs: rows only on MAIN, only on BACKUP, and on both but not equal."""

    main: int
    backup: int
    different: int

    def words(self) -> dict[str, int]:
        """For people."""
        return {"only on MAIN": self.main, "only on BACKUP": self.backup, "different": self.different}


async def read_pairs(contact: Contact, source: Side) -> list[TablePair]:
    """Match the tables of both sides, rows going from `source` to the other.

    Raises:
        SchemaMismatch: a table is missing, has another key, or would lose values.
    """
    async with opened(contact.endpoint(source)) as one, opened(contact.endpoint(source.other)) as other:
        here = await read_shapes(one, contact.endpoint(source).schemas)
        there = await read_shapes(other, contact.endpoint(source.other).schemas)
    sides = (source, source.other)
    return [pair(table.entity, sides, here, there, key=table.key) for table in contact.tables]


@asynccontextmanager
async def seen_at_once(
    endpoint: Endpoint, pairs: Sequence[TablePair]
) -> AsyncIterator[tuple[Connection, str]]:
    """A connection that sees one state of a side throughout, and that state as text of a snapshot."""
    async with opened(endpoint) as connection, connection.transaction(isolation="repeatable_read"):
        if pairs:
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
            names = joined(one.relation for one in pairs)
            await connection.execute(render("copy_lock_source", "cdc", tables=names))
        yield connection, str(await connection.fetchval(statement("contact_seen", "cdc")))


async def digest(connection: Connection, difference: Difference, place: Composed | None = None) -> Digest:
    """Number and content of a table's rows as the connection sees them; `place`: where they lie instead."""
    other = {} if place is None else {"table": place}
    row = await connection.fetchrow(difference.sql("compare_digest", **other))
    if row is None:
        raise LookupError("an aggregate gave no row")
    return Digest(row["rows"], row["hash"])


async def is_equal(here: Connection, there: Connection, difference: Difference) -> tuple[bool, int]:
    """Whether a table is the same on two connections, and how many rows the first has."""
    one, other = await asyncio.gather(digest(here, difference), digest(there, difference))
    return one == other, one.rows


async def find(here: Connection, there: Connection, difference: Difference) -> tuple[int, int, int]:
    """List the rows that differ, in a temporary table of `here` that ends with its transaction.

    Args:
        here: where the list is made, inside a transaction.
        there: the other side, likewise.
        difference: the table.

    Returns:
        Rows only here, rows only there, rows on both that are not equal.
    """
    await make_private(here, difference.sql("compare_other_make"))
    await pipe(
        there,
        difference.sql("compare_fields"),
        here,
        difference.temporary("other"),
        difference.fields,
        binary=False,
    )
    await list_difference(here, difference)
    row = await here.fetchrow(difference.sql("_count"))
    if row is None:
        raise LookupError("an aggregate gave no row")
    return row["here"], row["other"], row["both"]


async def list_difference(here: Connection, difference: Difference) -> None:
    """List the rows that differ from the other side's hashes, which are in a temporary table of `here` already."""
    await make_private(here, difference.sql("_difference_make"))
    await here.execute(difference.sql("_difference"))


async def hand_over(here: Connection, there: Connection, difference: Difference) -> None:
    """Give the other side the list that `find` made, as seen from there."""
    await make_private(there, difference.sql("_difference_make"))
    await pipe(
        here,
        difference.sql("_flipped"),
        there,
        difference.temporary("difference"),
        difference.list_columns,
        binary=False,
    )


async def stage(sender: Connection, receiver: Connection, difference: Difference) -> int:
    """Bring the sender's rows that the receiver lacks or has otherwise to a temporary table there."""
    await make_private(receiver, difference.sql("compare_stage_make"))
    return await pipe(
        sender,
        difference.sql("_rows"),
        receiver,
        difference.temporary("stage"),
        difference.pair.columns,
        binary=False,
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found, and what both sides saw then: the positions to start from where nothing differs."""

    differing: dict[str, Counts]
    rows: int
    main_seen: str
    backup_seen: str


async def compare(contact: Contact) -> Comparison:
    """Compare all tables in one snapshot of each side; writers go on.

    Raises:
        SchemaMismatch: the tables of both sides do not fit.
        ConnectivityError: a side cannot be reached.
    """
    pairs = await read_pairs(contact, Side.MAIN)
    differing: dict[str, Counts] = {}
    total = 0
    async with AsyncExitStack() as stack:
        main, main_seen = await stack.enter_async_context(seen_at_once(contact.main, pairs))
        backup, backup_seen = await stack.enter_async_context(seen_at_once(contact.backup, pairs))
        for number, one in enumerate(pairs):
            difference = Difference(one, number)
            equal, rows = await is_equal(main, backup, difference)
            contact.progress(str(one.entity), rows, rows)
            total += rows
            if not equal:
                only_backup, only_main, different = await find(backup, main, difference)
                differing[str(one.entity)] = Counts(only_main, only_backup, different)
    return Comparison(differing, total, main_seen, backup_seen)
