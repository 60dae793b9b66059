from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdc.errors import ConfigurationError
from server.secret import NAME, demo_secret


def test_it_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    secret = demo_secret(tmp_path)
    assert len(secret) >= 32
    assert demo_secret(tmp_path) == secret
    (tmp_path / NAME).chmod(0o644)
    demo_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [NAME]


def test_two_at_once_have_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(demo_secret, [tmp_path] * 16))) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ConfigurationError, match="secret"):
        demo_secret(tmp_path)
