r"""Values of every type, as the SQL that makes them: edges of each type, and what its text form could get wrong.

A type that a server lacks (`needs` names an extension, a feature, or a version such as `14`) is left out, and the
test says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A column's type. `setup` is run first; `values` are SQL expressions, two at least.

    `printed`: the values' texts are equal on both sides and their bytes need not be.
    """

    name: str
    type: str
    values: tuple[str, ...]
    setup: str = ""
    needs: str = ""
    printed: bool = False


def _texts(*values: str) -> tuple[str, ...]:
    """SQL literals that mean the same whatever standard_conforming_strings is."""
    return tuple("E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'" for value in values)


AWKWARD: Final = _texts(
    "", " ", "\\N", "NULL", "null", '""', '"', "'", "\\", "\\\\", '\\"', "a\nb", "\r\n", "a\tb", ",", "(,)", "()",
    "{}", "{a,b}", "%2C", "%", "ünïcödé ☃ 𝄞", " leading and trailing ", "\x01\x1f\x7f", "\u200b\u2028\ufeff", "$1",
    "{image}",
)  # fmt: skip

NUMBERS: Final = (
    Kind("smallint", "int2", ("-32768", "0", "32767")),
    Kind("integer", "int4", ("-2147483648", "0", "2147483647")),
    Kind("bigint", "int8", ("-9223372036854775808", "0", "9223372036854775807")),
    Kind(
        "numeric",
        "numeric",
        (
            "'NaN'",
            "0.00",
            "-0.0",
            "1e1000",
            "-1.5e-1000",
            "1e130000",
            "9::numeric / 7",
            "1.10",
            "1.1",
            "1e-16383",
        ),
    ),
    Kind("numeric_infinite", "numeric", ("'Infinity'", "'-Infinity'"), needs="14"),
    Kind("numeric_limited", "numeric(12, 4)", ("1.5", "-99999999.9999", "0")),
    Kind("numeric_coarse", "numeric(3, -2)", ("12300", "-99900"), needs="15"),
    Kind(
        "double_precision",
        "float8",
        (
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "'-0'",
            "0",
            "0.1::float8 + 0.2",
            "5e-324",
            "1.7976931348623157e308",
        ),
    ),
    Kind(
        "double_undefined", "float8", ("'inf'::float8 - 'inf'", "'-inf'::float8 - '-inf'", "1"), printed=True
    ),
    Kind(
        "real", "float4", ("'NaN'", "'Infinity'", "'-0'", "0.1", "1e-45", "3.4028235e38", "16777217::float8")
    ),
    Kind("real_undefined", "float4", ("'inf'::float4 - 'inf'", "1"), printed=True),
    Kind(
        "money",
        "money",
        ("'-92233720368547758.08'::numeric::money", "0::money", "(1234567.89)::numeric::money"),
    ),
    Kind("boolean", "bool", ("true", "false")),
    Kind("oid", "oid", ("0", "4294967295")),
    Kind("xid", "xid", ("'0'::xid", "'4294967295'::xid")),
    Kind("cid", "cid", ("'0'::cid", "'4294967295'::cid")),
    Kind("xid8", "xid8", ("'0'", "'18446744073709551615'")),
    Kind("tid", "tid", ("'(0,1)'::tid", "'(4294967295,65535)'::tid")),
    Kind("bit", "bit(10)", ("B'1010101010'", "B'0000000000'")),
    Kind("varbit", "varbit", ("B''", "B'1'", "repeat('10', 100)::varbit")),
)

TIMES: Final = (
    Kind(
        "date",
        "date",
        ("'infinity'::date", "'-infinity'::date", "make_date(-4712, 1, 1)", "make_date(2020, 2, 3)")
        + ("make_date(5874897, 12, 31)",),
    ),
    Kind(
        "timestamp",
        "timestamp",
        ("'infinity'::timestamp", "'-infinity'", "make_timestamp(-4712, 2, 3, 4, 5, 6.000001)")
        + ("make_timestamp(294276, 12, 31, 23, 59, 59.999999)", "make_timestamp(2020, 2, 3, 24, 0, 0)"),
    ),
    Kind("timestamp_limited", "timestamp(0)", ("make_timestamp(2020, 2, 3, 4, 5, 6)", "'infinity'")),
    Kind(
        "timestamptz",
        "timestamptz",
        ("'infinity'::timestamptz", "'-infinity'", "to_timestamp(-210000000000.5)", "to_timestamp(0.000001)")
        + ("to_timestamp(1604210400)", "to_timestamp(1604214000)", "to_timestamp(-2840140801)"),
    ),
    Kind("timestamptz_limited", "timestamptz(3)", ("to_timestamp(0.123)", "to_timestamp(-0.001)")),
    Kind("time", "time", ("'00:00'", "'24:00'", "'23:59:59.999999'")),
    Kind("timetz", "timetz", ("'00:00+15:59'", "'24:00-15:59'", "'12:34:56.789+05:30:15'")),
    Kind(
        "interval",
        "interval",
        ("make_interval(years => 1, months => -2, days => 3, hours => -4, mins => 5, secs => -6.7)", "'0'")
        + ("make_interval(months => -1)", "make_interval(secs => -0.000001)", "make_interval(hours => 36)")
        + ("make_interval(days => 1, hours => 12)", "make_interval(years => -178000000)"),
    ),
    Kind("interval_infinite", "interval", ("'infinity'::interval", "'-infinity'::interval"), needs="17"),
    Kind("interval_limited", "interval day to second(2)", ("make_interval(days => -1, secs => 0.25)", "'0'")),
)

TEXTS: Final = (
    Kind("text", "text", (*AWKWARD, "repeat('x', 9000)")),
    Kind("varchar", "varchar", AWKWARD),
    Kind("varchar_limited", "varchar(30)", AWKWARD),
    Kind("char", "char(25)", AWKWARD),
    Kind("char_unlimited", "bpchar", ("'a '::bpchar", "'a  '::bpchar", "''::bpchar")),
    Kind("single_byte", '"char"', ("'x'", "''", "' '", "'\"'", "','", "E'\\\\'")),
    Kind("single_byte_high", '"char"', ('(-1)::int4::"char"', "'x'"), needs="15"),
    Kind("name", "name", (*AWKWARD[:-1], "repeat('n', 63)::name")),
    Kind("cstring_collated", 'text COLLATE "C"', AWKWARD[:5]),
    Kind(
        "bytea", "bytea", ("''::bytea", "decode('00ff5c27220a', 'hex')", "decode(repeat('ab', 5000), 'hex')")
    ),
    Kind(
        "uuid", "uuid", ("'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-ffff-ffff-ffff-ffffffffffff'")
    ),
    Kind("refcursor", "refcursor", AWKWARD[:9]),
    Kind("citext", "public.citext", AWKWARD, setup="CREATE EXTENSION citext SCHEMA public", needs="citext"),
    Kind(
        "hstore",
        "public.hstore",
        (
            "''::public.hstore",
            "public.hstore(ARRAY['a', NULL, 'b', '', E'q\"\\\\=>,', E'\\n'])",
            "public.hstore('a', 'NULL')",
        ),
        setup="CREATE EXTENSION hstore SCHEMA public",
        needs="hstore",
    ),
    Kind(
        "ltree",
        "public.ltree",
        ("'a.b.c'", "''"),
        setup="CREATE EXTENSION ltree SCHEMA public",
        needs="ltree",
    ),
    Kind(
        "isn",
        "public.isbn13",
        ("'978-0-393-04002-9'", "'9780306406157'"),
        setup="CREATE EXTENSION isn SCHEMA public",
        needs="isn",
    ),  # fmt: skip
    Kind(
        "cube",
        "public.cube",
        ("'(1,2),(0.1,-0)'", "'0'"),
        setup="CREATE EXTENSION cube SCHEMA public",
        needs="cube",
    ),
    Kind(
        "vector",
        "public.vector",
        ("'[1,2.5,-0]'", "'[0.1]'"),
        setup="CREATE EXTENSION vector SCHEMA public",
        needs="vector",
    ),  # fmt: skip
)

DOCUMENTS: Final = (
    Kind(
        "json",
        "json",
        _texts(
            "null", '  { "b" : 1,\n\t"a":1.0, "a": 1e2 }  ', '""', '"\\u00e4\\n\\""', "[]", "1.000", "true"
        ),
    ),
    Kind(
        "jsonb",
        "jsonb",
        _texts("null", '{"b": 1.000, "a": null}', '"\\\\"', "1e500", "[[], {}]", '{"": "\\t"}', '"\\u2028"'),
    ),
    Kind("jsonpath", "jsonpath", ("'$.a ? (@ > 1)'", "'strict $[*].\"b\"'")),
    Kind(
        "xml",
        "xml",
        ("XMLPARSE(CONTENT 'a<b x=\"1\"/>c')", "XMLPARSE(DOCUMENT '<?xml version=\"1.0\"?><a>&lt;é</a>')")
        + ("XMLPARSE(CONTENT '')", "XMLPARSE(CONTENT E' \\n ')"),
        needs="xml",
    ),
    Kind(
        "tsvector",
        "tsvector",
        ("''", "$$ 'a' 'b c':3A,4 '''':1 '\\\\':2 $$", "to_tsvector('simple', 'x y x')"),
    ),
    Kind("tsquery", "tsquery", ("''", "$$ 'a b':*AB & !( c <-> d | '''') $$")),
)

STRUCTURES: Final = (
    Kind(
        "integers",
        "int4[]",
        ("'{}'", "'[-2:0]={1,NULL,3}'", "'{{1,2},{NULL,4}}'", "'[0:0][5:6]={{7,8}}'", "'{NULL}'"),
    ),
    Kind(
        "slice",
        "int4[]",
        (
            "(ARRAY[[1,2,3],[4,NULL,6],[7,8,9]])[2:3][2:2]",
            "(ARRAY[1,2,3])[2:3]",
            "('[3:5]={1,2,3}'::int4[])[:4]",
        ),
    ),
    Kind("texts", "text[]", (f"ARRAY[{', '.join(AWKWARD)}, NULL]", '\'{NULL,"NULL",""}\'', "'{}'")),
    Kind("timestamps", "timestamptz[]", ("ARRAY['infinity', to_timestamp(0), NULL]::timestamptz[]", "'{}'")),
    Kind("byteas", "bytea[]", ("ARRAY[decode('00ff', 'hex'), NULL, '']::bytea[]", "'{}'")),
    Kind("floats", "float8[]", ("ARRAY['-0', 'NaN', 0.1::float8 + 0.2, NULL]::float8[]", "'[0:1]={1,2}'")),
    Kind("jsons", "jsonb[]", ("ARRAY['null', NULL, '{}']::jsonb[]", "'{}'")),
    Kind("boxes", "box[]", ("ARRAY[box '((1,2),(3,4))', NULL]", "'{}'")),
    Kind("vectors", "int2vector", ("'1 2 3'::int2vector", "''::int2vector")),
    Kind("oids", "oidvector", ("'1 2 3'::oidvector", "''::oidvector")),
    Kind(
        "enum",
        'public."My mood"',
        ("'sad, ''very''\"'", "'ok'", "''"),
        setup="""CREATE TYPE public."My mood" AS ENUM ('ok', 'sad, ''very''"', '')""",
    ),
    Kind(
        "composite",
        "public.pair",
        ("ROW(1, NULL)", "ROW(NULL, NULL)", "ROW(NULL, '')", "ROW(2, E'a\"b\\\\,(')"),
        setup='CREATE TYPE public.pair AS (n int, "The text" text)',
    ),
    Kind(
        "nested",
        "public.nest[]",
        (
            "ARRAY[ROW('[0:1]={1,2}', ROW(1, E'\\\\\"'), '[1,)')]::public.nest[]",
            "ARRAY[ROW(NULL, NULL, 'empty'), NULL]::public.nest[]",
        ),
        setup="CREATE TYPE public.inner AS (n int, t text); CREATE TYPE public.nest AS (a int[], i public.inner, r int4range)",
    ),
    Kind(
        "domain",
        "public.code",
        ("'A'", "'BC'", "NULL"),
        setup="CREATE DOMAIN public.code AS varchar(3) CHECK (VALUE ~ '^[A-Z]*$')",
    ),
    Kind(
        "domain_of_domain",
        "public.short",
        ("1.5", "-2.5"),
        setup="CREATE DOMAIN public.amount AS numeric(10, 2); CREATE DOMAIN public.short AS public.amount CHECK (VALUE < 10)",
    ),
    Kind(
        "domain_of_array",
        "public.numbers",
        ("'{1,2}'", "'[0:1]={1,2}'"),
        setup="CREATE DOMAIN public.numbers AS int[] CHECK (array_ndims(VALUE) = 1)",
    ),  # fmt: skip
    Kind(
        "array_of_domain",
        "public.digit[]",
        ("ARRAY[1, NULL, 9]::public.digit[]", "'{}'"),
        setup="CREATE DOMAIN public.digit AS int CHECK (VALUE BETWEEN 0 AND 9)",
    ),  # fmt: skip
    Kind(
        "domain_of_composite",
        "public.point_in",
        ("ROW(1, 2)", "ROW(2, 3)"),
        setup="CREATE TYPE public.xy AS (x int, y int); CREATE DOMAIN public.point_in AS public.xy CHECK ((VALUE).x < 9)",
    ),  # fmt: skip
    Kind("int_range", "int4range", ("'empty'", "'(,)'", "'[1,5]'", "'(,3)'")),
    Kind("bigint_range", "int8range", ("'empty'", "'[-9223372036854775808,0)'")),
    Kind("numeric_range", "numrange", ("'[1.0,1.00]'", "'(-Infinity,NaN)'"), needs="14"),
    Kind("date_range", "daterange", ("daterange(make_date(-1, 1, 1), 'infinity')", "'(,)'")),
    Kind(
        "timestamp_range", "tsrange", ("tsrange(make_timestamp(2020, 1, 2, 3, 4, 5), NULL, '(]')", "'empty'")
    ),
    Kind("timestamptz_range", "tstzrange", ("tstzrange('-infinity', to_timestamp(1.5), '[]')", "'empty'")),
    Kind(
        "own_range",
        "public.floats",
        ("'[-0,NaN]'", "'(1,2)'"),
        setup="CREATE TYPE public.floats AS RANGE (subtype = float8)",
    ),  # fmt: skip
    Kind("int_multirange", "int4multirange", ("'{}'", "'{[1,3),[5,7)}'"), needs="14"),
    Kind("bigint_multirange", "int8multirange", ("'{}'", "'{(,)}'"), needs="14"),
    Kind("numeric_multirange", "nummultirange", ("'{[1.0,1.0]}'", "'{(,1),(2,)}'"), needs="14"),
    Kind(
        "date_multirange",
        "datemultirange",
        ("'{}'", "datemultirange(daterange(make_date(2020, 1, 2), NULL))"),
        needs="14",
    ),
    Kind("ts_multirange", "tsmultirange", ("'{}'", "tsmultirange(tsrange('-infinity', NULL))"), needs="14"),
    Kind(
        "tstz_multirange",
        "tstzmultirange",
        ("'{}'", "tstzmultirange(tstzrange(to_timestamp(0), NULL))"),
        needs="14",
    ),
)

OTHERS: Final = (
    Kind("point", "point", ("'(-0,NaN)'", "point(0.1::float8 + 0.2, 'infinity')")),
    Kind("line", "line", ("'{1,-1,0}'", "'{0.1,2,3}'")),
    Kind("segment", "lseg", ("'[(0,0),(1e-300,1e300)]'", "'[(1,2),(3,4)]'")),
    Kind("box", "box", ("'((1,2),(-3,4))'", "'((0.1,0.2),(0.3,0.4))'")),
    Kind("path", "path", ("'[(0,0),(1,1)]'", "'((0,0),(1,1))'")),
    Kind("polygon", "polygon", ("'((0,0),(1,1),(2,0.1))'", "'((-0,0))'")),
    Kind("circle", "circle", ("'<(0.1,-0),3>'", "'<(1,2),0>'")),
    Kind("inet", "inet", ("'1.2.3.4'", "'1.2.3.4/24'", "'::1'", "'fe80::1/64'")),
    Kind("cidr", "cidr", ("'10.0.0.0/8'", "'::/0'")),
    Kind("macaddr", "macaddr", ("'08:00:2b:01:02:03'", "'00:00:00:00:00:00'")),
    Kind("macaddr8", "macaddr8", ("'08:00:2b:01:02:03:04:05'", "'00:00:00:00:00:00:00:00'")),
    Kind("pg_lsn", "pg_lsn", ("'0/0'", "'FFFFFFFF/FFFFFFFF'")),
    Kind("pg_snapshot", "pg_snapshot", ("'10:20:12,15'", "'1:1:'")),
    Kind("txid_snapshot", "txid_snapshot", ("'10:20:12,15'", "'1:1:'")),
    Kind(
        "aclitem",
        "aclitem",
        ("('=r/' || quote_ident(current_user))::aclitem", "makeaclitem(10, 10, 'SELECT', true)"),
    ),
    Kind(
        "regclass",
        "regclass",
        ("'pg_class'::regclass", '\'public."Some, ""table"""\'::regclass', "0::regclass"),
        setup='CREATE TABLE public."Some, ""table""" ()',
    ),  # fmt: skip
    Kind("regtype", "regtype", ("'int4[]'::regtype", "'timestamptz'::regtype")),
    Kind("regproc", "regproc", ("'now'::regproc", "'pg_sleep'::regproc")),
    Kind("regprocedure", "regprocedure", ("'abs(int4)'::regprocedure", "'now()'::regprocedure")),
    Kind("regoper", "regoper", ("'||/'::regoper", "'|/'::regoper")),
    Kind("regoperator", "regoperator", ("'+(int4,int4)'::regoperator", "'-(NONE,int4)'::regoperator")),
    Kind("regconfig", "regconfig", ("'simple'::regconfig", "'english'::regconfig")),
    Kind("regdictionary", "regdictionary", ("'simple'::regdictionary", "'english_stem'::regdictionary")),
    Kind("regnamespace", "regnamespace", ("'public'::regnamespace", "'pg_catalog'::regnamespace")),
    Kind("regcollation", "regcollation", ("'\"C\"'::regcollation", "'\"POSIX\"'::regcollation")),
    Kind("regrole", "regrole", ("current_user::regrole", "'pg_monitor'::regrole")),
)

FAMILIES: Final = {
    "numbers": NUMBERS,
    "times": TIMES,
    "texts": TEXTS,
    "documents": DOCUMENTS,
    "structures": STRUCTURES,
    "others": OTHERS,
}
