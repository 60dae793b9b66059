"""What first contact finds on each side, and the capture that has to be there before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdc import config
from cdc.catalog import read_shapes
from cdc.contact_note import Note
from cdc.contact_plan import SideFacts
from cdc.contact_state import opened
from cdc.epoch import epoch
from cdc.errors import InstallRefused
from cdc.model import Entity, Side
from cdc.session import Connection, Endpoint
from cdc.table_pair import has_rows
from cdc.twin import on_both
from triggers.errors import TriggerError
from triggers.install import install
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Synced:
    """A table that is synced, and the columns that identify its rows; none where nothing does."""

    entity: Entity
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs capture on either side by the choice of tables that people made on MAIN."""

    main: Endpoint
    two_way: bool

    async def __call__(self, endpoint: Endpoint) -> tuple[Synced, ...]:
        """Install what is missing on a side; BACKUP is left without capture where sync goes one way.

        Returns:
            The side's tables that are synced, keys included.

        Raises:
            InstallRefused: the side cannot be installed on.
        """
        async with opened(self.main) as reader:
            chosen = config.TableChoice()
            if await reader.fetchval(statement("contact_installed", "cdc")):
                chosen = (await config.read(reader)).tables
        try:
            async with opened(endpoint) as connection:
                report = await install(
                    connection,
                    side=endpoint.side,
                    schemas=endpoint.schemas,
                    include=chosen.include,
                    exclude=chosen.exclude,
                    capture=self.two_way or endpoint.side is Side.MAIN,
                )
                shapes = await read_shapes(connection, endpoint.schemas)
        except TriggerError as error:
            raise InstallRefused(f"{endpoint.side}: {error}", hint=error.hint) from error
        by_name = {str(entity): entity for entity in shapes}
        return tuple(
            Synced(by_name[table.entity], table.key_columns)
            for table in report.tables
            if table.state == "captured" and table.entity in by_name
        )


async def is_linked(here: Connection, there: Connection, source: Side) -> bool | None:
    """Whether the link into one side belongs to the history of the other; None where there is no link.

    Args:
        here: the side that was written to.
        there: the source.
        source: the source's name.
    """
    row = await here.fetchrow(statement("contact_link", "cdc"), source)
    return None if row is None else bool(row["epoch"] == await epoch(there))


async def look_at_links(connections: Mapping[Side, Connection]) -> dict[Side, SideFacts]:
    """See what both sides remember of first contact and of each other, and nothing else.

    Args:
        connections: to both, schema cdc installed.
    """

    async def remembered(side: Side) -> tuple[str, str, str | None]:
        here = connections[side]
        contact = await here.fetchval(statement("contact_node", "cdc"))
        link = await here.fetchval(statement("contact_link", "cdc"), side.other)
        return contact or "pending", await epoch(here), link

    found = await on_both(remembered)
    facts = {}
    for side, (contact, _, link) in found.items():
        _, other, _ = found[side.other]
        facts[side] = SideFacts(contact=contact, linked=None if link is None else link == other)
    return facts


async def look(endpoint: Endpoint, other: Endpoint, tables: Sequence[Synced]) -> SideFacts:
    """See how far a side is, and whether it holds anything.

    Args:
        endpoint: the side, schema cdc installed.
        other: the opposite side, likewise.
        tables: those that are synced, by either side's knowledge.

    Raises:
        ConnectivityError: a side cannot be reached.
    """
    async with opened(endpoint) as here, opened(other) as there:
        node = await here.fetchrow(statement("contact_node", "cdc"))
        note = Note.parse(node["note"]) if node and node["first_contact"] == "copying" else None
        shapes = await read_shapes(here, endpoint.schemas)
        rows = False
        for table in tables:
            shape = shapes.get(table.entity)
            if shape is not None and await has_rows(here, shape.relation):
                rows = True
                break
        written = False
        if note is not None and note.seen is not None:
            written = await here.fetchval(statement("contact_written", "cdc"), note.seen)
        return SideFacts(
            contact=node["first_contact"] if node else "pending",
            note=note,
            tables=await here.fetchval(statement("contact_tables", "cdc"), list(endpoint.schemas)),
            rows=rows,
            written=written,
            linked=await is_linked(here, there, other.side),
        )
