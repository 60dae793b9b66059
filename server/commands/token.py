"""`cdc token`: an administrator's token, where tokens are made with a secret of ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import click

from cdc.errors import ConfigurationError
from server import console
from server.databases import DATA_FOLDER
from server.problems import time_text
from server.secret import demo_secret
from server.settings import Settings

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_SECONDS = 366 * 86_400


class Duration(click.ParamType[int]):
    """Seconds, or a number with s, m, h or d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give the seconds."""
        found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", str(value))
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if not 1 <= seconds <= LONGEST_SECONDS:
            self.fail(f"{value!r} is not a time such as 900, 15m, 12h or 30d (at most 366d)", param, ctx)
        return seconds


@click.command()
@click.option("--ttl", type=Duration(), default="12h", show_default=True, help="How long it is good.")
@click.option("--subject", help="Whose it is, for the records of who did what; you where not given.")
@console.json_option
def token(*, ttl: int, subject: str | None, as_json: bool) -> None:
    """Make an administrator's token for the HTTP interface.

    With JWT_SECRET, or in the demo. Where an issuer signs tokens (JWT_PUBLIC_KEY, JWT_JWKS_URL), ask it for one.
    """
    from server.api.keys import terms_of  # noqa: PLC0415 - slow to import, and no other command needs it
    from server.api.tokens import mint  # noqa: PLC0415 - as above

    settings = console.settings(level="WARNING").settings
    made = mint(_secret(settings), subject or console.person(), ttl, terms_of(settings))
    expires = time_text(datetime.fromtimestamp(datetime.now(UTC).timestamp() + ttl, UTC))
    click.echo(made) if not as_json else console.show({"token": made, "expiresAt": expires}, "", as_json=True)


def _secret(settings: Settings) -> str:
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    if settings.key is not None:
        raise ConfigurationError(
            "tokens are signed by an issuer: JWT_PUBLIC_KEY or JWT_JWKS_URL is set",
            hint="Ask the issuer for a token with the role that JWT_ADMIN_ROLE names.",
        )
    folder = DATA_FOLDER.absolute()
    if settings.main_url is not None or not folder.is_dir():
        raise ConfigurationError(
            "JWT_SECRET: is not set, and there is no demo here",
            hint="Set JWT_SECRET (`openssl rand -hex 32` makes one), or run commands in the folder that "
            "`cdc run` was started in.",
        )
    return demo_secret(folder)
