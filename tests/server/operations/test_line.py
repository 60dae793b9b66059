from __future__ import annotations

import asyncio

import pytest

from cdc.errors import InstallRefused
from cdc.session import Connection
from server.operations.line import Line
from tests.databases import Pair
from tests.server.operations.conftest import Make
from tests.synced import endpoints

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'cdc operations' AND datname = current_database()"
)


async def backend(connection: Connection) -> int:
    number: int = await connection.fetchval("SELECT pg_backend_pid()")
    return number


@pytest.fixture
def line(make: Make) -> Line:
    return make().shop.line


async def test_one_connection_for_all_questions_also_at_once(line: Line) -> None:
    assert len(set(await asyncio.gather(*(line.ask(backend) for _ in range(5))))) == 1


async def test_a_connection_that_died_is_replaced(line: Line, pair: Pair) -> None:
    before = await line.ask(backend)
    await pair.main.execute(CUT)
    assert await line.ask(backend) != before


async def test_a_question_given_up_leaves_no_answer_for_the_next(line: Line) -> None:
    await line.ask(backend)
    asking = asyncio.create_task(line.ask(lambda main: main.fetchval("SELECT pg_sleep(60)")))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    assert await line.ask(backend) > 0


async def test_without_schema_cdc_it_says_what_to_do(pair: Pair) -> None:
    line = Line(endpoints(pair)[0])
    with pytest.raises(InstallRefused, match="not installed on MAIN"):
        await line.ask(backend)
    await line.close()
