from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cdc.errors import ConfigurationError
from server.api.tokens import Key, Terms, verify
from server.cli import cli
from server.environment import SettingsError, load
from server.settings import VARIABLES
from tests.running import JWT_SECRET


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in set(VARIABLES) & set(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_token_is_printed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", JWT_SECRET)
    monkeypatch.setenv("JWT_ADMIN_ROLE", "boss")
    done = CliRunner().invoke(cli, ["token", "--ttl", "15m", "--subject", "ann"])
    assert done.exit_code == 0, done.output
    bearer = verify(done.stdout.strip(), Key("HS256", JWT_SECRET), Terms(admin_role="boss"))
    assert (bearer.name, bearer.admin) == ("ann", True)


@pytest.mark.parametrize("ttl", ["", "never", "0", "-1", "1y", "367d", "1.5h", "٣m"])
def test_times_that_are_none(monkeypatch: pytest.MonkeyPatch, ttl: str) -> None:
    monkeypatch.setenv("JWT_SECRET", JWT_SECRET)
    assert CliRunner().invoke(cli, ["token", "--ttl", ttl]).exit_code == 2


def test_an_issuers_tokens_are_not_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_JWKS_URL", "https://issuer.example/keys")
    with pytest.raises(ConfigurationError, match="signed by an issuer"):
        CliRunner().invoke(cli, ["token"], catch_exceptions=False, standalone_mode=False)


def test_without_a_demo_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no demo here"):
        CliRunner().invoke(cli, ["token"], catch_exceptions=False, standalone_mode=False)
    assert list(tmp_path.iterdir()) == []


def test_a_public_key_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_PUBLIC_KEY", "hunter2")
    with pytest.raises(SettingsError) as caught:
        load()
    assert caught.value.faults == (
        "JWT_PUBLIC_KEY: must be a public key in PEM form (-----BEGIN PUBLIC KEY-----)",
    )
