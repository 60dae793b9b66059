"""Rows on their way into a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

Value = str | int | bool | Decimal | date | datetime | list[str] | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table of schema public, ready to be copied in; every tuple follows `columns`."""

    table: str
    columns: tuple[str, ...]
    values: list[tuple[Value, ...]]
