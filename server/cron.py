"""The five fields of a cron expression, by UTC. Pure; what they mean is up to cronsim, as in Debian."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cronsim import CronSim, CronSimError

FIELDS: Final = 5
_SOME_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


def fault(expression: str) -> str | None:
    """Say what is wrong with an expression such as `*/5 * * * *`; None where nothing is."""
    count = len(expression.split())
    if count != FIELDS:
        return f"has {count} fields instead of {FIELDS}"
    try:
        next_time(expression, _SOME_DAY)
    except CronSimError as error:
        return f"{str(error).removeprefix('Bad ')} is not what cron takes"
    except (StopIteration, AssertionError):
        return "names a time that never comes"
    return None


def next_time(expression: str, after: datetime) -> datetime:
    """Give the first time after another one.

    Args:
        expression: one that has no fault.
        after: in any zone.
    """
    return next(CronSim(expression, after.astimezone(UTC)))
