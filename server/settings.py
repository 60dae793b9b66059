"""The service's settings, from the environment and `.env`. Names and defaults are a contract.

Each field is checked by itself here; `server.environment` reads them and checks them together.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cdc.errors import ConfigurationError
from server import cron
from server.database_url import DatabaseUrl, parse

DAY_MS = 24 * 60 * 60 * 1000
SHORTEST_SECRET = 32
SHORTEST_PASSPHRASE = 16
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def _unquoted(value: Any) -> Any:
    """Take the quotes off that `docker --env-file` and the like leave around a value."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(filter(None, re.split(r"[,\s]+", _unquoted(value))))
    return value


def _names(check: Callable[[str], object]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    def checked(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            check(value)
        return values

    return checked


def _host(value: str) -> str:
    bare = value.strip("[]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})", bare):
            raise ValueError(f"{value!r} is neither a host name nor an address") from None
    return value


def _web_url(value: SecretStr) -> SecretStr:
    split = urlsplit(value.get_secret_value())
    if split.scheme not in {"http", "https"} or not split.hostname:
        raise ValueError("must be a URL that begins with https:// or http://")
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Everything that can be set. A field's alias is its variable; docs/settings.md says what each does."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        case_sensitive=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(None, alias="DATABASE_URL")
    backup_database_url: SecretStr | None = Field(None, alias="BACKUP_DATABASE_URL")
    enable_backup_service: bool = Field(default=True, alias="ENABLE_BACKUP_SERVICE")
    enable_two_way_sync: bool = Field(default=True, alias="ENABLE_TWO_WAY_SYNC")
    sync_interval_ms: int = Field(30_000, alias="SYNC_INTERVAL_MS", ge=1, le=DAY_MS)
    sync_max_failures: int = Field(5, alias="SYNC_MAX_FAILURES", ge=1, le=1_000_000)
    backup_interval_seconds: int = Field(60, alias="BACKUP_INTERVAL_SECONDS", ge=1, le=31_536_000)
    backup_cron: str | None = Field(None, alias="BACKUP_CRON")
    backup_skip_unchanged: bool = Field(default=True, alias="BACKUP_SKIP_UNCHANGED")
    backup_retention_days: int = Field(30, alias="BACKUP_RETENTION_DAYS", ge=1, le=36_500)
    backup_max_bytes: ByteSize | None = Field(None, alias="BACKUP_MAX_BYTES", gt=0)
    backup_thinning: bool = Field(default=True, alias="BACKUP_THINNING")
    restore_test_interval_hours: int = Field(24, alias="RESTORE_TEST_INTERVAL_HOURS", ge=0, le=8760)
    backup_dir: str = Field("./backups", alias="BACKUP_DIR")
    backup_encryption_key: SecretStr | None = Field(None, alias="BACKUP_ENCRYPTION_KEY")
    batch_size: int = Field(1000, alias="BATCH_SIZE", ge=1, le=1_000_000)
    host: Annotated[str, AfterValidator(_host)] = Field("127.0.0.1", alias="HOST")
    port: int = Field(3001, alias="PORT", ge=0, le=65535)
    allowed_hosts: Annotated[Names, AfterValidator(_names(_host))] = Field(LOCAL_HOSTS, alias="ALLOWED_HOSTS")
    trusted_proxies: Annotated[Names, AfterValidator(_names(ipaddress.ip_network))] = Field(
        (), alias="TRUSTED_PROXIES"
    )
    jwt_secret: SecretStr | None = Field(None, alias="JWT_SECRET")
    jwt_public_key: SecretStr | None = Field(None, alias="JWT_PUBLIC_KEY")
    jwt_jwks_url: Annotated[SecretStr, AfterValidator(_web_url)] | None = Field(None, alias="JWT_JWKS_URL")
    jwt_issuer: str | None = Field(None, alias="JWT_ISSUER")
    jwt_audience: str | None = Field(None, alias="JWT_AUDIENCE")
    jwt_role_claim: str = Field("role", alias="JWT_ROLE_CLAIM", min_length=1)
    jwt_admin_role: str = Field("ADMIN", alias="JWT_ADMIN_ROLE", min_length=1)
    metrics_public: bool = Field(default=False, alias="METRICS_PUBLIC")
    metrics_token: SecretStr | None = Field(None, alias="METRICS_TOKEN")
    alert_webhook_url: Annotated[SecretStr, AfterValidator(_web_url)] | None = Field(
        None, alias="ALERT_WEBHOOK_URL"
    )
    alert_webhook_secret: SecretStr | None = Field(None, alias="ALERT_WEBHOOK_SECRET")
    alert_urls: SecretStr | None = Field(None, alias="ALERT_URLS")
    demo_traffic: bool = Field(default=True, alias="DEMO_TRAFFIC")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field("INFO", alias="LOG_LEVEL")

    @field_validator("*", mode="before")
    @classmethod
    def _without_quotes(cls, value: Any) -> Any:
        return _unquoted(value)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return _unquoted(value).upper() if isinstance(value, str) else value

    @field_validator("database_url", "backup_database_url", mode="after")
    @classmethod
    def _readable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                parse("", value.get_secret_value())
            except ConfigurationError as error:
                raise ValueError(f"{str(error).removeprefix(': ')}. {error.hint}") from None
        return value

    @field_validator("backup_cron", mode="after")
    @classmethod
    def _five_fields(cls, value: str | None) -> str | None:
        if value is not None and (wrong := cron.fault(value)):
            raise ValueError(wrong)
        return value

    @field_validator("backup_dir", mode="after")
    @classmethod
    def _folder_or_bucket(cls, value: str) -> str:
        if "://" in value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", value):
            raise ValueError("must be a folder or s3://bucket/prefix")
        return value

    @field_validator("jwt_secret", mode="after")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"must be at least {SHORTEST_SECRET} bytes long")
        return value

    @field_validator("jwt_public_key", mode="after")
    @classmethod
    def _usable_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from server.api.tokens import read_public_key  # noqa: PLC0415 - slow to import, and rarely needed

            read_public_key(value.get_secret_value())
        return value

    @property
    def key(self) -> SecretStr | None:
        """Whichever of the three ways to name the tokens' key is used; None: the demo's own."""
        return self.jwt_secret or self.jwt_public_key or self.jwt_jwks_url

    @field_validator("backup_encryption_key", mode="after")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < SHORTEST_PASSPHRASE:
            raise ValueError(f"must be at least {SHORTEST_PASSPHRASE} bytes long")
        return value

    @property
    def snapshot_key(self) -> bytes | None:
        """What snapshot files are encrypted with; None: they are not."""
        key = self.backup_encryption_key
        return None if key is None else key.get_secret_value().encode()

    @property
    def main_url(self) -> DatabaseUrl | None:
        """MAIN as the user named it; None where the embedded server is used."""
        return self._parsed("DATABASE_URL", self.database_url)

    @property
    def backup_url(self) -> DatabaseUrl | None:
        """BACKUP as the user named it; None where the embedded server is used."""
        return self._parsed("BACKUP_DATABASE_URL", self.backup_database_url)

    @staticmethod
    def _parsed(variable: str, value: SecretStr | None) -> DatabaseUrl | None:
        return None if value is None else parse(variable, value.get_secret_value())


VARIABLES: tuple[str, ...] = tuple(str(field.alias) for field in Settings.model_fields.values())
"""The names of all variables of ours."""

SECRET_VARIABLES = frozenset(
    str(field.alias) for field in Settings.model_fields.values() if "SecretStr" in repr(field.annotation)
)
"""Those whose values are never shown."""
