"""The target's session: its rights, the shapes of its tables, and the types that images are cast to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import asyncpg

from cdc.catalog import read_shapes
from cdc.definition import Definition
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.fields import image_field
from cdc.kept import is_followed
from cdc.mapping import Mapping
from cdc.model import Entity, Side
from cdc.names import Former, change_names, check_names, key_names, origins
from cdc.obstacles import check_writable
from cdc.patience import LONGEST_WAIT_MS, Patience, read_patience
from cdc.renamed import TURNING, unsettled
from cdc.session import Connection, make_private
from cdc.shape import Shapes, TableShape
from triggers.identifiers import Composed, fragment, identifier, identifier_list, joined, qualified
from triggers.statements import statement

# Every apply statement joins a small list of keys to an indexed table. Nested loops over the index visit the
# rows in key order and cost the same whatever the statistics say.
_PLANNER = (
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET jit = off; "
    # Planning the apply statement takes longer than carrying it out for one row.
    "SET plan_cache_mode = force_generic_plan"
)

LOCK_TIMEOUT_MS: Final = LONGEST_WAIT_MS


class ShapeMoved(Exception):
    """A table has been altered since its shape was read: read it anew, nothing was applied."""


class Target:
    """What an applier knows about the database it writes to."""

    def __init__(
        self,
        connection: Connection,
        schemas: Sequence[str],
        accepts: Callable[[Entity], bool] = lambda _: True,
    ) -> None:
        """Take a connection from `cdc.session.connect`, the schemas that are synced, and what people accept.

        `accepts`: whether a table's own triggers may fire for rows that come from the other side.
        """
        self.connection = connection
        self.replica = False
        self.patience = Patience()
        self.patience_s = 0.0
        """How much longer this transaction may wait for others, seconds."""
        self.shapes: Shapes = {}
        self.former: dict[Entity, Definition] = {}
        """What the source's tables looked like when both sides last agreed, by what they are called now."""
        self._half: dict[str, str] = {}
        self._unsettled: set[str] | None = None
        self._noted: Former = {}
        self._source: tuple[Side, Shapes] = Side.MAIN, {}
        self.schemas = schemas
        self._accepts = accepts
        self._mappings: dict[tuple[Entity, tuple[str, ...], bool], Mapping] = {}
        self._images: dict[int, Composed] = {}

    @property
    def path(self) -> str:
        """A search_path of the synced schemas; pg_catalog comes before them by itself."""
        return identifier_list(self.schemas)

    async def prepare(self) -> None:
        """Set the session up and read the tables' shapes."""
        await self.set_up()
        await self.refresh()

    async def set_up(self) -> None:
        """Set the session up and find out what it may do; shapes are to be read before anything else."""
        self.patience = await read_patience(self.connection)
        await self.connection.execute(f"{_PLANNER}; SET lock_timeout = {self.patience.lock_timeout}")
        self.replica = await may_set_replica_role(self.connection)
        if self.replica:
            # For the session and not for each transaction: PostgreSQL throws all plans away whenever it changes.
            await self.connection.execute(statement("replica_take", "cdc"), "session")

    async def refresh(self) -> None:
        """Read the tables' shapes anew and drop every mapping made from the old ones."""
        self.shapes = await read_shapes(self.connection, self.schemas)
        self._forget()

    def adopt(self, shapes: Shapes) -> None:
        """Take the tables' shapes as somebody else has read them."""
        if shapes is not self.shapes:
            self.shapes = shapes
            self._forget()

    def learn(self, noted: Former, half: dict[str, str], side: Side, source: Shapes) -> None:
        """Take what both sides' tables looked like, and the source's now: changes may bear earlier names.

        `half`: names that BACKUP alone has given to what it keeps, see `cdc.former.read_half`.
        """
        self.former = origins(noted, side, source)
        self._noted, self._half, self._source = noted, half, (side, source)
        self._forget()

    def _forget(self) -> None:
        self._mappings.clear()
        self._unsettled = None

    def is_settled(self, name: str) -> bool:
        """Whether what is kept under a name is about the table of that name, and about nothing else."""
        if self._unsettled is None:
            side, source = self._source
            self._unsettled = unsettled(self._noted, {side: source, side.other: self.shapes}, self._half)
        return name not in self._unsettled

    def is_followed(self, entity: Entity) -> bool:
        """Whether what is kept of a table's rows names its columns as they are called now."""
        side, source = self._source
        return is_followed(self._noted, entity, {side: source, side.other: self.shapes})

    async def mapping(
        self, entity: Entity, columns: tuple[str, ...], key: tuple[str, ...], *, own: bool = False
    ) -> Mapping:
        """The mapping of a table's changes with these columns, made on first use.

        Not to be called inside a transaction: its type would go with a rollback while the mapping stayed.

        Args:
            entity: the table.
            columns: those of the changes, in their order.
            key: what identifies a row.
            own: they are the target's own changes, with the names of their time.

        Raises:
            SchemaMismatch: the target has no such table, no key like the source's, or something stands in the way.
        """
        found = self._mappings.get((entity, columns, own))
        if found is None:
            shape = self.shapes.get(entity)
            if shape is None:
                raise SchemaMismatch(
                    f"{entity}: the target has no such table",
                    entity=str(entity),
                    hint="create it there as it is on the other side; the table goes on by itself",
                )
            side, source = self._source
            origin, former = source.get(entity), self.former.get(entity)
            sides = {side: source, side.other: self.shapes}
            check_names(self._noted, entity, sides)
            if not self.is_settled(str(entity)):
                raise SchemaMismatch(f"{entity}: {TURNING}", entity=str(entity), hint="it goes on by itself")
            if own:
                origin, former = shape, origins(self._noted, side.other, {entity: shape}).get(entity)
            names = change_names(former, origin, shape, columns)
            image = await self._image(len(columns))
            key_image = await self._image(len(key)) if key else fragment("")
            check_writable(shape, replica=self.replica, accepted=self._accepts(entity))
            found = Mapping(entity, names, shape, key_names(former, origin, names, key), image, key_image)
            if not found.common:
                raise SchemaMismatch(
                    f"{entity}: there is no column that both sides have and neither computes",
                    entity=str(entity),
                    hint="give the table the same columns on both sides; it goes on by itself",
                )
            self._mappings[entity, columns, own] = found
        return found

    async def _image(self, fields: int) -> Composed:
        """The type of this session for images of so many fields."""
        if fields not in self._images:
            name = qualified("pg_temp", f"cdc_image_{fields}")
            texts = joined(fragment("{f} text", f=identifier(image_field(i))) for i in range(fields))
            await make_private(self.connection, f"CREATE TYPE {name} AS ({texts})")
            self._images[fields] = name
        return self._images[fields]

    def mapped(self, entity: Entity, columns: tuple[str, ...], *, own: bool = False) -> Mapping:
        """A mapping that `mapping` made before the transaction began.

        Raises:
            KeyError: it did not.
        """
        return self._mappings[entity, columns, own]

    def own_columns(self, entity: Entity) -> tuple[str, ...]:
        """The columns of the target's own images; none where it has no such table."""
        shape = self.shapes.get(entity)
        return tuple(column.name for column in shape.columns) if shape else ()


async def may_set_replica_role(connection: Connection) -> bool:
    """Whether this role may work as a replica, or does already, so that users' triggers do not fire twice."""
    try:
        async with connection.transaction():
            await connection.execute(statement("replica_take", "cdc"), "transaction")
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True


async def lock_position(
    connection: Connection, source: str, relids: Sequence[int] = ()
) -> asyncpg.Record | None:
    """Lock the position of the link from `source` in the open transaction, None where there is none yet.

    Args:
        connection: the target's, inside a transaction.
        source: the link's source.
        relids: tables that will be written to; the row has their `mark`.

    Raises:
        PositionBusy: somebody else holds it; the transaction is lost.
    """
    try:
        return await connection.fetchrow(statement("position_lock", "cdc"), source, list(relids))
    except asyncpg.LockNotAvailableError as error:
        raise PositionBusy(f"the position of {source} is locked") from error


def check_marks(shapes: Iterable[TableShape], mark: int) -> None:
    """Compare tables as they were read with the sum of their marks as they are now.

    Raises:
        ShapeMoved: one of them has been altered.
    """
    if sum(shape.mark + shape.surroundings.mark for shape in shapes) != mark:
        raise ShapeMoved
