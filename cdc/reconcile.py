"""Makes one side equal to the other, as a person chose. Set-based, in one transaction.

The side that is written to is locked against writers (readers go on) from before it is compared until it is
committed: no row can move between being compared and being overwritten, and what its application writes later
is behind the position. The other side is read in one snapshot and is not locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cdc.comparison import Contact, find, hand_over, is_equal, read_pairs, seen_at_once, stage
from cdc.contact_note import Note, Phase
from cdc.contact_state import Link, commit_point, durable_epoch, mark, opened, renew, wanted
from cdc.difference import Difference
from cdc.errors import SchemaMismatch
from cdc.foreign_keys import check_foreign_keys
from cdc.initial_copy import CopyOrder, finish
from cdc.model import ConflictStatus, Side
from cdc.rewrite import REPLICA_HINT, rewrite
from cdc.row_versions import Verdict, keep_versions
from cdc.session import Connection
from cdc.table_pair import TablePair
from cdc.write_lock import write_locked
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Report:
    """Rows written, and conflicts opened for people."""

    rows: int = 0
    conflicts: int = 0

    def __add__(self, other: Report) -> Report:
        """Both sides together."""
        return Report(self.rows + other.rows, self.conflicts + other.conflicts)


@dataclass(frozen=True, slots=True)
class _Job:
    """A table that differs, and in how many rows."""

    difference: Difference
    rows: int


async def overwrite(contact: Contact, winner: Side, by: str) -> Report:
    """Make the other side equal to the winner; what that discards is kept in its cdc.sync_state.

    Args:
        contact: both sides.
        winner: the side whose rows count.
        by: who is written down as having resolved: `first-contact` or `resync`.

    Raises:
        SchemaMismatch: the tables do not fit, or the written side's constraints or triggers stand in the way.
        ConnectivityError: a side went away or its tables stay locked; nothing is half done.
    """
    source, target = contact.endpoint(winner), contact.endpoint(winner.other)
    pairs = await read_pairs(contact, winner)
    note = Note(Phase.OVERWRITING, winner)
    verdict = Verdict(winner, ConflictStatus.RESOLVED, winner, by, f"{winner}'s rows were chosen")
    async with opened(target) as writer:
        await mark(writer, note)
        for endpoint in (source, target):
            await renew(endpoint)
        async with write_locked(writer, target.side, pairs) as role:
            seen = await writer.fetchval(statement("contact_seen", "cdc"))
            async with seen_at_once(source, pairs) as (reader, source_seen):
                jobs = await _look(contact, pairs, reader, writer, verdict)
                await rewrite(writer, [job.difference for job in jobs], pairs, role)
                # Where triggers fire they may write to any table.
                suspects = [job.difference.pair for job in jobs] if role else pairs
                await _verify(writer, reader, jobs, suspects, target.side)
            history = await durable_epoch(source)
            link = Link(history, source_seen) if wanted(target.side, two_way=contact.two_way) else None
            await commit_point(writer, replace(note, seen=seen), link)
    await finish(order(contact, winner))
    return Report(sum(job.rows for job in jobs))


def order(contact: Contact, winner: Side) -> CopyOrder:
    """What is left to do once the rows are committed, in the first copy's terms."""
    return CopyOrder(
        contact.endpoint(winner),
        contact.endpoint(winner.other),
        [table.entity for table in contact.tables],
        contact.install,
        contact.progress,
        two_way=contact.two_way,
        made=False,
        again=False,
    )


async def _look(
    contact: Contact,
    pairs: Sequence[TablePair],
    reader: Connection,
    writer: Connection,
    verdict: Verdict,
) -> list[_Job]:
    """Find what differs, bring the winner's rows over, and keep what will be discarded."""
    jobs = []
    for number, one in enumerate(pairs):
        difference = Difference(one, number)
        equal, rows = await is_equal(reader, writer, difference)
        contact.progress(str(one.entity), rows, rows)
        if equal:
            continue
        here, other, both = await find(writer, reader, difference)
        await hand_over(writer, reader, difference)
        await stage(reader, writer, difference)
        await keep_versions(writer, difference, "hb", verdict)
        jobs.append(_Job(difference, here + other + both))
    return jobs


async def _verify(
    writer: Connection,
    reader: Connection,
    jobs: Sequence[_Job],
    pairs: Sequence[TablePair],
    side: Side,
) -> None:
    """See that the side is what it has to be before it is committed: rows, and references from and to."""
    for number, one in enumerate(pairs):
        equal, _ = await is_equal(reader, writer, Difference(one, number))
        if not equal:
            raise SchemaMismatch(
                f"{one.entity} on {side} did not come out equal: triggers or rules change what is written",
                hint=f"disable them for this time, or {REPLICA_HINT}",
            )
    touched = [job.difference.pair.target for job in jobs]
    keys = {(key.child, key.name): key for shape in touched for key in (*shape.outgoing, *shape.incoming)}
    await check_foreign_keys(writer, keys.values(), side)
