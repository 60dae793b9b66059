"""Where a server's files lie, and how they get there without opening anything to others."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from server.embedded.account import Account, account, can_enter
from server.embedded.binaries import Binaries, binaries, binaries_in, copied, runs
from server.embedded.faults import fault, folder_fault

ELSEWHERE = Path("/var/lib/cdc")
"""Where root's servers lie when the server's user cannot enter the data folder."""

# A socket's path takes 103 bytes on every system; PostgreSQL adds "/.s.PGSQL.5432.lock".
_SOCKET_FOLDER_BYTES = 103 - len("/.s.PGSQL.5432.lock")
# PostgreSQL splits its list of folders at commas, URLs split at others; such folders get a short one.
_PLAIN = re.compile(r"/[A-Za-z0-9/._+-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one server. `home` is the server's user's alone (0700)."""

    home: Path
    socket: Path
    account: Account
    binaries: Binaries
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"


async def settle(
    name: str, folder: Path, version: int, elsewhere: Path = ELSEWHERE, programs: Path | None = None
) -> Place:
    """Find or make the folders of a server.

    Args:
        name: the server's name; its files are `<folder>/<name>/…`.
        folder: the data folder, absolute; made where missing.
        version: PostgreSQL's major version.
        elsewhere: where the files go when the server's user cannot enter `folder`.
        programs: the folder of other programs than the wheel's; they decide on the version.

    Raises:
        EmbeddedServerError: a folder cannot be made or used, or the programs are missing.
    """
    found = await binaries_in(programs, account()) if programs else binaries(version)
    make_folder(folder)
    home, notes = await _home(name, folder, elsewhere)
    who = account(home)
    try:
        _own(home, who)
        socket = _socket_folder(home, who)
        _own(socket, who)
    except OSError as error:
        raise folder_fault(error, "the server's folder") from error
    if not await runs(found, who):
        make_folder(elsewhere)
        found = await copied(found, who, elsewhere)
        notes = (*notes, f"PostgreSQL's programs run from a copy in {found.folder}")
    return Place(home, socket, who, found, notes)


def make_folder(path: Path) -> None:
    """Make a folder and its parents. Those that exist keep their mode, new ones let others pass through only.

    Raises:
        EmbeddedServerError: the system refuses.
    """
    missing = [step for step in (path, *path.parents) if not step.exists()]
    try:
        for step in reversed(missing):
            step.mkdir(exist_ok=True)
            # Only root's servers run as another user, who has to pass.
            step.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise folder_fault(error, "the data folder") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise folder_fault(PermissionError(13, "Permission denied", str(path)), "the data folder")


async def _home(name: str, folder: Path, elsewhere: Path) -> tuple[Path, tuple[str, ...]]:
    """The server's own folder, inside the data folder if its user can enter that."""
    inside = folder / name
    pointer = folder / f"{name}.location"
    who = account(inside)
    try:
        if await can_enter(who, folder):
            return inside, ()
        home = _recorded(pointer, inside)
        if home is None:
            make_folder(elsewhere)
            home = elsewhere / f"{name}-{secrets.token_hex(4)}"
            _own(home, who)
            (home / "origin").write_text(f"{inside}\n")
            pointer.write_text(f"{home}\n")
    except OSError as error:
        raise folder_fault(error, "the server's folder") from error
    note = f"the user that PostgreSQL runs as cannot enter {folder}: the data of {name} lies in {home}"
    return home, (note,)


def _recorded(pointer: Path, inside: Path) -> Path | None:
    """The place noted earlier, unless the data folder is a copy of the one it was noted for."""
    if not pointer.exists():
        return None
    home = Path(pointer.read_text().strip())
    origin = home / "origin"
    return home if origin.exists() and origin.read_text().strip() == str(inside) else None


def _own(folder: Path, who: Account) -> None:
    """Make a folder that is that user's alone, or check that it is."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        entry = folder.lstat()
        real = stat.S_ISDIR(entry.st_mode)
        if real and entry.st_uid == os.geteuid() != who.uid and not any(folder.iterdir()):
            # We were killed between making it and giving it away.
            os.chown(folder, who.uid, who.gid)
        elif not real or entry.st_uid != who.uid:
            raise fault(
                f"{folder} belongs to another user (number {entry.st_uid}) or is no folder",
                hint="run as the user that made it, or move it away",
            ) from None
        folder.chmod(0o700)
    else:
        if not who.is_self:
            os.chown(folder, who.uid, who.gid)


def _socket_folder(home: Path, who: Account) -> Path:
    """Beside the data, or a short name under the temporary folder where the path is too long for a socket."""
    socket = home / "socket"
    if len(os.fsencode(socket)) <= _SOCKET_FOLDER_BYTES and _PLAIN.fullmatch(str(socket)):
        return socket
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"cdc-{who.uid}-{digest}"
