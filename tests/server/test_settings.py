from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.settings import SECRET_VARIABLES, VARIABLES, Settings

DEFAULTS = {
    "ENABLE_BACKUP_SERVICE": True,
    "ENABLE_TWO_WAY_SYNC": True,
    "SYNC_INTERVAL_MS": 30000,
    "SYNC_MAX_FAILURES": 5,
    "BACKUP_INTERVAL_SECONDS": 60,
    "BACKUP_SKIP_UNCHANGED": True,
    "BACKUP_RETENTION_DAYS": 30,
    "BACKUP_THINNING": True,
    "RESTORE_TEST_INTERVAL_HOURS": 24,
    "BACKUP_DIR": "./backups",
    "BATCH_SIZE": 1000,
    "HOST": "127.0.0.1",
    "PORT": 3001,
    "ALLOWED_HOSTS": ("localhost", "127.0.0.1", "[::1]"),
    "TRUSTED_PROXIES": (),
    "JWT_ROLE_CLAIM": "role",
    "JWT_ADMIN_ROLE": "ADMIN",
    "METRICS_PUBLIC": False,
    "DEMO_TRAFFIC": True,
    "LOG_LEVEL": "INFO",
}

PEM = (
    Ed25519PrivateKey.generate()
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(VARIABLES) & set(os.environ):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("clean")
def test_defaults_are_the_contracts() -> None:
    values = Settings.model_validate({}).model_dump(by_alias=True)
    assert {name: value for name, value in values.items() if value is not None} == DEFAULTS


@pytest.mark.usefixtures("clean")
def test_no_secret_is_in_the_representation() -> None:
    given = dict.fromkeys(SECRET_VARIABLES, "https://hunter2.example/" + "x" * 32)
    given |= {
        "DATABASE_URL": "postgresql://u:hunter2@h/d",
        "BACKUP_DATABASE_URL": "postgresql://u:hunter2@h/e",
        "JWT_PUBLIC_KEY": PEM,
    }
    settings = Settings.model_validate(given)
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    assert "hunter2" not in shown
    assert PEM.splitlines()[1] not in shown


@pytest.mark.usefixtures("clean")
def test_lists_are_split_at_commas_and_spaces() -> None:
    settings = Settings.model_validate(
        {"ALLOWED_HOSTS": "'till.example, localhost'", "TRUSTED_PROXIES": "10.0.0.0/8 ::1"}
    )
    assert settings.allowed_hosts == ("till.example", "localhost")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")


@pytest.mark.usefixtures("clean")
def test_sizes_may_have_a_unit() -> None:
    assert Settings.model_validate({"BACKUP_MAX_BYTES": "10GiB"}).backup_max_bytes == 10 * 1024**3


@pytest.mark.usefixtures("clean")
def test_the_key_of_snapshots() -> None:
    assert Settings.model_validate({}).snapshot_key is None
    settings = Settings.model_validate({"BACKUP_ENCRYPTION_KEY": "sixteen bytes of"})
    assert settings.snapshot_key == b"sixteen bytes of"
    with pytest.raises(ValueError, match="at least 16 bytes") as told:
        Settings.model_validate({"BACKUP_ENCRYPTION_KEY": "hunter2"})
    assert "hunter2" not in str(told.value)
