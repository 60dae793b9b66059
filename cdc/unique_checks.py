"""SQL over unique and exclusion constraints: deferrable ones nobody checks as a replica, others refuse rows. Pure."""

from __future__ import annotations

from cdc.reference_checks import ReferenceChecks
from cdc.shape import Deferrable
from triggers.identifiers import Composed, fragment, identifier, joined


class UniqueChecks(ReferenceChecks):
    """Statements over the target's unique and exclusion constraints."""

    def collisions(self, constraint: Deferrable, batch: Composed) -> str:
        """The look for a row of a batch that collides with another."""
        places = [identifier(f"u{i}") for i in range(len(constraint.elements))]
        pairs = list(zip(constraint.elements, places, constraint.operators, strict=True))
        template = "{e} {op} a.{u}"
        if constraint.nulls_equal:
            template = "({e} {op} a.{u} OR ({e} IS NULL AND a.{u} IS NULL))"
        return self._render(
            "unique_broken",
            ("image", "table", *(("key_of_after", "match") if self.key_columns else ())),
            batch=batch,
            elements=joined(fragment("{e} AS {u}", e=element, u=place) for element, place, _ in pairs),
            collides=joined((fragment(template, e=e, op=op, u=place) for e, place, op in pairs), " AND "),
            predicate=constraint.predicate,
            value=fragment("ROW({u})::text", u=joined(fragment("a.{u}", u=place) for place in places)),
            **(
                {}
                if self.key_columns
                else {"key_of_after": fragment("true AS k0"), "match": fragment("true")}
            ),
        )

    def in_the_way(self, constraint: Deferrable) -> str:
        """The look for rows that an image cannot stand beside."""
        places = [identifier(f"u{i}") for i in range(len(constraint.elements))]
        pairs = list(zip(constraint.elements, places, constraint.operators, strict=True))
        return self._render(
            "rows_in_the_way",
            ("image", "table", "target_id", "target_row"),
            named=joined(
                fragment("{value} AS {c}", value=self.field("n.after", c.name), c=identifier(c.name))
                for c in self.shape.columns
                if c.name in self.columns  # a constraint may be about one that is computed
            ),
            elements=joined(fragment("{e} AS {u}", e=element, u=place) for element, place, _ in pairs),
            collides=joined(
                (fragment("{e} {op} a.{u}", e=e, op=op, u=place) for e, place, op in pairs), " AND "
            ),
            predicate=constraint.predicate,
        )

    def single(self) -> Composed:
        """That a row has what a unique index lets no other row have; NULLs are no such value."""
        names = {column.name for column in self.common}
        alike = [
            joined(
                (
                    fragment(
                        "t.{c} {op} {value}", c=identifier(name), op=op, value=self.field("n.after", name)
                    )
                    for name, op in zip(key.columns, key.operators, strict=True)
                ),
                " AND ",
            )
            for key in self.shape.keys
            if names.issuperset(key.columns)
        ]
        return joined(alike, " OR ") if alike else fragment("false")
