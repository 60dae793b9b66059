from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from server.environment import Loaded, SettingsError, contradictions, load, near_misses
from server.settings import VARIABLES

Reader = Callable[[str], Loaded]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    for name in set(VARIABLES) & set(os.environ):
        monkeypatch.delenv(name)

    def reader(text: str) -> Loaded:
        (tmp_path / ".env").write_text(text, encoding="utf-8")
        return load(tmp_path / ".env")

    return reader


def faults(read: Reader, text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return caught.value.faults


def test_the_users_document(read: Reader) -> None:
    loaded = read("""
# Enable Backup Service
ENABLE_BACKUP_SERVICE="true"
DATABASE_URL="postgresql://user:password@localhost:5432/snooker_pos?schema=public"
BACKUP_DATABASE_URL="postgresql://user:password@localhost:5432/snooker_pos_backup?schema=public"
ENABLE_TWO_WAY_SYNC="true"
BACKUP_RETENTION_DAYS=30
SYNC_INTERVAL_MS=30000
NEXT_PUBLIC_APP="till"
SHADOW_DATABASE_URL=postgresql://elsewhere/x
""")
    assert loaded.settings.enable_backup_service
    assert loaded.settings.backup_url is not None
    assert loaded.settings.backup_url.database == "snooker_pos_backup"
    assert loaded.notes == ()


def test_the_environment_goes_first_and_may_be_quoted(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_INTERVAL_MS", '"500"')
    monkeypatch.setenv("ENABLE_TWO_WAY_SYNC", "'false'")
    monkeypatch.setenv("LOG_LEVEL", '"debug"')
    monkeypatch.setenv("PORT", "")
    settings = read("SYNC_INTERVAL_MS=900\nPORT=4000\n").settings
    assert settings.sync_interval_ms == 500
    assert settings.enable_two_way_sync is False
    assert settings.log_level == "DEBUG"
    assert settings.port == 4000


def test_every_fault_has_a_line_that_begins_with_its_variable(read: Reader) -> None:
    lines = faults(
        read,
        "ENABLE_BACKUP_SERVICE=perhaps\nSYNC_MAX_FAILURES=0\nPORT=70000\nBACKUP_CRON=daily\n"
        "DATABASE_URL=postgresql://u:hunter2@h:x/d\nJWT_SECRET=hunter2\nBACKUP_DIR=gs://bucket\n"
        "TRUSTED_PROXIES=10.0.0.0/8,proxy\nLOG_LEVEL=loud\nALERT_WEBHOOK_URL=ftp://hunter2\n",
    )
    assert sorted(line.split(":")[0] for line in lines) == [
        "ALERT_WEBHOOK_URL",
        "BACKUP_CRON",
        "BACKUP_DATABASE_URL",
        "BACKUP_DIR",
        "DATABASE_URL",
        "ENABLE_BACKUP_SERVICE",
        "JWT_SECRET",
        "LOG_LEVEL",
        "PORT",
        "SYNC_MAX_FAILURES",
        "TRUSTED_PROXIES",
    ]
    assert not any("hunter2" in line or "\n" in line for line in lines)


@pytest.mark.parametrize(
    ("given", "missing"),
    [("DATABASE_URL", "BACKUP_DATABASE_URL"), ("BACKUP_DATABASE_URL", "DATABASE_URL")],
)
def test_only_one_of_the_two_databases(read: Reader, given: str, missing: str) -> None:
    assert [line.split(":")[0] for line in faults(read, f"{given}=postgresql://h/d")] == [missing]


def test_both_naming_one_database(read: Reader) -> None:
    lines = faults(
        read, "DATABASE_URL=postgresql://h/d\nBACKUP_DATABASE_URL=postgresql://u@h:5432/d?schema=x"
    )
    assert len(lines) == 1
    assert lines[0].startswith("BACKUP_DATABASE_URL: names the same database")


def test_a_near_miss_is_warned_about_and_foreign_names_are_not(read: Reader) -> None:
    notes = read("SYNC_INTERVAL_MSS=1\nsync_max_failures=3\nAPP_NAME=till\nPORTS=1\nGHOST=1\n").notes
    assert [note.split(":")[0] for note in notes] == ["SYNC_INTERVAL_MSS", "sync_max_failures"]
    assert "SYNC_INTERVAL_MS?" in notes[0]


def test_names_that_people_have_anyway_are_no_near_misses() -> None:
    names = ["DIRECT_DATABASE_URL", "SHADOW_DATABASE_URL", "HOSTNAME", "JWT_EXPIRES_IN", "AWS_REGION", "PATH"]
    assert near_misses([*names, *VARIABLES]) == []


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00A")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(tmp_path / ".env")


def test_two_kinds_of_keys_for_tokens() -> None:
    assert contradictions({"JWT_SECRET": "x", "JWT_JWKS_URL": "y"})[0].startswith("JWT_SECRET: ")
    assert contradictions({}) == []


@pytest.mark.parametrize(("place", "handed_on"), [("s3://bucket/x", "elsewhere"), ("./backups", None)])
def test_keys_for_a_bucket_reach_its_library(
    read: Reader, monkeypatch: pytest.MonkeyPatch, place: str, handed_on: str | None
) -> None:
    for name in ("AWS_REGION", "AWS_PROFILE_OF_OURS"):
        monkeypatch.setenv(name, "given")
    monkeypatch.delenv("AWS_PROFILE_OF_OURS")
    read(f"BACKUP_DIR={place}\nAWS_REGION=other\nAWS_PROFILE_OF_OURS=elsewhere\n")
    assert (os.environ["AWS_REGION"], os.environ.get("AWS_PROFILE_OF_OURS")) == ("given", handed_on)
