"""Decisions on many conflicts: what is decided in one go, and what it led to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cdc.conflicts import Outline
from cdc.errors import CdcError

CHUNK: Final = 500
"""Records decided in one transaction on each side; the links stand still meanwhile."""
CHUNK_BYTES: Final = 16 * 1024 * 1024
"""Bytes of what the two sides keep of them, after which there are no more."""


@dataclass(slots=True)
class Bulk:
    """What deciding on many records led to: how many were decided, and why the others were not."""

    resolved: int = 0
    refused: dict[tuple[str, str], CdcError] = field(default_factory=dict)


def chunks(page: Sequence[Outline]) -> Iterator[list[Outline]]:
    """Records of one table each, in their order, few enough to be decided at once. Pure."""
    chunk: list[Outline] = []
    size = 0
    for each in page:
        full = len(chunk) == CHUNK or size >= CHUNK_BYTES
        if chunk and (full or each.entity != chunk[0].entity):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += each.bytes
    if chunk:
        yield chunk
