"""Both links and what looks at both sides at once. Can be stepped by hand, or run by the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from cdc.arbiter import Arbiter
from cdc.errors import ConnectivityError
from cdc.link import Link
from cdc.model import Entity, Policy, Side
from cdc.pairing import Pair
from cdc.policy import MANUAL, PolicyRule
from cdc.recheck import Round, recheck_side, waiting_keys
from cdc.renaming import elsewhere
from cdc.schema_watch import SchemaWatch
from cdc.session import UNREACHABLE, Endpoint, Sessions
from cdc.stats import Options, StepResult
from cdc.target import Target
from cdc.twin import on_both
from triggers.statements import statement

RECHECK_PAUSE_S: Final = 0.1
RECHECK_LONGEST_S: Final = 2.0
"""Keys may wait for long, for a paused link for instance; then they are looked at less and less often."""
RECHECK_IDLE_S: Final = 10.0
ROUNDS: Final = 1_000


class Referee:
    """Goes through both sides' recheck lists over sessions of its own, and has policies decide."""

    def __init__(
        self,
        main: Endpoint,
        backup: Endpoint,
        links: dict[Side, Link],
        policy: Callable[[Entity], PolicyRule],
    ) -> None:
        """Take both endpoints, the links whose positions tell what has been passed, and the policies."""
        self._policy = policy
        self._endpoints = {Side.MAIN: main, Side.BACKUP: backup}
        self._links = links
        self._targets: dict[Side, Target] = {}
        self._sessions = Sessions(self.call)
        self._called = asyncio.Event()
        self._watch = SchemaWatch(self._endpoints, links)
        self._arbiter = Arbiter(main, backup, policy)

    async def open(self) -> None:
        """Connect to both sides; their tables are read with the first step, which looks for altered ones.

        Raises:
            ConnectivityError: a side cannot be reached.
        """
        await self.close()
        self._watch.forget()
        self._targets.update(await on_both(self._open))

    async def _open(self, side: Side) -> Target:
        endpoint = self._endpoints[side]
        connection = await self._sessions.connect(endpoint, "referee")
        target = Target(connection, endpoint.schemas)
        await target.set_up()
        return target

    async def close(self) -> None:
        """Drop both sessions."""
        self._sessions.close()
        self._targets.clear()
        await self._arbiter.close()

    def call(self) -> None:
        """Say that there may be something to compare."""
        self._called.set()

    async def step(self, *, look: bool = True) -> tuple[int, int]:
        """Compare altered tables, and go once through both lists.

        Args:
            look: look for altered tables although the last look was a moment ago.

        Returns:
            Keys and tables still waiting, and conflicts opened or decided.

        Raises:
            ConnectivityError: a side went away.
        """
        try:
            waiting, opened = await self._watch.step(self._targets, look=look), 0
            opened += await self._arbiter.step(self._targets)
            results = [await self._step(side) for side in Side]
            waiting += sum(result.waiting for result in results)
            opened += sum(len(result.opened) for result in results)
            if any(result.stale for result in results):
                for target in self._targets.values():
                    await target.refresh()
                # As a table is now, it may not be comparable: that is found out before anything is compared again.
                self._watch.hurry()
        except UNREACHABLE as error:
            raise ConnectivityError(
                f"comparing both sides was cut: {error or type(error).__name__}"
            ) from error
        return waiting, opened

    async def _step(self, side: Side) -> Round:
        rows = await waiting_keys(self._targets[side], self._watch.idle)
        if not rows:
            return Round()
        others = rows[0]["total"] - len(rows)
        pairs = await self._pairs(side)
        lost = {row["entity"] for row in rows} - pairs.keys()
        if lost:
            waiting = await elsewhere(self._targets, lost)
            rows = [row for row in rows if row["entity"] not in waiting]
        reverse, forward = self._links.get(side), self._links.get(side.other)
        result = await recheck_side(
            side,
            self._targets[side],
            rows,
            pairs,
            reverse=reverse.position.seen if reverse and reverse.position else None,
            forward=forward.position.seen if forward and forward.position else None,
            automatic=lambda entity: self._policy(entity).decides,
        )
        result.waiting += others
        return result

    async def run(self) -> None:
        """Work until cancelled; sleeps while both lists are empty.

        Raises:
            The errors of `step`.
        """
        waiting, pause = 0, RECHECK_PAUSE_S
        while True:
            before, (waiting, opened) = waiting, await self.step(look=False)
            pause = RECHECK_PAUSE_S if opened or waiting != before else min(pause * 2, RECHECK_LONGEST_S)
            for link in self._links.values() if waiting else ():
                link.nudge()
            try:
                # Not wait_for: before Python 3.12 a cancellation that met the call would be lost.
                async with asyncio.timeout(pause if waiting else RECHECK_IDLE_S):
                    await self._called.wait()
            except TimeoutError:
                continue
            self._called.clear()

    async def _pairs(self, side: Side) -> dict[str, Pair]:
        here, there = self._targets[side], self._targets[side.other]
        # MAIN's tables are captured in either mode.
        rows = await self._targets[Side.MAIN].connection.fetch(statement("captured_tables", "cdc"))
        pairs = {}
        for row in rows:
            entity = Entity(row["schema_name"], row["table_name"])
            if row["key_columns"]:
                pairs[str(entity)] = Pair(entity, tuple(row["key_columns"]), here, there)
        return pairs


class Engine:
    """Two links (one when `two_way` is false) and the referee between them."""

    def __init__(
        self,
        main: Endpoint,
        backup: Endpoint,
        *,
        two_way: bool = True,
        options: Options | None = None,
        policy: Callable[[Entity], PolicyRule] = lambda _: MANUAL,
        accepts: Callable[[Entity], bool] = lambda _: False,
    ) -> None:
        """Take both endpoints; one way, MAIN wins whatever the policies say."""
        decide = policy if two_way else lambda _: PolicyRule(Policy.MAIN_WINS)
        self.links = {Side.MAIN: Link(main, backup, options=options, policy=decide, accepts=accepts)}
        if two_way:
            self.links[Side.BACKUP] = Link(backup, main, options=options, policy=decide, accepts=accepts)
        self.referee = Referee(main, backup, self.links, decide)
        for link in self.links.values():
            link.on_recheck = self.referee.call

    async def open(self) -> None:
        """Open all links without listeners, for stepping by hand."""
        for link in self.links.values():
            await link.open()
        await self.referee.open()

    async def close(self) -> None:
        """Close everything."""
        for link in self.links.values():
            await link.close()
        await self.referee.close()

    async def step(self, source: Side) -> StepResult:
        """Apply one batch of one side's changes to the other."""
        return await self.links[source].step()

    async def settle(self) -> None:
        """Step, retry and compare until nothing is left to do but what waits for a person or a lock."""
        for _ in range(ROUNDS):
            busy = False
            for link in self.links.values():
                while (step := await link.step()).changes or step.more:
                    busy = True
                await link.release()
                await link.retry()
            waiting, opened = await self.referee.step()
            if not (busy or waiting or opened):
                return
        raise TimeoutError(f"not settled after {ROUNDS} rounds")
