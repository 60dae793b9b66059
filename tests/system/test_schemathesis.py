"""Requests made up from the OpenAPI document: nothing crashes, and every answer is one that the document promises."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Pair
from tests.running import BEARER
from tests.serving import Serving, serving

pytestmark = pytest.mark.untouched

SECONDS = 800.0
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance"
)


@pytest.fixture
async def api(pair: Pair, tmp_path: Path) -> AsyncIterator[Serving]:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY); INSERT INTO product VALUES (1)")
    async with serving(pair, BACKUP_DIR=str(tmp_path / "backups"), BACKUP_INTERVAL_SECONDS=3600) as found:
        yield found


async def made_up(api: Serving, folder: Path, *options: str) -> tuple[int, str]:
    """Run schemathesis on all routes but the endless stream of events."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{api.address}/openapi.json",
        "--exclude-path=/backup/events",
        f"--checks={CHECKS}",
        "--phases=examples,coverage,fuzzing",
        "--seed=1",
        "--no-shrink",
        "--suppress-health-check=all",
        "--request-timeout=60",
        "--output-sanitize=false",
        "--warnings=off",
        *options,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode()


@pytest.mark.timeout(900)
async def test_with_a_token(api: Serving, tmp_path: Path) -> None:
    header = f"--header=Authorization: {BEARER['Authorization']}"
    code, said = await made_up(api, tmp_path, header, "--max-examples=2")
    assert code == 0, said


async def test_without_a_token(api: Serving, tmp_path: Path) -> None:
    code, said = await made_up(api, tmp_path, "--max-examples=2", "--phases=examples,fuzzing")
    assert code == 0, said
