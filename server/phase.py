"""What the process as a whole is doing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from server.health import LinkState


class Phase(StrEnum):
    """What the process as a whole is doing."""

    STARTING = "starting"
    STANDBY = "standby"
    WAITING = "waiting"
    COPYING = "copying"
    RUNNING = "running"


LINKS: Final[Mapping[Phase, LinkState]] = {
    Phase.COPYING: LinkState.COPYING,
    Phase.WAITING: LinkState.COMPARING,
}
"""What the links are said to do meanwhile, before they run."""
