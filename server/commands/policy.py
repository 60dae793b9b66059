"""`cdc policy`: what is done with a table's conflicts without asking anyone."""

from __future__ import annotations

from collections.abc import Mapping

import click

from cdc import config
from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.policy import PolicyRule, parse_policy, to_json
from cdc.policy_check import check_policy
from server import console
from server.databases import connected, opened, require_installed
from server.settings import Settings


@click.command()
@click.argument("entity", required=False)
@click.argument("policy", required=False)
@click.option(
    "--column", "columns", multiple=True, metavar="NAME=STRATEGY", help="With MERGE: how it is decided."
)
@click.option("--function", metavar="NAME", help="With MERGE: an entry point of the group cdc.merge.")
@click.option("--unset", is_flag=True, help="Let the table go by the default again.")
@console.json_option
def policy(
    *,
    entity: str | None,
    policy: str | None,
    columns: tuple[str, ...],
    function: str | None,
    unset: bool,
    as_json: bool,
) -> None:
    """Show the policies, or set one table's ('*' is every table without its own).

    MANUAL keeps both versions until a person decides. MAIN_WINS and BACKUP_WINS decide at once, LATEST_WINS(column)
    by the greater value of that column, MERGE column by column: what one side alone changed is taken, what both
    changed is decided by the column's strategy (MAIN, BACKUP, MAX, MIN, SUM, UNION, JSON, LATEST(column)); what is
    left is for a person. The losing version stays in cdc.sync_state. In force at once, for conflicts from now on.
    """
    if ((columns or function) and policy is None) or (unset and (entity is None or policy is not None)):
        raise click.UsageError("name the table, and the policy that this goes with")
    wanted = _wanted(policy, columns, function) if policy else None
    settings = console.settings(level="WARNING").settings
    found = console.finish(_policy(settings, entity, wanted, unset=unset))
    rows = [(name, str(each)) for name, each in found.items()]
    human = console.table("table", "policy", rows=rows)
    console.show({name: to_json(each) for name, each in found.items()}, human, as_json=as_json)


def _wanted(text: str, columns: tuple[str, ...], function: str | None) -> PolicyRule:
    pairs = [each.rpartition("=") for each in columns]
    if any(not name for name, _, _ in pairs):
        raise click.UsageError("write --column NAME=STRATEGY, such as --column stock=SUM")
    try:
        return parse_policy(text, {name: strategy for name, _, strategy in pairs}, function)
    except ConfigurationError as error:
        raise click.UsageError(f"{error}. {error.hint}", click.get_current_context()) from error


async def _policy(
    settings: Settings, entity: str | None, wanted: PolicyRule | None, *, unset: bool
) -> Mapping[str, PolicyRule]:
    async with (
        opened(settings) as databases,
        connected(databases, "command", sides=[Side.MAIN]) as connections,
    ):
        await require_installed(connections)
        main = connections[Side.MAIN]
        if entity is not None and unset:
            await config.unset_policy(main, entity)
        elif entity is not None and wanted is not None:
            await check_policy(main, entity, wanted)
            await config.set_policy(main, entity, wanted, console.person())
        decided = await config.read(main)
        if entity is not None:
            return {entity: decided.policy(entity)}
        return {config.DEFAULT: decided.policy(config.DEFAULT), **decided.policies}
