"""The lines of a snapshot file but for its rows: header, tables, footer. Pure; docs/snapshot-format.md tells more.

The file is one JSON document. Its first line is the header; then each table's name, its rows, a line each, and
its end; the last line is the footer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from cdc.model import Entity
from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign
from cdc.snapshot.names import Kind

FORMAT: Final = "cdc-snapshot"
VERSION: Final = 1
BEGIN: Final = b'{"format":"cdc-snapshot","version":'
TABLES: Final = b'"tables":{\n'
END: Final = b"},\n"
HEADER_LIMIT: Final = 64 * 1024 * 1024
"""The longest header or footer that is read, in bytes; the schema's SQL is in it."""

_STRICT: Final = ConfigDict(extra="ignore", strict=False, defer_build=True)


@checked(frozen=True, config=_STRICT)
class ColumnHead:
    """A column. `type` as DDL has it, qualified. Rows hold values of generated columns too."""

    name: str
    type: str
    generated: bool = False
    identity: bool = False
    """GENERATED … AS IDENTITY, ALWAYS or BY DEFAULT."""


@checked(frozen=True, config=_STRICT)
class TableHead:
    """A table. `key` is empty where nothing but the whole row identifies a row.

    `references` are the entities that its foreign keys refer to. `ours`: a table of schema cdc, which a restore
    leaves alone.
    """

    schema: str
    table: str
    columns: tuple[ColumnHead, ...]
    key: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    ours: bool = False

    @property
    def name(self) -> Entity:
        """Its schema and name."""
        return Entity(self.schema, self.table)

    @property
    def entity(self) -> str:
        """The name that it has in the file and for people."""
        return str(self.name)


@checked(frozen=True, config=_STRICT)
class SequenceHead:
    """Where a sequence stood. `schema` and `name` are its own; `entity` and `column` those that it numbers."""

    schema: str
    name: str
    last_value: int
    is_called: bool
    increment: int
    entity: str | None = None
    column: str | None = None


@checked(frozen=True, config=_STRICT)
class SchemaSql:
    """Scripts that make the tables: `before` their rows, and `after` (indexes, constraints, triggers)."""

    before: str
    after: str
    extensions: tuple[tuple[str, str], ...] = ()
    """Name and schema of each that the scripts may need."""


@checked(frozen=True, config=_STRICT)
class Header:
    """What a file says before its rows.

    `created_at`: ISO 8601, UTC. `seen`: the `pg_snapshot` that every row is of, meaningful within `epoch`, which is
    None where schema cdc is not installed. `server_version`: PostgreSQL's number, such as 180004. `notes`: for
    people, such as why there is no `schema_sql`. `tables` come in the order of the file: parents first.
    """

    created_at: str
    kind: Kind
    side: str
    seen: str
    epoch: str | None
    server_version: int
    encoding: str
    schemas: tuple[str, ...]
    schema_fingerprint: str
    schema_sql: SchemaSql | None
    tables: tuple[TableHead, ...]
    sequences: tuple[SequenceHead, ...] = ()
    notes: tuple[str, ...] = ()

    def table(self, entity: str) -> TableHead | None:
        """The table of that name."""
        return next((table for table in self.tables if table.entity == entity), None)


@checked(frozen=True, config=_STRICT)
class TableFoot:
    """What a table's rows came to: their number, and the SHA-256 of their lines in the file."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says after its rows, by entity in the order of the file."""

    tables: Mapping[str, TableFoot]
    rows: int = field(default=0)


_HEADER: Final = TypeAdapter(Header)
_FOOTER: Final = TypeAdapter(dict[str, TableFoot])


def fingerprint(tables: Iterable[TableHead]) -> str:
    """A SHA-256 that is equal for tables that can hold the same rows: names, columns, types and keys."""
    plain = sorted(
        [table.schema, table.table, [[c.name, c.type, c.generated] for c in table.columns], list(table.key)]
        for table in tables
        if not table.ours
    )
    return hashlib.sha256(orjson.dumps(plain)).hexdigest()


def encode_header(header: Header) -> bytes:
    """The first two lines."""
    return BEGIN + b'%d,"header":%b,\n' % (VERSION, orjson.dumps(header)) + TABLES


def decode_header(line: bytes) -> Header:
    """Read the first line, its end included or not.

    Raises:
        SnapshotForeign: it is none of ours, or of a version that is not known here.
        SnapshotDamaged: it is one of ours and does not hold what it must.
    """
    version = _version(line)
    if version != VERSION:
        raise SnapshotForeign(
            f"the snapshot is of format version {version}; this program knows version {VERSION}",
            hint="restore it with the release that wrote it, or a newer one",
        )
    try:
        document = orjson.loads(line.rstrip(b"\n").rstrip(b",") + b"}")
        header = _HEADER.validate_python(document["header"])
    except (orjson.JSONDecodeError, KeyError, ValidationError) as error:
        raise SnapshotDamaged(f"its header cannot be read ({_brief(error)})") from None
    names = [table.entity for table in header.tables]
    if len(set(names)) != len(names):
        raise SnapshotDamaged("its header names a table twice")
    return header


def _version(line: bytes) -> int:
    number, _, rest = line.removeprefix(BEGIN)[:16].partition(b",")
    if not line.startswith(BEGIN) or not number.isdigit() or not rest:
        raise SnapshotForeign(
            "the file is not a snapshot of this product",
            hint="a snapshot is made by `cdc backup` or `cdc export`",
        )
    return int(number)


def table_begin(entity: str) -> bytes:
    """The line before a table's rows."""
    return orjson.dumps(entity) + b":[\n"


def table_end(*, last: bool) -> bytes:
    """The line after a table's rows."""
    return b"]\n" if last else b"],\n"


def encode_footer(footer: Footer) -> bytes:
    """The last two lines."""
    tables = {entity: {"rows": foot.rows, "sha256": foot.sha256} for entity, foot in footer.tables.items()}
    return END + b'"footer":%b}\n' % orjson.dumps({"tables": tables, "rows": footer.rows})


def decode_footer(line: bytes) -> Footer:
    """Read the last line, its end included.

    Raises:
        SnapshotDamaged: it is no footer.
    """
    try:
        document: Any = orjson.loads(b"{" + line)
        footer = document["footer"]
        return Footer(_FOOTER.validate_python(footer["tables"]), int(footer["rows"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise SnapshotDamaged(f"its footer cannot be read ({_brief(error)})") from None


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"
