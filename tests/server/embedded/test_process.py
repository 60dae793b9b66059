from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.embedded.account import Account
from server.embedded.process import log_since, read_pid_file, reap, serves, spawn

SELF = Account(os.geteuid(), os.getegid())


@pytest.mark.parametrize("text", ["", "\n", "not a number\n"])
def test_a_pid_file_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    assert read_pid_file(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text(text)
    assert read_pid_file(tmp_path) is None


def test_a_half_written_pid_file_has_no_status(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("17\n/data\n")
    noted = read_pid_file(tmp_path)
    assert noted is not None
    assert (noted.pid, noted.socket, noted.status) == (17, "", "")


def test_another_program_in_that_folder_is_no_server(tmp_path: Path) -> None:
    child = spawn(["sleep", "60"], who=SELF, folder=tmp_path, log=tmp_path / "log")
    assert not serves(child.pid, tmp_path)
    child.kill()
    child.wait()
    reap()


def test_a_long_log_is_set_aside_and_only_new_text_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    spawn(["echo", "first"], who=SELF, folder=tmp_path, log=log).wait()
    start = log.stat().st_size
    spawn(["echo", "second"], who=SELF, folder=tmp_path, log=log).wait()
    assert (tmp_path / "log.1").stat().st_size > 10 * 1024 * 1024
    assert log.read_text() == "first\nsecond\n"
    assert log_since(log, start) == "second\n"
    reap()
