"""A small schema in Prisma's style with all that copies stumble over, and ways to fill and compare it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from cdc.model import Side
from cdc.session import Endpoint
from tests.databases import Pair
from tests.hosts import Connection

SCHEMA = Path(__file__).with_name("shop.sql").read_text(encoding="utf-8")
CONTACT = """
import asyncio, os, signal, sys
from cdc.first_contact import first_contact
from cdc.model import Side
from cdc.session import Endpoint

main, backup, table, times, choice = sys.argv[1:]
left = int(times)

def shown(entity, done, total):
    global left
    if entity == table and done:
        left -= 1
        if not left:
            print("here", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)

asyncio.run(first_contact(Endpoint(Side.MAIN, main), Endpoint(Side.BACKUP, backup), choice or None, shown))
"""
TABLES = ("Category", "Customer", "Order", "OrderLine", "Payment", "Staff", "Team")


def endpoints(pair: Pair) -> tuple[Endpoint, Endpoint]:
    """Both sides of a pair as the engine sees them."""
    return Endpoint(Side.MAIN, pair.main_url), Endpoint(Side.BACKUP, pair.backup_url)


async def create(connection: Connection, customers: int = 0) -> None:
    """Make the tables, and fill them where a number of customers is given."""
    await connection.execute(SCHEMA)
    if customers:
        await fill(connection, customers)


async def fill(connection: Connection, customers: int) -> None:
    """Rows in every table, some NULL, some odd."""
    await connection.execute(
        f"""
        SELECT setseed(0.5);
        INSERT INTO "Category" SELECT i, 'category ' || i, CASE WHEN i > 1 THEN i / 2 END
            FROM generate_series(1, 20) i ORDER BY i;
        INSERT INTO "Customer" (id, email, name, settings, "createdAt", tags, mood, moods)
            SELECT 'c' || i, 'user' || i || '@example.org', E'na"me, \\\\ \\n' || i,
                   jsonb_build_object('n', i), now() - i * interval '1 hour', ARRAY['a b', NULL, 'c"d'],
                   (ARRAY['happy', 'so so']::"Mood"[])[1 + i % 2], ARRAY['happy', 'so so']::"Mood"[]
            FROM generate_series(1, {customers}) i;
        INSERT INTO "Order" ("customerId", total) SELECT 'c' || i, round((random() * 100)::numeric, 2)
            FROM generate_series(1, {customers}) i;
        INSERT INTO "OrderLine" SELECT id, line, 'p' || line, line FROM "Order", generate_series(1, 3) line;
        INSERT INTO "Payment" ("orderId", amount) SELECT id, total FROM "Order" WHERE id % 2 = 0;
        BEGIN;
        INSERT INTO "Staff" SELECT 's' || i, 't1' FROM generate_series(1, 5) i;
        INSERT INTO "Team" SELECT 't' || i, 's' || i FROM generate_series(1, 3) i;
        COMMIT;
        """
    )


async def content(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table as text, columns in name order, sorted."""
    found = {}
    for table in TABLES:
        columns = await connection.fetchval(
            "SELECT string_agg(quote_ident(attname), ',' ORDER BY attname) FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
            f'public."{table}"',
        )
        rows = await connection.fetch(f'SELECT ROW({columns})::text AS row FROM public."{table}"')
        found[table] = sorted(row["row"] for row in rows)
    return found


async def halted(
    urls: tuple[str, str], table: str, *, times: int = 1, choice: str = ""
) -> asyncio.subprocess.Process:
    """Run first contact in a process of its own, which halts when it tells of a table for the nth time."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CONTACT, *urls, table, str(times), choice),
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = await process.stdout.readline()
    assert said == b"here\n", await process.stderr.read()
    return process


async def killed(pair: Pair, table: str, *, times: int = 1, choice: str = "") -> None:
    """As `halted`, and then killed."""
    process = await halted((pair.main_url, pair.backup_url), table, times=times, choice=choice)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
