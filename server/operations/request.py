"""What an operation is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from cdc.model import Side


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """A restore.

    Attributes:
        filepath: as an operation gave it, a bare name, or relative to the working folder or BACKUP_DIR.
        target: the side that is written to.
        tables: only these entities; all of the file where empty.
        dry_run: only count what would be written.
        propagate: whether the other side follows; None: for MAIN yes, for BACKUP no.
    """

    filepath: str
    target: Side
    tables: tuple[str, ...] = ()
    dry_run: bool = False
    propagate: bool | None = None

    @property
    def follows(self) -> bool:
        """Whether the other side follows."""
        return self.target is Side.MAIN if self.propagate is None else self.propagate
