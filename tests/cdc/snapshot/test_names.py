from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cdc.snapshot import names


def test_a_name_says_when_in_utc_and_what_for() -> None:
    at = datetime(2026, 3, 4, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    assert names.make("FULL", at, sealed=False) == "backup-2026-03-04T05-08-09.json.gz"
    assert names.make("EXPORT", at, sealed=True) == "export-2026-03-04T05-08-09.json.gz.enc"
    assert names.made_at("backup-2026-03-04T05-08-09.json.gz") == datetime(2026, 3, 4, 5, 8, 9, tzinfo=UTC)
    assert names.kind_of("export-2026-03-04T05-08-09-2.json.gz.enc") == "EXPORT"


def test_a_taken_second_is_numbered() -> None:
    assert names.numbered("backup-2026-03-04T05-08-09.json.gz", 2) == "backup-2026-03-04T05-08-09-2.json.gz"
    numbered = names.numbered("backup-2026-03-04T05-08-09.json.gz.enc", 12)
    assert numbered == "backup-2026-03-04T05-08-09-12.json.gz.enc"
    assert names.number_of(numbered) == 12
    assert names.number_of("backup-2026-03-04T05-08-09.json.gz") == names.number_of("other-2.json.gz") == 1
    assert names.is_ours(numbered)


@pytest.mark.parametrize(
    "name",
    [
        "backup-2026-03-04T05-08-09.json.gz\n",
        "backup-2026-13-04T05-08-09.json.gz",
        "backup-२०२६-03-04T05-08-09.json.gz",
        ".backup-2026-03-04T05-08-09.json.gz.0123456789ab.tmp",
        "backup-2026-03-04T05-08-09.json",
        "x/backup-2026-03-04T05-08-09.json.gz",
    ],
)
def test_what_is_not_ours_by_its_name(name: str) -> None:
    assert not names.is_ours(name)
    assert names.kind_of(name) is None


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\x00b", "x" * 300])
def test_what_is_no_plain_name(name: str) -> None:
    assert not names.is_plain(name)
    assert not names.is_listed(name)


def test_a_file_brought_from_elsewhere_is_listed() -> None:
    assert names.is_listed("before the summer sale.json.gz")
    assert not names.is_listed("notes.txt")
