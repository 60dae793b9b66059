"""What a link has consumed of its source: a set of transactions, never a bare number. Pure.

Sequence order is not commit order, so a position is a PostgreSQL visibility snapshot, as PgQ's ticks are
(https://github.com/pgq/pgq): a window holds what is visible now and was not visible in the stored snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Seen:
    """A `pg_snapshot`: transactions below `xmax` are visible, except those in `running`."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Seen:
        """Read the form `xmin:xmax:xip,xip,...` of the PostgreSQL manual, section 9.27.

        Raises:
            ValueError: the text is no snapshot.
        """
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(x) for x in running.split(",") if x))

    def __str__(self) -> str:
        """The form PostgreSQL reads and prints."""
        return f"{self.xmin}:{self.xmax}:{','.join(str(x) for x in sorted(self.running))}"

    def sees(self, txid: int) -> bool:
        """Whether a committed transaction is visible in this snapshot."""
        return txid < self.xmax and txid not in self.running

    def covers(self, other: Seen) -> bool:
        """Whether everything visible in `other` is visible here too."""
        if any(other.sees(txid) for txid in self.running):
            return False
        # Between our xmax and the other's, whatever the other does not list as running may be visible there.
        beyond = other.xmax - self.xmax
        return beyond <= 0 or sum(1 for txid in other.running if txid >= self.xmax) == beyond


@dataclass(frozen=True, slots=True)
class Witness:
    """A change that was applied. A source that has it no more is not the one it was read from.

    Numbers are used again after a rollback; the moment is not. `at` is a timestamp with its zone, ISO 8601.
    """

    txid: int
    seq: int
    at: str

    @classmethod
    def parse(cls, text: str | None) -> Witness | None:
        """Read the form `txid/seq/at`; None of None.

        Raises:
            ValueError: the text has another form.
        """
        if text is None:
            return None
        txid, seq, at = text.split("/")
        return cls(int(txid), int(seq), at)

    def __str__(self) -> str:
        """The form that is stored."""
        return f"{self.txid}/{self.seq}/{self.at}"


@dataclass(frozen=True, slots=True)
class Position:
    """Consumed so far: all of `seen`, and of the window up to `window_to` the changes up to `last_seq`.

    `witness` is the last change that was applied, None where nothing was since the position was set. `opening` names
    the link that goes on from here, None before the first.
    """

    epoch: str
    seen: Seen
    window_to: Seen | None = None
    last_seq: int | None = None
    witness: Witness | None = None
    opening: str | None = None

    @property
    def owner(self) -> str:
        """Whose it is: the source's history, and the one of its copies that a link was opened with last."""
        return f"{self.epoch}/{self.opening}" if self.opening else self.epoch

    def paged(self, to: Seen, last_seq: int) -> Position:
        """The position inside a window too large for one batch."""
        return replace(self, window_to=to, last_seq=last_seq)

    def finished(self, to: Seen) -> Position:
        """The position when everything visible in `to` has been applied."""
        return replace(self, seen=to, window_to=None, last_seq=None)
