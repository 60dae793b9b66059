"""Makes two databases one before the links start: copies, compares, or asks. Safe to run again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from cdc import config
from cdc.comparison import Comparison, Contact, compare
from cdc.contact_facts import Installer, look, look_at_links
from cdc.contact_note import Note, Phase
from cdc.contact_plan import Action, Choice, Decision, decide
from cdc.contact_state import (
    Link,
    commit_point,
    durable_epoch,
    mark_undecided,
    only_one,
    opened,
    opened_both,
    reclaim,
    shed,
)
from cdc.copy_tasks import Progress
from cdc.errors import ConnectivityError, FirstContactUndecided, HistoryError
from cdc.fill import fill
from cdc.initial_copy import finish, initial_copy
from cdc.model import Side
from cdc.reconcile import order, overwrite
from cdc.session import UNREACHABLE, Connection, Endpoint
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Outcome:
    """What first contact came to.

    `action` is what was done; `reason` why; `rows` how many were written; `conflicts` how many were opened
    for people to decide; `notes` are for people.
    """

    action: Action
    reason: str
    rows: int = 0
    conflicts: int = 0
    notes: tuple[str, ...] = ()


_CUT: Final = (*UNREACHABLE, asyncpg.InternalClientError, asyncpg.LockNotAvailableError)
"""What a session that ends says, also in the middle of a COPY, where the driver loses its thread; or a busy lock."""


async def first_contact(
    main: Endpoint,
    backup: Endpoint,
    choice: Choice | str | None,
    progress: Progress,
    *,
    two_way: bool = True,
    installed: bool = False,
) -> Outcome:
    """Bring both sides to where the links can start; returns at once where they are.

    Args:
        main: MAIN.
        backup: BACKUP.
        choice: what to do where both hold different data: `main`, `backup` or `fill`; None asks.
        progress: told a table's name, rows copied, rows in all.
        two_way: False where only MAIN's changes are carried over.
        installed: capture has just been installed on both sides, so that linked ones need no look at their tables.

    Raises:
        FirstContactUndecided: both sides differ and `choice` is None; nothing was written but the counts.
        SchemaMismatch: the tables of both sides do not fit.
        HistoryError: a side is not the database it was when they were linked.
        InstallRefused: capture cannot be installed.
        ConfigurationError: no pg_dump here will do, or another instance is at it.
        ConnectivityError: a side went away; running again is safe.
    """
    wanted = Choice(choice) if choice else None
    async with only_one(backup):
        try:
            if installed and (outcome := await _linked(main, backup, two_way=two_way)) is not None:
                return outcome
            return await _contact(main, backup, wanted, progress, two_way=two_way)
        except _CUT as error:
            raise _cut(error) from error


async def resync(
    main: Endpoint, backup: Endpoint, side: Side, progress: Progress, *, two_way: bool = True
) -> Outcome:
    """Make one side equal to the other anew, whatever the links have applied; both are linked afterwards.

    What is discarded is kept in cdc.sync_state of that side. The links must not be running. A copy of the other
    side's database becomes this side.

    Args:
        main: MAIN.
        backup: BACKUP.
        side: the side that is made equal.
        progress: told a table's name, rows compared, rows in all.
        two_way: False where only MAIN's changes are carried over.

    Raises:
        SchemaMismatch: the tables of both sides do not fit.
        ConnectivityError: a side went away; first contact will go on with it.
    """
    async with only_one(backup):
        try:
            loser, winner = (main, backup) if side is Side.MAIN else (backup, main)
            await reclaim(loser, winner)
            install = Installer(main, two_way)
            tables = await install(main)
            await install(backup)
            async with opened_both(main, backup) as connections:
                await shed(connections)
            contact = Contact(main, backup, tables, install, progress, two_way=two_way)
            report = await overwrite(contact, side.other, "resync")
            async with opened(main) as connection:
                await config.direction_chosen(connection)
        except _CUT as error:
            raise _cut(error) from error
    return Outcome(Action.OVERWRITE, f"{side} was made equal to {side.other}", report.rows)


async def _linked(main: Endpoint, backup: Endpoint, *, two_way: bool) -> Outcome | None:
    """What comes of two sides that are linked as they should be; None where there is anything to do or to say."""
    async with opened_both(main, backup) as connections:
        await shed(connections)
        facts = await look_at_links(connections)
        decision = decide(facts[Side.MAIN], facts[Side.BACKUP], None, two_way=two_way)
        if decision.action is not Action.NOTHING:
            return None
        return await _nothing(connections[Side.MAIN], decision, two_way=two_way)


async def _nothing(main: Connection, decision: Decision, *, two_way: bool) -> Outcome:
    if not two_way:
        # BACKUP is not captured: its link would have gaps, should it be wanted again.
        await main.execute(statement("contact_forget", "cdc"), Side.BACKUP)
    return Outcome(Action.NOTHING, decision.reason)


async def _contact(
    main: Endpoint, backup: Endpoint, choice: Choice | None, progress: Progress, *, two_way: bool
) -> Outcome:
    install = Installer(main, two_way)
    tables = {Side.MAIN: await install(main), Side.BACKUP: await install(backup)}
    async with opened_both(main, backup) as connections:
        await shed(connections)
    known = (*tables[Side.MAIN], *tables[Side.BACKUP])
    decision = decide(
        await look(main, backup, known), await look(backup, main, known), choice, two_way=two_way
    )
    contact = Contact(main, backup, tables[Side.MAIN], install, progress, two_way=two_way)
    match decision.action:
        case Action.NOTHING:
            async with opened(main) as connection:
                return await _nothing(connection, decision, two_way=two_way)
        case Action.REFUSE:
            raise HistoryError(decision.reason, hint=decision.hint)
        case Action.ASK:
            raise FirstContactUndecided(decision.reason, hint=decision.hint)
        case Action.COPY | Action.FINISH:
            return await _copy(replace(contact, tables=tables[decision.source or Side.MAIN]), decision)
        case _:
            return await _settle(contact, decision, choice)


async def _copy(contact: Contact, decision: Decision) -> Outcome:
    winner = decision.source or Side.MAIN
    work = replace(order(contact, winner), made=decision.made, again=decision.again)
    if decision.action is Action.FINISH:
        await finish(work)
        return Outcome(Action.FINISH, decision.reason)
    copied = await initial_copy(work)
    return Outcome(Action.COPY, decision.reason, copied.rows, notes=copied.notes)


async def _settle(contact: Contact, decision: Decision, choice: Choice | None) -> Outcome:
    action, winner = decision.action, decision.source
    if action is Action.COMPARE:
        found = await compare(contact)
        if not found.differing:
            await _link_equal(contact, found)
            return Outcome(Action.COMPARE, "both sides hold the same rows")
        if choice is None:
            raise await _undecided(contact, found)
        action = Action.FILL if choice is Choice.FILL else Action.OVERWRITE
        winner = Side.BACKUP if choice is Choice.BACKUP else Side.MAIN
    if action is Action.FILL:
        report = await fill(contact)
    else:
        report = await overwrite(contact, winner or Side.MAIN, "first-contact")
    return Outcome(action, decision.reason, report.rows, report.conflicts)


async def _link_equal(contact: Contact, found: Comparison) -> None:
    link = Link(await durable_epoch(contact.main), found.main_seen)
    await durable_epoch(contact.backup)
    note = Note(Phase.FINISHING, Side.MAIN, seen=found.backup_seen, equal=True)
    async with opened(contact.backup) as backup, backup.transaction():
        await commit_point(backup, note, link)
    await finish(order(contact, Side.MAIN))


async def _undecided(contact: Contact, found: Comparison) -> FirstContactUndecided:
    """Leave the counts where `status` finds them, on both sides."""
    counts = {entity: one.words() for entity, one in found.differing.items()}
    for endpoint in (contact.main, contact.backup):
        async with opened(endpoint) as connection:
            await mark_undecided(connection, counts)
    lines = "; ".join(
        f"{entity}: " + ", ".join(f"{key} {value}" for key, value in words.items())
        for entity, words in sorted(counts.items())
    )
    return FirstContactUndecided(
        f"both sides hold data and differ: {lines}",
        hint="start once with --first-contact main (MAIN's rows count), backup (BACKUP's) or fill"
        " (each side gets what it lacks, rows that differ become conflicts)",
    )


def _cut(error: BaseException) -> ConnectivityError:
    return ConnectivityError(
        f"first contact was cut: {error or type(error).__name__}", hint="it goes on when it is started again"
    )
