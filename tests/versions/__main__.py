"""Runs them: `python -m tests.versions [--only NAME ...] [--add REPORT ...]`.

Each version is a run of pytest of its own, and so is each role that a service may have beside the superuser. The
last line sums all of them up as pytest would, with those of `--add`, reports of runs that went before. A run that
fails, or whose server is not to be had, makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from tests.system.type_values import FAMILIES
from tests.versions.packages import Registry, read_packages

CAPTURE: Final = ("tests/triggers",)
SURROUNDINGS: Final = "tests/triggers/test_capture_surroundings.py"
ALTERED: Final = (
    f"{SURROUNDINGS}::test_altered_between_two_statements_of_one_session",
    f"{SURROUNDINGS}::test_altered_by_others_between_two_statements_of_one_session",
    f"{SURROUNDINGS}::test_a_column_added_behind_a_repeatable_read_snapshot",
)
TYPES: Final = ("tests/system/test_types.py",)
TYPES_ONCE: Final = (
    f"{TYPES[0]}::test_types_that_this_server_lacks",
    *(f"{TYPES[0]}::test_every_type[{family}-sets]" for family in FAMILIES),
)
"""Every type, in one of the ways that a link can take: which way is chosen does not depend on the version."""
KEYS: Final = ("tests/system/test_types_keys.py",)
"""The wheel's PostgreSQL has neither citext nor ICU: here is what has them."""
SYNC: Final = (
    "tests/system/test_links.py",
    "tests/system/test_partitions.py",
    "tests/system/test_refused.py",
    "tests/cdc/test_held.py",
    "tests/cdc/test_listener.py",
    "tests/cdc/test_truncate.py",
)
CONTACT: Final = "tests/cdc/test_first_contact.py"
COPY: Final = (
    f"{CONTACT}::test_an_empty_backup_gets_schema_and_rows_and_both_sides_are_linked",
    f"{CONTACT}::test_writers_on_both_sides_during_the_copy_lose_nothing",
)
CONVERGENCE: Final = "tests/system/test_convergence.py"
RESTORE: Final = ("tests/cdc/snapshot/test_writer.py", "tests/cdc/snapshot/test_restore.py")
ALL: Final = (*CAPTURE, *TYPES, *SYNC, *RESTORE, *COPY)
LINKED: Final = (
    "tests/triggers/test_capture.py",
    "tests/triggers/test_capture_partitions.py",
    *ALTERED,
    "tests/system/test_links.py",
)
BETWEEN: Final = (*LINKED, *TYPES_ONCE)
GRANTED: Final = ("tests/system/test_links.py", "tests/system/test_sequences.py")
"""With the grant a role works as a superuser does: enough to show that it is used."""
OWNER: Final = (
    *GRANTED,
    *COPY,
    "tests/triggers/test_install.py",
    "tests/triggers/test_uninstall.py",
    f"{CONVERGENCE}::test_histories[Together in batches of 2]",
    f"{CONVERGENCE}::test_a_row_that_went_back_beside_one_that_went_on",
    "tests/system/test_deadlocks.py",
    "tests/system/test_decisions.py",
    "tests/system/test_partitions.py",
    "tests/system/test_put_off.py",
    "tests/system/test_refused.py",
    "tests/system/test_replaced_keys.py",
    "tests/system/test_schema_changes.py",
    "tests/cdc/test_arbiter.py",
    "tests/cdc/test_fit.py",
    "tests/cdc/test_held.py",
    "tests/cdc/test_recheck.py",
    "tests/cdc/test_reconcile.py",
    "tests/cdc/test_truncate.py",
    "tests/cdc/test_unfinished.py",
    "tests/cdc/snapshot/test_restore.py",
)
"""As a plain owner every trigger, foreign key and unique value is in the way of what is written. The rest of the
suite runs as one by hand: CDC_TEST_ROLE=owner make test."""
LARGEST: Final = "tests/triggers/test_capture.py::test_rows_whose_text_postgresql_cannot_make"
"""Takes a tenth of a run's time: on the oldest version, and on the one that everything is run on."""
DEBIAN: Final = Path("/usr/lib/postgresql/15/bin")
LONGEST_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Run:
    """Tests on a server, or on two. A side is an npm package's major version, a folder, or None: the wheel's.

    `role` is CDC_TEST_ROLE; tests that nobody but a superuser can carry out are left out then.
    """

    name: str
    tests: tuple[str, ...]
    main: int | Path | None = None
    backup: int | Path | None = None
    wheel: str = "18"
    role: str = ""


def plan() -> list[Run]:
    """What is run, in this order: more on the oldest and the newest of them than on those between."""
    fifteen: int | Path = DEBIAN if (DEBIAN / "postgres").exists() else 15
    return [
        Run("13", ALL, 13, 13),
        Run("14", BETWEEN, 14, 14),
        Run("15", (*BETWEEN, *RESTORE, *KEYS), fifteen, fifteen),
        Run("16", BETWEEN, wheel="16"),
        Run("17", BETWEEN, 17, 17),
        Run("18 with all its libraries", (*LINKED, *TYPES, "tests/system/test_partitions.py", *KEYS), 18, 18),
        Run("13 and 18", (*TYPES_ONCE, *SYNC, *COPY), 13, None),
        Run("18 and 13", (*TYPES_ONCE, "tests/system/test_links.py", *COPY), None, 13),
        Run("18 as a plain owner", OWNER, role="owner"),
        Run("18 as an owner with the grant", GRANTED, role="granted"),
    ]


@dataclass(slots=True)
class Tally:
    """What became of tests."""

    failed: int = 0
    passed: int = 0
    skipped: int = 0
    errors: int = 0

    def add(self, report: Path) -> None:
        """Count what a report in JUnit's form says; one that is missing is an error."""
        if not report.exists():
            self.errors += 1
            return
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - our own file
            total, failed, errors, skipped = (
                int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
            )
            self.failed += failed
            self.errors += errors
            self.skipped += skipped
            self.passed += total - failed - errors - skipped

    def line(self, seconds: float) -> str:
        """The closing line, in pytest's words."""
        counts = {
            "failed": self.failed,
            "passed": self.passed,
            "skipped": self.skipped,
            "error" if self.errors == 1 else "errors": self.errors,
        }
        said = ", ".join(f"{count} {word}" for word, count in counts.items() if count or word == "passed")
        return f" {said} in {seconds:.2f}s ".center(80, "=")


def carry_out(run: Run, registry: Registry, report: Path) -> bool:
    """Run one version's tests. Returns whether all passed."""
    packages = read_packages()
    given = {"CDC_TEST_POSTGRES": run.wheel, "CDC_TEST_ROLE": run.role}
    for side, where in (("MAIN", run.main), ("BACKUP", run.backup)):
        if where is not None:
            programs = registry.programs(packages[where]) if isinstance(where, int) else where
            given[f"CDC_TEST_{side}_BIN"] = str(programs)
    command = [sys.executable, "-m", "pytest", "-q", "-n", os.environ.get("WORKERS", "4")]
    command += [
        "--dist",
        "worksteal",
        f"--junitxml={report}",
        *(("-m", "not superuser") if run.role else ()),
        *run.tests,
    ]
    if CAPTURE[0] not in run.tests:
        command += ["--deselect", LARGEST]
    try:
        done = subprocess.run(command, env=os.environ | given, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="take only these, such as 13 or '13 and 18'"
    )
    parser.add_argument("--add", nargs="*", type=Path, default=[], metavar="REPORT")
    options = parser.parse_args()
    tally, failed, began = Tally(), [], time.monotonic()
    for report in options.add:
        tally.add(report)
    with tempfile.TemporaryDirectory(prefix="cdc-versions-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the servers' user has to pass where we are root
        registry = Registry(folder)
        for number, run in enumerate(plan()):
            if options.only and run.name not in options.only:
                continue
            if isinstance(run.main or run.backup, int) and platform.machine() != "x86_64":
                sys.stdout.write(f"\nPostgreSQL {run.name}: left out, there is no package for this machine\n")
                continue
            sys.stdout.write(f"\nPostgreSQL {run.name}\n")
            sys.stdout.flush()
            at = time.monotonic()
            if not carry_out(run, registry, folder / f"{number}.xml"):
                failed.append(run.name)
            tally.add(folder / f"{number}.xml")
            sys.stdout.write(f"PostgreSQL {run.name}: {time.monotonic() - at:.0f} s\n")
    if failed:
        sys.stdout.write(f"\nfailed on PostgreSQL {'; '.join(failed)}\n")
    sys.stdout.write(tally.line(time.monotonic() - began) + "\n")
    return 1 if failed or tally.failed or tally.errors else 0


if __name__ == "__main__":
    sys.exit(main())
