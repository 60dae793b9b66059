"""Starts a server again that died while it was needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.embedded.cluster import Cluster
from server.embedded.faults import EmbeddedServerError

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


async def keep(cluster: Cluster, tell: Callable[[str], None]) -> None:
    """Start the server again whenever it has ended. Runs until it is cancelled; do that before `stop`.

    Args:
        cluster: a server that has been started.
        tell: gets a sentence for the log each time something happens.
    """
    pause = _FIRST_PAUSE
    while True:
        await cluster.ended()
        tell(f"the embedded server {cluster.name} has ended unexpectedly and is started again")
        try:
            await cluster.start()
        except EmbeddedServerError as error:
            hint = f" ({error.hint})" if error.hint else ""
            tell(f"{error}{hint}; tried again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            pause = _FIRST_PAUSE
