"""People's own triggers, row-level security and missing rights on the target; application roles of every sort."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cdc.engine import Engine
from cdc.errors import SessionRefused
from cdc.first_contact import resync
from cdc.model import Side
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.restore import restore
from cdc.snapshot.writer import write_snapshot
from cdc.stats import Options
from cdc.verify import verify_sides
from tests.databases import Pair
from tests.live import until
from tests.roles import make_replica
from tests.synced import Synced, endpoints, synced
from triggers.identifiers import identifier

COUNTED = """
CREATE TABLE t (id int PRIMARY KEY, v text, fired int NOT NULL DEFAULT 0);
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE log (line text);
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {body}
    RETURN {result};
END $$;
CREATE TRIGGER own BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION count_up();
"""
FIRES_TWICE = COUNTED.format(body="NEW.fired = NEW.fired + 1;", result="NEW")
DELETE_KEPT = COUNTED.format(body="IF TG_OP = 'DELETE' THEN RETURN NULL; END IF;", result="NEW")
NOT_BY_THE_SERVICE = "IF current_setting('application_name') LIKE 'cdc %' THEN {text} END IF;"


@asynccontextmanager
async def accepted(pair: Pair, schema: str) -> AsyncIterator[Synced]:
    """Both sides synced by a service that was told that triggers may fire twice."""
    async with synced(pair, schema) as both:
        main, backup = endpoints(pair)

        def make() -> Engine:
            return Engine(main, backup, accepts=lambda _: True)

        both.make = make
        await both.reopen()
        yield both


async def held(both: Synced, source: Side, entity: str) -> str:
    """Why a table waits, '' where it does not."""
    sql = "SELECT reason FROM cdc.position WHERE source = $1 AND entity = $2"
    return await both.connection(source.other).fetchval(sql, source, entity) or ""


@pytest.mark.granted("triggers fire for an owner without it")
async def test_triggers_do_not_fire_as_a_replica(pair: Pair) -> None:
    async with synced(pair, FIRES_TWICE) as both:
        await both.main.execute("INSERT INTO t VALUES (1, 'x')")
        await both.backup.execute("INSERT INTO t VALUES (2, 'x')")
        await both.settle()
        assert await both.rows(Side.BACKUP, "t") == ["(1,1,x)", "(1,2,x)"]
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_a_role_that_an_administrator_made_a_replica(owner_pair: Pair) -> None:
    schema = FIRES_TWICE + (
        "CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
    )
    async with synced(owner_pair, schema) as both:
        await make_replica(owner_pair)
        await both.reopen()
        await both.main.execute("INSERT INTO t VALUES (1), (2); INSERT INTO child VALUES (0, 2, 0)")
        await both.settle()
        await both.assert_equal("t", "child")
        await both.assert_no_conflicts()
        await both.main.execute("DELETE FROM t WHERE id = 1; INSERT INTO child VALUES (3, 2, 5)")
        await both.backup.execute("INSERT INTO child VALUES (1, 1, 1), (2, 2, 5)")
        await both.settle()
        assert await both.rows(Side.MAIN, "child") == ["(0,2,0)", "(3,2,5)"]
        assert await both.rows(Side.BACKUP, "child") == ["(0,2,0)", "(1,1,1)", "(2,2,5)"]
        found = {
            (conflict.side, conflict.entity_id, conflict.type) for conflict in await both.open_conflicts()
        }
        assert found == {
            (Side.MAIN, "1", "FOREIGN_KEY_VIOLATION"),
            (Side.MAIN, "2", "UNIQUE_VIOLATION"),
            (Side.BACKUP, "1", "FOREIGN_KEY_VIOLATION"),
            (Side.BACKUP, "3", "UNIQUE_VIOLATION"),
        }


async def test_a_table_with_triggers_waits_until_it_need_not(owner_pair: Pair) -> None:
    async with synced(owner_pair, FIRES_TWICE) as both:
        await both.main.execute("INSERT INTO t VALUES (1, 'x'); INSERT INTO other VALUES (1)")
        await both.settle()
        await both.assert_equal("other")
        assert await both.rows(Side.BACKUP, "t") == []
        reason = await held(both, Side.MAIN, "t")
        for words in ("own", "GRANT SET ON PARAMETER session_replication_role", "--accept-triggers t"):
            assert words in reason
        await both.backup.execute("ALTER TABLE t DISABLE TRIGGER own")
        await both.settle()
        assert not await held(both, Side.MAIN, "t")
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_a_trigger_that_comes_later_is_noticed(owner_pair: Pair) -> None:
    async with synced(owner_pair, "CREATE TABLE t (id int PRIMARY KEY)") as both:
        await both.main.execute("INSERT INTO t VALUES (1)")
        await both.settle()
        await both.backup.execute(
            "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            "CREATE TRIGGER own BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION nothing()"
        )
        await both.main.execute("INSERT INTO t VALUES (2)")
        await both.settle()
        assert "own" in await held(both, Side.MAIN, "t")


async def test_accepted_triggers_fire_and_what_they_change_is_a_conflict(owner_pair: Pair) -> None:
    async with accepted(owner_pair, FIRES_TWICE) as both:
        await both.main.execute("INSERT INTO t VALUES (1, 'x')")
        await both.settle()
        assert await both.rows(Side.BACKUP, "t") == ["(2,1,x)"]
        (conflict,) = await both.open_conflicts()
        assert conflict.current is not None
        assert conflict.incoming is not None
        assert {conflict.current["fired"], conflict.incoming["fired"]} == {"1", "2"}


async def test_accepted_triggers_that_know_the_service_leave_rows_alone(owner_pair: Pair) -> None:
    body = NOT_BY_THE_SERVICE.format(text="RETURN coalesce(NEW, OLD);") + " INSERT INTO log VALUES (TG_OP);"
    schema = COUNTED.format(body=body, result="coalesce(NEW, OLD)").replace("log", "public.log")
    async with accepted(owner_pair, schema) as both:
        await both.main.execute(
            "INSERT INTO t VALUES (1), (2), (3); UPDATE t SET v = 'y'; DELETE FROM t WHERE id = 3"
        )
        await both.settle()
        await both.backup.execute("UPDATE t SET v = 'z' WHERE id = 1")
        await both.settle()
        await both.assert_equal("t", "log")
        assert len(await both.rows(Side.MAIN, "log")) == 8
        await both.assert_no_conflicts()


async def test_accepted_triggers_find_what_they_name(owner_pair: Pair) -> None:
    schema = COUNTED.format(body="INSERT INTO log VALUES (TG_OP);", result="coalesce(NEW, OLD)")
    async with accepted(owner_pair, schema) as both:
        await both.main.execute("INSERT INTO t VALUES (1)")
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


EVENT_TRIGGER = """
CREATE FUNCTION public.seen() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
CREATE EVENT TRIGGER own ON {event} EXECUTE FUNCTION public.seen()
"""


async def test_event_triggers_find_what_they_name(owner_pair: Pair) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE log (tag text);"
    body = "INSERT INTO log SELECT command_tag FROM pg_event_trigger_ddl_commands();"
    async with synced(owner_pair, schema, options=Options(batch_rows=200)) as both:
        for side in Side:
            await owner_pair.administer(side, EVENT_TRIGGER.format(body=body, event="ddl_command_end"))
        await both.main.execute("INSERT INTO t VALUES (1)")
        await both.settle()
        await both.main.execute("INSERT INTO t SELECT generate_series(2, 2000)")
        await both.settle()
        await both.assert_equal("t", "log")
        await both.assert_no_conflicts()
        assert {*await both.rows(Side.MAIN, "log")} == {'("CREATE TYPE")', '("CREATE TABLE")'}


TWO_KINDS = """
CREATE TABLE t (id int PRIMARY KEY, v text, of regclass);
CREATE TABLE bag (v text);
CREATE TABLE log (tag text);
CREATE FUNCTION fill_in() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER own BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION fill_in();
INSERT INTO t VALUES (1, 'same', 't'), (2, 'other', NULL);
INSERT INTO bag VALUES ('same'), ('other');
"""
PAST_CAPTURE = """
SET LOCAL cdc.applying = 'on';
UPDATE t SET v = 'new' WHERE id = 2;
UPDATE bag SET v = 'new' WHERE v = 'other'
"""


@pytest.mark.parametrize("event", ["ddl_command_end", "sql_drop"])
@pytest.mark.parametrize("work", ["verify", "repair", "resync", "restore"])
async def test_event_triggers_find_what_they_name_while_sides_are_compared(
    owner_pair: Pair, tmp_path: Path, work: str, event: str
) -> None:
    main, backup = endpoints(owner_pair)
    async with synced(owner_pair, TWO_KINDS) as both:
        store = DiskStore(tmp_path)
        file = await write_snapshot(main, store, kind="EXPORT")
        for side in Side:
            await owner_pair.administer(side, EVENT_TRIGGER.format(body="PERFORM FROM log;", event=event))
        before = await both.rows(Side.MAIN, "t"), await both.rows(Side.MAIN, "bag")
        await both.main.execute(PAST_CAPTURE)
        after = await both.rows(Side.MAIN, "t"), await both.rows(Side.MAIN, "bag")
        if work == "resync":
            await both.engine.close()
            assert (await resync(main, backup, Side.BACKUP, lambda *_: None)).rows > 0
        elif work == "restore":
            await restore(store, file.name, main, backup, tables=["t", "bag"], by="test", propagate=False)
        else:
            repair = Side.BACKUP if work == "repair" else None
            report = await verify_sides(main, backup, repair=repair, progress=lambda *_: None)
            found = {
                one.entity: (one.differing, one.missing_main, one.missing_backup) for one in report.tables
            }
            assert (found["t"], found["bag"]) == ((1, 0, 0), (0, 1, 1))
        here = before if work == "restore" else after
        assert (await both.rows(Side.MAIN, "t"), await both.rows(Side.MAIN, "bag")) == here
        if work in {"repair", "resync"}:
            await both.assert_equal("t")


@pytest.mark.parametrize("hindrance", ["an event trigger", "no right"])
async def test_a_session_that_may_not_make_what_it_needs_says_so(owner_pair: Pair, hindrance: str) -> None:
    database = identifier(owner_pair.name)
    assert owner_pair.owner is not None
    hinder, end = {
        "an event trigger": (
            EVENT_TRIGGER.format(body="RAISE 'no temporary objects';", event="ddl_command_start"),
            "DROP EVENT TRIGGER own",
        ),
        "no right": (
            f"ALTER DATABASE {database} OWNER TO CURRENT_USER; REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
            f"GRANT TEMPORARY ON DATABASE {database} TO {identifier(owner_pair.owner.name)}",
        ),
    }[hindrance]
    async with synced(owner_pair, "CREATE TABLE t (id int PRIMARY KEY)") as both:
        await owner_pair.administer(Side.BACKUP, hinder)
        await both.main.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(SessionRefused, match=r"pg_temp: .* temporary (objects|tables)") as refused:
            await both.settle()
        assert "GRANT TEMPORARY ON DATABASE" in refused.value.hint
        await owner_pair.administer(Side.BACKUP, end)
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("always", [False, True])
async def test_a_row_that_a_trigger_kept_is_a_conflict(pair: Pair, owner_pair: Pair, *, always: bool) -> None:
    schema = DELETE_KEPT + ("ALTER TABLE t ENABLE ALWAYS TRIGGER own;" if always else "")
    async with accepted(pair if always else owner_pair, schema) as both:
        await both.main.execute("INSERT INTO t VALUES (1, 'x'), (2, 'x')")
        await both.settle()
        await both.main.execute("ALTER TABLE t DISABLE TRIGGER own; DELETE FROM t WHERE id = 1")
        await both.settle()
        assert [(each.entity_id, each.incoming) for each in await both.open_conflicts(Side.BACKUP)] == [
            ("1", None)
        ]


async def test_an_identity_that_cannot_be_set_is_a_conflict(pair: Pair) -> None:
    schema = "CREATE TABLE t (k int PRIMARY KEY, id int GENERATED ALWAYS AS IDENTITY)"
    async with synced(pair, schema) as both:
        await both.main.execute("INSERT INTO t VALUES (1); UPDATE t SET id = DEFAULT")
        await both.settle()
        await both.assert_equal("t")
        await both.main.execute("UPDATE t SET id = DEFAULT")
        await both.settle()
        assert [each.entity_id for each in await both.open_conflicts()] == ["1"]


async def test_rules_are_refused(owner_pair: Pair) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);"
    schema += "CREATE RULE own AS ON INSERT TO t DO ALSO NOTIFY x"
    async with synced(owner_pair, schema) as both:
        await both.main.execute("INSERT INTO t VALUES (1); INSERT INTO other VALUES (1)")
        await both.settle()
        await both.assert_equal("other")
        assert "own" in await held(both, Side.MAIN, "t")


@pytest.mark.parametrize("when", ["before", "while it runs"])
async def test_row_level_security_on_the_target(owner_pair: Pair, when: str) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);"
    policy = "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id < 5)"
    async with synced(owner_pair, schema) as both:
        if when == "before":
            await both.backup.execute(policy)
            await both.reopen()
        else:
            await both.main.execute("INSERT INTO t VALUES (0)")
            await both.settle()
            await both.backup.execute(policy)
        await both.main.execute("INSERT INTO t VALUES (1), (9); INSERT INTO other VALUES (1)")
        await both.settle()
        await both.assert_equal("other")
        reason = await held(both, Side.MAIN, "t")
        assert "row-level security" in reason
        assert "NO FORCE ROW LEVEL SECURITY" in reason
        await both.backup.execute("ALTER TABLE t NO FORCE ROW LEVEL SECURITY")
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_rights_taken_away_and_given_back(pair: Pair) -> None:
    """The service's role is a member of the owner until it is not."""
    service = await pair.add_login()
    async with synced(
        pair, "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)"
    ) as both:
        name = identifier(service.name)
        for side in Side:
            await both.connection(side).execute(
                f"GRANT ALL ON SCHEMA cdc TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA cdc, public TO {name};"
                f"GRANT ALL ON ALL SEQUENCES IN SCHEMA cdc TO {name}"
            )
        ends = [type(end)(end.side, pair.url(end.side, service), end.schemas) for end in endpoints(pair)]
        both.make = lambda: Engine(ends[0], ends[1])
        await both.reopen()
        await both.main.execute("INSERT INTO t VALUES (1); INSERT INTO other VALUES (1)")
        await both.settle()
        await both.assert_equal("t", "other")
        await both.backup.execute(f"REVOKE INSERT ON t FROM {name}")
        await both.main.execute("INSERT INTO t VALUES (2); INSERT INTO other VALUES (2)")
        await both.settle()
        await both.assert_equal("other")
        assert "GRANT" in await held(both, Side.MAIN, "t")
        await both.backup.execute(f"GRANT INSERT ON t TO {name}")
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


HOSTILE = """
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
CREATE FUNCTION hostile.broken(text, text) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'called'; END $$;
CREATE FUNCTION hostile.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'on' $$;
CREATE FUNCTION hostile.json_object_keys(json) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'wrong' $$;
CREATE FUNCTION hostile.row_to_json(record) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN '{}'; END $$;
CREATE FUNCTION hostile.pg_try_advisory_xact_lock_shared(int, int) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE FUNCTION hostile.pg_notify(text, text) RETURNS void LANGUAGE sql AS $$ SELECT 1 / 0 $$;
CREATE FUNCTION hostile.octet_length(text) RETURNS int LANGUAGE sql AS $$ SELECT 2000000000 $$;
CREATE FUNCTION hostile.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT NULL::timestamptz $$;
CREATE FUNCTION hostile.pg_current_xact_id() RETURNS xid8 LANGUAGE sql AS $$ SELECT '3'::xid8 $$;
CREATE OPERATOR hostile.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.broken);
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.broken);
CREATE DOMAIN hostile.int AS text; CREATE DOMAIN hostile.text AS pg_catalog.int4;
CREATE TABLE hostile.changelog (); CREATE TABLE hostile.new_rows (); CREATE TABLE hostile.old_rows ()
"""


async def test_application_roles_without_rights_and_with_a_hostile_search_path(pair: Pair) -> None:
    app = await pair.add_login()
    schema = (
        f"CREATE TABLE t (id int PRIMARY KEY, v text); GRANT ALL ON t TO {identifier(app.name)}; {HOSTILE}"
    )
    async with synced(pair, schema) as both:
        for number, side in enumerate(Side):
            writer = await pair.connect(side, app)
            await writer.execute("SET search_path = hostile, pg_catalog, public")
            await writer.execute(
                "CREATE TEMP TABLE changelog (); CREATE TEMP TABLE new_rows (wrong pg_catalog.int4)"
            )
            await writer.execute(f"INSERT INTO public.t VALUES ({number}, 'x'), ({number + 10}, 'x')")
            await writer.execute(
                f"UPDATE public.t SET v = 'y'; UPDATE public.t SET v = 'z' WHERE id = {number}"
            )
            await writer.execute(f"DELETE FROM public.t WHERE id = {number + 10}")
            await both.settle()
            await both.assert_equal("t")
        assert await both.rows(Side.MAIN, "t") == ["(0,y)", "(1,z)"]
        await both.assert_no_conflicts()


async def test_functions_that_tables_call_go_by_names_alone(pair: Pair) -> None:
    """A check that finds its helpers through a search_path refuses the row; other rows go on."""
    schema = """
        CREATE FUNCTION helper(text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
        CREATE FUNCTION good(v text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN helper(v); END $$;
        CREATE TABLE t (id int PRIMARY KEY, v text CHECK (good(v))); CREATE TABLE other (id int PRIMARY KEY)
    """
    async with synced(pair, schema) as both:
        await both.main.execute("INSERT INTO t VALUES (1, 'x'); INSERT INTO other VALUES (1)")
        await both.settle()
        await both.assert_equal("other")
        (entry,) = await both.open_conflicts()
        assert (entry.entity, entry.type) == ("t", "REJECTED")
        assert entry.error is not None
        assert "helper" in entry.error
        await both.backup.execute("ALTER FUNCTION good SET search_path = public")

        async def written() -> bool:
            await both.settle()  # until the next try is due
            return bool(await both.backup.fetchval("SELECT count(*) FROM t"))

        await until(written)
        await both.assert_equal("t")
