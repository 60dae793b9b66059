"""PostgreSQL decides columns in their own types."""

from __future__ import annotations

from cdc.catalog import read_shapes
from cdc.merge import Question
from cdc.model import Entity, Side
from cdc.policy import parse_strategy
from cdc.strategies import Answer, answer
from tests.databases import Pair

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN amount AS numeric(10,2) CHECK (VALUE >= 0);
CREATE TABLE t (id int PRIMARY KEY, n int, small smallint, cost amount, paid money, took interval, name text,
                feel mood, day date, at timestamptz, flags text[], places int[], tags jsonb, doc jsonb);
"""
M, B = Side.MAIN, Side.BACKUP
CASES: list[tuple[str, str, tuple[str | None, str | None, str | None], Answer | str]] = [
    ("n", "SUM", ("10", "8", "7"), "5"),
    ("n", "SUM", ("10", "9", "9"), "8"),
    ("n", "SUM", ("0", "2147483647", "1"), None),
    ("n", "SUM", ("10", None, "7"), None),
    ("small", "SUM", ("-5", "10", "-32000"), "-31985"),
    ("cost", "SUM", ("0.10", "0.30", "0.20"), "0.40"),
    ("paid", "SUM", ("$10.00", "$8.50", "$7.00"), "$5.50"),
    ("took", "SUM", ("01:00:00", "01:30:00", "02:00:00"), "02:30:00"),
    ("n", "MAX", (None, "10", "9"), M),
    ("n", "MIN", (None, "10", "9"), B),
    ("n", "MAX", (None, None, "9"), B),
    ("n", "MIN", (None, "9", None), M),
    ("cost", "MAX", (None, "1.0", "1.00"), M),
    ("cost", "MAX", (None, "1.00", "1.0"), B),
    ("feel", "MAX", (None, "happy", "sad"), M),
    ("day", "MIN", (None, "2026-10-01", "2026-09-30"), B),
    ("name", "MAX", (None, "b", "a"), M),
    ("name", "LATEST(at)", (None, "2026-01-01 01:00:00+02", "2026-01-01 00:00:00+00"), B),
    ("name", "LATEST(at)", (None, "2026-01-01 01:00:00+01", "2026-01-01 00:00:00+00"), None),
    ("name", "LATEST(at)", (None, None, "2026-01-01 00:00:00+00"), None),
    ("flags", "UNION", ("{a,b}", "{b,c}", "{a,b,d}"), "{b,c,d}"),
    ("flags", "UNION", (None, "{b}", "{a,NULL}"), "{a,b,NULL}"),
    ("flags", "UNION", ("{a}", "{}", "{a}"), "{}"),
    ("flags", "UNION", (None, "{{a,b}}", "{c}"), None),
    ("flags", "UNION", ("{a}", None, "{a,b}"), None),
    ("places", "UNION", ("{10}", "{10,9}", "{10,100}"), "{9,10,100}"),
    ("tags", "UNION", ('["a"]', '["a", 1]', '["a", {"k": 2}]'), '["a", 1, {"k": 2}]'),
    ("tags", "UNION", ('["a", "b"]', '["b"]', '["a", "b", "c"]'), '["b", "c"]'),
    ("tags", "UNION", ("[]", '{"a": 1}', "[1]"), None),
    ("doc", "JSON", ('{"a": 1}', '{"a": 2}', '{"a": 1, "b": 3}'), '{"a": 2, "b": 3}'),
    ("doc", "JSON", ('{"a": 1, "b": 1}', '{"b": 1}', '{"a": 1}'), "{}"),
    ("doc", "JSON", ('{"a": 1}', '{"a": 2}', '{"a": 3}'), None),
    ("doc", "JSON", ('{"a": 1}', '{"a": 2}', "{}"), None),
    ("doc", "JSON", (None, '{"a": null}', '{"b": 1}'), '{"a": null, "b": 1}'),
    ("doc", "JSON", ("{}", "[1]", "{}"), None),
]


async def test_each_strategy_in_each_type(pair: Pair) -> None:
    connection = pair.main
    await connection.execute(SCHEMA)
    await connection.execute("SET search_path = pg_catalog; SET timezone = 'UTC'; SET lc_monetary = 'C'")
    shape = (await read_shapes(connection, ["public"]))[Entity("public", "t")]
    questions = [Question(column, parse_strategy(column, text), *three) for column, text, three, _ in CASES]
    async with connection.transaction():
        found = await answer(connection, shape, questions)
        swapped = await answer(
            connection, shape, [Question(q.column, q.rule, q.base, q.backup, q.main) for q in questions]
        )
    for (column, text, three, expected), one, other in zip(CASES, found, swapped, strict=True):
        wanted = (
            {column: expected} if isinstance(expected, str) and not isinstance(expected, Side) else expected
        )
        assert one == wanted, (column, text, three)
        assert other == (one.other if isinstance(one, Side) else one), (column, text, three)
