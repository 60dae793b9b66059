from __future__ import annotations

import pytest

from cdc.rounding import alike, rounds

LOSES = [
    ("numeric", "numeric(10,2)"),
    ("numeric(10,4)", "numeric(10,2)"),
    ("numeric(10,4)[]", "numeric(10,2)[]"),
    ("numeric", "numeric(5,0)"),
    ("numeric", "double precision"),
    ("double precision", "real"),
    ("bigint", "double precision"),
    ("integer", "real"),
    ("integer", "boolean"),
    ("timestamp without time zone", "timestamp(3) without time zone"),
    ("timestamp with time zone", "timestamp(0) with time zone"),
    ("timestamp with time zone", "timestamp without time zone"),
    ("timestamp without time zone", "date"),
    ("interval", "interval(0)"),
    ("interval", "interval day to hour"),
    ("time with time zone", "time without time zone"),
    ("text", "integer"),
    ("character varying(20)", "date"),
    ("text[]", "integer[]"),
    ("text", "integer[]"),
    ("text", "name"),
    ("text", "character(10)"),
    ("json", "jsonb"),
    ("text", "jsonb"),
]
KEEPS = [
    ("integer", "bigint"),
    ("bigint", "integer"),
    ("bigint", "smallint"),
    ("numeric(10,2)", "numeric(10,4)"),
    ("numeric(10,2)", "numeric"),
    ("numeric(12,2)", "numeric(10,2)"),
    ("integer", "text"),
    ("integer[]", "text"),
    ("text", "character varying(10)"),
    ("character varying(20)", "character varying(10)"),
    ("character(5)", "text"),
    ("timestamp(3) without time zone", "timestamp(6) without time zone"),
    ("timestamp without time zone", "timestamp with time zone"),
    ("date", "timestamp without time zone"),
    ("jsonb", "json"),
    ("jsonb", "text"),
    ("text", "json"),
    ("text", "status"),
    ("status", "text"),
    ("shop.status", "public.status"),
    ("bit(8)", "bit(4)"),
]


@pytest.mark.parametrize(("source", "target"), LOSES)
def test_what_would_be_changed_without_a_word(source: str, target: str) -> None:
    assert rounds(source, target)


@pytest.mark.parametrize(("source", "target"), KEEPS)
def test_what_is_kept_or_raises(source: str, target: str) -> None:
    assert not rounds(source, target)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("integer", "bigint", True),
        ("integer", "numeric(10,0)", False),
        ("integer", "text", True),
        ("text", "status", True),
        ("text", "character varying(5)", True),
        ("character varying(9)", "character varying(5)", True),
        ("character(5)", "text", False),
        ("character(5)", "character(6)", False),
        ("numeric(10,2)", "numeric(10,4)", False),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("timestamp without time zone", "timestamp with time zone", False),
    ],
)
def test_printed_alike(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    assert alike(one, other) is alike(other, one) is same
