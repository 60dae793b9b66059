from __future__ import annotations

from tests.databases import Pair
from tests.running import until
from tests.serving import serving

METRICS = "a fixed token for scrapers"
FIXED = {"Authorization": f"Bearer {METRICS}"}


async def test_who_may_read_metrics(pair: Pair) -> None:
    async with serving(pair, runs=False, METRICS_TOKEN=METRICS) as api:
        assert (await api.get("/metrics", token=False)).status == 401
        assert (await api.get("/metrics")).status == 200
        found = await api.get("/metrics", token=False, headers=FIXED)
        assert found.status == 200
        assert found.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert (await api.get("/backup/status", token=False, headers=FIXED)).status == 401


async def test_public_metrics(pair: Pair) -> None:
    async with serving(pair, runs=False, METRICS_PUBLIC="true") as api:
        found = await api.get("/metrics", token=False)
        assert found.status == 200
        head = await api.ask("HEAD", "/metrics", token=False)
        assert (head.status, head.content) == (200, b"")


async def test_what_they_say(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY)")
    async with serving(pair) as api:
        await pair.main.execute("INSERT INTO product VALUES (1), (2)")

        async def counted() -> bool:
            return sum(stats.applied for stats in api.service.stats().values()) == 2

        await until(counted)
        scraped = (await api.get("/metrics")).content.decode()
    for sample in (
        'cdc_database_up{side="MAIN"} 1.0',
        'cdc_link_state{link="MAIN_TO_BACKUP",state="streaming"} 1.0',
        'cdc_table_applied_changes_total{link="MAIN_TO_BACKUP",table="product"} 2.0',
        'cdc_link_lag_seconds_count{link="MAIN_TO_BACKUP"} 2.0',
        "cdc_working 1.0",
        'cdc_disk_free_bytes{place="BACKUP_DIR"}',
        "cdc_clock_skew_seconds",
    ):
        assert f"\n{sample}" in scraped, sample
