"""Policies: what is done with a table's conflicts without asking anyone."""

from __future__ import annotations

from pydantic import Field

from cdc import config
from cdc.model import Policy, Side
from cdc.policy import MANUAL, PolicyRule, parse_policy
from cdc.policy_check import check_policy
from cdc.session import Connection
from server.api.problem import Problem
from server.api.route import Body, Call, Document, Reply, Route, Routes, Text
from triggers.statements import statement


class PolicyBody(Body):
    """A table's policy, with what goes with it."""

    policy: Policy
    column: Text | None = Field(
        None, max_length=200, description="For LATEST_WINS: which row is the later one"
    )
    columns: dict[Text, Text] = Field({}, max_length=2_000, description="For MERGE: strategies by column")
    function: Text | None = Field(
        None, max_length=200, description="For MERGE: an entry point of `cdc.merge`"
    )


class PolicyDocument(Document):
    """A policy."""

    policy: Policy
    column: str | None
    columns: dict[str, str]
    function: str | None
    text: str = Field(description="As people write it")

    @classmethod
    def of(cls, rule: PolicyRule) -> PolicyDocument:
        """Give a policy its form."""
        columns = {name: str(each) for name, each in rule.columns.items()}
        return cls(
            policy=rule.policy, column=rule.column, columns=columns, function=rule.function, text=str(rule)
        )


class PoliciesDocument(Document):
    """All policies."""

    default: PolicyDocument = Field(description="Of every table that has none of its own")
    tables: dict[str, PolicyDocument]


async def read_policies(call: Call) -> PoliciesDocument:
    """Give all policies."""
    async with call.context.pools.connection(Side.MAIN) as main:
        decided = await config.policies(main)
    return PoliciesDocument(
        default=PolicyDocument.of(decided.get(config.DEFAULT, MANUAL)),
        tables={name: PolicyDocument.of(rule) for name, rule in decided.items() if name != config.DEFAULT},
    )


async def set_policy(call: Call) -> PolicyDocument:
    """Set a table's policy, or with `*` that of every table without its own; in force at once."""
    entity, wanted = call.path("entity"), call.body(PolicyBody)
    text = wanted.policy if wanted.column is None else f"{wanted.policy}({wanted.column})"
    rule = parse_policy(text, wanted.columns, wanted.function)
    async with call.context.pools.connection(Side.MAIN) as main:
        await require_captured(main, entity)
        await check_policy(main, entity, rule)
        await config.set_policy(main, entity, rule, call.identity.actor)
    return PolicyDocument.of(rule)


async def unset_policy(call: Call) -> Reply:
    """Let a table go by the default again."""
    entity = call.path("entity")
    async with call.context.pools.connection(Side.MAIN) as main:
        if entity not in await config.policies(main):
            raise Problem(404, "policy-not-found", f"{entity} has no policy of its own")
        await config.unset_policy(main, entity)
    return Reply(None, status=204)


async def require_captured(main: Connection, entity: str) -> None:
    """Make sure that a table is captured; `*` is all of them.

    Raises:
        Problem: 404, it is not.
    """
    known = {row["entity"] for row in await main.fetch(statement("captured_entities", "server"))}
    if entity != config.DEFAULT and entity not in known:
        raise Problem(
            404,
            "table-not-found",
            f"there is no captured table {entity}",
            hint="Write it as PostgreSQL has it: Product, or schema.table outside public.",
        )


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/policies",
        handler=read_policies,
        summary="What is done with conflicts without asking anyone",
        tag="Policies",
        answers={200: PoliciesDocument},
    ),
    Route(
        method="PUT",
        path="/backup/policies/{entity}",
        handler=set_policy,
        summary="Set a table's policy; `*` is every table without its own",
        tag="Policies",
        answers={200: PolicyDocument},
        body=PolicyBody,
        changes=True,
    ),
    Route(
        method="DELETE",
        path="/backup/policies/{entity}",
        handler=unset_policy,
        summary="Let a table go by the default policy again",
        tag="Policies",
        answers={204: None},
        changes=True,
    ),
)
