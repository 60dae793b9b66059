"""What the terminal says when the demo has started."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import structlog
from rich.console import Console
from rich.text import Text

from server.embedded import binaries

_SKU = "SOFT-003"
_BUSY = """\
The till writes to MAIN, the office to BACKUP. Every half minute both reprice the same drink
at the same moment: both versions are kept until you decide.
"""
_QUIET = "Nobody writes but you (DEMO_TRAFFIC=false).\n"

_log = structlog.get_logger(__name__)


def greeting(main_url: str, backup_url: str, link: str, *, psql: str = "psql", busy: bool = True) -> Text:
    """Say in a few lines what is going on, where to look and what to try.

    To be printed with `soft_wrap=True`, so that the commands can be copied whole.

    Args:
        main_url: libpq URI of MAIN, to be pasted into a shell; the demo's has no password.
        backup_url: the same of BACKUP.
        link: opens the dashboard, once and for a few minutes.
        psql: the command, or the path of a psql that is not on the PATH; shown from the working folder
            where that is shorter.
        busy: whether demo traffic is running.
    """
    if Path(psql).is_absolute():
        psql = min(psql, os.path.relpath(psql), key=len)
    status = f"{link.partition('/login')[0]}/backup/status"
    curl = f'curl -H "Authorization: Bearer $(.venv/bin/cdc token)" {status}'
    main, backup = (f"{shlex.quote(psql)} {shlex.quote(url)}" for url in (main_url, backup_url))
    text = Text()
    text.append("A snooker club on two PostgreSQL servers, kept as one.\n", style="bold green")
    text.append(_BUSY if busy else _QUIET)
    for name, what in (
        ("MAIN", main),
        ("BACKUP", backup),
        ("dashboard", f"{link}   (once, within 15 minutes)"),
        ("status", f".venv/bin/cdc status   or {curl}"),
        ("conflicts", ".venv/bin/cdc conflicts   then .venv/bin/cdc resolve Product <id> MAIN|BACKUP"),
    ):
        text.append(f"  {name:<11}", style="bold").append(f"{what}\n")
    text.append("Try it: change a price on MAIN, read it on BACKUP.\n", style="bold")
    # Dollar quotes, because the whole is to stand between a shell's single ones.
    text.append(f"""  {main} -c 'UPDATE "Product" SET price = price + 1 WHERE sku = $${_SKU}$$'\n""")
    text.append(f"""  {backup} -c 'SELECT name, price FROM "Product" WHERE sku = $${_SKU}$$'\n""")
    text.append("Ctrl-C stops the service; the data stays for the next start.", style="dim")
    return text


def greet(console: Console, main_url: str, backup_url: str, link: str, *, busy: bool) -> None:
    """Tell a person at a terminal what the demo is about, and a log where it is.

    Args:
        console: where the person would be.
        main_url: libpq URI of MAIN.
        backup_url: the same of BACKUP.
        link: opens the dashboard.
        busy: whether demo traffic is running.
    """
    if console.is_terminal:
        psql = str(binaries().psql)
        console.print(greeting(main_url, backup_url, link, psql=psql, busy=busy), soft_wrap=True)
    else:
        _log.info("demo", main=main_url, backup=backup_url, dashboard=link, traffic=busy)
