from __future__ import annotations

from pathlib import Path

import pytest

from server.embedded import EmbeddedServerError
from server.embedded.lock import Usage, exclusive


async def test_one_at_a_time(tmp_path: Path) -> None:
    async with exclusive(tmp_path / "lock", 1):
        with pytest.raises(EmbeddedServerError, match="another process has been starting"):
            async with exclusive(tmp_path / "lock", 0.1):
                pass
    async with exclusive(tmp_path / "lock", 0.1):
        pass


async def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(EmbeddedServerError, match="a lock file"):
        async with exclusive(tmp_path / "lock", 0.1):
            pass
    assert not (tmp_path / "victim").exists()


def test_only_the_last_one_to_leave_is_told_so(tmp_path: Path) -> None:
    one, two = Usage(tmp_path / "users"), Usage(tmp_path / "users")
    one.join()
    one.join()
    two.join()
    assert not one.leave()
    assert two.leave()
    assert one.leave()
