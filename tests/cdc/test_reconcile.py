"""Two sides made equal as a person chose: which rows win, what is kept of the others, and what writers see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from cdc.contact_plan import Action
from cdc.engine import Engine
from cdc.errors import SchemaMismatch
from cdc.first_contact import Outcome, first_contact, resync
from cdc.model import Side
from tests import shop
from tests.databases import Pair, Servers
from tests.hosts import Connection
from tests.roles import Role, among, pair_of


def silent(_entity: str, _done: int, _total: int) -> None:
    pass


async def contact(pair: Pair, choice: str | None, *, two_way: bool = True) -> Outcome:
    return await first_contact(*shop.endpoints(pair), choice, silent, two_way=two_way)


@pytest.fixture(params=among(Role.SUPERUSER, Role.OWNER))
async def sides(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Pair]:
    """Two sides as a superuser, and as a plain owner whose foreign keys are checked."""
    async with pair_of(servers, request.param) as fresh:
        yield fresh


async def both(pair: Pair, *statements: str) -> None:
    for connection in (pair.main, pair.backup):
        for statement in statements:
            await connection.execute(statement)


async def rows(connection: Connection, table: str) -> list[str]:
    found = await connection.fetch(f'SELECT (t.*)::text AS row FROM "{table}" AS t ORDER BY 1')
    return [row["row"] for row in found]


async def states(connection: Connection) -> list[tuple[object, ...]]:
    """Everything kept in sync_state, images as maps."""
    found = await connection.fetch(
        "SELECT source, entity, entity_id, type, status, incoming::text, current::text, resolution"
        " FROM cdc.sync_state ORDER BY entity, entity_id"
    )
    return [(*row[:5], json.loads(row[5] or "null"), json.loads(row[6] or "null"), row[7]) for row in found]


async def engine_keeps_up(pair: Pair) -> None:
    engine = Engine(*shop.endpoints(pair))
    try:
        await engine.open()
        await engine.settle()
    finally:
        await engine.close()


SIMPLE = 'CREATE TABLE "Thing" (id text PRIMARY KEY, v text)'


async def three_kinds(pair: Pair) -> None:
    await both(pair, SIMPLE, "INSERT INTO \"Thing\" VALUES ('same', 's'), ('both', 'b')")
    await pair.main.execute(
        "INSERT INTO \"Thing\" VALUES ('m', NULL); UPDATE \"Thing\" SET v = 'main''s' WHERE id = 'both'"
    )
    await pair.backup.execute(
        "INSERT INTO \"Thing\" VALUES ('b,%', '1'); UPDATE \"Thing\" SET v = 'backup''s' WHERE id = 'both'"
    )


async def test_mains_rows_win_and_what_they_replace_is_kept(sides: Pair) -> None:
    await three_kinds(sides)
    outcome = await contact(sides, "main")
    assert (outcome.action, outcome.rows) == (Action.OVERWRITE, 3)
    assert await rows(sides.backup, "Thing") == ["(both,main's)", "(m,)", "(same,s)"]
    assert await rows(sides.main, "Thing") == ["(both,main's)", "(m,)", "(same,s)"]
    assert await states(sides.main) == []
    assert await states(sides.backup) == [
        (
            *("MAIN", "Thing", "b,%", "DELETE_ORIGIN_DIFFERS", "RESOLVED"),
            *(None, {"id": "b,%", "v": "1"}, "MAIN"),
        ),
        (
            *("MAIN", "Thing", "both", "INSERT_EXISTS", "RESOLVED"),
            *({"id": "both", "v": "main's"}, {"id": "both", "v": "backup's"}, "MAIN"),
        ),
    ]
    assert await sides.backup.fetchval("SELECT count(*) FROM cdc.changelog") == 0
    await engine_keeps_up(sides)
    assert (await contact(sides, None)).action is Action.NOTHING


async def test_backups_rows_win(sides: Pair) -> None:
    await three_kinds(sides)
    await contact(sides, "backup")
    assert await rows(sides.main, "Thing") == ['("b,%",1)', "(both,backup's)", "(same,s)"]
    assert await rows(sides.main, "Thing") == await rows(sides.backup, "Thing")
    assert {row[2] for row in await states(sides.main)} == {"m", "both"}


async def test_gaps_are_filled_on_both_sides_and_the_rest_is_asked(sides: Pair) -> None:
    await three_kinds(sides)
    outcome = await contact(sides, "fill")
    assert (outcome.action, outcome.rows, outcome.conflicts) == (Action.FILL, 2, 2)
    assert await rows(sides.main, "Thing") == ['("b,%",1)', "(both,main's)", "(m,)", "(same,s)"]
    assert await rows(sides.backup, "Thing") == ['("b,%",1)', "(both,backup's)", "(m,)", "(same,s)"]
    mains, backups = {"id": "both", "v": "main's"}, {"id": "both", "v": "backup's"}
    kind = ("Thing", "both", "INSERT_EXISTS", "OPEN")
    assert await states(sides.backup) == [("MAIN", *kind, mains, backups, None)]
    assert await states(sides.main) == [("BACKUP", *kind, backups, mains, None)]
    await engine_keeps_up(sides)
    assert await rows(sides.main, "Thing") != await rows(sides.backup, "Thing")


async def test_numbers_of_filled_rows_are_given_by_neither_side_again(pair: Pair) -> None:
    await both(pair, "CREATE TABLE t (id serial PRIMARY KEY, v text)")
    for connection, count in ((pair.main, 3), (pair.backup, 10)):
        await connection.execute(f"INSERT INTO t (v) SELECT 'x' FROM generate_series(1, {count})")
    await contact(pair, "fill")
    for connection in (pair.main, pair.backup):
        assert await connection.fetchval("INSERT INTO t (v) VALUES ('y') RETURNING id") == 11


async def test_filling_one_way_writes_to_backup_alone(pair: Pair) -> None:
    await three_kinds(pair)
    await contact(pair, "fill", two_way=False)
    assert await rows(pair.main, "Thing") == ["(both,main's)", "(m,)", "(same,s)"]
    assert await rows(pair.backup, "Thing") == ['("b,%",1)', "(both,backup's)", "(m,)", "(same,s)"]


async def test_the_whole_shop_with_all_its_keys(pair: Pair) -> None:
    await both(pair, shop.SCHEMA)
    for connection in (pair.main, pair.backup):
        await shop.fill(connection, 40)
        await connection.execute('UPDATE "Customer" SET "createdAt" = \'2020-01-01\'')
    await pair.main.execute(
        'DELETE FROM "Customer" WHERE id < \'c2\'; UPDATE "Order" SET total = 1 WHERE id > 20;'
        'UPDATE "OrderLine" SET quantity = 9; UPDATE "Category" SET "parentId" = NULL WHERE id = 20;'
        'UPDATE "Staff" SET "teamId" = \'t2\''
    )
    await pair.backup.execute(
        "INSERT INTO \"Customer\" (id, email) VALUES ('new', 'user1@example.com');"
        'DELETE FROM "Category" WHERE id = 20;'
        'INSERT INTO "Order" ("customerId", total) VALUES (\'new\', 5)'
    )
    await contact(pair, "main")
    assert await shop.content(pair.main) == await shop.content(pair.backup)
    await engine_keeps_up(pair)
    assert await shop.content(pair.main) == await shop.content(pair.backup)


async def test_values_that_changed_places_under_a_unique_index(sides: Pair) -> None:
    await both(sides, 'CREATE TABLE "Seat" (id int PRIMARY KEY, no int UNIQUE)')
    await sides.main.execute('INSERT INTO "Seat" VALUES (1, 10), (2, 20), (3, 30)')
    await sides.backup.execute('INSERT INTO "Seat" VALUES (1, 20), (2, 10), (4, 30)')
    await contact(sides, "main")
    assert await rows(sides.backup, "Seat") == ["(1,10)", "(2,20)", "(3,30)"]


async def test_unique_values_changed_places_among_rows_that_others_refer_to(sides: Pair) -> None:
    await both(
        sides,
        'CREATE TABLE "Seat" (id int PRIMARY KEY, no int UNIQUE)',
        'CREATE TABLE "Guest" (id int PRIMARY KEY, seat int NOT NULL REFERENCES "Seat" ON DELETE CASCADE)',
    )
    await sides.main.execute(
        'INSERT INTO "Seat" VALUES (1, 10), (2, 20); INSERT INTO "Guest" VALUES (1, 1), (2, 2)'
    )
    await sides.backup.execute(
        'INSERT INTO "Seat" VALUES (1, 20), (2, 10); INSERT INTO "Guest" VALUES (1, 1), (2, 2)'
    )
    await contact(sides, "main")
    assert await rows(sides.backup, "Seat") == ["(1,10)", "(2,20)"]
    assert await rows(sides.backup, "Guest") == ["(1,1)", "(2,2)"]


PARENTS = (
    'CREATE TABLE "Parent" (id int PRIMARY KEY, v text)',
    'CREATE TABLE "Child" (id int PRIMARY KEY, parent int NOT NULL REFERENCES "Parent" ON DELETE CASCADE, v text)',
    "INSERT INTO \"Parent\" VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO \"Child\" VALUES (1, 1, 'x'), (2, 2, 'x'), (3, 2, 'x')",
)


async def test_a_cascade_takes_no_row_that_should_stay(sides: Pair) -> None:
    await both(sides, *PARENTS)
    await sides.backup.execute(
        "INSERT INTO \"Parent\" VALUES (3, 'only here');"
        'UPDATE "Child" SET parent = 3 WHERE id = 2; INSERT INTO "Child" VALUES (4, 3, \'y\')'
    )
    await sides.main.execute('UPDATE "Parent" SET v = \'new\' WHERE id = 2; DELETE FROM "Child" WHERE id = 3')
    await contact(sides, "main")
    assert await rows(sides.backup, "Parent") == ["(1,a)", "(2,new)"]
    assert await rows(sides.backup, "Child") == ["(1,1,x)", "(2,2,x)"]
    assert {row[2] for row in await states(sides.backup)} == {"2", "3", "4"}


async def test_filled_rows_that_cannot_be_inserted_become_conflicts(sides: Pair) -> None:
    await both(
        sides,
        *PARENTS,
        'UPDATE "Child" SET v = id::text',
        'ALTER TABLE "Child" ADD UNIQUE (v, parent), ADD CHECK (id <> 66)',
    )
    await sides.main.execute(
        'ALTER TABLE "Child" DROP CONSTRAINT "Child_id_check"; INSERT INTO "Parent" VALUES (5, \'five\');'
        "INSERT INTO \"Child\" VALUES (10, 1, 'mine'), (11, 5, 'fine'), (66, 1, 'checked')"
    )
    await sides.backup.execute("INSERT INTO \"Child\" VALUES (12, 1, 'mine')")
    outcome = await contact(sides, "fill")
    assert [(row[2], row[3]) for row in await states(sides.backup)] == [
        ("10", "UNIQUE_VIOLATION"),
        ("66", "REJECTED"),
    ]
    assert [(row[2], row[3]) for row in await states(sides.main)] == [("12", "UNIQUE_VIOLATION")]
    assert outcome.conflicts == 3
    assert "(11,5,fine)" in await rows(sides.backup, "Child")


async def test_a_filled_child_whose_parent_could_not_be_filled(sides: Pair) -> None:
    await both(sides, *PARENTS, 'ALTER TABLE "Parent" ADD UNIQUE (v)')
    await sides.main.execute(
        "INSERT INTO \"Parent\" VALUES (7, 'seven'); INSERT INTO \"Child\" VALUES (70, 7, 'c')"
    )
    await sides.backup.execute("INSERT INTO \"Parent\" VALUES (8, 'seven')")
    await contact(sides, "fill")
    found = {(row[1], row[2], row[3]) for row in await states(sides.backup)}
    assert found == {("Parent", "7", "UNIQUE_VIOLATION"), ("Child", "70", "FOREIGN_KEY_VIOLATION")}
    assert await sides.backup.fetchval('SELECT count(*) FROM "Child" WHERE parent = 7') == 0


@pytest.mark.parametrize("choice", ["main", "fill"])
async def test_children_whose_periods_their_parents_do_not_cover(pair: Pair, choice: str) -> None:
    """Parents that merely overlap a child's period are not enough."""
    if pair.main.get_server_version().major < 18:
        pytest.skip("there are no periods before PostgreSQL 18")
    await both(
        pair,
        "CREATE TABLE price (item int4range, valid int4range, PRIMARY KEY (item, valid WITHOUT OVERLAPS))",
        "CREATE TABLE offer (id int PRIMARY KEY, item int4range, valid int4range)",
        "INSERT INTO price VALUES ('[1,2)', '[0,10)')",
        "INSERT INTO offer VALUES (1, '[1,2)', '[2,8)')",
    )
    await pair.backup.execute(
        "ALTER TABLE offer ADD CONSTRAINT priced FOREIGN KEY (item, PERIOD valid) REFERENCES price"
    )
    await pair.main.execute(
        "INSERT INTO price VALUES ('[1,2)', '[10,20)');"
        "INSERT INTO offer VALUES (2, '[1,2)', '[5,15)'), (3, '[1,2)', '[15,25)')"
    )
    if choice == "main":
        with pytest.raises(SchemaMismatch, match="priced"):
            await contact(pair, choice)
        assert await rows(pair.backup, "offer") == ['(1,"[1,2)","[2,8)")']
        return
    await contact(pair, choice)
    assert [row[1:4] for row in await states(pair.backup)] == [("offer", "3", "FOREIGN_KEY_VIOLATION")]
    assert await rows(pair.backup, "offer") == ['(1,"[1,2)","[2,8)")', '(2,"[1,2)","[5,15)")']


@pytest.mark.parametrize("choice", ["main", "fill"])
async def test_tables_without_a_key_are_made_equal_as_heaps(sides: Pair, choice: str) -> None:
    await both(sides, 'CREATE TABLE "Log" (a int, t text)', "INSERT INTO \"Log\" VALUES (1, 'x'), (1, 'x')")
    await sides.main.execute("INSERT INTO \"Log\" VALUES (1, 'x'), (2, NULL)")
    await sides.backup.execute("INSERT INTO \"Log\" VALUES (3, 'b,'), (3, 'b,')")
    await contact(sides, choice)
    mains = ["(1,x)", "(1,x)", "(1,x)", "(2,)"]
    backups = [] if choice == "main" else ['(3,"b,")', '(3,"b,")']
    assert await rows(sides.backup, "Log") == sorted(mains + backups)
    assert await rows(sides.main, "Log") == sorted(mains + backups)


async def test_identity_columns_keep_the_winners_values(sides: Pair) -> None:
    await both(sides, 'CREATE TABLE "N" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)')
    await sides.main.execute("INSERT INTO \"N\" (v) SELECT 'm' || i FROM generate_series(1, 5) i")
    await sides.backup.execute("INSERT INTO \"N\" (v) SELECT 'b' || i FROM generate_series(1, 3) i")
    await contact(sides, "main")
    assert await rows(sides.main, "N") == await rows(sides.backup, "N")
    assert await sides.backup.fetchval("INSERT INTO \"N\" (v) VALUES ('next') RETURNING id") == 6


async def test_writers_during_the_overwrite_lose_nothing(pair: Pair) -> None:
    await both(pair, SIMPLE)
    await pair.main.execute("INSERT INTO \"Thing\" SELECT 'm' || i, 'x' FROM generate_series(1, 3000) i")
    await pair.backup.execute("INSERT INTO \"Thing\" SELECT 'b' || i, 'x' FROM generate_series(1, 3000) i")
    stop, written = asyncio.Event(), asyncio.Event()
    keys: list[str] = []

    async def write(side: Side) -> None:
        connection = await pair.connect(side)
        while not stop.is_set():
            key = f"{side}{len(keys)}"
            await connection.execute("INSERT INTO \"Thing\" VALUES ($1, 'late')", key)
            keys.append(key)
            written.set()

    async with asyncio.TaskGroup() as group:
        for side in Side:
            group.create_task(write(side))
        await written.wait()
        await contact(pair, "main")
        await pair.backup.execute("INSERT INTO \"Thing\" VALUES ('after', 'a')")
        stop.set()
    await engine_keeps_up(pair)
    here = await rows(pair.main, "Thing")
    assert here == await rows(pair.backup, "Thing")
    assert "(after,a)" in here
    kept = {row[2] for row in await states(pair.backup)}
    # Each late row is on both sides, or was BACKUP's before the lock and is kept as discarded.
    assert {key for key in keys if f"({key},late)" not in here} <= kept
    assert not any(str(key).startswith("MAIN") for key in kept)
    assert await states(pair.main) == []


async def test_a_lock_that_an_application_holds_is_waited_for(pair: Pair) -> None:
    await three_kinds(pair)
    writer = await pair.connect(Side.BACKUP)
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute("INSERT INTO \"Thing\" VALUES ('uncommitted', 'u')")
    # Capture must be there already, or installing it would be what waits.
    making = asyncio.create_task(contact(pair, "main"))
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not await pair.backup.fetchval(waiting):
        await asyncio.wait({making}, timeout=0.01)
    await transaction.commit()
    await making
    assert await rows(pair.main, "Thing") == await rows(pair.backup, "Thing")
    assert "uncommitted" in {row[2] for row in await states(pair.backup)}


async def test_a_users_trigger_that_changes_rows_is_noticed(owner_pair: Pair) -> None:
    await three_kinds(owner_pair)
    await owner_pair.backup.execute(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.v := upper(NEW.v); RETURN NEW; END';"
        'CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON "Thing" FOR EACH ROW EXECUTE FUNCTION shout()'
    )
    before = await rows(owner_pair.backup, "Thing")
    with pytest.raises(SchemaMismatch, match="Thing on BACKUP did not come out equal"):
        await contact(owner_pair, "main")
    assert await rows(owner_pair.backup, "Thing") == before


@pytest.mark.parametrize("choice", ["main", "backup", "fill"])
async def test_what_was_interrupted_goes_on_without_being_asked_again(pair: Pair, choice: str) -> None:
    await three_kinds(pair)

    # The first time it is compared, the second time it is being made equal.
    await shop.killed(pair, "Thing", times=2, choice=choice)
    state = "SELECT first_contact FROM cdc.node"
    assert "copying" in {await pair.main.fetchval(state), await pair.backup.fetchval(state)}
    outcome = await contact(pair, None)
    assert "interrupted" in outcome.reason
    wanted = {"main": "(m,)", "backup": '("b,%",1)', "fill": "(m,)"}[choice]
    assert wanted in await rows(pair.main, "Thing")
    assert wanted in await rows(pair.backup, "Thing")


async def test_a_side_is_made_equal_anew_whatever_the_links_have_done(pair: Pair) -> None:
    await shop.create(pair.main, 20)
    await contact(pair, None)
    await pair.main.execute('UPDATE "Customer" SET name = \'x\'; DELETE FROM "Payment"')
    await pair.backup.execute("UPDATE \"Customer\" SET name = 'y'; INSERT INTO \"Team\" VALUES ('b')")
    await pair.backup.execute("UPDATE cdc.node SET token = gen_random_uuid()")
    main, backup = shop.endpoints(pair)
    outcome = await resync(main, backup, Side.BACKUP, silent)
    assert outcome.action is Action.OVERWRITE
    assert await shop.content(pair.main) == await shop.content(pair.backup)
    assert (await contact(pair, None)).action is Action.NOTHING
    await pair.backup.execute("INSERT INTO \"Team\" VALUES ('later')")
    await engine_keeps_up(pair)
    assert await shop.content(pair.main) == await shop.content(pair.backup)
    assert await pair.main.fetchval("SELECT count(*) FROM \"Team\" WHERE id = 'later'") == 1
    assert await pair.main.fetchval("SELECT count(*) FROM \"Team\" WHERE id = 'b'") == 0
    await resync(main, backup, Side.MAIN, silent)
    assert await shop.content(pair.main) == await shop.content(pair.backup)
