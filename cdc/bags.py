"""Rows of tables without a key that are put off, as changes meet them that go on from there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString

from triggers.identifiers import Composed, fragment, joined, number


def entries(image: Composed, fields: int, *, live: bool) -> Composed:
    """Live entries with what their rows were (`before`) and are to become, for apply_bag.sql; none unless `live`.

    Args:
        image: the type of images.
        fields: how many an image has; images with others are passed over.
        live: whether there are entries to be looked at.
    """

    def row(kept: LiteralString) -> Composed:
        places = [number(place) for place in range(1, fields + 1)]
        values = joined(fragment("v.v[{i}]", i=place) for place in places)
        return fragment(
            "(SELECT ROW({values})::{image} FROM (SELECT array_agg(x.value ORDER BY x.place) AS v "
            "FROM json_each_text({kept}) WITH ORDINALITY x (key, value, place)) v WHERE cardinality(v.v) = {n})",
            values=values,
            image=image,
            kept=fragment(kept),
            n=number(fields),
        )

    return fragment(
        "SELECT s.id, {before} AS before, {after} AS after FROM cdc.sync_state s "
        "WHERE {live} AND s.entity = $7::text AND s.status IN ('DEFERRED', 'OPEN')",
        before=row("s.base"),
        after=row("s.incoming"),
        live=fragment("true" if live else "false"),
    )


def chained(changes: Iterable[tuple[str | None, str | None]]) -> list[tuple[str | None, str | None]]:
    """Changes (old and new text) of rows without a key, those that go on from another one added to it."""
    found: list[tuple[str | None, str | None]] = []
    for old, new in changes:
        place = next((at for at, (_, reached) in enumerate(found) if reached == old), None) if old else None
        if place is None:
            found.append((old, new))
        else:
            found[place] = found[place][0], new
    return [(old, new) for old, new in found if old != new]


def going(changes: Sequence[tuple[int, str | None, str | None]], place: int) -> list[int]:
    """Places of a change (table, old and new text) and of those after it that go on from there."""
    table, _, new = changes[place]
    found, reached = [place], {new} - {None}
    for at in range(place + 1, len(changes)):
        other, old, new = changes[at]
        if other == table and old in reached:
            found.append(at)
            reached = (reached - {old}) | ({new} - {None})
    return found
