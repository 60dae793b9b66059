"""Rows that were found different, looked at again until what was merely under way has arrived. Set-based.

One side keeps the list, in temporary tables of its session; the other is sent the keys and sends its readings.
Each look is a statement of its own: no snapshot is held, no row is locked.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from cdc.comparison import Digest, digest
from cdc.copy_pipe import pipe
from cdc.difference import Difference
from cdc.session import Connection, make_private
from cdc.table_pair import TablePair
from triggers.identifiers import Composed, fragment, identifier, identifier_list, joined, qualified, type_name
from triggers.statements import render

_EQUAL = type_name("OPERATOR(pg_catalog.=)")


@dataclass(frozen=True, slots=True)
class Found:
    """How a table differs: rows only here, only on the other side, on both but not equal.

    `known`: how many of these are in an open conflict or put off.
    """

    here: int = 0
    other: int = 0
    both: int = 0
    known: int = 0


@dataclass(slots=True)
class Suspects:
    """A table's rows that are not the same on both sides; `here` keeps the list."""

    pair: TablePair
    number: int
    here: Connection
    there: Connection
    rows: int = 0
    """How many there are by the last look."""
    standing: int = 0
    """How many of them were the same at the look before, on either side."""
    _looks: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _list: tuple[str, str] = ("", "")

    @property
    def keyed(self) -> bool:
        """Whether a key tells the rows apart; else contents are counted."""
        return bool(self.pair.key)

    async def look(self) -> tuple[Digest, Digest]:
        """Look at all rows. Returns both sides' counts, here first; without a difference `rows` stays 0."""
        difference = Difference(self.pair, self.number)
        one, other = await digest(self.here, difference), await digest(self.there, difference)
        if one != other:
            place = await self._read(self._reading)
            self._list = ("pg_temp", f"cdc_suspects_{self.number}_0")
            await self._make("suspects_make", self.here, self._list)
            await self.here.execute(
                render(
                    "suspects_find",
                    "cdc",
                    suspects=qualified(*self._list),
                    either=joined(
                        fragment("coalesce(h.{name}, o.{name}) AS {name}", name=identifier(name))
                        for name in self._names
                    ),
                    reading=self._reading,
                    other=qualified(*place),
                    meet=self._meet("h", "o"),
                )
            )
            await self._counted()
        return one, other

    async def look_again(self) -> None:
        """Look at the suspects once more; those that are equal now leave the list."""
        before, after = self._list, ("pg_temp", f"cdc_suspects_{self.number}_{next(self._looks)}")
        await self._send_keys(before)
        query = render(
            "suspects_read",
            "cdc",
            reading=self._reading,
            suspects=qualified(*before),
            of_suspects=self._meet("r", "d"),
        )
        place = await self._read(query)
        await self._make("suspects_make", self.here, after)
        await self.here.execute(
            render(
                "suspects_again",
                "cdc",
                next=qualified(*after),
                keys=identifier_list(self._names, "d"),
                suspects=qualified(*before),
                reading=self._reading,
                other=qualified(*place),
                here_meets=self._meet("h", "d"),
                other_meets=self._meet("o", "d"),
            )
        )
        await _drop(self.here, before)
        await _drop(self.there, before)
        self._list = after
        await self._counted()

    async def all_stand(self) -> None:
        """Take all suspects for standing; somebody else has to tell which of them are merely under way."""
        await self.here.execute(self._sql("suspects_stand"))
        self.standing = self.rows

    async def ids(self, after: str | None, limit: int) -> list[str]:
        """Some of the suspects that stand, by the ids that people know them by; only of a keyed table.

        Args:
            after: the last id of the page before.
            limit: the largest page.
        """
        sql = self._sql("suspects_ids")
        return [row["entity_id"] for row in await self.here.fetch(sql, after, limit)]

    async def count(self, without: Sequence[str], conflicts: Sequence[str]) -> Found:
        """Count the suspects that stand.

        Args:
            without: ids that do not count.
            conflicts: ids that have an open conflict on the other side.
        """
        if not self.rows:
            return Found()
        sql = self._sql("keyed_suspects_count" if self.keyed else "heap_suspects_count")
        arguments = (list(without), list(conflicts), str(self.pair.entity)) if self.keyed else ()
        row = await self.here.fetchrow(sql, *arguments)
        return Found(**dict(row)) if row else Found()

    async def forget(self) -> None:
        """Drop what is left on the server."""
        if self._list[1]:
            await _drop(self.here, self._list)

    async def _make(self, name: str, connection: Connection, suspects: tuple[str, str]) -> None:
        names = identifier_list(self._names, "r")
        sql = render(name, "cdc", suspects=qualified(*suspects), names=names, reading=self._reading)
        await make_private(connection, sql)

    async def _send_keys(self, suspects: tuple[str, str]) -> None:
        """Give the other side the list's keys."""
        place = qualified(*suspects)
        await self._make("suspects_keys", self.there, suspects)
        keys = render("suspects_list", "cdc", keys=identifier_list(self._names, "d"), suspects=place)
        await pipe(self.here, keys, self.there, suspects, self._names, binary=False)
        for connection in (self.here, self.there):
            await connection.execute(render("suspects_analyze", "cdc", place=place))

    async def _read(self, query: str) -> tuple[str, str]:
        """Bring a reading of the other side here."""
        place = ("pg_temp", f"cdc_reading_{self.number}")
        await _drop(self.here, place)
        make = render("suspects_place", "cdc", other=qualified(*place), reading=self._reading)
        await make_private(self.here, make)
        await pipe(self.there, query, self.here, place, (*self._names, "value"), binary=False)
        return place

    async def _counted(self) -> None:
        await _drop(self.here, ("pg_temp", f"cdc_reading_{self.number}"))
        row = await self.here.fetchrow(self._sql("suspects_state"))
        if row is None:
            raise LookupError("an aggregate gave no row")
        self.rows, self.standing = row["rows"], row["stands"]

    @property
    def _names(self) -> tuple[str, ...]:
        return self.pair.key_names or ("k1",)

    @property
    def _reading(self) -> Composed:
        return type_name(Difference(self.pair, self.number).sql("_reading"))

    def _meet(self, left: str, right: str) -> Composed:
        if self.keyed:
            return self.pair.ours_meet(left, right)
        return fragment(
            "{left}.k1 {equal} {right}.k1", left=identifier(left), equal=_EQUAL, right=identifier(right)
        )

    def _sql(self, name: str) -> str:
        return Difference(self.pair, self.number).sql(name, suspects=qualified(*self._list))


async def _drop(connection: Connection, place: tuple[str, str]) -> None:
    await make_private(connection, render("suspects_drop", "cdc", place=qualified(*place)))
