from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.errors import ConfigurationError
from server.database_url import check_distinct, parse

DOCUMENTED = "postgresql://user:password@localhost:5432/snooker_pos_backup?schema=public"
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=30)


def test_the_documented_url() -> None:
    url = parse("BACKUP_DATABASE_URL", DOCUMENTED)
    assert url.dsn == "postgresql://user:password@localhost:5432/snooker_pos_backup"
    assert url.schemas == ("public",)
    assert url.notes == ()
    assert str(url) == "localhost:5432/snooker_pos_backup"


@pytest.mark.parametrize(
    ("text", "schemas"),
    [
        ("", ("public",)),
        ("?schema=", ("public",)),
        ("?schema=shop", ("shop",)),
        ("?schema=shop,public,shop", ("shop", "public")),
        ("?schema=shop&schema=till", ("shop", "till")),
        ("?schema=My%20Shop%2CTill", ("My Shop", "Till")),
    ],
)
def test_schemas(text: str, schemas: tuple[str, ...]) -> None:
    assert parse("DATABASE_URL", f"postgres://h/d{text}").schemas == schemas


def test_foreign_parameters_are_left_out_with_a_note_each() -> None:
    url = parse(
        "DATABASE_URL",
        "postgresql://u@h/d?connection_limit=5&pool_timeout=2&pgbouncer=true&connect_timeout=3&shiny=1&sslmode=require",
    )
    assert url.dsn == "postgresql://u@h:5432/d?sslmode=require"
    assert [note.split("'")[1] for note in url.notes] == [
        "connect_timeout",
        "connection_limit",
        "pgbouncer",
        "pool_timeout",
        "shiny",
    ]
    assert all(note.startswith("DATABASE_URL: ") for note in url.notes)


def test_tls_parameters_are_kept_in_libpqs_form() -> None:
    kept = parse(
        "DATABASE_URL", "postgresql://h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=c&sslkey=k"
    )
    assert kept.dsn == (
        "postgresql://h:5432/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&sslcert=c&sslkey=k"
    )
    prisma = parse("DATABASE_URL", "postgresql://h/d?sslmode=require&sslcert=ca.pem")
    assert prisma.dsn == "postgresql://h:5432/d?sslmode=require&sslrootcert=ca.pem"
    assert len(prisma.notes) == 1


@pytest.mark.parametrize(
    ("text", "dsn"),
    [
        ("postgresql://[::1]:5433/d", "postgresql://[::1]:5433/d"),
        ("postgresql://u@[2001:db8::7]/d", "postgresql://u@[2001:db8::7]:5432/d"),
        ("postgresql:///d?host=/run/pg&port=5433", "postgresql:///d?host=%2Frun%2Fpg&port=5433"),
        ("postgresql://u:p@%2Frun%2Fpg:5433/d", "postgresql://u:p@/d?host=%2Frun%2Fpg&port=5433"),
        ("postgresql://u:p@localhost/d?host=/run/pg", "postgresql://u:p@/d?host=%2Frun%2Fpg&port=5432"),
        ("postgresql://h?dbname=d&user=u&password=p%40", "postgresql://u:p%40@h:5432/d"),
        ("postgresql:///d", "postgresql://localhost:5432/d"),
        ("postgresql://u:p@ss@h/d", "postgresql://u:p%40ss@h:5432/d"),
        ("postgresql://u:100%@h/d", "postgresql://u:100%25@h:5432/d"),
    ],
)
def test_hosts_sockets_and_passwords(text: str, dsn: str) -> None:
    assert parse("DATABASE_URL", text).dsn == dsn


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("mysql://u:hunter2@h/d", "must begin with postgresql://"),
        ("host=h password=hunter2", "a space is written %20"),
        ("hunter2", "must begin with postgresql://"),
        ("prisma://accelerate/?api_key=hunter2", "Prisma's proxy"),
        ("postgresql://u:hunter2@h/", "names no database"),
        ("postgresql://u:hun#ter2@h/d", "written %23"),
        ("postgresql://u:hunter2/x@h/d", "written %2F"),
        ("postgresql://u:hunter2@h:port/d", "the port is not a number"),
        ("postgresql://u:hunter2@h:0/d", "the port is not a number"),
        ("postgresql://u:hunter2@h:70000/d", "the port is not a number"),
        ("postgresql://u:hunter2@h1,h2/d", "several hosts"),
        ("postgresql://u:hunter2@[::1/d", "IPv6"),
        ("postgresql://u:hunter2%FF@h/d", "UTF-8"),
        ("postgresql://u:hunter2%00@h/d", "%00"),
        ("postgresql://u:hunter2@h/d?sslmode=hunter2", "sslmode is not one of"),
        ("postgresql://u:hunter2@h/d?schema=cdc", "belongs to"),
        ("postgresql://u:hunter2@h/d?schema=pg_catalog", "belongs to"),
        ("postgresql://u:hunter2@h/d?schema=" + "x" * 64, "63 bytes"),
    ],
)
def test_faults_name_the_variable_and_show_no_password(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("BACKUP_DATABASE_URL", text)
    assert str(caught.value).startswith("BACKUP_DATABASE_URL: ")
    assert said in str(caught.value)
    assert caught.value.hint
    assert "hunter2" not in str(caught.value) + caught.value.hint


@given(user=TEXT, password=TEXT, database=TEXT)
def test_reading_what_was_read_changes_nothing(user: str, password: str, database: str) -> None:
    text = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@h/{quote(database, safe='')}"
    once = parse("DATABASE_URL", text)
    assert once.database == database
    assert parse("DATABASE_URL", once.dsn).dsn == once.dsn
    assert once.dsn == f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@h:5432/" + quote(
        database, safe=""
    )


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_the_variables_name(text: str) -> None:
    said = "DATABASE_URL: "
    try:
        parse("DATABASE_URL", f"postgresql://{text}")
    except ConfigurationError as error:
        said = str(error)
    assert said.startswith("DATABASE_URL: ")


@pytest.mark.parametrize(
    ("main", "backup", "same"),
    [
        ("postgresql://a@h/d", "postgres://b:x@H:5432/d?schema=other", True),
        ("postgresql://localhost/d", "postgresql://127.0.0.1/d", True),
        ("postgresql:///d?host=/run/pg", "postgresql://%2Frun%2Fpg/d", True),
        ("postgresql://h/d", "postgresql://h/e", False),
        ("postgresql://h/d", "postgresql://h:5433/d", False),
        ("postgresql://h/d", "postgresql://i/d", False),
    ],
)
def test_two_urls_that_name_one_database(main: str, backup: str, same: bool) -> None:  # noqa: FBT001
    first, second = parse("DATABASE_URL", main), parse("BACKUP_DATABASE_URL", backup)
    if same:
        with pytest.raises(ConfigurationError, match=r"^BACKUP_DATABASE_URL: names the same database"):
            check_distinct(first, second)
    else:
        check_distinct(first, second)


def test_its_representation_shows_no_password() -> None:
    url = parse("DATABASE_URL", "postgresql://u:hunter2@h/d")
    assert "hunter2" not in repr(url) + str(url)
