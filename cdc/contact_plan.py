"""What first contact has to do, decided from what is on each side. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cdc.contact_note import Note, Phase
from cdc.model import Side


class Choice(StrEnum):
    """What a person decided for two sides that hold different data."""

    MAIN = "main"
    BACKUP = "backup"
    FILL = "fill"


class Action(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    COPY = "copy"
    FINISH = "finish the copy"
    COMPARE = "compare"
    OVERWRITE = "overwrite"
    FILL = "fill"
    REFUSE = "refuse"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class SideFacts:
    """One side before first contact.

    `contact`: what it says of first contact; `note`: its mark where it was being written to; `tables`: it has
    tables of the user's; `rows`: any synced table holds a row; `written`: something was captured here since
    the mark was made; `linked`: the link into this side belongs to the other's history, None without a link.
    """

    contact: str = "pending"
    note: Note | None = None
    tables: bool = False
    rows: bool = False
    written: bool = False
    linked: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, with which side's rows, and why in plain words. `made`: the tables are to be made too."""

    action: Action
    reason: str
    source: Side | None = None
    made: bool = False
    again: bool = False
    hint: str = ""


def decide(main: SideFacts, backup: SideFacts, choice: Choice | None, *, two_way: bool) -> Decision:
    """Decide what first contact does.

    Args:
        main: MAIN as it is.
        backup: BACKUP as it is.
        choice: what a person named, if anything.
        two_way: whether BACKUP's changes go to MAIN too.
    """
    for side, facts in ((Side.BACKUP, backup), (Side.MAIN, main)):
        if facts.contact == "copying":
            return _resume(side, facts)
    if main.contact == backup.contact == "done":
        known = _linked(main, backup, two_way=two_way)
        if known is not None:
            return known
    return _meet(main, backup, choice, two_way=two_way)


def _meet(main: SideFacts, backup: SideFacts, choice: Choice | None, *, two_way: bool) -> Decision:
    """Two sides that were never linked."""
    if not main.tables and backup.rows:
        if choice is Choice.BACKUP and two_way:
            return Decision(
                Action.COPY, "MAIN has no tables, and BACKUP's rows count", Side.BACKUP, made=True
            )
        return Decision(
            Action.ASK,
            "MAIN has no tables, and BACKUP holds data",
            hint="run your migrations on MAIN, or start once with --first-contact backup to copy it there",
        )
    if not backup.tables:
        return Decision(Action.COPY, "BACKUP has no tables", Side.MAIN, made=True)
    if not backup.rows:
        return Decision(Action.COPY, "BACKUP's tables are empty", Side.MAIN)
    return Decision(
        Action.COMPARE, "both sides hold data" if main.rows else "BACKUP holds data and MAIN none"
    )


def _resume(side: Side, facts: SideFacts) -> Decision:
    """A side that was being written to when somebody was killed."""
    match facts.note:
        case None:
            decision = Decision(Action.COMPARE, f"{side} is marked as half done, and it is not said how")
        case Note(phase=Phase.COPYING) as note:
            decision = _copy_again(side, facts, note)
        case Note(phase=Phase.FINISHING) as note if facts.linked:
            decision = Decision(Action.FINISH, f"the rows on {side} are whole", note.source, made=note.made)
        case Note(phase=Phase.FINISHING) as note:
            decision = Decision(Action.COMPARE, f"{note.source} was replaced since {side} was written to")
        case Note(phase=Phase.OVERWRITING) as note:
            decision = Decision(Action.OVERWRITE, f"making {side} equal was interrupted", note.source)
        case Note():
            decision = Decision(Action.FILL, "filling the gaps was interrupted")
    return decision


def _copy_again(side: Side, facts: SideFacts, note: Note) -> Decision:
    if not facts.written and not (note.seen is None and facts.rows):
        why = f"the copy to {side} was interrupted"
        return Decision(Action.COPY, why, note.source, made=note.made, again=True)
    why = f"{side} was written to while it was being copied to"
    if note.made:
        hint = f"save what was written there, drop the half-made tables on {side}, and start again"
        return Decision(Action.REFUSE, why, hint=hint)
    return Decision(Action.COMPARE, why)


def _linked(main: SideFacts, backup: SideFacts, *, two_way: bool) -> Decision | None:
    links = [backup.linked, main.linked] if two_way else [backup.linked]
    if False in links:
        return Decision(
            Action.REFUSE,
            "a database is not the one that was synced before: it was replaced, restored, promoted or cloned",
            hint="look at both sides, then run `cdc resync BACKUP` (MAIN's rows count) or `cdc resync MAIN`",
        )
    if all(links):
        return Decision(Action.NOTHING, "both sides are linked")
    # A direction that was not captured before, or positions that somebody removed.
    return Decision(Action.COMPARE, "a direction has no link yet") if backup.rows else None
