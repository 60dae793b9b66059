"""Notices tables that were altered, and compares them once both sides have been altered alike.

What an ALTER TABLE does to rows is not captured: added columns are filled with defaults, types are rewritten,
partitions come and go with their rows. So when the definitions of the two sides agree again, and both links
have passed the moment that was noticed, all rows are compared in one go; keys that differ are put on the list of
rechecks, and what stays different becomes a conflict. Nothing is overwritten.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from cdc.altered_rows import NEW, compare_rows, named
from cdc.definition import Definition, Definitions, Work, disagreement
from cdc.faults import Blame, judge
from cdc.following import give_up, note
from cdc.former import read_former
from cdc.link import Link
from cdc.model import Entity, Side
from cdc.names import moved, stale
from cdc.position import Seen
from cdc.renamed import ASTRAY, unsettled
from cdc.renaming import follow
from cdc.session import Endpoint
from cdc.target import Target
from cdc.twin import on_both
from triggers.statements import statement

LOOK_S: Final = 5.0
"""Seconds between two looks at whether anything was altered."""
ONE_SIDED_S: Final = 600.0
"""How long a partition may be on one side only before the table is compared all the same."""


@dataclass(frozen=True, slots=True)
class Altered:
    """A table that was altered, with what the two sides had done when that was noticed.

    Until the links have passed that, changes of before may still be on their way, with the names of before.
    """

    entity: Entity
    key: tuple[str, ...]
    now: Definitions
    before: Definitions | None
    work: Work
    seen: Mapping[Side, Seen]
    since: float


class SchemaWatch:
    """Watches both sides' tables, over the sessions that the referee has to them."""

    def __init__(self, endpoints: Mapping[Side, Endpoint], links: Mapping[Side, Link]) -> None:
        """Take both endpoints, and the links whose positions tell what has been passed."""
        self._endpoints = endpoints
        self._links = links
        self._looks: dict[Side, asyncpg.Record] = {}
        self._looked_at = 0.0
        self._numbers = itertools.count(1)
        self._altered: dict[Entity, Altered] = {}
        self._held: dict[Side, list[int]] = {}
        self.apart: dict[str, str] = {}
        """Tables whose rows cannot be compared as things are, with the reason."""

    def forget(self) -> None:
        """Look at everything anew next time."""
        self._looks.clear()

    def hurry(self) -> None:
        """Look for altered tables next time, although the last look was a moment ago."""
        self._looked_at = -math.inf

    @property
    def idle(self) -> set[str]:
        """Tables whose keys need not be looked at: held by a link, or not comparable."""
        return {entity for link in self._links.values() for entity in link.held} | set(self.apart)

    async def step(self, targets: Mapping[Side, Target], *, look: bool) -> int:
        """Look for altered tables and compare those that can be compared by now.

        Args:
            targets: the referee's sessions; their shapes are read anew where something was altered.
            look: look although it has not been long.

        Returns:
            How many tables wait for nothing but the links, and how many conflicts are to be tried again.

        Raises:
            ConnectivityError: a side cannot be reached.
        """
        now, waiting = asyncio.get_running_loop().time(), 0
        if look or not self._looks or now - self._looked_at >= LOOK_S:
            self._looked_at = now
            waiting += await self._look(targets)
        for altered in list(self._altered.values()):
            if str(altered.entity) in self.idle:
                continue
            if not self._passed(altered.seen):
                waiting += 1
            elif await self._compare(targets, altered):
                del self._altered[altered.entity]
        return waiting

    def _passed(self, seen: Mapping[Side, Seen]) -> bool:
        positions = {side: link.position for side, link in self._links.items()}
        return all(
            position is not None and position.seen.covers(seen[side]) for side, position in positions.items()
        )

    async def _look(self, targets: Mapping[Side, Target]) -> int:
        """Read what was altered; returns how many conflicts may have ended by it."""
        looks, altered, given = {}, set(), 0
        for side, target in targets.items():
            sql, schemas = statement("definition_mark", "cdc"), list(self._endpoints[side].schemas)
            (looks[side],) = await target.connection.fetch(sql, schemas)
            look, last = looks[side], self._looks.get(side)
            if last is None or look["mark"] != last["mark"] or look["known"] < last["known"]:
                altered.add(side)
        if altered:
            for target in targets.values():
                await target.refresh()
            followed = await follow(targets)
            if followed.busy:
                self.apart |= dict.fromkeys(followed.busy, ASTRAY)
                return 1
            if not await give_up(targets):
                return 1
            await self._survey(targets)
            given = len(followed.given)
        self._looks = looks
        return given + sum(
            [await self._hasten(side, target, altered=side in altered) for side, target in targets.items()]
        )

    async def _hasten(self, side: Side, target: Target, *, altered: bool) -> int:
        """Have a side's conflicts tried at once: all of them, or those that were held when it was altered."""
        held = self._held.pop(side, [])
        # Most often there are none, which is found out much quicker than what there is could be changed.
        if not held and not (altered and await target.connection.fetchval(statement("deferred_any", "cdc"))):
            return 0
        sql, which = statement("deferred_hasten", "cdc"), None if altered else held
        (row,) = await target.connection.fetch(sql, which)
        if row["held"]:
            self._held[side] = row["held"]
        hastened: int = row["hastened"]
        return hastened

    async def _survey(self, targets: Mapping[Side, Target]) -> None:
        main = targets[Side.MAIN].connection
        noted = await read_former(main)
        known = noted or {}
        partitions = {side: await self._partitions(side, target) for side, target in targets.items()}
        seen = {
            side: Seen.parse(await target.connection.fetchval(statement("contact_seen", "cdc")))
            for side, target in targets.items()
        }
        tables = {side: target.shapes for side, target in targets.items()}
        self.apart = dict.fromkeys(unsettled(known, tables, {}), ASTRAY)
        altered: dict[Entity, Altered] = {}
        for entity, key in (await _captured(targets)).items():
            shapes = {side: target.shapes.get(entity) for side, target in targets.items()}
            here, there = shapes[Side.MAIN], shapes[Side.BACKUP]
            if here is None or there is None:
                if here is there:
                    await main.execute(statement("definition_forget", "cdc"), str(entity))
                self.apart[str(entity)] = "one side does not have it"
                continue
            # What is renamed on one side so far was agreed on as it was before: only that tells what is what.
            why = disagreement(here, there) or moved(known, entity, tables)
            if why is not None:
                self.apart[str(entity)] = why
                continue
            sides = {
                side: Definition.of(shape, partitions[side].get(shape.relid, ()))
                for side, shape in ((Side.MAIN, here), (Side.BACKUP, there))
            }
            before = known.get(str(entity))
            now = Definitions.of(sides, key, before)
            if noted is None:
                await main.execute(statement("definition_note", "cdc"), str(entity), now.dump())
                continue
            if now == before:
                continue
            earlier = self._altered.get(entity)
            if earlier is not None and earlier.now == now:
                altered[entity] = earlier
            else:
                since = asyncio.get_running_loop().time()
                altered[entity] = Altered(entity, key, now, before, now.work(before), seen, since)
        for name in stale(known, tables.values()):
            await main.execute(statement("definition_forget", "cdc"), name)
        self._altered = altered
        if noted is None:
            await main.execute(statement("definition_note", "cdc"), "", "{}")

    async def _partitions(self, side: Side, target: Target) -> dict[int, list[Entity]]:
        found: dict[int, list[Entity]] = {}
        for row in await target.connection.fetch(
            statement("shape_partitions", "cdc"), list(self._endpoints[side].schemas)
        ):
            found.setdefault(row["relid"], []).append(Entity(row["schema_name"], row["table_name"]))
        return found

    async def _compare(self, targets: Mapping[Side, Target], altered: Altered) -> bool:
        """Compare what is to be compared. Returns whether the table is done with."""
        work, now = altered.work, altered.now
        if work.waits and asyncio.get_running_loop().time() - altered.since >= ONE_SIDED_S:
            work = Work(whole=True)
        elif work == Work(waits=True):
            return False
        relations = [altered.entity] if work.whole else [named(name) for name in sorted(work.partitions)]
        try:
            if work.rekeyed:
                sql = statement("sync_state_rekeyed", "cdc")
                await on_both(lambda side: targets[side].connection.execute(sql, str(altered.entity)))
            for relation in relations:
                shapes = targets[Side.MAIN].shapes.get(relation), targets[Side.BACKUP].shapes.get(relation)
                await compare_rows(self._endpoints, altered.entity, altered.key, shapes, next(self._numbers))
        except asyncpg.PostgresError as error:
            if judge(error.sqlstate).blame is Blame.LINK:
                raise
            self.forget()  # altered once more, or locked: the next look tells
            return False
        if relations:
            # Entries of rows that are equal by now: what made them differ was the alteration.
            sql = statement("recheck_open", "cdc")
            await on_both(lambda side: targets[side].connection.execute(sql, str(altered.entity), NEW))
        if work.waits and altered.before is not None:
            now = now.partitioned_as(altered.before)
        done = await note(targets, altered.entity, now, altered.before)
        if work.waits:
            self.forget()
        return done


async def _captured(targets: Mapping[Side, Target]) -> dict[Entity, tuple[str, ...]]:
    """The tables that either side captures, with their keys."""
    found: dict[Entity, tuple[str, ...]] = {}
    for side in Side:
        for row in await targets[side].connection.fetch(statement("captured_tables", "cdc")):
            found.setdefault(Entity(row["schema_name"], row["table_name"]), tuple(row["key_columns"]))
    return found
