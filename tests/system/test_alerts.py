"""Alerts from a service that runs: told once, told when over, and no trouble of sync's."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest

from cdc import config
from cdc.model import Side
from server.alerts import conditions, episodes
from tests.databases import Pair
from tests.running import until
from tests.server.alerts.receiving import receiving
from tests.serving import serving

pytestmark = pytest.mark.untouched


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "QUIET", timedelta())
    monkeypatch.setitem(conditions.HOLDS, conditions.CONFLICTS, 0.0)


async def test_a_link_that_stops_and_goes_on(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY)")
    async with receiving() as received, serving(pair, ALERT_WEBHOOK_URL=received.url) as api:
        token = await pair.main.fetchval("SELECT token FROM cdc.node")
        await pair.main.execute("UPDATE cdc.node SET token = gen_random_uuid()")
        await pair.main.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'cdc listener' AND datname = current_database()"
        )
        (opened,) = await received.until(lambda bodies: len(bodies) == 1)
        assert (opened["event"], opened["id"]) == ("opened", "link-stopped:MAIN_TO_BACKUP")
        assert "cdc resync BACKUP" in opened["hint"]

        async def kept() -> bool:
            told = (await config.read(pair.main)).service or {}
            return set(told["alerts"]) == {"link-stopped:MAIN_TO_BACKUP"}

        await until(kept)
        await pair.main.execute("UPDATE cdc.node SET token = $1", token)
        await config.resume(pair.main, [Side.MAIN], "tester")
        told = await received.until(lambda bodies: len(bodies) == 2)
        assert (told[1]["event"], told[1]["id"]) == ("recovered", "link-stopped:MAIN_TO_BACKUP")
        await api.streaming()


async def test_a_conflict_and_its_resolution(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY, name text)")
    await pair.main.execute("INSERT INTO product VALUES (1, 'chalk')")
    async with receiving() as received, serving(pair, ALERT_WEBHOOK_URL=received.url) as api:
        await config.pause(pair.main, [*Side], "tester")
        await api.service.monitor.look()
        for side, name in ((Side.MAIN, "ours"), (Side.BACKUP, "theirs")):
            await pair.connection(side).execute("UPDATE product SET name = $1", name)
        await config.resume(pair.main, [*Side], "tester")
        (opened,) = await received.until(lambda bodies: len(bodies) == 1)
        assert (opened["id"], opened["message"]) == (
            "conflicts-open",
            "1 conflict is open; both versions are kept",
        )
        answer = await api.post("/backup/conflicts/product/1/resolve", {"resolution": "MAIN"})
        assert answer.status == 200
        api.service.monitor.poke()
        told = await received.until(lambda bodies: len(bodies) == 2)
        assert told[1]["event"] == "recovered"


async def test_a_dead_receiver_is_no_trouble_of_syncs(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY)")
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        dead.listen()
        url = f"http://127.0.0.1:{dead.getsockname()[1]}/"
        async with serving(pair, ALERT_WEBHOOK_URL=url) as api:
            problem = {"id": "x", "severity": "error", "message": "m", "hint": "h"}
            status = await api.service.status()
            for number in range(300):
                told = {**status, "problems": [{**problem, "id": f"{number}"}]}
                api.service.monitor.alerts.judge(told)
            await pair.main.execute("INSERT INTO product SELECT generate_series(1, 100)")

            async def arrived() -> bool:
                return await pair.backup.fetchval("SELECT count(*) FROM product") == 100

            await until(arrived)
            assert api.service.monitor.alerts.lost > 0
            assert (await api.get("/readyz")).status == 200
