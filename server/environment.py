"""Settings read from the environment and `.env`, with every fault reported at once, a line each.

The `.env` is shared with the user's application: what is not ours in it is ignored, and only a name that is
nearly one of ours is worth a word.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from cdc.errors import ConfigurationError
from server.database_url import check_distinct
from server.settings import SECRET_VARIABLES, VARIABLES, Settings

LIKENESS = 0.85
SHORTEST_GUESSED = 6
SHOWN_VALUE = 60
ENV_FILE = Path(".env")


class SettingsError(ConfigurationError):
    """The settings cannot work. `faults` has one line for each fault, beginning with the variable's name."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Take the lines."""
        super().__init__("\n".join(faults), hint="docs/settings.md lists every variable.")
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Valid settings and the notes that go with them, for the log."""

    settings: Settings
    notes: tuple[str, ...]


def load(env_file: Path = ENV_FILE) -> Loaded:
    """Read the settings from the environment and from `env_file`; the environment goes first.

    Where snapshots go to a bucket, AWS_* variables of the file become the process's own.

    Raises:
        SettingsError: at least one fault; nothing has been started.
    """
    present = _present(env_file)
    faults = contradictions(present)
    settings: Settings | None = None
    sources: dict[str, Any] = {"_env_file": env_file}
    try:
        settings = Settings(**sources)
    except ValidationError as error:
        faults = [*(_line(dict(fault)) for fault in error.errors(include_url=False)), *faults]
    if settings is not None and settings.main_url and settings.backup_url:
        try:
            check_distinct(settings.main_url, settings.backup_url)
        except ConfigurationError as error:
            faults = [*faults, f"{error}. {error.hint}"]
    if faults or settings is None:
        raise SettingsError(faults)
    if settings.backup_dir.startswith("s3://"):
        _hand_on(present)
    urls = [url for url in (settings.main_url, settings.backup_url) if url]
    notes = [*near_misses(present), *(note for url in urls for note in url.notes)]
    return Loaded(settings, tuple(notes))


def near_misses(names: Iterable[str]) -> list[str]:
    """Give a warning for each name that is not ours but nearly so."""
    warnings = []
    for name in sorted(set(names) - set(VARIABLES)):
        if len(name) < SHORTEST_GUESSED and name.upper() not in VARIABLES:
            continue
        if close := difflib.get_close_matches(name.upper(), VARIABLES, n=1, cutoff=LIKENESS):
            warnings.append(f"{name}: is not a setting and is ignored; did you mean {close[0]}?")
    return warnings


def contradictions(present: Mapping[str, str]) -> list[str]:
    """Give a line for each pair of variables that cannot be set, or left out, together."""
    lines = []
    urls = ("DATABASE_URL", "BACKUP_DATABASE_URL")
    missing = [name for name in urls if not present.get(name)]
    if len(missing) == 1:
        lines.append(f"{missing[0]}: is not set, but the other one is; set both, or neither for the demo")
    keys = [name for name in ("JWT_SECRET", "JWT_PUBLIC_KEY", "JWT_JWKS_URL") if present.get(name)]
    if len(keys) > 1:
        lines.append(f"{keys[0]}: is set beside {' and '.join(keys[1:])}; set one of them only")
    return lines


def _present(env_file: Path) -> dict[str, str]:
    try:
        shared = dotenv_values(env_file, encoding="utf-8-sig") if env_file.is_file() else {}
    except UnicodeDecodeError:
        raise SettingsError([f"{env_file}: is not a UTF-8 text file"]) from None
    except OSError as error:
        raise SettingsError([f"{env_file}: cannot be read: {error.strerror}"]) from None
    values = {name: value for name, value in shared.items() if value}
    return values | {name: value for name, value in os.environ.items() if value}


def _hand_on(present: Mapping[str, str]) -> None:
    """Give the library for buckets what it looks for in the environment."""
    for name, value in present.items():
        if name.startswith("AWS_"):
            os.environ.setdefault(name, value)


def _line(fault: Mapping[str, Any]) -> str:
    name = str(fault["loc"][0]) if fault["loc"] else ""
    message = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "should be")
    if name in SECRET_VARIABLES or not isinstance(fault["input"], str):
        return f"{name}: {message}"
    return f"{name}: {message} (it is {fault['input'][:SHOWN_VALUE]!r})"
