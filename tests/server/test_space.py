from __future__ import annotations

from pathlib import Path

import pytest

from cdc.model import Side
from cdc.session import Endpoint
from server.databases import Databases
from server.settings import Settings
from server.space import DATA, SNAPSHOTS, Space, is_low, places, read

GIB = 1024**3


@pytest.mark.parametrize(
    ("free", "total", "largest", "low"),
    [
        (2 * GIB, 100 * GIB, 0, False),
        (GIB - 1, 100 * GIB, 0, True),
        (GIB // 2, 5 * GIB, 0, False),  # a tenth of a small disk
        (GIB // 5, 5 * GIB, 0, True),
        (10 * GIB, 100 * GIB, 6 * GIB, True),  # two more would not fit
        (13 * GIB, 100 * GIB, 6 * GIB, False),
    ],
)
def test_what_is_little(free: int, total: int, largest: int, *, low: bool) -> None:
    assert is_low(Space(free, total), largest) is low


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    found = read({SNAPSHOTS: tmp_path / "a" / "b", DATA: tmp_path})
    assert found[SNAPSHOTS].total == found[DATA].total > found[DATA].free > 0


def test_which_places() -> None:
    sides = Endpoint(Side.MAIN, ""), Endpoint(Side.BACKUP, "")
    folder = Settings.model_construct(backup_dir="there")
    assert set(places(folder, Databases(*sides))) == {SNAPSHOTS}
    assert set(places(folder, Databases(*sides, embedded=True))) == {SNAPSHOTS, DATA}
    assert places(Settings.model_construct(backup_dir="s3://bucket"), Databases(*sides)) == {}
