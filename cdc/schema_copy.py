"""The source's schema as two scripts, and how they are run on a target that has none.

pg_dump writes them; we run them ourselves, so that they stand in one transaction with our own marks and need
no password or TLS of pg_restore's. Owners and grants are left out: the target's role owns what it makes.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from cdc import tls_forwarder, uri
from cdc.dump_tool import DumpTool, choose, find_tools, run
from cdc.errors import SchemaMismatch
from cdc.model import Side
from cdc.session import Connection, Endpoint
from triggers.identifiers import identifier
from triggers.statements import render, statement

_ENTRY = re.compile(r"^\d+; (\d+) (\d+) (.*)$")
_LEFT_OUT = re.compile(
    r"^(FOREIGN TABLE|EXTENSION|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION|COMMENT - (SCHEMA|EXTENSION)) ?"
)
_RESTRICT = re.compile(r"^\\restrict (\S+)$", re.MULTILINE)
# pg_dump sets what its own version knows; an older target need not know it.
_NEWER_SETTING = re.compile(r"^SET transaction_timeout = 0;$", re.MULTILINE)
_COMMENT = re.compile(r"^(--.*)?\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SchemaScripts:
    """`before`: types, functions, bare tables. `after`: indexes, constraints, foreign keys, triggers.

    `notes` say what was left out, each a sentence for people.
    """

    before: str
    after: str
    notes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Equal for equal definitions; tells a restarted copy whether its tables still fit."""
        plain = _COMMENT.sub("", self.before + self.after)
        return hashlib.sha256(plain.encode()).hexdigest()


async def dump_schema(
    source: Endpoint,
    reader: Connection,
    *,
    snapshot: str,
    copied: Sequence[int],
    present: Sequence[str],
) -> SchemaScripts:
    """Write the source's schema as scripts, as it is in an exported snapshot.

    Args:
        source: the side to read.
        reader: a connection to it inside that snapshot.
        snapshot: the snapshot's exported name.
        copied: oids of the tables whose rows will be copied; foreign keys to others are left out.
        present: names of schemas that the target has already.

    Raises:
        ConfigurationError: no pg_dump here will do.
        ConnectivityError: pg_dump could not reach the source.
    """
    server = int(await reader.fetchval("SELECT current_setting('server_version_num')")) // 10000
    tool = choose(await find_tools(), server_major=server)
    rows = await reader.fetch(
        statement("schema_copy_left_out", "cdc"), list(source.schemas), list(copied), list(present)
    )
    left_out = {(row["class_oid"], row["object_oid"]) for row in rows}
    with tempfile.TemporaryDirectory(prefix="cdc-schema-") as folder:
        archive = Path(folder) / "schema.dump"
        await _dump(tool, source, archive, snapshot)
        listed = await run([str(tool.restore), "--list", str(archive)])
        chosen = Path(folder) / "list"
        chosen.write_text(keep_entries(listed, left_out), encoding="utf-8")
        scripts = []
        for section in ("pre-data", "post-data"):
            text = await run(
                [
                    *(str(tool.restore), "--no-owner", "--no-privileges", "--no-tablespaces"),
                    *(f"--section={section}", f"--use-list={chosen}", "--file=-", str(archive)),
                ]
            )
            scripts.append(plain_sql(text))
    notes = tuple(row["note"] for row in rows if row["note"])
    return SchemaScripts(scripts[0], scripts[1], notes)


async def _dump(tool: DumpTool, source: Endpoint, archive: Path, snapshot: str) -> None:
    # A pattern in double quotes is taken literally.
    names = [f'--schema="{name.replace(chr(34), chr(34) * 2)}"' for name in source.schemas]
    async with AsyncExitStack() as stack:
        target = uri.parse(source.dsn)
        if not tool.tls and tls_forwarder.is_needed(target):
            target = await stack.enter_async_context(tls_forwarder.forwarded(target))
        await run(
            [
                *(str(tool.dump), f"--dbname={uri.compose(target)}", "--no-password", "--format=custom"),
                *(
                    "--schema-only",
                    "--no-owner",
                    "--no-privileges",
                    "--no-publications",
                    "--no-subscriptions",
                ),
                *("--no-security-labels", "--no-tablespaces", "--encoding=UTF8", "--lock-wait-timeout=30000"),
                *(f"--snapshot={snapshot}", f"--file={archive}", *names),
            ],
            {"PGPASSWORD": target.password} if target.password is not None else None,
        )


def keep_entries(listed: str, left_out: Iterable[tuple[int, int]]) -> str:
    """Drop from pg_restore's list what does not belong on the target.

    Args:
        listed: what `pg_restore --list` printed.
        left_out: catalog and object oids of the entries to drop.
    """
    dropped = set(left_out)
    kept = []
    for line in listed.splitlines():
        entry = _ENTRY.match(line)
        if entry is None or (int(entry[1]), int(entry[2])) in dropped or _LEFT_OUT.match(entry[3]):
            continue
        kept.append(line)
    return "\n".join(kept) + "\n"


def plain_sql(script: str) -> str:
    """Take out of a script what only psql understands, or only newer servers."""
    guard = _RESTRICT.search(script)
    if guard:
        lines = {f"\\restrict {guard[1]}", f"\\unrestrict {guard[1]}"}
        script = "\n".join(line for line in script.split("\n") if line not in lines)
    return _NEWER_SETTING.sub("", script, count=1)


async def create_extensions(reader: Connection, writer: Connection, side: Side) -> tuple[str, ...]:
    """Create the source's extensions on the target where its role may.

    Returns:
        One sentence for each that could not be made; tables that need it will say so themselves.
    """
    notes = []
    have = {row["name"] for row in await writer.fetch(statement("schema_copy_extensions", "cdc"))}
    for row in await reader.fetch(statement("schema_copy_extensions", "cdc")):
        if row["name"] in have:
            continue
        try:
            async with writer.transaction():
                if row["schema_name"] != "pg_catalog":
                    await writer.execute(
                        render("schema_copy_create_schema", "cdc", schema=identifier(row["schema_name"]))
                    )
                await writer.execute(
                    render(
                        "schema_copy_create_extension",
                        "cdc",
                        extension=identifier(row["name"]),
                        schema=identifier(row["schema_name"]),
                    )
                )
        except asyncpg.PostgresError as error:
            notes.append(f"extension {row['name']} could not be created on {side}: {error}")
    return tuple(notes)


async def run_script(writer: Connection, script: str, side: Side, origin: str | None = None) -> None:
    """Run one of the scripts inside the caller's transaction, on a connection used for nothing else.

    The scripts change settings of the whole session. `origin`: where it is from, for the message; None: the other
    side.

    Raises:
        SchemaMismatch: the target refuses a statement; the message names it.
    """
    try:
        await writer.execute(script)
    except asyncpg.PostgresConnectionError:
        raise
    except asyncpg.PostgresError as error:
        position = int(getattr(error, "position", None) or 0)
        near = script[max(position - 1, 0) :].strip().split("\n", 1)[0] if position else ""
        raise SchemaMismatch(
            f"{side} refuses a definition of {origin or side.other}: {error}"
            + (f" (at: {near[:120]})" if near else ""),
            hint=f"create the tables on {side} by your own migrations and start again",
        ) from error
