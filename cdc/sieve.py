"""Applies as much as possible of what cannot be applied as a whole, and finds what is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import asyncpg

from cdc.faults import Blame, among_rows, judge
from cdc.locks import contended
from cdc.patience import Patience
from cdc.references import ReferenceBroken
from cdc.session import Connection
from cdc.undone import Outcome

SIFTED: Final = 3
ALONE: Final = 64
"""Items that are looked for one by one: first those to be left out, then those that halves come down to."""
Refusal = asyncpg.PostgresError | ReferenceBroken
T = TypeVar("T")


class Sieve(ABC, Generic[T]):
    """Takes items apart inside an open transaction.

    What is refused for its own sake (a check, a type) is searched first, and the others are tried as a whole without
    it: rows that change places among each other cannot do so in parts. Else they go in halves of halves, in their
    order. After `ALONE` items that were refused alone no more are looked for, so that a storm takes bounded time; nor
    once an old transaction has waited for somebody.
    """

    _alone = 0
    spent = False
    """Somebody may wait for this transaction, and it has waited for somebody: it is to wait for nobody any more."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        """Take the session whose transaction is open, and how long it may wait."""
        self._connection, self._patience = connection, patience

    @abstractmethod
    async def carry_out(self, items: Sequence[T], *, part: bool) -> Outcome:
        """Apply items as a whole; what was done is undone where this raises.

        Args:
            items: what to apply.
            part: what belongs to it, such as another change of the same row, may be in other parts.
        """

    @abstractmethod
    def splits(self, error: Refusal) -> bool:
        """Whether an error is about some of the items, so that they are to be taken apart."""

    @abstractmethod
    async def set_aside(self, items: Sequence[T], place: int) -> tuple[Sequence[T], Sequence[T]] | None:
        """Part the items: those that go on, and the one at `place` with its like. None: they cannot be parted."""

    @abstractmethod
    async def refuse(self, item: T, error: Refusal) -> Outcome:
        """Deal with an item that is refused alone."""

    @abstractmethod
    async def overflow(self, items: Sequence[T], error: Refusal) -> Outcome | None:
        """Deal with items some of which are refused, when no more are looked for. None: go on looking."""

    async def sift(self, items: Sequence[T]) -> Outcome:
        """Apply items, but for those that are refused.

        Raises:
            asyncpg.PostgresError: an error that no single item is to blame for.
        """
        aside: list[tuple[Sequence[T], Refusal]] = []
        tried = await self.attempt(items)
        while not isinstance(tried, Outcome) and len(aside) < SIFTED and _own(tried) and len(items) > 1:
            found = await self._search(items)
            parted = await self.set_aside(items, found[0]) if found is not None else None
            if found is None or parted is None:
                break
            items = parted[0]
            aside.append((parted[1], found[1]))
            tried = await self.attempt(items)
        outcome = tried if isinstance(tried, Outcome) else await self._in_halves(items, tried)
        for theirs, error in aside:
            together = await self.overflow(theirs, error) if len(theirs) > 1 else None
            if together is not None:
                outcome += together
                continue
            for item in theirs:
                outcome += await self.refuse(item, error)
        return outcome

    async def attempt(
        self, items: Sequence[T], *, keep: bool = True, part: bool = False
    ) -> Outcome | Refusal:
        """Apply items as a whole, or undo what was done of them, as it is in any case without `keep`.

        Raises:
            asyncpg.PostgresError: an error that no single item is to blame for.
        """
        try:
            async with self._connection.transaction():
                outcome = await self.carry_out(items, part=part) if items else Outcome()
                if not keep:
                    raise _Undone(outcome)  # noqa: TRY301 - leaves the savepoint
                return outcome
        except _Undone as undone:
            return undone.outcome
        except (asyncpg.PostgresError, ReferenceBroken) as error:
            if not self.splits(error):
                raise
            self.spent = self.spent or (self._patience.old and contended(error))
            return error

    async def _search(self, items: Sequence[T]) -> tuple[int, Refusal] | None:
        """Find an item that is refused for its own sake, leaving nothing applied. None: not in parts."""
        low, high, found = 0, len(items), None
        while high - low > 1:
            middle = (low + high) // 2
            for begin, end in ((low, middle), (middle, high)):
                tried = await self.attempt(items[begin:end], keep=False, part=True)
                if not isinstance(tried, Outcome) and _own(tried):
                    low, high, found = begin, end, tried
                    break
            else:
                return None
        return (low, found) if found is not None else None

    async def _in_halves(self, items: Sequence[T], error: Refusal) -> Outcome:
        """Apply items that were refused as a whole."""
        if len(items) == 1:
            self._alone += 1
            return await self.refuse(items[0], error)
        if self._alone >= ALONE or self.spent:
            done = await self.overflow(items, error)
            if done is not None:
                return done
        outcome, middle = Outcome(), len(items) // 2
        for part in (items[:middle], items[middle:]):
            tried = await self.attempt(part, part=True)
            outcome += tried if isinstance(tried, Outcome) else await self._in_halves(part, tried)
        return outcome


class _Undone(Exception):  # leaves the savepoint
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def _own(error: Refusal) -> bool:
    """Whether an error is about one row, whatever the others are."""
    if isinstance(error, ReferenceBroken) or among_rows(error.sqlstate):
        return False
    return judge(error.sqlstate).blame is not Blame.LOCK
