"""The demo's secret: random, in the data folder, readable by the one who runs the service and nobody else."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from cdc.errors import ConfigurationError
from server.settings import SHORTEST_SECRET

NAME: Final = "token-secret"


def demo_secret(folder: Path) -> str:
    """Read the secret, or make it where there is none yet.

    Args:
        folder: the data folder; it exists.

    Raises:
        ConfigurationError: the file cannot be made or read, or holds no secret.
    """
    path = folder / NAME
    try:
        if not path.exists():
            _make(path)
        path.chmod(0o600)
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the demo's secret {path} cannot be used: {error}",
            hint="Run as the user that made it, or remove it: a new one is made, and old tokens end.",
        ) from error
    if len(found) < SHORTEST_SECRET:
        raise ConfigurationError(
            f"the demo's secret {path} is too short", hint="Remove it: a new one is made, and old tokens end."
        )
    return found


def _make(path: Path) -> None:
    """Write it under another name first: what is killed half-way leaves no half secret."""
    unfinished = path.with_name(f"{NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SHORTEST_SECRET) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)
        except FileExistsError:
            return  # another process was first; its secret counts
    finally:
        unfinished.unlink()
