from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.embedded.account import Account, account, environment, run

SELF = Account(os.geteuid(), os.getegid())


def test_root_is_never_the_servers_user(tmp_path: Path) -> None:
    assert account().uid != 0
    assert account(tmp_path).uid != 0
    assert account(tmp_path / "missing").uid != 0


def test_programs_get_no_secrets_and_no_settings_of_other_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "JWT_SECRET", "PGPORT", "PGDATA"):
        monkeypatch.setenv(name, "something")
    assert set(environment()) <= {"PATH", "LC_ALL", "LD_LIBRARY_PATH", "TZ"}
    assert environment()["LC_ALL"] == "C"


async def test_a_programs_words_and_exit_code_come_back() -> None:
    said = await run(SELF, "/bin/sh", "-c", "echo out; echo err >&2; exit 3", folder=Path("/"))
    assert said == (3, "out\nerr\n")


async def test_a_program_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await run(
            SELF, "/bin/sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 60 & wait", folder=tmp_path, within=0.3
        )
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_program_that_may_not_be_started_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "program").touch(mode=0o600)
    code, output = await run(SELF, tmp_path / "program", folder=tmp_path)
    assert code == 126
    assert "Permission denied" in output
