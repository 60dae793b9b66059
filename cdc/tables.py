"""The tables that changes belong to, as both ends of a link know them, and what applying to them needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cdc.change import CapturedTable, Change
from cdc.errors import KeyUnnamed
from cdc.execution import Prepared
from cdc.fit import check_fit
from cdc.former import read_former, read_half
from cdc.model import Op, Side
from cdc.numbers import fed, follow
from cdc.reader import Reader
from cdc.session import Connection
from cdc.shape import Shapes, TableShape
from cdc.target import Target
from cdc.truncate import Truncated, prepare
from cdc.workset import Part
from triggers.identifiers import Composed
from triggers.statements import statement


class Tables:
    """A link's tables. `held` are the numbers of those that wait: their changes are passed over."""

    def __init__(self, target: Target, source: Side, reader: Reader) -> None:
        """Take the target's session, and the source's side and reader."""
        self.held: set[int] = set()
        self._target = target
        self._source = source
        self._reader = reader
        self._known: Shapes | None = None
        self._unnamed: set[tuple[int, tuple[str, ...]]] = set()

    async def prepare(self, changes: Sequence[Change]) -> None:
        """Make the mappings that changes need, before a transaction begins.

        Raises:
            SchemaMismatch: the target has no such table, or no key like the source's, or cannot hold a value.
        """
        if self._known is not self._reader.shapes:
            await self._learn_former()
        parts: dict[tuple[int, tuple[str, ...]], list[Change]] = {}
        drawn: list[Composed] = []
        wanted = [change for change in changes if not self.is_held(change)]
        for change in wanted:
            if change.op is not Op.TRUNCATE:
                parts.setdefault((change.table_id, change.columns), []).append(change)
        for truncated in self.truncated(change for change in wanted if change.op is Op.TRUNCATE):
            await prepare(self._target, truncated)
        for (table_id, columns), part in parts.items():
            table = self._table(table_id)
            if table is not None:
                try:
                    mapping = await self._target.mapping(table.entity, columns, table.key_columns)
                except KeyUnnamed:
                    if any(change.op is not Op.KEY for change in part):
                        raise
                    # Keys of before another key was made. All rows are compared once the link has passed them.
                    await self._main.execute(statement("definition_forget", "cdc"), str(table.entity))
                    self._unnamed.add((table_id, columns))
                    continue
                former = self._target.former.get(table.entity)
                check_fit(mapping, self._reader.shapes.get(table.entity), former, part)
                kinds = {change.op for change in part}
                if kinds != {Op.DELETE}:
                    inserts = not kinds.isdisjoint({Op.INSERT, Op.KEY})
                    drawn += [each for _, each in fed(mapping, mapping.shape.drawn, inserts=inserts)]
        await follow(self._reader.connection, self._target.connection, drawn)

    def is_held(self, change: Change) -> bool:
        """Whether a change's table waits."""
        return change.table_id in self.held

    def is_unclear(self, entity: str) -> bool:
        """Whether a name is no table's, or may be another one's, as far as is known: names may have changed since."""
        return self._reader.number(entity) is None or not self._target.is_settled(entity)

    def is_followed(self, entity: str) -> bool:
        """Whether what is kept of a table's rows names its columns as they are called now, as far as is known."""
        number = self._reader.number(entity)
        table = self._reader.known(number) if number is not None else None
        return table is None or self._target.is_followed(table.entity)

    @property
    def waiting(self) -> set[str]:
        """What the tables that wait are called now, in the contract's form."""
        known = map(self._reader.known, self.held)
        return {str(table.entity) for table in known if table is not None}

    def written(self, table_ids: Iterable[int]) -> list[TableShape]:
        """The target's tables that changes will be written to."""
        found = []
        for table in map(self._reader.known, set(table_ids) - self.held):
            shape = self._target.shapes.get(table.entity) if table is not None else None
            if shape is not None:
                found.append(shape)
        return found

    def truncated(self, changes: Iterable[Change]) -> list[Truncated]:
        """TRUNCATEs with their tables."""
        known = ((change, self._table(change.table_id)) for change in changes)
        found = [Truncated(change, table) for change, table in known if table is not None]
        return [item for item in found if not self._is_over(item)]

    def _is_over(self, item: Truncated) -> bool:
        """Whether the partition that was truncated is one on neither side: altered tables are compared."""
        relation = item.relation
        if relation == item.table.entity or relation in self._target.shapes:
            return False
        return relation not in self._reader.shapes or self._reader.number(str(relation)) is not None

    def prepared(self, parts: Iterable[Part]) -> list[Prepared]:
        """Parts of a run with the mappings that `prepare` made.

        Raises:
            KeyError: it did not.
        """
        known = (
            (part, self._table(part.table_id))
            for part in parts
            if (part.table_id, part.columns) not in self._unnamed
        )
        return [
            Prepared(part, table, self._target.mapped(table.entity, part.columns))
            for part, table in known
            if table is not None
        ]

    async def refresh(self) -> None:
        """Read anew what both sides' tables look like, and what the source's columns were called."""
        self._unnamed.clear()
        await self._target.refresh()
        await self._reader.read_tables()
        await self._learn_former()

    async def _learn_former(self) -> None:
        self._known = self._reader.shapes
        former = await read_former(self._main) or {}
        half = await read_half(self._backup)
        self._target.learn(former, half, self._source, self._reader.shapes)

    @property
    def _main(self) -> Connection:
        return self._reader.connection if self._source is Side.MAIN else self._target.connection

    @property
    def _backup(self) -> Connection:
        return self._reader.connection if self._source is Side.BACKUP else self._target.connection

    def _table(self, table_id: int) -> CapturedTable | None:
        """The table behind a number; None where both sides have dropped it: there is nothing to keep equal."""
        table = self._reader.known(table_id)
        if table is None or (
            table.entity not in self._reader.shapes and table.entity not in self._target.shapes
        ):
            return None
        return table
