"""Snapshot files made without a database, and what is in files, for tests."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from cdc.snapshot.disk import DiskStore
from cdc.snapshot.format import (
    ColumnHead,
    Footer,
    Header,
    TableFoot,
    TableHead,
    encode_footer,
    encode_header,
    fingerprint,
    table_begin,
    table_end,
)
from cdc.snapshot.packing import Packing
from cdc.snapshot.reading import read_snapshot
from cdc.snapshot.storage import Source
from cdc.snapshot.verify import Verified, verify_source
from cdc.snapshot.writer import Written

NAME = "backup-2026-03-04T05-08-09.json.gz"
Row = Sequence[str | None]
SOME: Mapping[str, Sequence[Row]] = {
    "Cue": [[str(n), f'cue {n} \\ "{n}"', None if n % 3 else "ash"] for n in range(40)],
    "Nothing": [],
    "Table": [["1", "Riley"], ["2", None]],
}


def header(tables: Mapping[str, Sequence[Row]], /, **more: Any) -> Header:
    heads = tuple(
        TableHead(
            "public",
            name,
            tuple(ColumnHead(f"c{number}", "text") for number in range(len(rows[0]) if rows else 2)),
        )
        for name, rows in tables.items()
    )
    values: dict[str, Any] = {
        "created_at": "2026-03-04T05:08:09.000Z",
        "kind": "FULL",
        "side": "MAIN",
        "seen": "5:5:",
        "epoch": None,
        "server_version": 180004,
        "encoding": "UTF8",
        "schemas": ("public",),
        "schema_fingerprint": fingerprint(heads),
        "schema_sql": None,
        "tables": heads,
    }
    return Header(**{**values, **more})


def document(tables: Mapping[str, Sequence[Row]] = SOME, **more: Any) -> bytes:
    """The JSON document of a file with these rows."""
    head = header(tables, **more)
    out, feet = [encode_header(head)], {}
    for number, (name, rows) in enumerate(tables.items(), 1):
        lines = b",\n".join(line(row) for row in rows)
        lines += b"\n" if rows else b""
        feet[name] = TableFoot(len(rows), hashlib.sha256(lines).hexdigest())
        out += [table_begin(name), lines, table_end(last=number == len(tables))]
    out.append(encode_footer(Footer(feet, sum(foot.rows for foot in feet.values()))))
    return b"".join(out)


def line(row: Row) -> bytes:
    return b"[" + b",\t".join(orjson.dumps(value) for value in row) + b"]"


async def pack(folder: Path, text: bytes, *, name: str = NAME, key: bytes | None = None) -> Path:
    """A file with this document, right or wrong, in the gzip that ours have."""
    store = DiskStore(folder)
    pending = await store.begin(name)

    async def unchecked(_: Source) -> None:
        pass

    async with Packing(pending, key) as packing:
        await packing.write(text)
        await packing.finish()
    name, _ = await pending.commit(unchecked)
    return folder / name


async def verify(path: Path, key: bytes | None = None) -> Verified:
    async with DiskStore(path.parent).open(path.name) as source:
        return await verify_source(source, key=key)


async def content(path: Path, key: bytes | None = None) -> dict[str, list[Row]]:
    """The rows of a file by table, through our reader."""
    found: dict[str, list[Row]] = {}
    async with DiskStore(path.parent).open(path.name) as source, read_snapshot(source, key=key) as reader:
        async for rows in reader.rows():
            many = found.setdefault(rows.table.entity, [])
            many += orjson.loads(b"[" + rows.lines.rstrip(b",\n") + b"]")
    return found


def loaded(path: Path) -> Any:
    """The whole document, through programs that know nothing of us."""
    return orjson.loads(gzip.decompress(path.read_bytes()))


def listed(folder: Path) -> list[str]:
    """Names of everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def stored(written: Written) -> bytes:
    """The bytes of a file that was written to a folder."""
    return Path(written.filepath).read_bytes()
