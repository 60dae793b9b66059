"""What people copy from a document works as it is written: the examples with curl, and a token from `cdc token`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Pair
from tests.running import Running, Shell, until

pytestmark = pytest.mark.untouched

SHOP = """
CREATE TABLE "Product" (id text PRIMARY KEY, name text);
INSERT INTO "Product" VALUES ('clxxx123', 'chalk');
"""
EXAMPLES = {
    "status": """curl -X GET http://localhost:3001/backup/status \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN\"""",
    "trigger": """curl -X POST http://localhost:3001/backup/trigger \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN\"""",
    "history": """curl -X GET "http://localhost:3001/backup/history?limit=50" \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN\"""",
    "export": """curl -X POST http://localhost:3001/backup/export \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"includeHistory": true}'""",
    "restore": """curl -X POST http://localhost:3001/backup/restore \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"filepath": "FILEPATH", "target": "BACKUP"}'""",
    "conflicts": """curl -X GET http://localhost:3001/backup/conflicts \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN\"""",
    "resolve": """curl -X POST http://localhost:3001/backup/conflicts/Product/clxxx123/resolve \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"resolution": "MAIN"}'""",
    "stats": """curl -X GET http://localhost:3001/backup/stats \\
  -H "Authorization: Bearer YOUR_JWT_TOKEN\"""",
}


async def run(example: str, service: Running, token: str, **parts: str) -> tuple[int, Any]:
    """Run an example in a shell, with the service's address and a token; its status and document."""
    command = EXAMPLES[example].replace("http://localhost:3001", await service.address())
    command = command.replace("YOUR_JWT_TOKEN", token).replace("curl ", "curl -s -w '\\n%{http_code}' ", 1)
    for name, value in parts.items():
        command = command.replace(name, value)
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    text, _, status = out.decode().rpartition("\n")
    return int(status), json.loads(text)


async def test_the_examples(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(SHOP)
    urls = {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url}
    shell = Shell(tmp_path, {**urls, "BACKUP_INTERVAL_SECONDS": "3600"})
    async with shell.service() as service:
        await service.streaming()
        token = (await shell("token", "--ttl", "15m")).out.strip()

        async def idle() -> bool:
            _, history = await run("history", service, token)
            return all(each["status"] != "RUNNING" for each in history["items"])

        assert (await run("status", service, token))[1]["state"] == "running"
        await until(idle)
        status, entry = await run("trigger", service, token)
        assert (status, entry["type"]) == (202, "FULL")
        await until(idle)
        status, export = await run("export", service, token)
        assert status == 201
        name = Path(export["filepath"]).name
        assert name.endswith(".json.gz")
        await pair.main.execute(
            "BEGIN; SET LOCAL cdc.applying = 'on'; UPDATE \"Product\" SET name = 'ours'; COMMIT"
        )
        await pair.backup.execute("UPDATE \"Product\" SET name = 'theirs'")

        async def met() -> bool:
            return bool((await run("conflicts", service, token))[1]["items"])

        await until(met)
        status, outcome = await run("resolve", service, token)
        assert (status, outcome["row"]["name"]) == (200, "ours")
        assert (await run("conflicts", service, token))[1]["items"] == []
        status, restored = await run("restore", service, token, FILEPATH=f"./backups/{name}")
        assert (status, restored["tables"]["Product"]["updated"]) == (200, 1)
        assert await pair.backup.fetchval('SELECT name FROM "Product"') == "chalk"
        status, stats = await run("stats", service, token)
        assert (status, stats["conflicts"]["resolved"]) == (200, 1)
        assert (await run("status", service, "bad"))[0] == 401


async def test_no_start_without_a_key(pair: Pair, tmp_path: Path) -> None:
    urls = {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url}
    ended = await Shell(tmp_path, urls)("run", PORT="0", JWT_SECRET="")
    assert ended.code == 2
    assert ended.err.startswith("JWT_SECRET: is not set")
    assert "Traceback" not in ended.err
    ended = await Shell(tmp_path, urls)("token", JWT_SECRET="")
    assert (ended.code, ended.err.startswith("JWT_SECRET: is not set")) == (2, True)
