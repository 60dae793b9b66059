"""The command line `cdc`. Exit codes: 0 done, 1 failed, 2 wrong usage or settings."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import asyncpg
import click

from cdc.errors import CdcError, ConfigurationError
from server.commands.alerts import alerts
from server.commands.backup import backup, export
from server.commands.conflicts import conflicts
from server.commands.doctor import doctor
from server.commands.history import history
from server.commands.install import install_triggers, uninstall_triggers
from server.commands.policy import policy
from server.commands.resolve import resolve
from server.commands.restore import restore
from server.commands.resync import resync
from server.commands.run import run
from server.commands.snapshots import snapshots
from server.commands.status import status
from server.commands.sync import pause, resume, sync
from server.commands.token import token
from server.commands.verify import verify
from server.console import complain
from triggers.errors import TriggerError

DONE, FAILED, USAGE = 0, 1, 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cdc", prog_name="cdc")
def cli() -> None:
    """Keep two PostgreSQL databases as one: MAIN and BACKUP.

    Settings come from the environment and from .env; docs/settings.md lists them.
    """


for command in (
    run,
    install_triggers,
    uninstall_triggers,
    status,
    sync,
    pause,
    resume,
    conflicts,
    resolve,
    policy,
    resync,
    backup,
    export,
    restore,
    snapshots,
    history,
    verify,
    token,
    doctor,
    alerts,
):
    cli.add_command(command)


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
        complain(f"{type(error).__name__}: {error}", "LOG_LEVEL=DEBUG shows where this comes from.")
        return FAILED
    return code if isinstance(code, int) else DONE
