"""`cdc sync --once`, `cdc pause` and `cdc resume`."""

from __future__ import annotations

from collections.abc import Collection

import click

from cdc import config
from cdc.model import Side
from server import console
from server.databases import connected, opened, require_installed
from server.problems import LINK_NAMES
from server.round import once
from server.settings import Settings

LINKS = {name: side for side, name in LINK_NAMES.items()}

link_option = click.option(
    "--link", "link", type=click.Choice([*LINKS]), help="Only this direction; both where not given."
)


@click.command()
@click.option("--once", "one_round", is_flag=True, required=True, help="Apply what waits now, then end.")
@click.option("--timeout", default=3600.0, show_default=True, help="Seconds to wait where a service does it.")
@console.json_option
def sync(*, one_round: bool, timeout: float, as_json: bool) -> None:
    """Bring both sides up to date once: apply all that was committed when this began.

    Where a service runs, it does the work and this command waits for it.
    """
    del one_round
    settings = console.settings(level="WARNING").settings
    done = console.finish(once(settings, timeout))
    human = ", ".join(f"{name}: {count} applied" for name, count in done.items())
    console.show({"applied": done}, human, as_json=as_json)


@click.command()
@link_option
@console.json_option
def pause(*, link: str | None, as_json: bool) -> None:
    """Stop applying changes until `cdc resume`; capture goes on. Survives restarts."""
    _turn(link, paused=True, as_json=as_json)


@click.command()
@link_option
@console.json_option
def resume(*, link: str | None, as_json: bool) -> None:
    """Go on after `cdc pause`, or let a link that has stopped after failures try again."""
    _turn(link, paused=False, as_json=as_json)


def _turn(link: str | None, *, paused: bool, as_json: bool) -> None:
    sides = [LINKS[link]] if link else list(Side)
    console.finish(_decide(console.settings(level="WARNING").settings, sides, paused=paused))
    names = [LINK_NAMES[side] for side in sides]
    word = "paused" if paused else "resumed"
    console.show({word: names}, f"{word}: {', '.join(names)}", as_json=as_json)


async def _decide(settings: Settings, sides: Collection[Side], *, paused: bool) -> None:
    async with (
        opened(settings) as databases,
        connected(databases, "command", sides=[Side.MAIN]) as connections,
    ):
        await require_installed(connections)
        change = config.pause if paused else config.resume
        await change(connections[Side.MAIN], sides, console.person())
