"""First contact as a whole: what it decides, what it leaves on both sides, and what a kill leaves."""

from __future__ import annotations

import asyncio
import json
import signal

import asyncpg
import pytest

from cdc.config import choose_tables
from cdc.contact_note import Note, Phase
from cdc.contact_plan import Action, Choice, SideFacts, decide
from cdc.engine import Engine
from cdc.errors import FirstContactUndecided, HistoryError, SchemaMismatch
from cdc.first_contact import Outcome, first_contact, resync
from cdc.model import Side
from cdc.session import Endpoint
from tests import shop
from tests.databases import OwnServers, Pair
from tests.hosts import Connection
from triggers.install import install

pytestmark = pytest.mark.untouched


def silent(_entity: str, _done: int, _total: int) -> None:
    pass


async def contact(
    pair: Pair, choice: str | None = None, *, two_way: bool = True, installed: bool = False
) -> Outcome:
    sides = shop.endpoints(pair)
    return await first_contact(*sides, choice, silent, two_way=two_way, installed=installed)


async def settled(pair: Pair) -> None:
    """Let the links carry over what came after the positions, and see that both sides are equal."""
    engine = Engine(*shop.endpoints(pair))
    try:
        await engine.open()
        await engine.settle()
    finally:
        await engine.close()
    here = await shop.content(pair.main)
    assert here == await shop.content(pair.backup)
    for connection in (pair.main, pair.backup):
        assert (
            await connection.fetchval("SELECT count(*) FROM cdc.sync_state WHERE status <> 'RESOLVED'") == 0
        )


async def definitions(connection: Connection) -> dict[str, list[str]]:
    """Everything a copy of the schema has to bring, by kind."""
    queries = {
        "constraints": "SELECT conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "triggers": "SELECT tgname || tgrelid::regclass || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal",
    }
    return {kind: sorted(row[0] for row in await connection.fetch(query)) for kind, query in queries.items()}


@pytest.mark.granted("the table's own trigger would make it wait")
async def test_an_empty_backup_gets_schema_and_rows_and_both_sides_are_linked(pair: Pair) -> None:
    await shop.create(pair.main, 120)
    await pair.main.execute(
        'CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM "Order";'
        'CREATE TRIGGER t BEFORE INSERT ON "Customer" FOR EACH ROW EXECUTE FUNCTION touch()'
    )
    outcome = await contact(pair)
    assert outcome.action is Action.COPY
    assert outcome.rows == sum(len(rows) for rows in (await shop.content(pair.main)).values())
    assert await shop.content(pair.main) == await shop.content(pair.backup)
    assert await definitions(pair.main) == await definitions(pair.backup)
    assert await pair.backup.fetchval("SELECT n FROM totals") == 120
    keys = "SELECT table_name, key_columns FROM cdc.captured_table ORDER BY 1"
    assert await pair.main.fetch(keys) == await pair.backup.fetch(keys)
    assert (await contact(pair)).action is Action.NOTHING
    await pair.main.execute("UPDATE \"Customer\" SET name = 'm' WHERE id = 'c1'")
    await pair.backup.execute('INSERT INTO "Order" ("customerId", total) VALUES (\'c2\', 5)')
    await settled(pair)


async def test_new_numbers_on_backup_follow_those_that_main_has_given(pair: Pair) -> None:
    await shop.create(pair.main, 10)
    await contact(pair)
    assert (
        await pair.backup.fetchval(
            'INSERT INTO "Order" ("customerId", total) VALUES (\'c2\', 5) RETURNING id'
        )
        == 11
    )


async def test_what_migration_tools_wrote_down_comes_with_the_schema_and_is_not_synced(pair: Pair) -> None:
    await pair.main.execute(
        "CREATE TABLE _prisma_migrations (id int PRIMARY KEY, name text); INSERT INTO _prisma_migrations"
        " VALUES (1, 'init'); CREATE TABLE t (id int PRIMARY KEY, m int REFERENCES _prisma_migrations)"
    )
    await contact(pair)
    assert await pair.backup.fetchval("SELECT name FROM _prisma_migrations") == "init"
    assert await pair.backup.fetchval("SELECT count(*) FROM cdc.captured_table") == 1


async def test_a_foreign_key_to_a_table_that_is_not_synced_is_left_out_and_said(pair: Pair) -> None:
    await pair.main.execute(
        "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1);"
        "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent); INSERT INTO child VALUES (1, 1)"
    )
    await install(pair.main, side="MAIN", schemas=["public"])
    await choose_tables(pair.main, (), ["parent"], "test")
    outcome = await contact(pair)
    assert outcome.notes == (
        "the foreign key child_parent_fkey of public.child was not made: the rows of public.parent are not synced",
    )
    assert await pair.backup.fetchval("SELECT count(*) FROM parent") == 0
    assert await pair.backup.fetchval("SELECT count(*) FROM child") == 1


async def test_a_reference_to_rows_that_are_not_copied_stops_the_copy(pair: Pair) -> None:
    for connection in (pair.main, pair.backup):
        await connection.execute(
            "CREATE TABLE parent (id int PRIMARY KEY);"
            "CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)"
        )
    await pair.main.execute("INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1)")
    await install(pair.main, side="MAIN", schemas=["public"])
    await choose_tables(pair.main, (), ["parent"], "test")
    with pytest.raises(SchemaMismatch, match=r"child would refer to .*\(1\).*parent") as caught:
        await contact(pair)
    assert "on BACKUP" in str(caught.value)
    assert "mend that row" in caught.value.hint


async def test_numbers_of_interleaved_sequences_stay_apart(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (id serial PRIMARY KEY, v text)")
    await pair.main.execute("ALTER SEQUENCE t_id_seq INCREMENT 2; INSERT INTO t (v) VALUES ('1'), ('3')")
    await contact(pair)
    assert await pair.main.fetchval("INSERT INTO t (v) VALUES ('m') RETURNING id") == 5
    assert await pair.backup.fetchval("INSERT INTO t (v) VALUES ('b') RETURNING id") == 6


@pytest.mark.parametrize("again", [False, True], ids=["first", "resync"])
async def test_numbers_of_interleaved_sequences_stay_apart_after_a_dump(pair: Pair, *, again: bool) -> None:
    """BACKUP was restored from MAIN's dump, sequences and all: both would give the odd numbers."""
    for connection in (pair.main, pair.backup):
        await connection.execute("CREATE TABLE t (id serial PRIMARY KEY, v text)")
        await connection.execute("ALTER SEQUENCE t_id_seq INCREMENT 2; INSERT INTO t (v) VALUES ('1'), ('3')")
    for _ in range(2):
        await (resync(*shop.endpoints(pair), Side.BACKUP, silent) if again else contact(pair))
    assert await pair.main.fetchval("INSERT INTO t (v) VALUES ('m') RETURNING id") == 5
    assert await pair.backup.fetchval("INSERT INTO t (v) VALUES ('b') RETURNING id") == 6


@pytest.mark.granted("a circle of foreign keys that cannot be put off is refused")
async def test_tables_that_are_there_and_empty_are_filled(pair: Pair) -> None:
    await shop.create(pair.main, 50)
    await shop.create(pair.backup)
    assert (await contact(pair)).action is Action.COPY
    await settled(pair)


async def test_writers_on_both_sides_during_the_copy_lose_nothing(pair: Pair) -> None:
    await shop.create(pair.main, 400)
    stop = asyncio.Event()

    async def write(side: Side, number: int) -> None:
        connection = await pair.connect(side)
        count = 0
        while not stop.is_set():
            count += 1
            key = f"{side}{number}-{count}"
            async with connection.transaction():
                await connection.execute('INSERT INTO "Customer" (id, email) VALUES ($1, $1)', key)
                await connection.execute(
                    'UPDATE "Customer" SET name = $1 WHERE id = $2', key, f"c{1 + (count * 7 + number) % 400}"
                )
                await connection.execute(
                    'DELETE FROM "Customer" WHERE id = $1', f"{side}{number}-{count - 2}"
                )

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(write(Side.MAIN, number))
        await contact(pair)
        stop.set()
    await settled(pair)


async def test_a_plain_owner_copies_an_empty_backup_with_its_circles(owner_pair: Pair) -> None:
    await shop.create(owner_pair.main, 60)
    assert (await contact(owner_pair)).action is Action.COPY
    await settled(owner_pair)


async def test_one_way_leaves_backup_uncaptured_and_without_a_reverse_link(pair: Pair) -> None:
    await shop.create(pair.main, 20)
    await contact(pair, two_way=False)
    assert await pair.main.fetchval("SELECT count(*) FROM cdc.position") == 0
    assert await pair.backup.fetchval("SELECT count(*) FROM cdc.captured_table") == 0
    assert await pair.backup.fetchval("SELECT source || state FROM cdc.position") == "MAINlive"
    assert (await contact(pair, two_way=False)).action is Action.NOTHING
    assert (await contact(pair)).action is Action.COMPARE
    await settled(pair)


@pytest.mark.parametrize("installed", [True, False])
async def test_going_one_way_forgets_the_link_back(pair: Pair, *, installed: bool) -> None:
    await shop.create(pair.main, 5)
    await contact(pair)
    assert await pair.main.fetchval("SELECT source || state FROM cdc.position") == "BACKUPlive"
    assert (await contact(pair, two_way=False, installed=installed)).action is Action.NOTHING
    assert await pair.main.fetchval("SELECT count(*) FROM cdc.position") == 0


async def test_equal_sides_are_linked_without_writing(pair: Pair) -> None:
    for connection in (pair.main, pair.backup):
        await shop.create(connection, 30)
        await connection.execute('UPDATE "Customer" SET "createdAt" = \'2020-01-01\'')
    assert (await contact(pair)).action is Action.COMPARE
    await pair.backup.execute("DELETE FROM \"Customer\" WHERE id = 'c1'")
    await settled(pair)


async def test_different_sides_are_left_alone_until_somebody_chooses(pair: Pair) -> None:
    for connection in (pair.main, pair.backup):
        await shop.create(connection)
        await connection.execute("INSERT INTO \"Team\" VALUES ('same'), ('other')")
    await pair.main.execute("INSERT INTO \"Team\" VALUES ('m1'), ('m2')")
    await pair.backup.execute(
        "INSERT INTO \"Team\" VALUES ('b'); UPDATE \"Team\" SET id = id WHERE id = 'other'"
    )
    await pair.backup.execute("INSERT INTO \"Category\" VALUES (1, 'x')")
    await pair.main.execute("INSERT INTO \"Category\" VALUES (1, 'y')")
    before = await shop.content(pair.main), await shop.content(pair.backup)
    with pytest.raises(
        FirstContactUndecided, match="Team: only on MAIN 2, only on BACKUP 1, different 0"
    ) as asked:
        await contact(pair)
    assert "--first-contact main" in asked.value.hint
    assert (await shop.content(pair.main), await shop.content(pair.backup)) == before
    for connection in (pair.main, pair.backup):
        state, note = await connection.fetchrow(
            "SELECT first_contact, first_contact_note::text FROM cdc.node"
        ) or (None, "")
        assert state == "choose"
        assert json.loads(note)["tables"] == {
            "Category": {"only on MAIN": 0, "only on BACKUP": 0, "different": 1},
            "Team": {"only on MAIN": 2, "only on BACKUP": 1, "different": 0},
        }
        assert await connection.fetchval("SELECT count(*) FROM cdc.position") == 0
    await contact(pair, "main")
    await settled(pair)


async def test_a_main_without_tables_asks_and_takes_backups(pair: Pair) -> None:
    await shop.create(pair.backup, 20)
    with pytest.raises(FirstContactUndecided, match="MAIN has no tables"):
        await contact(pair)
    assert (await contact(pair, "backup")).action is Action.COPY
    await pair.main.execute("DELETE FROM \"Customer\" WHERE id = 'c1'")
    await settled(pair)


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("side", Side)
async def test_a_database_that_was_replaced_is_refused(pair: Pair, side: Side, *, installed: bool) -> None:
    await shop.create(pair.main, 5)
    await contact(pair)
    await pair.connection(side).execute("UPDATE cdc.node SET token = gen_random_uuid()")
    with pytest.raises(HistoryError, match="replaced, restored") as refused:
        await contact(pair, installed=installed)
    assert "cdc resync BACKUP" in refused.value.hint


@pytest.mark.parametrize("side", Side)
async def test_what_came_with_a_dump_is_shed_though_both_sides_are_linked(pair: Pair, side: Side) -> None:
    await shop.create(pair.main, 5)
    await contact(pair)
    here = pair.connection(side)
    await here.execute("UPDATE \"Customer\" SET name = name || '!'")
    await here.execute(
        "UPDATE cdc.changelog SET txid = '9000000000' WHERE seq = (SELECT max(seq) FROM cdc.changelog)"
    )
    before = await here.fetchval("SELECT count(*) FROM cdc.changelog")
    outcome = await contact(pair, installed=True)
    assert (outcome.action, outcome.reason) == (Action.NOTHING, "both sides are linked")
    assert await here.fetchval("SELECT count(*) FROM cdc.changelog") == before - 1


async def test_a_link_that_somebody_removed_is_made_anew(pair: Pair) -> None:
    await shop.create(pair.main, 5)
    await contact(pair)
    await pair.main.execute("DELETE FROM cdc.position")
    assert (await contact(pair, installed=True)).action is Action.COMPARE
    await settled(pair)


async def test_a_missing_table_stops_with_its_name(pair: Pair) -> None:
    await shop.create(pair.main, 5)
    await pair.backup.execute('CREATE TABLE "Team" (id text PRIMARY KEY, "leaderId" text)')
    with pytest.raises(SchemaMismatch, match="BACKUP has no table"):
        await contact(pair)


@pytest.mark.parametrize(
    "made",
    [True, pytest.param(False, marks=pytest.mark.granted("a circle that cannot be put off is refused"))],
)
async def test_a_kill_in_the_middle_of_the_copy_then_a_restart(pair: Pair, *, made: bool) -> None:
    await shop.create(pair.main, 300)
    if not made:
        await shop.create(pair.backup)
    await shop.killed(pair, "Payment")
    assert await pair.backup.fetchval("SELECT first_contact FROM cdc.node") == "copying"
    await pair.main.execute("DELETE FROM \"Customer\" WHERE id < 'c2'")
    outcome = await contact(pair)
    assert outcome.action is Action.COPY
    assert "interrupted" in outcome.reason
    await pair.main.execute("UPDATE \"Customer\" SET name = NULL WHERE id < 'c3'")
    await settled(pair)


@pytest.mark.parametrize("side", Side)
async def test_a_server_that_is_killed_in_the_middle_of_the_copy(own_servers: OwnServers, side: Side) -> None:
    urls = own_servers.url(Side.MAIN), own_servers.url(Side.BACKUP)
    connection = await asyncpg.connect(urls[0])
    await shop.create(connection, 200)
    await connection.close()
    process = await shop.halted(urls, "Payment")
    await own_servers.cluster(side).kill()
    process.send_signal(signal.SIGCONT)
    _, error = await process.communicate()
    assert process.returncode == 1
    assert b"ConnectivityError" in error
    await own_servers.cluster(side).start()
    main, backup = Endpoint(Side.MAIN, urls[0]), Endpoint(Side.BACKUP, urls[1])
    outcome = await first_contact(main, backup, None, silent)
    assert (outcome.action, "interrupted" in outcome.reason) == (Action.COPY, True)
    connections = [await asyncpg.connect(url) for url in urls]
    here, there = [await shop.content(connection) for connection in connections]
    assert here == there
    for connection in connections:
        await connection.close()


async def test_a_changed_schema_after_a_kill_is_named(pair: Pair) -> None:
    await shop.create(pair.main, 100)
    await shop.killed(pair, "Payment")
    await pair.main.execute('ALTER TABLE "Team" ADD motto text')
    with pytest.raises(
        SchemaMismatch, match="MAIN's tables changed since the copy to BACKUP was interrupted"
    ):
        await contact(pair)


@pytest.mark.granted("a circle of foreign keys that cannot be put off is refused")
async def test_what_was_written_to_a_half_copied_backup_is_not_thrown_away(pair: Pair) -> None:
    await shop.create(pair.main, 100)
    await shop.create(pair.backup)
    await shop.killed(pair, "Payment")
    await pair.backup.execute("INSERT INTO \"Team\" VALUES ('mine')")
    with pytest.raises(FirstContactUndecided, match=r"Team: only on MAIN [03], only on BACKUP 1"):
        await contact(pair)
    await contact(pair, "fill")
    assert await pair.main.fetchval("SELECT count(*) FROM \"Team\" WHERE id = 'mine'") == 1
    await settled(pair)


DONE = SideFacts("done", tables=True, rows=True, linked=True)
FULL = SideFacts(tables=True, rows=True)
BARE = SideFacts()


@pytest.mark.parametrize(
    ("main", "backup", "choice", "action"),
    [
        (DONE, DONE, None, Action.NOTHING),
        (FULL, BARE, None, Action.COPY),
        (FULL, SideFacts(tables=True), None, Action.COPY),
        (BARE, BARE, None, Action.COPY),
        (FULL, FULL, None, Action.COMPARE),
        (SideFacts(tables=True), FULL, None, Action.COMPARE),
        (BARE, FULL, None, Action.ASK),
        (BARE, FULL, Choice.BACKUP, Action.COPY),
        (DONE, BARE, None, Action.COPY),
        (FULL, DONE, None, Action.COMPARE),
        (DONE, SideFacts("done", tables=True, rows=True, linked=False), None, Action.REFUSE),
        (DONE, SideFacts("done", tables=True, rows=True), None, Action.COMPARE),
        (FULL, SideFacts("copying", Note(Phase.COPYING, Side.MAIN), tables=True), None, Action.COPY),
        (
            FULL,
            SideFacts("copying", Note(Phase.COPYING, Side.MAIN, seen="1:1:"), rows=True),
            None,
            Action.COPY,
        ),
        (FULL, SideFacts("copying", Note(Phase.COPYING, Side.MAIN), rows=True), None, Action.COMPARE),
        (FULL, SideFacts("copying", Note(Phase.FINISHING, Side.MAIN), linked=True), None, Action.FINISH),
        (FULL, SideFacts("copying", Note(Phase.FINISHING, Side.MAIN), linked=False), None, Action.COMPARE),
        (FULL, SideFacts("copying", Note(Phase.OVERWRITING, Side.MAIN)), None, Action.OVERWRITE),
        (SideFacts("copying", Note(Phase.OVERWRITING, Side.BACKUP)), FULL, None, Action.OVERWRITE),
        (FULL, SideFacts("copying", Note(Phase.FILLING, Side.MAIN)), None, Action.FILL),
    ],
)
def test_what_is_decided(main: SideFacts, backup: SideFacts, choice: Choice | None, action: Action) -> None:
    decision = decide(main, backup, choice, two_way=True)
    assert decision.action is action
    assert decision.reason
