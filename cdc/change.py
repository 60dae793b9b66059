"""Captured changes as values, and batches of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cdc.model import Entity, Op
from cdc.position import Position


@dataclass(frozen=True, slots=True)
class Change:
    """One captured change of one row, its images as the source printed them."""

    seq: int
    txid: int
    at: datetime
    table_id: int
    op: Op
    columns: tuple[str, ...]
    old: str | None
    new: str | None
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes in sequence order and the position that holds once they are applied."""

    changes: tuple[Change, ...]
    after: Position
    more: bool


@dataclass(frozen=True, slots=True)
class CapturedTable:
    """What a number in the changelog stands for."""

    entity: Entity
    key_columns: tuple[str, ...]
