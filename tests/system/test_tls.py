"""Debian's PostgreSQL 15 behind TLS with checked certificates: sync, first contact, and what is refused."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from cdc import tls_forwarder
from cdc.dump_tool import find_tools
from cdc.errors import ConfigurationError, ConnectivityError
from cdc.model import Side
from cdc.schema_copy import _dump
from cdc.session import Endpoint, connect
from cdc.table_copy import exported_snapshot
from cdc.uri import compose, parse
from server.embedded import binaries
from tests.databases import Pair
from tests.running import Shell, until
from tests.tls_server import DEBIAN, TlsServer, tls_server

TABLE = "CREATE TABLE product (id int PRIMARY KEY, name text)"


@pytest.fixture
async def server(server_folder: Path, tmp_path: Path) -> AsyncIterator[TlsServer]:
    """Debian's PostgreSQL 15, or the one whose programs are named, with ssl = on."""
    programs = Path(os.environ.get("CDC_TEST_POSTGRES_BIN") or DEBIAN)
    if not (programs / "postgres").is_file():
        pytest.skip(f"Debian's PostgreSQL 15 is not installed ({DEBIAN}): apt-get install postgresql-15")
    async with tls_server(programs, server_folder, tmp_path) as running:
        yield running


async def reached(url: str) -> str | None:
    """Who one is to the server; None where the forwarder's way is refused, with psql's words printed."""
    target = parse(url)
    async with tls_forwarder.forwarded(target) as local:
        process = await asyncio.create_subprocess_exec(
            str(binaries().psql),
            "-XAtc",
            "SELECT current_user || ' ' || (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())",
            compose(local),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PGPASSWORD": target.password or "", "PGSSLMODE": "verify-full", "HOME": "/nonexistent"},
        )
        out, _ = await process.communicate()
        print(out.decode())  # noqa: T201  pytest shows it with a failure
        return out.decode().strip() if process.returncode == 0 else None


async def test_a_program_without_tls_reaches_the_server_through_our_socket(server: TlsServer) -> None:
    assert await reached(server.url("one")) == "owner true"
    assert await reached(server.url("one", host="127.0.0.1", mode="verify-ca")) == "owner true"
    assert await reached(server.url("one", mode="require", sslrootcert="")) == "owner true"
    assert await reached(server.url("one", mode="prefer", sslrootcert="")) == "owner true"
    assert await reached(server.certified_url("one")) == "known true"


async def test_nobody_else_is_taken_for_the_server(
    server: TlsServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await reached(server.url("one", host="127.0.0.1")) is None
    assert "certificate is not valid for '127.0.0.1'" in capfd.readouterr().out
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    other = await _authority(stranger)
    for mode in ("verify-full", "verify-ca", "require"):
        assert await reached(server.url("one", mode=mode, sslrootcert=str(other))) is None
        assert "certificate verify failed" in capfd.readouterr().out
    for url in (server.url("one", host="127.0.0.1"), server.url("one", sslrootcert=str(other))):
        with pytest.raises(ConnectivityError, match="certificate"):
            await connect(Endpoint(Side.MAIN, url), "test")


async def _authority(folder: Path) -> Path:
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=stranger"),
        cwd=folder,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return folder / "ca.crt"


async def test_a_server_that_speaks_no_tls_is_refused_where_it_is_demanded(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        writer.close()

    plain = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = plain.sockets[0].getsockname()[1]
    assert await reached(f"postgresql://u@127.0.0.1:{port}/d?sslmode=require") is None
    assert "does not speak TLS, which the URL demands" in capfd.readouterr().out
    plain.close()
    assert await reached(f"postgresql://u@127.0.0.1:{port}/d") is None
    assert "Connect call failed" in capfd.readouterr().out


async def test_a_certificate_that_cannot_be_read_is_named() -> None:
    target = parse("postgresql://u@localhost/d?sslmode=verify-full&sslrootcert=/nonexistent/ca.crt")
    with pytest.raises(ConfigurationError, match="certificate") as caught:
        async with tls_forwarder.forwarded(target):
            pass
    assert "sslrootcert" in caught.value.hint


async def test_the_embedded_pg_dump_writes_the_schema_of_a_server_behind_tls(
    server: TlsServer, tmp_path: Path
) -> None:
    source = Endpoint(Side.MAIN, server.url("one"))
    connection = await connect(source, "test")
    await connection.execute(f"SET search_path = public; {TABLE}")
    version = connection.get_server_version().major
    await connection.close()
    tools = [tool for tool in await find_tools() if not tool.tls and tool.major >= version]
    assert tools
    for tool in tools:
        archive = tmp_path / f"{tool.major}.dump"
        async with exported_snapshot(source, ()) as snapshot:
            await _dump(tool, source, archive, snapshot.exported)
        assert b"CREATE TABLE public.product" in archive.read_bytes()


@pytest.mark.parametrize("behind", [("MAIN", "BACKUP"), ("MAIN",), ("BACKUP",)], ids="+".join)
async def test_first_contact_and_sync_both_ways(
    server: TlsServer, pair: Pair, tmp_path: Path, behind: tuple[str, ...]
) -> None:
    main = server.url("one") if "MAIN" in behind else pair.main_url
    backup = server.url("two") if "BACKUP" in behind else pair.backup_url
    shell = Shell(tmp_path, {"DATABASE_URL": main, "BACKUP_DATABASE_URL": backup})
    here = await asyncpg.connect(main)
    await here.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'chalk')")
    async with shell.service() as service:
        await service.streaming()
        there = await asyncpg.connect(backup)

        async def arrived(connection: asyncpg.Connection[asyncpg.Record], number: int) -> None:
            async def found() -> bool:
                return bool(await connection.fetchval("SELECT count(*) FROM product WHERE id = $1", number))

            await until(found)

        await arrived(there, 1)
        await here.execute("INSERT INTO product VALUES (2, 'cue')")
        await there.execute("INSERT INTO product VALUES (3, 'ball')")
        await arrived(there, 2)
        await arrived(here, 3)
        for connection, side in ((here, "MAIN"), (there, "BACKUP")):
            query = (
                "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)"
                " WHERE a.application_name LIKE 'cdc %' AND a.datname = current_database()"
            )
            assert await connection.fetchval(query) is (side in behind)
        assert await service.end() == 0
        await there.close()
    await here.close()
