"""One table's changes, as the source wrote them, mapped onto the target's. Pure: builds SQL, runs none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import LiteralString

from cdc.bags import entries
from cdc.claim import ALONE, CLAIM, NOTHING, proof
from cdc.fields import image_field
from cdc.model import Op
from cdc.reference_checks import array
from cdc.row_statements import RowStatements
from triggers.identifiers import Composed, fragment, identifier, joined


class Mapping(RowStatements):
    """The statements that apply, compare, read and write rows of one table."""

    def apply(self, batch: Composed, *, live: bool) -> str:
        """The set-based statement; `live` when sync_state holds entries of this table to be looked at."""
        if (batch, live) not in self._applying:
            self._applying[batch, live] = (
                self._apply(batch, live=live) if self.key_columns else self._bag(batch, live=live)
            )
        return self._applying[batch, live]

    @cached_property
    def _applying(self) -> dict[tuple[Composed, bool], str]:
        """The statements made so far: one per form of batch, with and without live entries."""
        return {}

    def _apply(self, batch: Composed, *, live: bool) -> str:
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
            "settable",
            "absent",
            "unless_there",
        ]
        return self._render(
            "apply",
            wanted,
            batch=batch,
            fits=self.fits,
            held=held(fragment("$7")) if live else fragment("$7::text IS NULL"),
            subsumed=self._subsumed(fragment("$7")) if live else fragment("false"),
            outgoing=self._any_suspicions(self.shape.outgoing, outgoing=True),
            incoming=self._any_suspicions(self.shape.incoming, outgoing=False),
        )

    def _bag(self, batch: Composed, *, live: bool) -> str:
        outgoing = self.checked(self.shape.outgoing, outgoing=True)
        incoming = self.checked(self.shape.incoming, outgoing=False)
        return self._render(
            "apply_bag",
            ("image", "table", "after", "current", "columns", "values"),
            batch=batch,
            outgoing=array([fragment("true")] * len(outgoing)),
            incoming=array([fragment("true")] * len(incoming)),
            entries=entries(self.image, len(self.columns), live=live),
            single=self.single(),
        )

    def is_uniform(self, op: Op | None) -> bool:
        """Whether there is a shorter statement for changes that are all of kind `op`."""
        late = op is Op.INSERT and bool(self.shape.deferrable)
        return op is not None and bool(self.key_columns) and not late

    def uniform(self, op: Op, batch: Composed) -> str:
        """The statement for changes that are all of one kind, none of them a TRUNCATE.

        Args:
            op: the kind.
            batch: the changes; `cdc.claim.ALONE` is one that the statement also claims.
        """
        if (op, batch) not in self._uniform:
            make = self._inserts if op is Op.INSERT else self._updates_or_deletes
            self._uniform[op, batch] = make(op, batch)
        return self._uniform[op, batch]

    @cached_property
    def _uniform(self) -> dict[tuple[Op, Composed], str]:
        """The statements made so far."""
        return {}

    def _inserts(self, _op: Op, batch: Composed) -> str:
        """Inserted rows may lack any parent, and cannot take one away."""
        outgoing = array([fragment("true")] * len(self.checked(self.shape.outgoing, outgoing=True)))
        return self._render(
            "apply_inserts",
            ("image", "table", "columns", "values"),
            batch=batch,
            outgoing=outgoing,
            incoming=array([fragment("false")] * len(self.checked(self.shape.incoming, outgoing=False))),
            **_claimed(batch, outgoing),
        )

    def _updates_or_deletes(self, op: Op, batch: Composed) -> str:
        wanted = ["image", "table", "keys", "match", "current", "before", "key_of_origin"]
        wanted += ["settings", "settable", "same_key_of_item"] if op is Op.UPDATE else []
        flags = self.flags()
        return self._render(
            "apply_updates" if op is Op.UPDATE else "apply_deletes",
            wanted,
            batch=batch,
            fits=self.fits,
            **flags,
            **_claimed(batch, flags["outgoing"], flags["incoming"]),
        )

    @property
    def moves_keys(self) -> bool:
        """Whether a key that changes must change in place, since rows of other tables may follow it."""
        settable = all(not c.identity_always for c in self.shape.columns if c.name in self.key_columns)
        return bool(self.key_columns and self.shape.incoming) and settable

    def moves(self, batch: Composed, *, live: bool) -> str:
        """The statement that gives rows other keys in place, but for those that live entries hold."""
        wanted = ["image", "key_of_b", "same_key", "keys", "entity_id", "target_entity_id", "match", "table"]
        wanted += ["settings", "current", "before"]
        names = [identifier(f"new_{i}") for i in range(len(self.key_columns))]
        return self._render(
            "apply_moves",
            wanted,
            batch=batch,
            fits=self.fits,
            held=held(fragment("$5")) if live else fragment("$5::text IS NULL"),
            new_keys=joined(
                fragment("{value} AS {name}", value=self.field("b.n", column), name=name)
                for column, name in zip(self.key_columns, names, strict=True)
            ),
            new_is_key=self._equal("n", names, "l", self._keys),
            free=self._equal("t", [identifier(name) for name in self.key_columns], "n", names),
        )

    def _equal(
        self, one: LiteralString, names: Sequence[Composed], other: LiteralString, others: Sequence[Composed]
    ) -> Composed:
        parts = zip(names, self._operators, others, strict=True)
        return joined(
            (
                fragment("{a}.{x} {op} {b}.{y}", a=fragment(one), x=x, op=op, b=fragment(other), y=y)
                for x, op, y in parts
            ),
            " AND ",
        )

    def events(self, batch: Composed) -> str:
        """All changes of certain keys of a batch."""
        return self._render(
            "events",
            ("image", "key_of_b", "same_key", "entity_id"),
            batch=batch,
            subsumed=self._subsumed(fragment("$5")),
        )

    def lock_keys(self, batch: Composed) -> str:
        """Lock the rows that a batch will write to, as far as nobody else holds them."""
        wanted = ("image", "key_of_b", "same_key", "keys", "entity_id", "table", "match")
        return self._render("lock_keys", wanted, batch=batch, subsumed=self._subsumed(fragment("$5")))

    def unwritten(self, batch: Composed) -> str:
        """The look for rows that are not as they were to be written."""
        wanted = ("image", "key_of_b", "same_key", "keys", "entity_id", "table", "match", "current", "after")
        return self._render("unwritten", wanted, batch=batch, fits=self.fits)

    def sequence_advance(self, column: str, sequence: Composed, batch: Composed) -> str:
        """Move a sequence that feeds a column past the numbers of a batch; those of keys come with new rows."""
        place = identifier(image_field(self.columns.index(column)))
        number = fragment("{image}).{place}", image=self._parts["image"], place=place)
        fresh = "b.old IS NULL" if column in self.key_columns else "(b.old::{n} IS DISTINCT FROM (b.new::{n}"
        sql = "SELECT (b.new::{n} AS number FROM {batch} WHERE b.new IS NOT NULL AND {fresh}"
        given = fragment(sql, n=number, batch=batch, fresh=fragment(fresh, n=number))
        return self._render("sequence_advance", (), given=given, sequence=sequence)

    @cached_property
    def truncate_unseen(self) -> str:
        """Rows of the target's own that the source had not applied."""
        return self._render("truncate_unseen", ("image", "image_id", "and_key_of_after"))

    @cached_property
    def truncate_apply(self) -> str:
        """Delete all rows but some."""
        return self._render("truncate_apply", ("table", "target_id"))

    @cached_property
    def truncate_surplus(self) -> str:
        """Delete all copies but some of rows of a table without a key."""
        return self._render("truncate_surplus", ("table", "target_id"))

    @cached_property
    def truncate_rows(self) -> str:
        """Read all rows but some."""
        return self._render("truncate_rows", ("table", "target_id", "target_row"))

    def _subsumed(self, entity: Composed) -> Composed:
        return fragment(
            "EXISTS (SELECT FROM cdc.sync_state s WHERE s.subsumed IS NOT NULL AND s.entity = {entity} "
            "AND s.entity_id = {entity_id} "
            # A live entry that settles changes waits for its row to be fetched: that comes after all of them.
            "AND (s.status IN ('DEFERRED', 'OPEN') OR pg_visible_in_snapshot(e.txid, s.subsumed)) "
            # A look-up for each change, never a join: plans are made while there are few entries, and kept.
            "OFFSET 0)",
            entity=entity,
            entity_id=self._parts["entity_id"],
        )


def _claimed(batch: Composed, *suspicions: Composed) -> dict[str, Composed]:
    """What a statement has besides where it claims its one change itself."""
    alone = batch is ALONE
    return {"claim": CLAIM if alone else NOTHING, "proof": proof(*suspicions) if alone else NOTHING}


def held(entity: Composed) -> Composed:
    """Whether a live entry holds the key of n."""
    return fragment(
        "EXISTS (SELECT FROM cdc.sync_state s WHERE s.status IN ('DEFERRED', 'OPEN') AND s.entity = {entity} "
        "AND s.entity_id = n.entity_id OFFSET 0)",
        entity=entity,
    )
