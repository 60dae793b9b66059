"""Pauses, policies and the choice of tables: what people decided while the system runs. Kept on MAIN.

All of it is a handful of rows of `cdc.backup_config`, read in one statement and changed one key at a time, so
that two people who change two things do not undo each other. A change wakes listeners of `cdc_config`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.policy import MANUAL, PolicyRule, from_json, to_json
from cdc.session import Connection
from triggers.statements import statement

CHANNEL = "cdc_config"
SIDES = frozenset(side.value for side in Side)
DEFAULT = "*"
"""The policy key of every table that has none of its own."""
CHOOSE = "stop the service, then `cdc resync BACKUP` (MAIN's rows count) or `cdc resync MAIN` (BACKUP's rows count)"


@dataclass(frozen=True, slots=True)
class Note:
    """Who changed something, and when (UTC). `reason`: why it waits, where somebody has to choose a direction."""

    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TableChoice:
    """The tables to capture, as globs or names. No `include` means all of the schema."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything decided, at one instant. Links are named by their source side.

    `direction`: one side was written to in a way that the other does not follow, so both links are paused until
    somebody says which side counts.
    """

    pauses: Mapping[Side, Note] = field(default_factory=dict)
    resumes: Mapping[Side, Note] = field(default_factory=dict)
    policies: Mapping[str, PolicyRule] = field(default_factory=dict)
    tables: TableChoice = TableChoice()
    accepted: frozenset[str] = frozenset()
    service: Mapping[str, Any] | None = None
    service_at: datetime | None = None
    direction: Note | None = None

    def policy(self, entity: str) -> PolicyRule:
        """What is done with a table's conflicts: its own policy, else the default, else MANUAL."""
        return self.policies.get(entity, self.policies.get(DEFAULT, MANUAL))

    def accepts(self, entity: str) -> bool:
        """Whether a table's own triggers may fire on both sides, where the service cannot keep them from it."""
        return bool(self.accepted & {entity, DEFAULT})


async def read(connection: Connection) -> Config:
    """Read everything decided, in one statement.

    Args:
        connection: to MAIN.

    Raises:
        asyncpg.UndefinedTableError: schema cdc is not installed there.
    """
    rows = await connection.fetch(statement("config_read", "cdc"))
    return interpret(dict(row) for row in rows)


def interpret(rows: Iterable[Mapping[str, Any]]) -> Config:
    """Make a Config of rows with key, value, updated_at and updated_by. Unknown keys are left alone. Pure."""
    pauses: dict[Side, Note] = {}
    resumes: dict[Side, Note] = {}
    policies: dict[str, PolicyRule] = {}
    tables, service, service_at, direction = TableChoice(), None, None, None
    accepted: frozenset[str] = frozenset()
    for row in rows:
        kind, _, name = str(row["key"]).partition(":")
        value = json.loads(row["value"])
        note = Note(row["updated_by"] or "", row["updated_at"])
        match kind:
            case "pause" if name in SIDES:
                pauses[Side(name)] = note
            case "resume" if name in SIDES:
                resumes[Side(name)] = note
            case "policy" if (rule := from_json(value)) is not None:
                policies[name] = rule
            case "tables":
                tables = TableChoice(tuple(value.get("include", ())), tuple(value.get("exclude", ())))
            case "accept-triggers":
                accepted = frozenset(value)
            case "service":
                service, service_at = value, row["updated_at"]
            case "direction":
                direction = Note(note.by, note.at, str(value))
    if direction is not None:
        pauses = dict.fromkeys(Side, direction)
    return Config(pauses, resumes, policies, tables, accepted, service, service_at, direction)


async def pause(connection: Connection, links: Collection[Side], by: str) -> None:
    """Stop links at the end of the batch they are in, until somebody resumes them; survives restarts.

    Args:
        connection: to MAIN.
        links: their source sides.
        by: who asks for it.
    """
    async with connection.transaction():
        for side in sorted(links):
            await _write(connection, f"pause:{side}", value=True, by=by)


async def resume(connection: Connection, links: Collection[Side], by: str) -> None:
    """Let paused links go on, and links that gave up try again.

    Raises:
        ConfigurationError: it is not a pause that they wait for the end of, but the choice of a direction.
    """
    async with connection.transaction():
        waiting = (await read(connection)).direction
        if waiting is not None:
            raise ConfigurationError(f"sync waits for a direction: {waiting.reason}", hint=CHOOSE)
        for side in sorted(links):
            await connection.execute(statement("config_remove", "cdc"), f"pause:{side}")
            await _write(connection, f"resume:{side}", value=True, by=by)


async def await_direction(connection: Connection, reason: str, by: str) -> None:
    """Stop both links until a resync says which side counts; survives restarts.

    Args:
        connection: to MAIN.
        reason: what happened, in words that end a sentence.
        by: who did it.
    """
    await _write(connection, "direction", value=reason, by=by)


async def direction_chosen(connection: Connection) -> None:
    """Both sides are equal again, or were not parted after all: the links may go on."""
    await connection.execute(statement("config_remove", "cdc"), "direction")


async def is_paused(connection: Connection, link: Side) -> bool:
    """Whether the link whose source is `link` is paused."""
    return link in (await read(connection)).pauses


async def policies(connection: Connection) -> Mapping[str, PolicyRule]:
    """Read the policies by table; '*' is that of all others. `Config.policy` says which one counts."""
    return (await read(connection)).policies


async def set_policy(connection: Connection, entity: str, rule: PolicyRule, by: str) -> None:
    """Decide what happens with a table's conflicts from now on; entity '*' is every table without its own.

    `cdc.policy_check.check_policy` says beforehand whether the table can have it.
    """
    await _write(connection, f"policy:{entity}", value=to_json(rule), by=by)


async def unset_policy(connection: Connection, entity: str) -> None:
    """Let a table go by the default again; for entity '*' by MANUAL."""
    await connection.execute(statement("config_remove", "cdc"), f"policy:{entity}")


async def choose_tables(
    connection: Connection, include: Sequence[str], exclude: Sequence[str], by: str
) -> None:
    """Keep the choice of tables that `install-triggers` and the running service go by."""
    await _write(connection, "tables", value={"include": [*include], "exclude": [*exclude]}, by=by)


async def accept_triggers(connection: Connection, entities: Sequence[str], by: str) -> None:
    """Let the own triggers of these tables, '*' for all, fire for rows that come from the other side too."""
    await _write(connection, "accept-triggers", value=sorted(entities), by=by)


async def publish(connection: Connection, document: Mapping[str, Any], by: str) -> None:
    """Keep what only the working service knows of itself, for `cdc status` to read."""
    await connection.execute(statement("config_publish", "cdc"), json.dumps(document, default=str), by)


async def _write(connection: Connection, key: str, *, value: Any, by: str) -> None:
    await connection.execute(statement("config_write", "cdc"), key, json.dumps(value), by)
