"""A service's tests begin with databases that it has never seen."""

from __future__ import annotations

import pytest


@pytest.fixture
def ready() -> bool:
    return False
