"""The operating system's user that a server runs as. PostgreSQL refuses to run as root."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from server.embedded.faults import EmbeddedServerError

_CANDIDATES = ("postgres", "nobody")
# What shells answer for a program that they may not start.
_REFUSED = 126
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LOCPATH", "TZ")


class Switch(TypedDict, total=False):
    """What subprocess needs to start a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user by numbers."""

    uid: int
    gid: int

    @property
    def is_self(self) -> bool:
        """Whether this process runs as that user already."""
        return self.uid == os.geteuid()

    def switch(self) -> Switch:
        """Arguments for subprocess that start a program as this user, without our groups."""
        if self.is_self:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def account(data: Path | None = None) -> Account:
    """Choose the user that the server runs as.

    An ordinary user is the server's user. For root it is whoever owns the data already, else
    `postgres` where that user exists, else `nobody`.

    Raises:
        EmbeddedServerError: root, and the system has neither user.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data is not None and data.is_dir():
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody",
        hint="run as an ordinary user, add a user named postgres, or name databases in DATABASE_URL",
    )


def environment() -> Mapping[str, str]:
    """Variables for the server's programs: none of ours, which may hold secrets, and no PG* ones."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "LC_ALL": "C"}


async def run(who: Account, *argv: str | Path, folder: Path, within: float = 120) -> tuple[int, str]:
    """Run a program to its end as that user.

    Args:
        who: the user.
        argv: the program and its arguments.
        folder: the working folder.
        within: seconds after which the program is killed.

    Returns:
        Its exit code and all it printed; 126 where it may not be started as that user.

    Raises:
        TimeoutError: it took too long.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(str(word) for word in argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env=environment(),
            start_new_session=True,
            **who.switch(),
        )
    except PermissionError as error:
        # execve says so too where that user may not enter the program's folder.
        return _REFUSED, f"Permission denied: {error.filename or error}"
    try:
        async with asyncio.timeout(within):
            output, _ = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return process.returncode or 0, output.decode(errors="replace")


async def can_enter(who: Account, folder: Path) -> bool:
    """Whether that user may use a folder by its path. Asked of the system, which knows of ACLs too.

    Raises:
        EmbeddedServerError: this process may not become that user.
    """
    if who.is_self:
        return os.access(folder, os.X_OK)
    code, output = await run(who, "/bin/sh", "-c", 'cd -- "$0"', folder, folder=Path("/"), within=10)
    if code == _REFUSED:
        raise EmbeddedServerError(
            f"this process may not run programs as user number {who.uid}: {output.strip()}",
            hint="allow it to change its user, run as an ordinary user, or name databases in DATABASE_URL",
        )
    return code == 0
