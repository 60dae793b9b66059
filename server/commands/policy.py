"""`cdc policy`: what is done with a table's conflicts without asking anyone."""

from __future__ import annotations

from collections.abc import Mapping

import click

from cdc import config
from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.policy import PolicyRule, parse_policy, to_json
from server import console
from server.databases import connected, opened, require_installed
from server.settings import Settings
from triggers.statements import statement


@click.command()
@click.argument("entity", required=False)
@click.argument("policy", required=False)
@console.json_option
def policy(*, entity: str | None, policy: str | None, as_json: bool) -> None:
    """Show the policies, or set one table's ('*' is every table without its own).

    MANUAL keeps both versions until a person decides; MAIN_WINS and BACKUP_WINS decide at once and keep the
    losing version in cdc.sync_state. In force at once, for conflicts from now on.
    """
    wanted = _wanted(policy) if policy else None
    settings = console.settings(level="WARNING").settings
    found = console.finish(_policy(settings, entity, wanted))
    rows = [(name, str(each)) for name, each in found.items()]
    human = console.table("table", "policy", rows=rows)
    console.show({name: to_json(each) for name, each in found.items()}, human, as_json=as_json)


def _wanted(text: str) -> PolicyRule:
    try:
        return parse_policy(text)
    except ConfigurationError as error:
        raise click.UsageError(f"{error}. {error.hint}", click.get_current_context()) from error


async def _policy(
    settings: Settings, entity: str | None, wanted: PolicyRule | None
) -> Mapping[str, PolicyRule]:
    async with (
        opened(settings) as databases,
        connected(databases, "command", sides=[Side.MAIN]) as connections,
    ):
        await require_installed(connections)
        main = connections[Side.MAIN]
        if entity is not None and wanted is not None:
            known = {row["entity"] for row in await main.fetch(statement("captured_entities", "server"))}
            if entity != config.DEFAULT and entity not in known:
                raise ConfigurationError(
                    f"there is no captured table {entity}",
                    hint="Write it as PostgreSQL has it: Product, or schema.table outside public.",
                )
            await config.set_policy(main, entity, wanted, console.person())
        decided = await config.read(main)
        if entity is not None:
            return {entity: decided.policy(entity)}
        return {config.DEFAULT: decided.policy(config.DEFAULT), **decided.policies}
