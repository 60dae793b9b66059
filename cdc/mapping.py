"""One table's changes, as the source wrote them, mapped onto the target's table. Pure: builds SQL, runs none.

A mapping belongs to one list of source columns; changes captured before and after an ALTER TABLE have two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cdc.errors import SchemaMismatch
from cdc.model import Entity
from cdc.shape import Column, ForeignKey, TableShape
from triggers.identifiers import Composed, fragment, identifier, joined, qualified, type_name
from triggers.statements import render


@dataclass(frozen=True)
class Mapping:
    """How images with the source's `columns` become rows of the target's `shape`.

    `image` is the name of the composite type on the target's session that the images are cast to.
    """

    entity: Entity
    columns: tuple[str, ...]
    shape: TableShape
    key_columns: tuple[str, ...]
    image: Composed

    def __post_init__(self) -> None:
        """Refuse a key the target cannot look rows up by.

        Raises:
            SchemaMismatch: no unique index of the target is over the source's key columns.
        """
        if self.key_columns and self.shape.key(self.key_columns) is None:
            named = ", ".join(self.key_columns)
            raise SchemaMismatch(
                f"{self.entity}: the target has no unique index over ({named})",
                entity=str(self.entity),
                hint="create the same primary key on both sides; the table goes on by itself",
            )

    # -- what the two sides have in common -------------------------------------------------------------

    @cached_property
    def common(self) -> tuple[Column, ...]:
        """Columns both sides have and neither computes, by name: the same order whichever side is asked."""
        return tuple(
            sorted(
                (c for c in self.shape.columns if c.name in self.columns and not c.generated),
                key=lambda column: column.name,
            )
        )

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Source columns that the target has not."""
        return tuple(name for name in self.columns if self.shape.column(name) is None)

    @cached_property
    def image_type(self) -> Composed:
        """Fields of the type that images are cast to; columns the target lacks stay text."""
        fields = []
        for name in self.columns:
            column = self.shape.column(name)
            fields.append(
                fragment(
                    "{name} {type}",
                    name=identifier(name),
                    type=column.base_type if column else type_name("text"),
                )
            )
        return joined(fields)

    # -- pieces of statements --------------------------------------------------------------------------

    @cached_property
    def _keys(self) -> list[Composed]:
        return [identifier(f"k{i}") for i in range(len(self.key_columns))]

    @cached_property
    def _operators(self) -> Sequence[Composed]:
        key = self.shape.key(self.key_columns) if self.key_columns else None
        return key.operators if key else ()

    def _key_from(self, template: str) -> Composed:
        """`template` with {c} for a key column's name, once per key column, named k0, k1, ..."""
        return joined(
            fragment(template + " AS {k}", c=identifier(name), k=key)
            for name, key in zip(self.key_columns, self._keys, strict=True)
        )

    def _row(self, prefix: Composed) -> Composed:
        fields = [fragment("{p}.{c}", p=prefix, c=identifier(column.name)) for column in self.common]
        return fragment("ROW({fields})::record", fields=joined(fields))

    def _match(self, left: Composed) -> Composed:
        return joined(
            (
                fragment("{l}.{c} {op} n.{k}", l=left, c=identifier(name), op=op, k=key)
                for name, op, key in zip(self.key_columns, self._operators, self._keys, strict=True)
            ),
            " AND ",
        )

    def _entity_id(self, values: Sequence[Composed]) -> Composed:
        if len(values) == 1:
            return fragment("{v}::text", v=values[0])
        return joined(
            (fragment("replace(replace({v}::text, '%', '%25'), ',', '%2C')", v=value) for value in values),
            " || ',' || ",
        )

    @cached_property
    def _settings(self) -> Composed:
        return joined(
            fragment("{c} = (n.after).{c}", c=identifier(column.name))
            for column in self.common
            if not column.identity_always
        )

    @cached_property
    def _parts(self) -> dict[str, Composed]:
        """The pieces most statements share."""
        target_key = [fragment("t.{c}", c=identifier(name)) for name in self.key_columns]
        current = [
            fragment("t.{c}::{type}", c=identifier(column.name), type=column.base_type)
            if column.base_type != column.type
            else fragment("t.{c}", c=identifier(column.name))
            for column in self.common
        ]
        return {
            "image": self.image,
            "table": self.shape.relation,
            "keys": joined(self._keys),
            "match": self._match(fragment("t")),
            "entity_id": self._entity_id(self._keys),
            "target_entity_id": self._entity_id(target_key),
            "current": fragment("ROW({fields})::record", fields=joined(current)),
            "target_row": fragment(
                "ROW({fields})",
                fields=joined(fragment("t.{c}", c=identifier(column.name)) for column in self.shape.columns),
            ),
            "columns": joined(identifier(column.name) for column in self.common),
            "values": joined(fragment("(n.after).{c}", c=identifier(column.name)) for column in self.common),
            "settings": self._settings,
            "after": self._row(fragment("(n.after)")),
            "before": self._row(fragment("(n.origin)")),
            "key_of_b": self._key_from(
                "CASE WHEN p.part = 1 OR NOT b.has_o THEN (b.n).{c} ELSE (b.o).{c} END"
            ),
            "key_of_item": self._key_from("CASE WHEN b.has_n THEN (b.n).{c} ELSE (b.o).{c} END"),
            "key_of_origin": self._key_from("(b.origin).{c}"),
            "same_key_of_item": joined(
                (
                    fragment("(b.origin).{c} {op} (b.after).{c}", c=identifier(name), op=op)
                    for name, op in zip(self.key_columns, self._operators, strict=True)
                ),
                " AND ",
            ),
            "key_of_after": self._key_from("(x.after).{c}"),
            "key_of_texts": self._key_of_texts,
            "same_key": joined(
                (
                    fragment("(o).{c} {op} (n).{c}", c=identifier(name), op=op)
                    for name, op in zip(self.key_columns, self._operators, strict=True)
                ),
                " AND ",
            ),
        }

    @cached_property
    def _key_of_texts(self) -> Composed:
        casts = []
        for i, (name, key) in enumerate(zip(self.key_columns, self._keys, strict=True), start=1):
            column = self.shape.column(name)
            assert column is not None  # noqa: S101 - the key's columns are the table's
            place = type_name(f"($1::text[])[{i}]")
            casts.append(fragment("{p}::{type} AS {k}", p=place, type=column.base_type, k=key))
        return joined(casts)

    def _render(self, name: str, wanted: Sequence[str], **more: Composed) -> str:
        return render(name, "cdc", **{part: self._parts[part] for part in wanted}, **more)

    # -- statements ------------------------------------------------------------------------------------

    def apply(self, batch: Composed, *, live: bool) -> str:
        """The set-based statement; `live` when sync_state holds entries of this table to be looked at."""
        if not self.key_columns:
            return self._apply_bag(batch)
        wanted = [
            "image",
            "keys",
            "key_of_b",
            "same_key",
            "match",
            "entity_id",
            "target_entity_id",
            "table",
            "columns",
            "settings",
            "values",
            "current",
            "before",
        ]
        return self._render(
            "apply",
            wanted,
            batch=batch,
            held=_HELD if live else fragment("$7::text IS NULL"),
            subsumed=self._subsumed(fragment("$7")) if live else fragment("false"),
            outgoing=self._any_suspicions(self.shape.outgoing, outgoing=True),
            incoming=self._any_suspicions(self.shape.incoming, outgoing=False),
        )

    def _apply_bag(self, batch: Composed) -> str:
        outgoing = self.checked(self.shape.outgoing, outgoing=True)
        incoming = self.checked(self.shape.incoming, outgoing=False)
        return self._render(
            "apply_bag",
            ("image", "table", "after", "current", "columns", "values"),
            batch=batch,
            outgoing=_array([fragment("true")] * len(outgoing)),
            incoming=_array([fragment("true")] * len(incoming)),
        )

    @cached_property
    def one_update(self) -> str:
        """The update of a single row."""
        wanted = [
            "image",
            "table",
            "settings",
            "match",
            "current",
            "before",
            "key_of_origin",
            "same_key_of_item",
        ]
        return self._render("apply_one_update", wanted, **self._flags)

    @cached_property
    def one_delete(self) -> str:
        """The delete of a single row."""
        wanted = ["image", "table", "match", "current", "before", "key_of_origin"]
        return self._render("apply_one_delete", wanted, **self._flags)

    @cached_property
    def one_insert(self) -> str:
        """The insert of a single row: it may lack any parent, and cannot take one away."""
        return self._render(
            "apply_one_insert",
            ("image", "table", "columns", "values"),
            outgoing=_array([fragment("true")] * len(self.checked(self.shape.outgoing, outgoing=True))),
            incoming=_array([fragment("false")] * len(self.checked(self.shape.incoming, outgoing=False))),
        )

    @cached_property
    def _flags(self) -> dict[str, Composed]:
        return {
            "outgoing": self._suspicions(self.shape.outgoing, outgoing=True),
            "incoming": self._suspicions(self.shape.incoming, outgoing=False),
        }

    def events(self, batch: Composed) -> str:
        """All changes of certain keys of a batch."""
        return self._render(
            "events",
            ("image", "key_of_b", "same_key", "entity_id"),
            batch=batch,
            subsumed=self._subsumed(fragment("$5")),
        )

    @cached_property
    def examine(self) -> str:
        """Lock and compare the rows behind some keys."""
        wanted = ("image", "key_of_item", "match", "table", "target_row", "current", "before", "after")
        return self._render("examine", wanted)

    @cached_property
    def row_delete(self) -> str:
        """Remove a row whatever it holds."""
        return self._render("row_delete", ("image", "key_of_after", "match", "table"))

    @cached_property
    def row_update(self) -> str:
        """Overwrite a row whatever it holds."""
        return self._render("row_update", ("image", "key_of_after", "match", "table", "settings"))

    @cached_property
    def row_insert(self) -> str:
        """Insert a row, raising what stands in the way."""
        return self._render("row_insert", ("image", "table", "columns", "values"))

    @cached_property
    def row_read(self) -> str:
        """Read a row by its key's texts."""
        return self._render("row_read", ("key_of_texts", "match", "table", "target_row", "current"))

    @cached_property
    def row_lock(self) -> str:
        """Lock and read a row by its key's texts."""
        return self._render("row_lock", ("key_of_texts", "match", "table", "target_row", "current"))

    @cached_property
    def truncate(self) -> str:
        """Delete what the source had seen of the table."""
        return self._render(
            "truncate_apply", ("image", "key_of_item", "entity_id", "target_entity_id", "table")
        )

    def _subsumed(self, entity: Composed) -> Composed:
        return fragment(
            "EXISTS (SELECT FROM cdc.sync_state s WHERE s.subsumed IS NOT NULL AND s.entity = {entity} "
            "AND s.entity_id = {entity_id} AND pg_visible_in_snapshot(e.txid, s.subsumed))",
            entity=entity,
            entity_id=self._parts["entity_id"],
        )

    # -- foreign keys ----------------------------------------------------------------------------------

    def _reference_columns(self, key: ForeignKey, *, outgoing: bool) -> Sequence[str]:
        return key.child_columns if outgoing else key.parent_columns

    def checked(self, keys: Sequence[ForeignKey], *, outgoing: bool) -> list[ForeignKey]:
        """Foreign keys over columns that the changes hold; others cannot be touched by them."""
        return [
            key for key in keys if set(self._reference_columns(key, outgoing=outgoing)) <= set(self.columns)
        ]

    def _suspicions(self, keys: Sequence[ForeignKey], *, outgoing: bool) -> Composed:
        """For each checked foreign key a boolean: the net change `n` wrote or lost such a reference."""
        had, has = ("has_origin", "has_after") if outgoing else ("has_after", "has_origin")
        tests = []
        for key in self.checked(keys, outgoing=outgoing):
            names = [identifier(name) for name in self._reference_columns(key, outgoing=outgoing)]
            changed = joined(
                (
                    fragment("(n.origin).{c}::text IS DISTINCT FROM (n.after).{c}::text", c=name)
                    for name in names
                ),
                " OR ",
            )
            tests.append(
                fragment(
                    "n.{has} AND (NOT n.{had} OR {changed})",
                    has=identifier(has),
                    had=identifier(had),
                    changed=changed,
                )
            )
        return _array(tests)

    def _any_suspicions(self, keys: Sequence[ForeignKey], *, outgoing: bool) -> Composed:
        """For each checked foreign key a boolean: some net change of the batch wrote or lost such a reference."""
        tests = self._suspicions(keys, outgoing=outgoing)
        count = len(self.checked(keys, outgoing=outgoing))
        places = [type_name(f"({tests})[{i + 1}]") for i in range(count)]
        return _array(
            [fragment("coalesce(bool_or(n.act IN ('B', 'H') OR {t}), false)", t=place) for place in places]
        )

    def references(self, key: ForeignKey, batch: Composed, *, outgoing: bool) -> str:
        """The check of one foreign key after a batch."""
        return self._reference("references_outgoing" if outgoing else "references_incoming", key, batch)

    def dependents(self, key: ForeignKey, batch: Composed) -> str:
        """The look for rows that deleting parents would cascade to."""
        return self._reference("references_dependents", key, batch)

    def orphans(self, key: ForeignKey) -> str:
        """The look for children anywhere without their parent."""
        places = [identifier(f"r{i}") for i in range(len(key.child_columns))]
        names = [identifier(name) for name in key.child_columns]
        return render(
            "references_orphans",
            "cdc",
            references=joined(
                fragment("b.{c} AS {r}", c=name, r=place) for name, place in zip(names, places, strict=True)
            ),
            complete=joined((fragment("b.{c} IS NOT NULL", c=name) for name in names), " AND "),
            reference_text=fragment(
                "ROW({r})::text", r=joined(fragment("r.{p}", p=place) for place in places)
            ),
            child=qualified(key.child.schema, key.child.table),
            parent=qualified(key.parent.schema, key.parent.table),
            parent_match=joined(
                (
                    fragment("p.{c} {op} r.{r}", c=identifier(name), op=op, r=place)
                    for name, op, place in zip(key.parent_columns, key.operators, places, strict=True)
                ),
                " AND ",
            ),
        )

    def _reference(self, name: str, key: ForeignKey, batch: Composed) -> str:
        outgoing = name == "references_outgoing"
        names = [identifier(name) for name in self._reference_columns(key, outgoing=outgoing)]
        places = [identifier(f"r{i}") for i in range(len(names))]

        def match(alias: Composed, columns: Sequence[str], *, parent_first: bool) -> Composed:
            template = "{a}.{c} {op} r.{r}" if parent_first else "r.{r} {op} {a}.{c}"
            return joined(
                (
                    fragment(template, a=alias, c=identifier(name), op=op, r=place)
                    for name, op, place in zip(columns, key.operators, places, strict=True)
                ),
                " AND ",
            )

        return render(
            name,
            "cdc",
            image=self.image,
            batch=batch,
            references=joined(
                fragment("(b.n).{c} AS {r}", c=name, r=place)
                for name, place in zip(names, places, strict=True)
            ),
            complete=joined((fragment("(b.n).{c} IS NOT NULL", c=name) for name in names), " AND "),
            reference_text=fragment(
                "ROW({r})::text", r=joined(fragment("r.{p}", p=place) for place in places)
            ),
            parent=qualified(key.parent.schema, key.parent.table),
            parent_match=match(fragment("p"), key.parent_columns, parent_first=True),
            child=qualified(key.child.schema, key.child.table),
            child_match=match(fragment("c"), key.child_columns, parent_first=False),
        )


def _array(tests: Sequence[Composed]) -> Composed:
    return fragment("ARRAY[{tests}]::boolean[]", tests=joined(tests))


_HELD = fragment(
    "EXISTS (SELECT FROM cdc.sync_state s WHERE s.status IN ('DEFERRED', 'OPEN') AND s.entity = $7 "
    "AND s.entity_id = n.entity_id)"
)
