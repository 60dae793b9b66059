"""What a side's tables look like: columns, keys, foreign keys, sequences. Pure; cdc.catalog reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, LiteralString

from cdc.model import Entity
from triggers.identifiers import Composed, fragment, joined, qualified


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    `base_type` is what its images' fields are cast to: domains resolved, so that no check can refuse an old
    image, and without a modifier, so that it is the assignment that raises for a value too long. `full_type` has
    the modifier. `number` stays through a rename; `version` is another one after any ALTER of the column.
    """

    name: str
    type: Composed
    base_type: Composed
    full_type: Composed
    generated: bool
    identity_always: bool
    converts: bool = False
    """Text has a cast of its own to the type, and that is not how the type reads its values."""
    not_null: bool = False
    number: int = 0
    version: str = ""
    padded_type: Composed | None = None
    """What gives a value the zeros or blanks that the column adds to it; a value is not refused by it."""

    @property
    def keeps_old_values(self) -> bool:
        """Whether the column may hold what it would not take any more: a domain's check may be NOT VALID.

        Not where a cast to the type would cut a value that is too long, as varchar(3) does.
        """
        return self.type != self.full_type and (
            self.base_type == self.full_type or self.base_type.rpartition(".")[2] not in _CUT
        )

    def name_of(self, value: Composed) -> Composed:
        """The text of a key's value: one text for values that are equal but print differently, where there is one."""
        form = _NAMES.get(self.base_type.rpartition(".")[2]) if self.full_type == self.base_type else None
        return fragment(form or "{v}::text", v=value)


# Of the numbers in a text, what follows the last digit that counts.
_TRIMMED: Final = r"regexp_replace({v}::text, E'(\\.[0-9]*[1-9])0+(?![0-9])|\\.0+(?![0-9])', E'\\1', 'g')"
# The same outside strings, which stay as they are.
_TRIMMED_JSON: Final = (
    r"regexp_replace({v}::text, "
    r"""E'("(?:[^"\\\\]|\\\\.)*")|(\\.[0-9]*[1-9])0+(?![0-9])|\\.0+(?![0-9])', E'\\1\\2', 'g')"""
)
_UNSIGNED: Final = r"regexp_replace({v}::text, E'(^|[^0-9e.+])-0(?![0-9.e])', E'\\10', 'g')"

_NAMES: Final[dict[str, LiteralString]] = {
    "numeric": "trim_scale({v})::text",
    "real": "({v} + '0'::real)::text",
    "double precision": "({v} + '0'::float8)::text",
    "interval": "justify_interval({v})::text",
    "citext": "lower({v}::text)",
    "numeric[]": _TRIMMED,
    "numrange": _TRIMMED,
    "nummultirange": _TRIMMED,
    "real[]": _UNSIGNED,
    "double precision[]": _UNSIGNED,
    "jsonb": _TRIMMED_JSON,
}
"""1.0 and 1.00, -0 and 0, a day and 24 hours, ABC and abc; in arrays, ranges and jsonb too.

Texts under a collation that calls different texts equal have names of their own each, and so have such values in
composites, in other arrays and in ranges of one's own: PostgreSQL has no text that stands for all of them.
"""


_CUT: Final = frozenset(
    name + suffix
    for name in ("character varying", "character", "bpchar", "bit varying", "bit")
    for suffix in ("", "[]")
)


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that identify a row, with the operator each is compared by."""

    columns: tuple[str, ...]
    operators: tuple[Composed, ...]
    primary: bool
    not_null: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference from a child to a parent; `operators` compare parent = child.

    With `follows` the server writes to a child whose parent gets another key.
    With `period` the last columns are ranges: their operator says that they overlap, and the parents' have to cover
    the child's together.
    """

    name: str
    child: Entity
    parent: Entity
    child_columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    operators: tuple[Composed, ...]
    cascades: bool
    deferrable: bool = False
    period: bool = False
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Deferrable:
    """A unique or exclusion constraint that the server may check late, and does not check at all as a replica.

    `elements` are expressions over the table's columns, `operators` tell when two rows collide; `nulls_equal`:
    nulls collide too. `predicate`: the rows it is about.
    """

    name: str
    elements: tuple[Composed, ...]
    operators: tuple[Composed, ...]
    predicate: Composed
    nulls_equal: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else a write to a table meets, for the role that asked. Triggers and rules are people's own.

    `mark` is another number when a trigger, a rule or row-level security comes, goes or changes.
    """

    forbidden: bool = False
    hidden: bool = False
    triggers: tuple[str, ...] = ()
    replica_triggers: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    replica_rules: tuple[str, ...] = ()
    mark: int = 0


@dataclass(slots=True)
class TableShape:
    """One table of a side."""

    entity: Entity
    relid: int
    columns: list[Column] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    outgoing: list[ForeignKey] = field(default_factory=list)
    incoming: list[ForeignKey] = field(default_factory=list)
    sequences: dict[str, list[Composed]] = field(default_factory=dict)
    """Sequences that feed columns with their own numbers, quoted and qualified, by column."""
    drawn: dict[str, list[Composed]] = field(default_factory=dict)
    """The same of sequences whose numbers a column's default makes into something else."""
    deferrable: list[Deferrable] = field(default_factory=list)
    surroundings: Surroundings = Surroundings()
    mark: int = 0
    """Another number when it is renamed, or a column added, dropped, renamed or retyped; see cdc/sql/marks.sql."""
    storage: int = 0
    """The file that holds the rows: another one when the table was rewritten."""
    ordered: bool = True
    """All partitions have their columns in the table's order."""

    @property
    def relation(self) -> Composed:
        """The quoted, qualified name."""
        return qualified(self.entity.schema, self.entity.table)

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def name_of(self, key: Sequence[str], values: Sequence[Composed]) -> Composed:
        """The entity id of a row whose key's columns have these values; see `cdc.images.join_key`."""
        texts = [
            column.name_of(value) if (column := self.column(name)) else fragment("{v}::text", v=value)
            for name, value in zip(key, values, strict=True)
        ]
        if len(texts) == 1:
            return texts[0]
        return joined(
            (fragment("replace(replace({t}, '%', '%25'), ',', '%2C')", t=text) for text in texts),
            " || ',' || ",
        )

    def key(self, columns: Sequence[str]) -> Key | None:
        """The unique index over exactly these columns, in the order asked for."""
        for key in self.keys:
            if sorted(key.columns) == sorted(columns):
                order = [key.columns.index(name) for name in columns]
                return Key(tuple(columns), tuple(key.operators[i] for i in order), key.primary, key.not_null)
        return None


Shapes = dict[Entity, TableShape]
