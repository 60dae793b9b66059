"""Every error PostgreSQL knows is judged; what is no row's fault never costs a row."""

from __future__ import annotations

import asyncpg
import pytest

from cdc.faults import Blame, Fault, about_value, judge
from cdc.model import ConflictType

CODES = sorted(
    {
        found.sqlstate
        for found in vars(asyncpg).values()
        if isinstance(found, type) and issubclass(found, asyncpg.PostgresError) and found.sqlstate
    }
)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("23505", Fault(Blame.ROW, ConflictType.UNIQUE_VIOLATION)),
        ("23503", Fault(Blame.ROW, ConflictType.FOREIGN_KEY_VIOLATION)),
        ("23001", Fault(Blame.ROW, ConflictType.FOREIGN_KEY_VIOLATION)),
        ("23502", Fault(Blame.ROW)),
        ("23514", Fault(Blame.ROW)),
        ("23P01", Fault(Blame.ROW)),
        ("22P02", Fault(Blame.ROW)),
        ("P0001", Fault(Blame.ROW)),
        ("20000", Fault(Blame.ROW)),
        ("21000", Fault(Blame.ROW)),
        ("38000", Fault(Blame.ROW)),
        ("54001", Fault(Blame.ROW)),
        ("U0001", Fault(Blame.ROW)),
        ("SHOP1", Fault(Blame.ROW)),
        ("55000", Fault(Blame.ROW)),
        ("54011", Fault(Blame.LINK)),
        ("55P03", Fault(Blame.LOCK)),
        ("40P01", Fault(Blame.LOCK)),
        ("40001", Fault(Blame.LOCK)),
        ("42703", Fault(Blame.SHAPE)),
        ("42P01", Fault(Blame.SHAPE)),
        ("42P10", Fault(Blame.SHAPE)),
        (None, Fault(Blame.LINK)),
        ("", Fault(Blame.LINK)),
    ],
)
def test_well_known_errors(code: str | None, fault: Fault) -> None:
    assert judge(code) == fault


@pytest.mark.parametrize(
    "code", [code for code in CODES if code[:2] in {"08", "25", "53", "57", "58", "XX", "F0"}]
)
def test_the_servers_own_troubles_are_the_links(code: str) -> None:
    assert judge(code).blame is Blame.LINK


@pytest.mark.parametrize("code", [code for code in CODES if code[:2] in {"22", "23", "44", "P0"}])
def test_what_a_value_or_a_constraint_says_is_the_rows(code: str) -> None:
    assert judge(code).blame is Blame.ROW


@pytest.mark.parametrize("code", ["22P02", "22003", "22007", "P0001", "42P01", "42883", "23514"])
def test_what_reading_a_value_may_say(code: str) -> None:
    assert about_value(code)


@pytest.mark.parametrize("code", ["54000", "55P03", "40P01", "40001", "53200", "57014", "08006", None])
def test_what_reading_a_value_does_not_say(code: str | None) -> None:
    assert not about_value(code)


@pytest.mark.parametrize("code", [code for code in CODES if code[:2] not in {"22", "23", "44", "P0"}])
def test_no_code_of_the_servers_is_taken_for_an_applications(code: str) -> None:
    if judge(code) == Fault(Blame.ROW):
        assert code in {"54000", "54001", "55000"} or code[:2] in {"09", "20", "21", "27", "2F", "38", "39"}
