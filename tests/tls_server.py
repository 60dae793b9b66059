"""A PostgreSQL server that lets nobody in by TCP without TLS, with certificates made for it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from server.embedded import Cluster
from server.embedded.account import run
from tests.databases import SETTINGS

DEBIAN = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "p@ss/wörd"  # noqa: S105  a test's own
_HBA = """
local all postgres trust
hostssl all owner 127.0.0.1/32 scram-sha-256
hostssl all known 127.0.0.1/32 cert
"""


@dataclass(frozen=True, slots=True)
class TlsServer:
    """Roles `owner` (by password) and `known` (by certificate) may log in; databases one and two are owner's."""

    folder: Path
    port: int

    def url(
        self, database: str, *, host: str = "localhost", mode: str = "verify-full", **parameters: str
    ) -> str:
        """By TCP, as the owner; the certificate is made out to localhost."""
        given = {"sslmode": mode, "sslrootcert": str(self.folder / "ca.crt"), **parameters}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)
        return f"postgresql://owner:{quote(PASSWORD, safe='')}@{host}:{self.port}/{database}?{query}"

    def certified_url(self, database: str) -> str:
        """By TCP, as the role that shows a certificate."""
        pair = {"sslcert": str(self.folder / "known.crt"), "sslkey": str(self.folder / "known.key")}
        return self.url(database, **pair).replace(f"owner:{quote(PASSWORD, safe='')}@", "known@")


@asynccontextmanager
async def tls_server(programs: Path, folder: Path, certificates: Path) -> AsyncIterator[TlsServer]:
    """Run one in a folder of its own.

    Args:
        programs: PostgreSQL's, built with TLS.
        folder: for the server, of any account.
        certificates: a folder of ours for what clients need.
    """
    cluster = Cluster("tls", folder, settings=SETTINGS, elsewhere=folder / "elsewhere", programs=programs)
    await cluster.start()
    try:
        await _create(cluster.url())
        await cluster.stop()
        await _certify(certificates)
        found = TlsServer(certificates, _free_port())
        data, account = cluster.place.data, cluster.place.account
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy(certificates / name, data / name)
            os.chown(data / name, account.uid, account.gid)
        (data / "pg_hba.conf").write_text(_HBA)
        words = (
            f"-c listen_addresses=127.0.0.1 -c port={found.port} -c fsync=off -c ssl=on -c ssl_ca_file=ca.crt"
            f" -c unix_socket_directories={cluster.place.socket} -c password_encryption=scram-sha-256"
        )
        start = ("-w", "-D", data, "-o", words, "-l", cluster.place.home / "tls.log", "start")
        code, said = await run(account, programs / "pg_ctl", *start, folder=cluster.place.home)
        assert code == 0, said
        yield found
    finally:
        await cluster.kill()


async def _create(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("SET password_encryption = 'scram-sha-256'")
    await connection.execute(f"CREATE ROLE owner LOGIN PASSWORD '{PASSWORD}'")
    await connection.execute("CREATE ROLE known LOGIN IN ROLE owner")
    for name in ("one", "two"):
        await connection.execute(f"CREATE DATABASE {name} OWNER owner")
    await connection.close()


async def _certify(folder: Path) -> None:
    """An authority, a certificate of localhost and one of the role `known`."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    await _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test")
    for name, subject, extra in (
        ("server", "/CN=other", "subjectAltName=DNS:localhost"),
        ("known", "/CN=known", "keyUsage=digitalSignature"),
    ):
        await _openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        (folder / f"{name}.ext").write_text(extra)
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext")
        await _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signed)
        (folder / f"{name}.key").chmod(0o600)


async def _openssl(folder: Path, *words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "openssl", *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])
