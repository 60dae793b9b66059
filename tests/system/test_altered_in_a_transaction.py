"""Tables and types are altered in the middle of transactions that write to them before and after."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.synced import Synced, synced


@dataclass(frozen=True, slots=True)
class Scenario:
    """A transaction on a table of its own, what the other side needs afterwards, and the rows that both end with."""

    table: str
    sql: str
    later: str
    rows: list[str]
    type: str = "int"
    value: str = "5"

    @property
    def schema(self) -> str:
        rows = ", ".join(f"({i}, 'a', {self.value})" for i in range(1, 5))
        return (
            f"CREATE TABLE {self.table} (id int PRIMARY KEY, a text, n {self.type});"
            f"INSERT INTO {self.table} VALUES {rows};"
        )


SCENARIOS = [
    Scenario(
        "passing",
        """UPDATE t SET n = n + 1; ALTER TABLE t ADD m int; UPDATE t SET m = 9, n = n + 1 WHERE id < 4;
        INSERT INTO t VALUES (9, 'new', 1, 2); ALTER TABLE t DROP m; UPDATE t SET n = n + 1 WHERE id <> 3""",
        "",
        ["(a,1,8)", "(a,2,8)", "(a,3,7)", "(a,4,7)", "(new,9,2)"],
    ),
    Scenario(
        "renamed",
        """UPDATE t SET n = n + 1; ALTER TABLE t RENAME n TO m; UPDATE t SET m = m + 1 WHERE id < 3;
        INSERT INTO t VALUES (9, 'new', 1)""",
        "ALTER TABLE t RENAME n TO m",
        ["(a,1,7)", "(a,2,7)", "(a,3,6)", "(a,4,6)", "(new,9,1)"],
    ),
    Scenario(
        "and_back",
        """UPDATE t SET n = n + 1; ALTER TABLE t RENAME n TO m; UPDATE t SET m = m + 1 WHERE id < 3;
        INSERT INTO t VALUES (9, 'new', 1); ALTER TABLE t RENAME m TO n; UPDATE t SET n = n + 1 WHERE id = 1;
        DELETE FROM t WHERE id = 4""",
        "",
        ["(a,1,8)", "(a,2,7)", "(a,3,6)", "(new,9,1)"],
    ),
    Scenario(
        "swapped",
        """UPDATE t SET n = 'n1';
        ALTER TABLE t RENAME n TO x; ALTER TABLE t RENAME a TO n; ALTER TABLE t RENAME x TO a;
        UPDATE t SET n = 'a2' WHERE id < 3; INSERT INTO t (id, a, n) VALUES (9, 'n3', 'a3')""",
        "ALTER TABLE t RENAME n TO x; ALTER TABLE t RENAME a TO n; ALTER TABLE t RENAME x TO a",
        ["(n1,1,a2)", "(n1,2,a2)", "(n1,3,a)", "(n1,4,a)", "(n3,9,a3)"],
        type="text",
        value="'n'",
    ),
    Scenario(
        "rewritten",
        """UPDATE t SET n = n + 1; ALTER TABLE t ALTER n TYPE bigint; UPDATE t SET n = n + 1 WHERE id < 3;
        INSERT INTO t VALUES (9, 'new', 5000000000)""",
        "ALTER TABLE t ALTER n TYPE bigint",
        ["(a,1,7)", "(a,2,7)", "(a,3,6)", "(a,4,6)", "(new,9,5000000000)"],
    ),
    Scenario(
        "reread",
        """UPDATE t SET n = '007'; ALTER TABLE t ALTER n TYPE int USING n::int;
        UPDATE t SET n = n + 1 WHERE id < 3;
        INSERT INTO t VALUES (9, 'new', 10)""",
        "ALTER TABLE t ALTER n TYPE int USING n::int",
        ["(a,1,8)", "(a,2,8)", "(a,3,7)", "(a,4,7)", "(new,9,10)"],
        type="text",
        value="'005'",
    ),
    Scenario(
        "labels",
        """UPDATE t SET n = 'good'; ALTER TYPE mood RENAME VALUE 'good' TO 'fine';
        UPDATE t SET n = 'bad' WHERE id = 1;
        INSERT INTO t VALUES (9, 'new', 'fine')""",
        "ALTER TYPE mood RENAME VALUE 'good' TO 'fine'",
        ["(a,1,bad)", "(a,2,fine)", "(a,3,fine)", "(a,4,fine)", "(new,9,fine)"],
        type="mood",
        value="'bad'",
    ),
    Scenario(
        "more_labels",
        """UPDATE t SET a = 'b' WHERE id = 1; COMMIT; ALTER TYPE size ADD VALUE 'm' BEFORE 'l';
        BEGIN; UPDATE t SET n = 'm' WHERE id < 3; INSERT INTO t VALUES (9, 'new', 'm')""",
        "ALTER TYPE size ADD VALUE 'm' BEFORE 'l'",
        ["(a,2,m)", "(a,3,l)", "(a,4,l)", "(b,1,m)", "(new,9,m)"],
        type="size",
        value="'l'",
    ),
]
TYPES = "CREATE TYPE mood AS ENUM ('bad', 'good'); CREATE TYPE size AS ENUM ('s', 'l');"
SQL = TYPES + "".join(each.schema for each in SCENARIOS)


async def on(both: Synced, side: Side, table: str, sql: str) -> None:
    for statement in filter(None, sql.replace(" t ", f" {table} ").split(";")):
        await both.connection(side).execute(statement)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("first", list(Side))
async def test_rows_are_as_the_transaction_left_them(
    pair: Pair,
    first: Side,
    up: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, SQL) as both:
        await both.settle()
        if not up:
            await both.engine.close()
        for each in SCENARIOS:
            await on(both, first, each.table, f"BEGIN; {each.sql}; COMMIT")
        if up:
            await both.settle()
        for each in SCENARIOS:
            await on(both, first.other, each.table, each.later)
        if not up:
            await both.reopen()
        await both.settle()
        # A label that was renamed since is no value any more: such rows are tried again as they are by now.
        await both.connection(first.other).execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp()"
        )
        await both.settle()
        assert [link.held for link in both.engine.links.values()] == [frozenset()] * 2
        for each in SCENARIOS:
            for side in Side:
                assert (each.table, side, await both.rows(side, each.table)) == (each.table, side, each.rows)
        await both.assert_no_conflicts()


@pytest.mark.parametrize("first", list(Side))
async def test_a_label_that_one_side_has_first(pair: Pair, first: Side) -> None:
    schema = "CREATE TYPE mood AS ENUM ('bad', 'good'); CREATE TABLE t (id int PRIMARY KEY, n mood);"
    async with synced(pair, f"{schema} INSERT INTO t VALUES (1, 'bad'), (2, 'bad'), (3, 'bad')") as both:
        await both.settle()
        await both.connection(first).execute("ALTER TYPE mood ADD VALUE 'fine'")
        await both.connection(first).execute(
            "UPDATE t SET n = 'fine' WHERE id = 1; UPDATE t SET n = 'good' WHERE id = 2"
        )
        await both.settle()
        refused = await both.open_conflicts()
        assert [(each.entity_id, each.type) for each in refused] == [("1", "REJECTED")]
        assert 'invalid input value for enum public.mood: "fine"' in str(refused[0].error)
        assert await both.rows(first.other, "t") == ["(1,bad)", "(2,good)", "(3,bad)"]
        await both.connection(first.other).execute("ALTER TYPE mood ADD VALUE 'fine'")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
