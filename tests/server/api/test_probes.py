from __future__ import annotations

import asyncio
from types import SimpleNamespace

import asyncpg
import pytest

from cdc.model import Side
from server.api import probes
from server.observation import Observation, Observer
from tests.databases import OwnServers, Pair
from tests.running import until
from tests.serving import serving


async def test_a_running_service_is_ready(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY)")
    async with serving(pair) as api:

        async def ready() -> bool:
            answer = await api.get("/readyz", token=False)
            return answer.status == 200 and answer.document["status"] == "ok"

        await until(ready)
        answer = await api.get("/readyz", token=False)
        assert set(answer.document["checks"]) == {"main", "backup", "work"}
        assert api.service.monitor.silence() < probes.LONGEST_SILENCE


async def test_before_anything_is_known(pair: Pair) -> None:
    async with serving(pair, runs=False) as api:
        answer = await api.get("/readyz", token=False)
        assert (answer.status, answer.document["status"]) == (503, "failed")
        assert (await api.get("/livez", token=False)).document == {"status": "ok"}


async def test_a_heart_that_has_stopped(pair: Pair) -> None:
    async with serving(pair, runs=False) as api:
        api.service.monitor._beat = asyncio.get_running_loop().time() - probes.LONGEST_SILENCE - 1
        answer = await api.get("/livez", token=False)
        assert (answer.status, answer.document) == (503, {"status": "stuck"})


async def test_databases_that_go_away(own_servers: OwnServers) -> None:
    main, backup = (own_servers.url(side) for side in Side)
    urls = SimpleNamespace(main_url=main, backup_url=backup)
    connection = await asyncpg.connect(main)
    await connection.execute("CREATE TABLE product (id int PRIMARY KEY)")
    await connection.close()
    async with serving(urls) as api:

        async def standing() -> tuple[int, str]:
            answer = await api.get("/readyz", token=False)
            return answer.status, answer.document["status"]

        async def is_now(wanted: tuple[int, str]) -> None:
            async def reached() -> bool:
                return await standing() == wanted

            await until(reached)

        await is_now((200, "ok"))
        await own_servers.backup.kill()
        await is_now((200, "degraded"))
        metrics = await api.get("/metrics")
        assert b'cdc_database_up{side="BACKUP"} 0.0' in metrics.content
        assert b'cdc_database_up{side="MAIN"} 1.0' in metrics.content
        await own_servers.main.kill()
        await is_now((503, "failed"))
        assert (await api.get("/livez", token=False)).status == 200
        assert b'cdc_database_up{side="MAIN"} 0.0' in (await api.get("/metrics")).content


async def test_many_probes_are_one_look(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, look = 0, Observer._look

    async def counted(observer: Observer) -> Observation:
        nonlocal looks
        looks += 1
        return await look(observer)

    monkeypatch.setattr(Observer, "_look", counted)
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY)")
    async with serving(pair) as api:
        before = looks
        await asyncio.gather(*(api.get("/readyz", token=False) for _ in range(300)))
        assert looks - before < 100
