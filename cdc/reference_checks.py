"""SQL that looks after foreign keys where the server does not: as a replica, and before cascades. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.fields import image_field
from cdc.periods import covering, incoming_parts, outgoing_parts, part
from cdc.pieces import Pieces
from cdc.shape import ForeignKey, TableShape
from triggers.identifiers import Composed, fragment, identifier, joined, qualified
from triggers.statements import render


class ReferenceChecks(Pieces):
    """Statements over the foreign keys that point from or to the target's table."""

    def _reference_columns(self, key: ForeignKey, *, outgoing: bool) -> Sequence[str]:
        return key.child_columns if outgoing else key.parent_columns

    def checked(self, keys: Sequence[ForeignKey], *, outgoing: bool) -> list[ForeignKey]:
        """Foreign keys over columns that the changes hold; others cannot be touched by them."""
        return [
            key for key in keys if set(self._reference_columns(key, outgoing=outgoing)) <= set(self.columns)
        ]

    def _place(self, name: str) -> Composed:
        """The field that holds a column's text in an image."""
        return identifier(image_field(self.columns.index(name)))

    def _suspicions(self, keys: Sequence[ForeignKey], *, outgoing: bool) -> list[Composed]:
        """For each checked foreign key a condition: the net change `n` wrote or lost such a reference."""
        had, has = ("has_origin", "has_after") if outgoing else ("has_after", "has_origin")
        tests = []
        for key in self.checked(keys, outgoing=outgoing):
            places = [self._place(name) for name in self._reference_columns(key, outgoing=outgoing)]
            changed = joined(
                (fragment("(n.origin).{f} IS DISTINCT FROM (n.after).{f}", f=place) for place in places),
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
        return tests

    def _any_suspicions(self, keys: Sequence[ForeignKey], *, outgoing: bool) -> Composed:
        """For each checked foreign key a boolean: some change of the batch wrote or lost such a reference."""
        tests = self._suspicions(keys, outgoing=outgoing)
        return array(
            [fragment("coalesce(bool_or(n.act IN ('B', 'H') OR {t}), false)", t=test) for test in tests]
        )

    def flags(self) -> dict[str, Composed]:
        """The suspicions as columns to return (`flags`), and the two arrays made of those."""
        columns: list[Composed] = [fragment("NULL::boolean AS none")]
        arrays = {}
        for name, keys, outgoing in (
            ("outgoing", self.shape.outgoing, True),
            ("incoming", self.shape.incoming, False),
        ):
            tests = self._suspicions(keys, outgoing=outgoing)
            names = [identifier(f"{name}_{place}") for place in range(len(tests))]
            columns += [fragment("{t} AS {n}", t=test, n=n) for test, n in zip(tests, names, strict=True)]
            arrays[name] = array([fragment("coalesce(bool_or({n}), false)", n=n) for n in names])
        return {"flags": joined(columns), **arrays}

    def references(self, key: ForeignKey, batch: Composed, *, outgoing: bool, lock: bool = True) -> str:
        """The check of one foreign key after a batch. Without `lock` its parents have been locked before."""
        if not outgoing:
            if key.period:
                return self._reference("references_incoming_period", key, batch, **incoming_parts(key))
            return self._reference("references_incoming", key, batch)
        locking = fragment("FOR KEY SHARE OF p") if lock else fragment("")
        return self._reference("references_outgoing", key, batch, lock=locking, **outgoing_parts(key))

    def lock_parents(self, key: ForeignKey, batch: Composed) -> str:
        """Lock the parents that changes come to refer to by one foreign key, as far as nobody else holds them."""
        fields = [self._place(name) for name in key.child_columns]
        return self._reference(
            "lock_parents",
            key,
            batch,
            changed=fragment(
                "({c})",
                c=joined((fragment("(b.o).{f} IS DISTINCT FROM (b.n).{f}", f=f) for f in fields), " OR "),
            ),
            places=joined(fragment("r.{r}", r=identifier(f"r{i}")) for i in range(len(fields))),
            part=part(key),
            **{name: self._parts[name] for name in ("key_of_b", "same_key", "keys", "entity_id")},
        )

    def dependents(self, key: ForeignKey, batch: Composed) -> str:
        """The look for rows that deleting parents would cascade to."""
        return self._reference(
            "references_dependents",
            key,
            batch,
            keys=self._key_from("b.n") or fragment("true AS k0"),
            same_key=self._same_key("b.n", "b.after") or fragment("false"),
            same_row=joined(
                (
                    fragment("p.{c} {op} r.{k}", c=identifier(name), op=op, k=place)
                    for name, op, place in zip(self.key_columns, self._operators, self._keys, strict=True)
                ),
                " AND ",
            )
            or fragment("true"),
        )

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
            covering=covering(key, "r", f"r{len(places) - 1}"),
            parent_match=joined(
                (
                    fragment("p.{c} {op} r.{r}", c=identifier(name), op=op, r=place)
                    for name, op, place in zip(key.parent_columns, key.operators, places, strict=True)
                ),
                " AND ",
            ),
        )

    def needed(self, key: ForeignKey, child: Pieces | None) -> str:
        """The look for rows of this table that rows of a child refer to: all the child's, or those with some ids."""
        match = joined(
            (
                fragment("t.{p} {op} c.{c}", p=identifier(parent), op=op, c=identifier(name))
                for parent, op, name in zip(key.parent_columns, key.operators, key.child_columns, strict=True)
            ),
            " AND ",
        )
        return render(
            "references_needed",
            "cdc",
            table=self.shape.relation,
            target_id=self.id_of("t"),
            target_row=self._parts["target_row"],
            child=qualified(key.child.schema, key.child.table),
            match=match,
            child_id=child.id_of("c") if child else fragment("''"),
        )

    def referring(self, key: ForeignKey, child: TableShape, child_key: Sequence[str]) -> str:
        """The look for rows of a child that refer to an image of this table."""
        names = [fragment("c.{c}", c=identifier(column.name)) for column in child.columns]
        row = fragment("ROW({fields})", fields=joined(names))
        found = [fragment("c.{c}", c=identifier(name)) for name in child_key]
        places = [identifier(f"r{i}") for i in range(len(key.parent_columns))]
        return render(
            "rows_that_refer",
            "cdc",
            image=self.image,
            references=joined(
                fragment("{field} AS {r}", field=self.field("n.after", name), r=place)
                for name, place in zip(key.parent_columns, places, strict=True)
            ),
            child=child.relation,
            child_id=child.name_of(child_key, found) if found else fragment("{row}::text", row=row),
            child_row=row,
            child_match=joined(
                (
                    fragment("r.{r} {op} c.{c}", r=place, op=op, c=identifier(name))
                    for name, op, place in zip(key.child_columns, key.operators, places, strict=True)
                ),
                " AND ",
            ),
        )

    def _reference(self, name: str, key: ForeignKey, batch: Composed, **more: Composed) -> str:
        outgoing = name in {"references_outgoing", "lock_parents"}
        names = self._reference_columns(key, outgoing=outgoing)
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

        if name != "lock_parents":
            more["child"] = qualified(key.child.schema, key.child.table)
            more["child_match"] = match(fragment("c"), key.child_columns, parent_first=False)
        if name != "references_incoming_period":
            more["parent_match"] = match(fragment("p"), key.parent_columns, parent_first=True)
        return render(
            name,
            "cdc",
            image=self.image,
            batch=batch,
            references=joined(
                fragment("{field} AS {r}", field=self.field("b.n", name), r=place)
                for name, place in zip(names, places, strict=True)
            ),
            complete=joined(
                (fragment("(b.n).{f} IS NOT NULL", f=self._place(name)) for name in names), " AND "
            ),
            reference_text=fragment(
                "ROW({r})::text", r=joined(fragment("r.{p}", p=place) for place in places)
            ),
            parent=qualified(key.parent.schema, key.parent.table),
            **more,
        )


def array(tests: Sequence[Composed]) -> Composed:
    """A boolean array of these tests, empty where there is none."""
    return fragment("ARRAY[{tests}]::boolean[]", tests=joined(tests))
