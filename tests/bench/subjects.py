"""What is measured: no capture, our capture alone, the whole of ours, native logical replication; and files."""

from __future__ import annotations

from collections.abc import Collection

from cdc.model import Side
from tests.bench.files import PgDump, Snapshots
from tests.bench.native import Native
from tests.bench.rig import Rig, connected
from tests.bench.service import Ours
from tests.bench.subject import PACKAGE, Subject
from triggers.install import install
from triggers.statements import statement


class Capture(Subject):
    """Our triggers on both sides, and nobody who reads what they write."""

    name = "capture"

    async def install(self) -> None:
        async with connected(self.main, self.backup) as connections:
            for side, connection in zip(Side, connections, strict=True):
                await install(connection, side=side, schemas=("public",))

    async def settle(self) -> None:
        async with connected(self.main) as [main]:
            await main.execute(statement("clear_changelog", PACKAGE))
        await super().settle()


def subjects(rig: Rig, names: Collection[str]) -> list[Subject]:
    """Make the named subjects on the rig's servers, in the order of the report."""
    known: list[Subject] = [
        Subject(rig.ours),
        Capture(rig.ours),
        Ours(rig.ours, rig.folder),
        Native(rig.native),
        Snapshots(rig.ours, rig.folder),
        PgDump(rig.ours, rig.folder),
    ]
    return [subject for subject in known if subject.name in names]
