"""The command line `cdc`. Exit codes: 0 done, 1 failed, 2 wrong usage or settings."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Final, NoReturn

import asyncpg
import click

from cdc.errors import CdcError, ConfigurationError
from server.console import complain
from server.loading import loading
from triggers.errors import TriggerError, told

DONE, FAILED, USAGE = 0, 1, 2


MODULES: Final = {
    "alerts": "alerts",
    "backup": "backup",
    "conflicts": "conflicts",
    "doctor": "doctor",
    "export": "backup",
    "history": "history",
    "install-triggers": "install",
    "pause": "sync",
    "policy": "policy",
    "resolve": "resolve",
    "restore": "restore",
    "resume": "sync",
    "resync": "resync",
    "run": "run",
    "snapshots": "snapshots",
    "status": "status",
    "sync": "sync",
    "token": "token",
    "uninstall-triggers": "install",
    "verify": "verify",
}
"""Which module of server/commands each command is in. Only the one that is typed is imported."""


class Commands(click.Group):
    """The commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give all names."""
        del ctx
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of that name."""
        del ctx
        if cmd_name not in MODULES:
            return None
        with loading():
            module = import_module(f"server.commands.{MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cdc", prog_name="cdc")
def cli() -> None:
    """Keep two PostgreSQL databases as one: MAIN and BACKUP.

    Settings come from the environment and from .env; docs/settings.md lists them.
    """


def main() -> NoReturn:
    """Run the command line; never returns and never shows a traceback for what can be expected."""
    sys.exit(_outcome())


def _outcome() -> int:
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE if isinstance(error, click.UsageError) else FAILED
    except (click.Abort, KeyboardInterrupt):
        complain("aborted")
        return FAILED
    except (CdcError, TriggerError) as error:
        complain(str(error), error.hint)
        return USAGE if isinstance(error, ConfigurationError) else FAILED
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
            raise
        said = told(error) if isinstance(error, asyncpg.PostgresError) else str(error)
        complain(f"{type(error).__name__}: {said}", "LOG_LEVEL=DEBUG shows where this comes from.")
        return FAILED
    return code if isinstance(code, int) else DONE
