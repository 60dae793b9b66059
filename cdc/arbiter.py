"""Asks tables' policies about their open conflicts, and carries out what they decide.

What a policy leaves undecided stays open for a person, with the reason; it is asked again when the conflict or the
policy changes. All of it happens beside the links, which never wait for a policy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from cdc.conflicts import get_conflict
from cdc.decision import Decision
from cdc.errors import CdcError, ConflictMoved, ConflictNotFound, ResolutionPostponed
from cdc.merge_function import MergeFunctions
from cdc.model import Entity, Resolution, Side
from cdc.policy import PolicyRule
from cdc.resolve import Resolver
from cdc.session import Endpoint
from cdc.target import Target
from cdc.unfinished import unfinished
from triggers.statements import statement

LIMIT: Final = 500
"""Conflicts of a table decided in one go."""
BY: Final = "policy"


class Arbiter:
    """Decides by policy, over sessions of its own that are opened when there is something to decide."""

    def __init__(self, main: Endpoint, backup: Endpoint, policy: Callable[[Entity], PolicyRule]) -> None:
        """Take both endpoints and the look-up of policies."""
        self._endpoints = main, backup
        self._policy = policy
        self._resolver: Resolver | None = None
        self._functions = MergeFunctions()

    async def close(self) -> None:
        """Drop the sessions, and the process that runs merge functions."""
        resolver, self._resolver = self._resolver, None
        if resolver is not None:
            await resolver.__aexit__()
        await self._functions.close()

    async def step(self, targets: Mapping[Side, Target]) -> int:
        """Ask tables' policies about what they were not asked yet, and complete what was decided by halves.

        Args:
            targets: sessions of somebody else, for looking whether there is anything to do.

        Returns:
            How many records were decided.

        Raises:
            ConnectivityError: a side cannot be reached.
        """
        decided = 0
        for target in targets.values():
            if await unfinished(target):
                decided += await (await self._open()).finish()
        shapes = targets[Side.MAIN].shapes
        rules = {str(each): rule for each in shapes if (rule := self._policy(each)).decides}
        if not rules:
            return decided
        resolver = await self._open()
        asked = await self._unasked(resolver, rules)
        for entity, ids in asked.items():
            decided += await self._decide(resolver, entity, rules[entity], ids)
        return decided

    async def _open(self) -> Resolver:
        if self._resolver is None:
            self._resolver = await Resolver(*self._endpoints).__aenter__()
        return self._resolver

    async def _unasked(self, resolver: Resolver, rules: Mapping[str, PolicyRule]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        marks = [_mark(rule) for rule in rules.values()]
        for connection in resolver.connections.values():
            for row in await connection.fetch(statement("sync_state_ask", "cdc"), list(rules), marks, LIMIT):
                ids = found.setdefault(row["entity"], [])
                if row["entity_id"] not in ids:
                    ids.append(row["entity_id"])
        return found

    async def _decide(self, resolver: Resolver, entity: str, rule: PolicyRule, ids: list[str]) -> int:
        reason = f"{rule} is the policy of {entity}"
        left: dict[str, str] = {}
        decisions = []
        for entity_id in ids:
            decision = Decision(entity, entity_id, None, BY, reason=reason)
            if rule.function is not None:
                made = await self._merged(resolver, decision, rule.function)
                if isinstance(made, str):
                    left[entity_id] = made
                if not isinstance(made, Decision):
                    continue
                decision = made
            decisions.append(decision)
        settled = await resolver.resolve_all(entity, decisions, policy=rule)
        left |= {each: _why(error) for each, error in settled.refused.items() if _is_left(error)}
        sql = statement("sync_state_asked", "cdc")
        for connection in resolver.connections.values() if left else ():
            await connection.execute(sql, entity, _mark(rule), list(left), list(left.values()))
        return len(settled.outcomes)

    async def _merged(self, resolver: Resolver, decision: Decision, function: str) -> Decision | str | None:
        """Have a user's function merge a record; a text says why it did not, None that there is nothing to merge."""
        main, backup = resolver.connections[Side.MAIN], resolver.connections[Side.BACKUP]
        try:
            shown = await get_conflict(main, backup, decision.entity, decision.entity_id)
        except ConflictNotFound:
            return None
        if shown.main is None or shown.backup is None:
            return "one side has no row to merge with"
        result = await self._functions.call(function, shown.base, shown.main, shown.backup)
        if isinstance(result, str):
            return f"merge function {function}: {result}"
        values = {
            name: value
            for name, value in result.items()
            if name in shown.changed_columns or value != shown.main.get(name)
        }
        return Decision(
            decision.entity,
            decision.entity_id,
            Resolution.MERGE,
            decision.by,
            shown.version,
            decision.reason,
            values,
        )


def _mark(rule: PolicyRule) -> str:
    return hashlib.sha256(str(rule).encode()).hexdigest()[:16]


def _is_left(error: CdcError) -> bool:
    """Whether a person has to decide; what moved meanwhile, or waits, is asked about again, what is gone is gone."""
    return not isinstance(error, ConflictMoved | ConflictNotFound | ResolutionPostponed)


def _why(error: CdcError) -> str:
    return f"left to you: {error}"
