"""What `cdc doctor` finds: each thing that the service needs, whether it is there, and what to do if not."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cdc.errors import CdcError
from cdc.model import Side
from cdc.session import Connection, connect
from cdc.target import may_set_replica_role
from server.databases import Databases, check_distinct, opened
from server.settings import Settings
from triggers.statements import statement

OLDEST_VERSION = 130000
CONNECTIONS = 12
"""Connections that the service and a command beside it open on each side."""
SMALL_TEMP_FILES_KB = 1024 * 1024
LARGE_SKEW_SECONDS = 1.0
LITTLE_SPACE = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `severity` is ok, warning or error; `hint` says what to do."""

    subject: str
    severity: str
    message: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """Give the finding for machines."""
        return {
            "subject": self.subject,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
        }


async def examine(settings: Settings) -> list[Finding]:
    """Look at both databases and at this machine; changes nothing.

    Raises:
        CdcError: there are no databases to look at.
    """
    findings = [*_machine(settings)]
    async with opened(settings) as databases:
        connections: dict[Side, Connection] = {}
        try:
            for side in Side:
                findings += await _reach(side, databases, connections)
            facts = {side: await _facts(connection) for side, connection in connections.items()}
            for side, row in facts.items():
                replica = await may_set_replica_role(connections[side])
                findings += judge_server(side, row, may_replicate=replica)
            if len(facts) == len(Side):
                findings += judge_pair(facts)
                findings.append(await _distinct(connections))
        finally:
            for connection in connections.values():
                connection.terminate()
    return findings


def judge_server(side: Side, row: Mapping[str, Any], *, may_replicate: bool) -> Iterator[Finding]:
    """Judge one server by the facts of doctor_server.sql. Pure."""
    name = side.value
    if row["version_number"] < OLDEST_VERSION:
        yield Finding(
            name, "error", f"PostgreSQL {row['version']} is too old", "13 is the oldest that works."
        )
    else:
        yield Finding(name, "ok", f"PostgreSQL {row['version']}, as {row['role']}")
    if row["in_recovery"]:
        yield Finding(name, "error", "it is a standby and takes no writes", "Name the primary in its URL.")
    if not row["may_create"]:
        hint = f"GRANT CREATE ON DATABASE ... TO {row['role']}"
        yield Finding(name, "error", "the role may not create schema cdc", hint)
    if not row["may_make_temporary"]:
        hint = f"GRANT TEMPORARY ON DATABASE ... TO {row['role']}"
        yield Finding(name, "error", "the role may not make temporary objects, which links need", hint)
    if not may_replicate:
        yield Finding(
            name,
            "warning",
            "the role may not set session_replication_role: triggers of your own fire on both sides",
            f"GRANT SET ON PARAMETER session_replication_role TO {row['role']} (PostgreSQL 15 and newer).",
        )
    if row["prepared"] > 0:
        hint = "Set max_prepared_transactions = 0 where nobody uses two-phase commit."
        yield Finding(
            name, "warning", "prepared transactions are possible: changes are polled, not notified", hint
        )
    if 0 <= row["temp_file_limit"] < SMALL_TEMP_FILES_KB:
        limit = (
            f"temp_file_limit is {row['temp_file_limit']} kB: a large statement on a captured table may fail"
        )
        yield Finding(name, "warning", limit, "Raise temp_file_limit, or set it to -1.")
    if not row["fsync"]:
        hint = "Set fsync = on; a crash can take back what the other side already has."
        yield Finding(name, "warning", "fsync is off", hint)
    if row["free_connections"] < CONNECTIONS:
        few = f"only {row['free_connections']} connections are free, the service opens up to {CONNECTIONS}"
        yield Finding(name, "warning", few, "Raise max_connections.")


def judge_pair(facts: Mapping[Side, Mapping[str, Any]]) -> Iterator[Finding]:
    """Judge what the two servers must have in common. Pure."""
    main, backup = facts[Side.MAIN], facts[Side.BACKUP]
    if main["encoding"] != backup["encoding"]:
        yield Finding(
            "both",
            "warning",
            f"encodings differ: MAIN {main['encoding']}, BACKUP {backup['encoding']}",
            "Text that one of them cannot hold becomes a conflict; UTF8 on both holds everything.",
        )
    now: tuple[datetime, datetime] = (main["now"], backup["now"])
    skew = abs((now[0] - now[1]).total_seconds())
    if skew > LARGE_SKEW_SECONDS:
        message = f"the servers' clocks are {skew:.1f} seconds apart"
        yield Finding(
            "both", "warning", message, "Let both keep time by NTP; lag is shown wrong by that much."
        )


def _machine(settings: Settings) -> Iterator[Finding]:
    if shutil.which("pg_dump") is None and settings.main_url is not None:
        yield Finding(
            "machine",
            "warning",
            "there is no pg_dump: an empty BACKUP cannot be given MAIN's schema",
            "Install PostgreSQL's client programs, or create the schema on BACKUP yourself.",
        )
    if "://" not in settings.backup_dir:
        folder = Path(settings.backup_dir)
        place = folder if folder.is_dir() else folder.absolute().parent
        if not os.access(place, os.W_OK):
            yield Finding(
                "machine", "error", f"BACKUP_DIR cannot be written to: {place}", "Set another, or its rights."
            )
        elif shutil.disk_usage(place).free < LITTLE_SPACE:
            yield Finding(
                "machine", "warning", f"less than 1 GiB is free for BACKUP_DIR: {place}", "Make room."
            )


async def _reach(side: Side, databases: Databases, connections: dict[Side, Connection]) -> list[Finding]:
    try:
        connections[side] = await connect(databases.endpoint(side), "doctor", timeout=5)
    except CdcError as error:
        return [Finding(side.value, "error", str(error), error.hint)]
    return []


async def _facts(connection: Connection) -> dict[str, Any]:
    row = await connection.fetchrow(statement("doctor_server", "server"))
    return dict(row or {})


async def _distinct(connections: Mapping[Side, Connection]) -> Finding:
    try:
        async with asyncio.timeout(5):
            await check_distinct(connections[Side.MAIN], connections[Side.BACKUP])
    except CdcError as error:
        return Finding("both", "error", str(error), error.hint)
    return Finding("both", "ok", "MAIN and BACKUP are two databases")
