from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.redaction import is_secret, redact

ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:hunter2@h:5432/d?schema=public", "postgresql://u:***@h:5432/d?schema=public"),
        ("failed: postgres://u:hunter2@h/d (refused)", "failed: postgres://u:***@h/d (refused)"),
        ("postgresql://h/d?user=u&password=hunter2&x=1", "postgresql://h/d?user=u&password=***&x=1"),
        ("postgresql://h/d?sslpassword=hunter2", "postgresql://h/d?sslpassword=***"),
        ("postgresql://h/d?p%61ssword=hunter2", "postgresql://h/d?p%61ssword=***"),
        ("host=h password=hunter2 dbname=d", "host=h password=*** dbname=d"),
        ("host=h password='hun ter2' dbname=d", "host=h password=*** dbname=d"),
        ("postgresql://u:hunter2", "postgresql://u:***"),
        ("Authorization: Bearer hunter2.a.b", "Authorization: Bearer ***"),
    ],
)
def test_passwords_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12 changes applied",
        "look at http://127.0.0.1:3001/backup/status.",
        "postgresql://h:5432/d",
        "postgresql://u@h/d",
        "postgresql://[::1]:5432/d",
        "/run/user: a folder",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


@given(before=ANY, after=ANY)
def test_no_password_survives_in_a_url_however_it_was_typed(before: str, after: str) -> None:
    password = f"{before}hunter2{after}"
    for typed in (password, quote(password, safe="")):
        assert "hunter2" not in redact(f"postgresql://user:{typed}@host:5432/database?schema=public")
    encoded = quote(password, safe="")
    assert "hunter2" not in redact(f"postgresql://host/database?password={encoded}")
    assert "hunter2" not in redact(f"cannot reach postgresql://user:{encoded}@host/database, trying again")


def test_keys_of_secrets() -> None:
    assert all(
        map(is_secret, ("password", "JWT_SECRET", "metrics_token", "Authorization", "BACKUP_ENCRYPTION_KEY"))
    )
    assert not any(map(is_secret, ("user", "link", "entity", "schema", "passed")))
