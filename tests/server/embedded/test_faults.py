from __future__ import annotations

import pytest

from cdc.errors import CdcError
from server.embedded.faults import fault, folder_fault


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("FATAL:  could not write lock file: No space left on device", "disk is full"),
        ('could not create directory "x": Permission denied', "may not use that folder"),
        ("could not create shared memory segment: No space left on device", "disk is full"),
        ('FATAL:  unrecognized configuration parameter "x"', "does not exist in this version"),
        ("libz.so.1: error while loading shared libraries", "library is missing"),
    ],
)
def test_what_a_program_said_decides_on_the_hint(output: str, hint: str) -> None:
    error = fault("it does not start", output, hint="see the log")
    assert isinstance(error, CdcError)
    assert hint in error.hint
    assert str(error) == f"it does not start: {output}"


def test_without_a_known_text_the_given_hint_stays() -> None:
    assert fault("it does not start", hint="see the log").hint == "see the log"


def test_a_long_text_is_cut() -> None:
    assert len(str(fault("no", "x" * 100_000))) < 2000


def test_a_refused_file_is_named() -> None:
    error = folder_fault(PermissionError(13, "Permission denied", "/somewhere"), "a lock file")
    assert str(error) == "cannot use /somewhere (a lock file): Permission denied"
    assert "let the user that runs this write there" in error.hint
