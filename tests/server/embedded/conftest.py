"""Programs beside the tests that use an embedded server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.embedded import Binaries, binaries
from server.embedded.account import Account
from server.embedded.binaries import copied
from tests.server.embedded.running import Program


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Start programs; those that still run are killed after the test."""
    started: list[Program] = []

    def start(*words: str | Path) -> Program:
        started.append(Program(*words))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture(scope="session")
def open_binaries(servers_root: Path) -> Binaries:
    """PostgreSQL's programs in a place that every user of this machine can enter."""
    elsewhere = servers_root / "open"
    elsewhere.mkdir()
    elsewhere.chmod(0o711)
    copy = asyncio.run(copied(binaries(), Account(os.geteuid(), os.getegid()), elsewhere))
    (copy.folder.parent.parent / "__init__.py").touch(mode=0o644)
    return copy
