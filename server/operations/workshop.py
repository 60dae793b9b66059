"""What every operation works with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cdc.session import Connection, Endpoint, connect
from cdc.snapshot.store import Store, open_store
from server.databases import Databases
from server.operations.line import Line
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Workshop:
    """Databases, settings, the store, and a line to MAIN for short questions.

    Attributes:
        key: what files are encrypted with; None: they are not.
    """

    databases: Databases
    settings: Settings
    store: Store
    line: Line
    key: bytes | None = None

    @classmethod
    def of(cls, databases: Databases, settings: Settings) -> Workshop:
        """Put it together.

        Raises:
            ConfigurationError: BACKUP_DIR cannot be used.
        """
        store = open_store(settings.backup_dir)
        return cls(databases, settings, store, Line(databases.main), settings.snapshot_key)


@asynccontextmanager
async def session(endpoint: Endpoint, purpose: str) -> AsyncIterator[Connection]:
    """Open a connection for one piece of work.

    Raises:
        ConnectivityError: the side cannot be reached.
    """
    connection = await connect(endpoint, purpose)
    try:
        yield connection
    finally:
        connection.terminate()
