"""Reads a table back as a snapshot file would have it, to compare it with the file's own checksum."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from cdc.session import Connection
from cdc.snapshot.format import TableFoot, TableHead
from cdc.snapshot.rows import to_json
from triggers.identifiers import Composed, identifier_list
from triggers.statements import render

_BLOCK: Final = 256 * 1024


async def read_back(connection: Connection, table: TableHead, relation: Composed) -> TableFoot:
    """Count a table's rows and hash their lines, in the order in which they lie.

    Args:
        connection: inside the transaction that made and filled the table, which reads in that order only.
        table: the table in the file.
        relation: where its rows lie.
    """
    lines = _Lines(len(table.columns))
    columns = identifier_list([column.name for column in table.columns], "t")
    query = render("read_back", "cdc.snapshot", columns=columns, table=relation)
    await connection.copy_from_query(query, output=lines.take, format="text", encoding="UTF8")
    return await lines.finish()


class _Lines:
    """Rows as COPY gives them, made into a file's lines and hashed; a thread does it, a block at a time."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._held = bytearray()
        self._held_back = b""
        self._digest = hashlib.sha256()
        self._rows = 0

    async def take(self, data: bytes) -> None:
        self._held += data
        if len(self._held) >= _BLOCK:
            end = self._held.rfind(b"\n") + 1
            if end:
                block = bytes(self._held[:end])
                del self._held[:end]
                await asyncio.to_thread(self._hash, block)

    async def finish(self) -> TableFoot:
        if self._held:
            self._hash(bytes(self._held))
        # The last row of a table has no comma behind it.
        self._digest.update(b"\n" if self._held_back else b"")
        return TableFoot(self._rows, self._digest.hexdigest())

    def _hash(self, text: bytes) -> None:
        lines = to_json(text, self._columns)
        self._rows += lines.count(b"\n")
        # The end of what there is may be the end of all, which is written otherwise.
        self._digest.update(self._held_back + lines[:-2])
        self._held_back = lines[-2:]
