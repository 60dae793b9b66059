"""Capture installed on both sides, with the choice of tables that people made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from cdc import config, observe
from cdc.errors import InstallRefused
from cdc.model import Side
from cdc.session import Connection
from cdc.twin import on_both
from server.databases import Databases
from server.operations.lock import is_held
from triggers.catalog import fingerprint
from triggers.install import InstallReport, install

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tables to capture from now on, by whom it was decided. None keeps the earlier choice.

    `accept`: tables whose own triggers may fire on both sides, '*' for all.
    """

    include: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    accept: Sequence[str] | None = None
    by: str = "service"


async def install_both(
    databases: Databases,
    connections: Mapping[Side, Connection],
    *,
    two_way: bool,
    wanted: Wanted | None = None,
) -> dict[Side, InstallReport]:
    """Install what is missing on both sides; nothing is done where nothing is missing.

    A first time is MAIN's turn first: where that is refused, BACKUP stays as it was.

    Args:
        databases: where both sides are.
        connections: to both, outside a transaction.
        two_way: False leaves BACKUP without capture.
        wanted: a new choice of tables, kept for later runs.

    Raises:
        TriggerError: a side cannot be installed on.
    """
    nodes = await on_both(lambda side: observe.node(connections[side]))
    choice = await tables(connections[Side.MAIN])
    wanted = wanted or Wanted()
    include = choice.include if wanted.include is None else tuple(wanted.include)
    exclude = choice.exclude if wanted.exclude is None else tuple(wanted.exclude)

    async def install_one(side: Side) -> InstallReport:
        return await install(
            connections[side],
            side=side.value,
            schemas=databases.endpoint(side).schemas,
            include=include,
            exclude=exclude,
            capture=two_way or side is Side.MAIN,
        )

    if all(node.installed for node in nodes.values()):
        reports = await on_both(install_one)
    else:
        reports = {side: await install_one(side) for side in Side}
    if (include, exclude) != (choice.include, choice.exclude):
        await config.choose_tables(connections[Side.MAIN], include, exclude, wanted.by)
    if wanted.accept is not None:
        await config.accept_triggers(connections[Side.MAIN], wanted.accept, wanted.by)
    return reports


async def prints(databases: Databases, connections: Mapping[Side, Connection]) -> dict[Side, str]:
    """Read what tells whether there is anything to install: it changes with the tables and their triggers.

    Taken before an installation it misses nothing: what appears meanwhile makes the next one differ.
    """
    return await on_both(lambda side: fingerprint(connections[side], databases.endpoint(side).schemas))


async def tables(main: Connection) -> config.TableChoice:
    """Read the choice of tables; all of them where nothing is installed yet."""
    if not (await observe.node(main)).installed:
        return config.TableChoice()
    return (await config.read(main)).tables


async def check_removable(connections: Mapping[Side, Connection], *, force: bool) -> None:
    """Refuse to remove capture while something would be lost by it, unless forced.

    Raises:
        InstallRefused: a service works; or conflicts are open or changes pending and `force` is not given.
    """
    nodes = {side: await observe.node(connection) for side, connection in connections.items()}
    if any(node.working for node in nodes.values()):
        raise InstallRefused("the service is running and would install anew", hint="Stop `cdc run` first.")
    if nodes[Side.MAIN].installed and await is_held(connections[Side.MAIN]):
        raise InstallRefused(
            "a backup, restore or check runs", hint="Wait for its end; `cdc history` shows how far it is."
        )
    if force or not all(node.installed for node in nodes.values()):
        return
    main, backup = connections[Side.MAIN], connections[Side.BACKUP]
    reasons = []
    if conflicts := len((await observe.open_conflicts(main, backup)).records):
        reasons.append(f"{conflicts} conflicts are open")
    for source, target, side in ((main, backup, Side.MAIN), (backup, main, Side.BACKUP)):
        if pending := (await observe.link_status(source, target, side)).pending:
            reasons.append(f"{pending} changes of {side} are pending")
    if reasons:
        raise InstallRefused(
            "not removed: " + ", ".join(reasons),
            hint="Finish with `cdc sync --once` and `cdc resolve`, or lose all that with --force.",
        )


def tell(reports: Mapping[Side, InstallReport], known: set[str]) -> None:
    """Log what is captured, and each table that is not with the reason, but nothing twice.

    Args:
        reports: what the installation found.
        known: what was said before; added to.
    """
    for side, report in reports.items():
        captured = sum(table.state == "captured" for table in report.tables)
        _tell_once("capturing", known, side=side.value, tables=captured)
        for table in report.tables:
            for note in table.notes if table.state != "excluded" else ():
                _tell_once(note, known, side=side.value, table=table.entity, state=table.state)


def _tell_once(event: str, known: set[str], **values: object) -> None:
    line = f"{event} {values}"
    if line not in known:
        known.add(line)
        log = _log.warning if values.get("state") == "refused" else _log.info
        log(event, **values)
