"""The schema as scripts: what is in them, what is left out, and that another database takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cdc.catalog import read_shapes
from cdc.dump_tool import DumpTool, choose, find_tools
from cdc.errors import ConfigurationError, SchemaMismatch
from cdc.model import Side
from cdc.schema_copy import (
    SchemaScripts,
    create_extensions,
    dump_schema,
    keep_entries,
    plain_sql,
    run_script,
)
from cdc.session import Connection, Endpoint, connect
from cdc.table_copy import exported_snapshot
from tests import shop
from tests.databases import Pair

pytestmark = pytest.mark.untouched


@asynccontextmanager
async def opened(endpoint: Endpoint) -> AsyncIterator[Connection]:
    connection = await connect(endpoint, "test")
    try:
        yield connection
    finally:
        await connection.close()


async def dump(source: Endpoint, *, without: tuple[str, ...] = ()) -> SchemaScripts:
    async with exported_snapshot(source, ()) as snapshot:
        relids = [
            row["oid"]
            for row in await snapshot.connection.fetch(
                "SELECT oid::bigint AS oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p') AND relname <> ALL ($1)",
                list(without),
            )
        ]
        return await dump_schema(
            source, snapshot.connection, snapshot=snapshot.exported, copied=relids, present=("public",)
        )


async def test_another_database_takes_the_scripts_and_looks_the_same(pair: Pair) -> None:
    main, backup = shop.endpoints(pair)
    await shop.create(pair.main)
    await pair.main.execute(
        "CREATE VIEW public.v AS SELECT id FROM public.\"Order\"; COMMENT ON SCHEMA public IS 'x';"
        'CREATE TRIGGER touch BEFORE INSERT ON public."Customer" FOR EACH ROW EXECUTE FUNCTION touch();'
    )
    scripts = await dump(main)
    async with opened(backup) as writer:
        for script in (scripts.before, scripts.after):
            async with writer.transaction():
                await run_script(writer, script, Side.BACKUP)
    async with opened(main) as one, opened(backup) as other:
        here, there = await read_shapes(one, ("public",)), await read_shapes(other, ("public",))
    assert here.keys() == there.keys()
    for entity, shape in here.items():
        columns = [replace(column, number=0, version="") for column in shape.columns]
        assert columns == [replace(column, number=0, version="") for column in there[entity].columns]
        assert sorted(shape.keys, key=str) == sorted(there[entity].keys, key=str)
        assert {key.name for key in shape.outgoing} == {key.name for key in there[entity].outgoing}
    assert await pair.backup.fetchval("SELECT count(*) FROM pg_trigger WHERE tgname = 'touch'") == 1


async def test_schema_cdc_and_our_triggers_stay_behind(pair: Pair) -> None:
    main, _ = shop.endpoints(pair)
    await shop.create(pair.main)
    await pair.main.execute(
        """
        CREATE SCHEMA cdc;
        CREATE FUNCTION cdc.capture_insert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER cdc_capture_insert AFTER INSERT ON public."Order"
            EXECUTE FUNCTION cdc.capture_insert();
        ALTER TABLE public."Order" ENABLE ALWAYS TRIGGER cdc_capture_insert;
        """
    )
    scripts = await dump(main)
    assert "cdc" not in scripts.before
    assert "cdc" not in scripts.after
    assert "touch" in scripts.before


async def test_a_foreign_key_to_a_table_that_is_not_copied_is_left_out(pair: Pair) -> None:
    main, _ = shop.endpoints(pair)
    await shop.create(pair.main)
    assert "Order_customerId_fkey" in (await dump(main)).after
    scripts = await dump(main, without=("Customer",))
    assert "Order_customerId_fkey" not in scripts.after
    assert "OrderLine_orderId_fkey" in scripts.after


@pytest.mark.superuser("it gives things to roles that it is no member of")
async def test_owners_and_grants_are_not_copied(pair: Pair) -> None:
    main, _ = shop.endpoints(pair)
    login = await pair.add_login()
    await shop.create(pair.main)
    await pair.main.execute(
        f'GRANT SELECT ON "Order" TO {login.name}; ALTER TABLE "Order" OWNER TO {login.name}'
    )
    scripts = await dump(main)
    assert login.name not in scripts.before + scripts.after
    await pair.main.execute(f"REASSIGN OWNED BY {login.name} TO CURRENT_USER; DROP OWNED BY {login.name}")


async def test_a_refused_definition_names_it_and_leaves_nothing(pair: Pair) -> None:
    main, backup = shop.endpoints(pair)
    await shop.create(pair.main)
    scripts = await dump(main)
    await pair.backup.execute("CREATE TYPE public.\"Mood\" AS ENUM ('other')")
    async with opened(backup) as writer:
        with pytest.raises(SchemaMismatch, match=r'BACKUP refuses .*"Mood" already exists') as refused:
            async with writer.transaction():
                await run_script(writer, scripts.before, Side.BACKUP)
    assert "migrations" in refused.value.hint
    assert await pair.backup.fetchval("SELECT to_regclass('public.\"Order\"')") is None


@pytest.mark.superuser("an extension that is not trusted may be the first")
async def test_extensions_are_made_where_they_can_be(pair: Pair) -> None:
    main, backup = shop.endpoints(pair)
    available = await pair.main.fetchval(
        "SELECT name FROM pg_available_extensions WHERE name <> 'plpgsql' LIMIT 1"
    )
    if available is None:
        pytest.skip("this PostgreSQL comes with no extensions")
    await pair.main.execute(f'CREATE SCHEMA "Ext"; CREATE EXTENSION "{available}" SCHEMA "Ext" CASCADE')
    async with opened(main) as reader, opened(backup) as writer:
        assert await create_extensions(reader, writer, Side.BACKUP) == ()
        assert await create_extensions(reader, writer, Side.BACKUP) == ()
    assert await pair.backup.fetchval("SELECT count(*) FROM pg_extension WHERE extname = $1", available) == 1


def test_the_nearest_pg_dump_that_can_read_the_server_is_taken() -> None:
    tools = [
        DumpTool(Path(str(major)), major, tls)
        for major, tls in ((18, False), (15, True), (16, False), (16, True))
    ]
    assert choose(tools, server_major=15).major == 15
    assert (choose(tools, server_major=16).major, choose(tools, server_major=16).tls) == (16, True)
    assert choose(tools, server_major=17).major == 18
    with pytest.raises(ConfigurationError, match=r"found: 15, 16, 18") as too_old:
        choose(tools, server_major=19)
    assert "postgresql-client-19" in too_old.value.hint


async def test_the_embedded_servers_own_pg_dump_is_found() -> None:
    assert 18 in {tool.major for tool in await find_tools()}


def test_entries_that_do_not_belong_are_dropped_from_the_list() -> None:
    listed = """; a comment
4; 2615 2200 SCHEMA - public owner
5; 0 0 COMMENT - SCHEMA public owner
6; 1259 16395 TABLE public Prod uct owner
7; 2620 16412 TRIGGER public Prod uct cdc_capture_insert owner
8; 1259 16400 FOREIGN TABLE public f owner
"""
    assert (
        keep_entries(listed, {(2615, 2200), (2620, 16412)}) == "6; 1259 16395 TABLE public Prod uct owner\n"
    )


def test_only_psqls_own_lines_leave_the_script() -> None:
    script = "\\restrict abc\nSET transaction_timeout = 0;\nSELECT '\n\\restrict xyz\n';\n\\unrestrict abc\n"
    assert plain_sql(script) == "\nSELECT '\n\\restrict xyz\n';\n"
