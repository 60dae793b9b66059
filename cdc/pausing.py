"""How long what was put off waits for its next try. Pure."""

from __future__ import annotations

from typing import Final

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 10.0


def pause(tries: int) -> float:
    """Seconds until the next try: doubling, capped."""
    return min(FIRST_PAUSE_S * float(2 ** min(tries, 20)), LONGEST_PAUSE_S)
