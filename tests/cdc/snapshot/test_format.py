from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign
from cdc.snapshot.format import (
    ColumnHead,
    Footer,
    SchemaSql,
    SequenceHead,
    TableFoot,
    TableHead,
    decode_footer,
    decode_header,
    encode_footer,
    encode_header,
    fingerprint,
)
from tests.snapshots import header

TABLE = TableHead("public", "Cue", (ColumnHead("id", "integer"), ColumnHead("name", "text")), ("id",))


def line(text: bytes) -> bytes:
    return text[: text.index(b"\n") + 1]


def test_a_header_comes_back_as_it_was() -> None:
    head = header(
        {},
        tables=(TABLE, TableHead("shop", "Ü \"'", (), references=("Cue",))),
        sequences=(SequenceHead("public", "s", 2**63 - 1, True, -3, "Cue", "id"),),  # noqa: FBT003
        schema_sql=SchemaSql("CREATE …\n", "", (("hstore", "public"),)),
        notes=("a note",),
        epoch="a:b:c:d",
    )
    assert decode_header(line(encode_header(head))) == head
    assert head.tables[1].entity == "shop.Ü \"'"
    assert head.table("Cue") is head.tables[0]
    assert head.table("cue") is None


def test_what_a_later_release_adds_to_a_header_is_passed_over() -> None:
    text = line(encode_header(header({}))).replace(b'"kind"', b'"mood":"good","kind"')
    assert decode_header(text) == header({})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seen":', b'"sawn":'),
        (b'"tables":[]', b'"tables":7'),
        (b'"server_version":180004', b'"server_version":"many"'),
        (b"},\n", b",\n"),
        (b'"schemas":', b'"schemas" '),
    ],
)
def test_a_header_that_is_no_header(old: bytes, new: bytes) -> None:
    text = line(encode_header(header({})))
    assert old in text
    with pytest.raises(SnapshotDamaged, match="header cannot be read"):
        decode_header(text.replace(old, new))


def test_a_header_that_names_a_table_twice() -> None:
    with pytest.raises(SnapshotDamaged, match="twice"):
        decode_header(line(encode_header(header({}, tables=(TABLE, TABLE)))))


@pytest.mark.parametrize("text", [b"", b"{}", b'{"format":"cdc-snapshot","version":x,', b'{"format":"other"'])
def test_no_header_of_ours(text: bytes) -> None:
    with pytest.raises(SnapshotForeign):
        decode_header(text)


def test_a_footer_comes_back_as_it_was() -> None:
    footer = Footer({"Cue": TableFoot(3, "ab"), "Ü": TableFoot(0, "cd")}, 3)
    text = encode_footer(footer)
    assert decode_footer(text[text.index(b"\n") + 1 :]) == footer
    for wrong in (
        b"",
        b'"footer":7}',
        b'"footer":{"tables":{},"rows":null}}',
        b'"footer":{"tables":{"a":1}}}',
    ):
        with pytest.raises(SnapshotDamaged, match="footer cannot be read"):
            decode_footer(wrong)


def test_a_fingerprint_is_of_what_rows_must_fit() -> None:
    other = TableHead("public", "Chalk", ())
    assert fingerprint([TABLE, other]) == fingerprint([other, TABLE])
    assert fingerprint([TABLE]) == fingerprint(
        [replace(TABLE, references=("Rest",)), replace(other, ours=True)]
    )
    for changed in (
        replace(TABLE, table="cue"),
        replace(TABLE, schema="shop"),
        replace(TABLE, key=()),
        replace(TABLE, columns=TABLE.columns[::-1]),
        replace(TABLE, columns=(ColumnHead("id", "bigint"), TABLE.columns[1])),
    ):
        assert fingerprint([changed]) != fingerprint([TABLE])


def test_the_document_is_json() -> None:
    text = encode_header(header({})) + encode_footer(Footer({}, 0))
    assert orjson.loads(text)["header"]["kind"] == "FULL"
