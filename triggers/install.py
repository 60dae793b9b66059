"""Installing: schema cdc, its functions, and capture triggers on every table that can be captured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import asyncpg

from triggers import capture, captured
from triggers.catalog import Connection, Relation, read_catalog
from triggers.choice import Choice, TableReport, choose, unknown
from triggers.errors import TriggerError, told
from triggers.locks import BUSY, SHORT_MS, Patience, blockers, install_lock, patiently, shorten, transaction
from triggers.schema import ensure_schema
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What an installation found and did. `changed`: entities whose triggers were made, remade or removed."""

    tables: tuple[TableReport, ...]
    changed: tuple[str, ...]


@dataclass(slots=True)
class _Run:
    """One installation: what it works on and what has happened so far."""

    connection: Connection
    patience: Patience
    numbered: frozenset[int]
    """Tables that had their number before, by relid; one that was made anew under a name takes its number over."""
    linked: bool = False
    changed: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)


async def install(
    connection: Connection,
    *,
    side: str,
    schemas: Sequence[str],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    capture: bool = True,
) -> InstallReport:
    """Install what is missing, and nothing else: a table that is as it should be is not even locked.

    Every table is done in a short transaction of its own, so what was done stays done where another fails; so is each
    partition, but for those of a table that is new beside running links.

    Args:
        connection: outside a transaction; of a role that owns the tables and may create a schema.
        side: MAIN or BACKUP, which is what the database remembers itself to be.
        schemas: the schemas whose tables are synced.
        include: where not empty, only these tables; `table`, or `schema.table` outside public.
        exclude: tables to leave out.
        capture: False makes schema cdc and takes triggers of an earlier installation away.

    Raises:
        TriggerError: the database is the other side, schema cdc is not ours, rights are missing, or some
            tables stayed locked by others for a minute. All other tables are done then.
    """
    async with install_lock(connection):
        async with transaction(connection):
            await ensure_schema(connection, side)
            catalog = await read_catalog(connection, schemas)
            choices = choose(catalog, include=include, exclude=exclude)
            if not capture:
                choices = tuple(_uncaptured(choice, side) for choice in choices)
            numbered = frozenset(each.row.relid for each in await captured.read_stored(connection))
            ids = await _settle(connection, choices)
            linked = bool(await connection.fetchval(statement("node_linked")))
        run = _Run(connection, Patience(), numbered, linked)
        reports = [await _do(run, choice, ids.get(choice.relation.relid)) for choice in choices]
        await _forget(connection, choices)
        if run.busy:
            raise TriggerError(
                f"Some tables stayed locked by others: {'; '.join(run.busy)}.",
                hint="End those transactions and run it again; everything else is done.",
            )
    return InstallReport(
        (*reports, *unknown(catalog, (*include, *exclude))), tuple(dict.fromkeys(run.changed))
    )


def _uncaptured(choice: Choice, side: str) -> Choice:
    if choice.report.state != "captured":
        return choice
    note = f"{side} is not captured while sync goes one way only."
    return replace(choice, report=replace(choice.report, state="excluded", key_columns=(), notes=(note,)))


async def _settle(connection: Connection, choices: Sequence[Choice]) -> dict[int, int]:
    """Bring names and keys in cdc.captured_table up to date; returns the ids by relid."""
    stored = await captured.read_stored(connection)
    wanted = [choice.relation for choice in choices if choice.report.state == "captured"]
    after = captured.settle(stored, wanted)
    await captured.write_settled(connection, stored, after)
    return {row.relid: row.id for row in after.values()}


async def _forget(connection: Connection, choices: Sequence[Choice]) -> None:
    """Remove the rows of tables that are not captured any more and that nothing refers to."""
    wanted = {choice.relation.relid for choice in choices if choice.report.state == "captured"}
    async with transaction(connection):
        stored = await captured.read_stored(connection)
        await captured.remove(connection, [each.row.id for each in stored if each.row.relid not in wanted])


async def _do(run: _Run, choice: Choice, table_id: int | None) -> TableReport:
    """Bring one table and its partitions to what was chosen, the table itself first; returns what became."""
    wanted = choice.report.state == "captured"
    # The rows of a new table are recorded at once: from then on, what is written at any level has to be captured.
    at_once = wanted and run.linked and _begins(run, choice.relation, table_id)
    for levels in [choice.levels] if at_once else [(level,) for level in choice.levels]:
        level = levels[0]
        try:
            if wanted:
                table_id = await _capture(run, levels, choice.relation, table_id)
            elif level.triggers and level.owned:
                work = partial(capture.remove, run.connection, level.sql, level.trigger_names)
                await patiently(run.connection, work, run.patience)
                run.changed.append(level.entity)
        except BUSY:
            run.busy.append(
                f"{level.full_name} by {await blockers(run.connection, [each.relid for each in levels])}"
            )
        except asyncpg.PostgresError as error:
            missing = isinstance(error, asyncpg.UndefinedTableError)
            if missing and await capture.is_gone(run.connection, level.relid):
                continue  # dropped a moment ago
            note = f"Triggers cannot be made or removed on {level.full_name}: {told(error)}."
            return replace(choice.report, state="refused", key_columns=(), notes=(note,))
    return choice.report


def _begins(run: _Run, root: Relation, table_id: int | None) -> bool:
    """Whether rows may have been written that nobody captured: to a new table, or to one that was left out."""
    return table_id is None or (not root.triggers and root.relid in run.numbered)


async def _capture(run: _Run, levels: Sequence[Relation], root: Relation, table_id: int | None) -> int:
    if table_id is not None and all(set(level.triggers) == capture.expected(table_id) for level in levels):
        return table_id
    connection = run.connection

    async def work() -> int:
        for place, level in enumerate(levels):
            if place == 1:
                await shorten(connection, SHORT_MS // len(levels))
            await capture.lock(connection, level.sql, exclusive=bool(level.triggers))
        used = await captured.add(connection, root) if table_id is None else table_id
        for level in levels:
            await capture.drop(connection, level.sql, level.trigger_names)
            await capture.create(connection, level.sql, used)
        if levels[0] is root and run.linked and _begins(run, root, table_id):
            await capture.record_existing(connection, levels[0].sql, used)
        return used

    used = await patiently(connection, work, run.patience)
    run.changed.extend(level.entity for level in levels)
    return used
