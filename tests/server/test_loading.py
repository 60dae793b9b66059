from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from server.loading import loading

RARE = ("cdc.snapshot.restore", "cdc.snapshot.restore_test", "cdc.verify", "prometheus_client")


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_again_afterwards_where_it_was_before(*, collects: bool) -> None:
    was = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        with loading():
            assert not gc.isenabled()
        assert gc.isenabled() is collects
    finally:
        (gc.enable if was else gc.disable)()


def test_a_start_does_not_load_what_is_rarely_used() -> None:
    program = f"import sys, server.process; print(*sorted(sys.modules.keys() & {set(RARE)}))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
