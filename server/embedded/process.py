"""The server's process: what its pid file says, whether it lives, how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from server.embedded.account import Account, environment
from server.embedded.faults import folder_fault

_LOG_BYTES = 10 * 1024 * 1024
_TAIL_BYTES = 4096
_PID_FILE = "postmaster.pid"
_SOCKET_LINE, _STATUS_LINE = 4, 7
# Servers started here. They may outlive us; while we live, their exit codes are ours to fetch.
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says. The file may be half written: missing lines are empty."""

    pid: int
    socket: str
    status: str


def read_pid_file(data: Path) -> PidFile | None:
    """Read a data directory's pid file; None where there is none, or none that makes sense."""
    try:
        lines = (data / _PID_FILE).read_text(errors="replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    lines += [""] * (_STATUS_LINE + 1 - len(lines))
    return PidFile(pid, lines[_SOCKET_LINE].strip(), lines[_STATUS_LINE].strip())


def remove_stale_files(data: Path, socket: Path) -> None:
    """Remove the pid file and the socket's lock of a server that is gone.

    PostgreSQL does so itself, but not where the number has been given to another process, or where
    the dead server still has an entry because nobody fetched its exit code. Should processes of the
    dead server live on, PostgreSQL finds its shared memory in use and does not start.
    """
    (data / _PID_FILE).unlink(missing_ok=True)
    for lock in socket.glob(".s.PGSQL.*.lock"):
        lock.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for its exit code to be fetched does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def serves(pid: int, data: Path) -> bool:
    """Whether a process is the server of a data directory, and not a later one of the same number."""
    if not is_alive(pid):
        return False
    try:
        process = psutil.Process(pid)
        return bool(process.name().startswith("postgres") and Path(process.cwd()).samefile(data))
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except psutil.AccessDenied:
        # Another user's process, which we may not look into. Rather believe the pid file.
        return True


def running(data: Path) -> PidFile | None:
    """The pid file of a data directory's server, if that server runs."""
    noted = read_pid_file(data)
    return noted if noted is not None and serves(noted.pid, data) else None


def spawn(argv: Sequence[str | Path], *, who: Account, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a program that outlives this process and does not get the terminal's signals.

    Args:
        argv: the program and its arguments.
        who: the user it runs as.
        folder: its working folder.
        log: where its output is added; set aside as `<log>.1` above 10 MiB.

    Raises:
        EmbeddedServerError: the log cannot be written.
    """
    try:
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
        number = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise folder_fault(error, "the server's log") from error
    try:
        child = subprocess.Popen(  # noqa: S603  programs of our own wheel
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=number,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment(),
            start_new_session=True,
            **who.switch(),
        )
    finally:
        os.close(number)
    _children.append(child)
    return child


def reap() -> None:
    """Fetch the exit codes of servers started here that have ended, so that their numbers become free."""
    _children[:] = [child for child in _children if child.poll() is None]


def log_size(log: Path) -> int:
    """How many bytes the log holds now."""
    return log.stat().st_size if log.exists() else 0


def log_since(log: Path, start: int) -> str:
    """The end of what was added to the log after its first `start` bytes."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(start, log_size(log) - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def slay(pid: int) -> list[int]:
    """Kill a server and all its processes at once, as a power cut would.

    Returns:
        The numbers of the processes killed.
    """
    try:
        server = psutil.Process(pid)
        server.suspend()  # so that it starts no more of them
        family = [server, *server.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return [process.pid for process in family]
