"""Snapshots are tested with databases that nothing of ours was installed in."""

from __future__ import annotations

import pytest


@pytest.fixture
def ready() -> bool:
    return False
