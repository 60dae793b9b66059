"""What can go wrong with a server of our own, and what a person can do about it."""

from __future__ import annotations

from cdc.errors import CdcError

_EXCERPT = 1500
_OWN_DATABASES = "or name databases of your own in DATABASE_URL and BACKUP_DATABASE_URL"

# The first text found in a program's output gives the hint. PostgreSQL runs with LC_ALL=C: English.
_HINTS = (
    ("No space left on device", "the disk is full: make room, then start again"),
    ("Disk quota exceeded", "the disk quota is used up: make room, then start again"),
    ("Read-only file system", f"the folder cannot be written to: use another, {_OWN_DATABASES}"),
    ("could not change permissions", f"this file system keeps no permissions: use another, {_OWN_DATABASES}"),
    ("could not create shared memory", "shared memory is short: free some, or enlarge /dev/shm"),
    ("could not map anonymous shared memory", "memory is short: stop something else first"),
    (
        "could not create semaphores",
        "the system allows no more semaphores: stop other servers or raise kernel.sem",
    ),
    ("error while loading shared libraries", f"a system library is missing: install it, {_OWN_DATABASES}"),
    ("Address already in use", "another server listens there: stop it, or choose another port"),
    ("invalid value for parameter", "a setting given to this server is not valid"),
    ("unrecognized configuration parameter", "a setting given to this server does not exist in this version"),
    ("Permission denied", f"the server's user may not use that folder: use another, {_OWN_DATABASES}"),
)


class EmbeddedServerError(CdcError):
    """A server of our own cannot be made, started or stopped. `hint` says what to do next."""


def fault(message: str, output: str = "", *, hint: str = "") -> EmbeddedServerError:
    """Make an error from what was tried and what the program said.

    Args:
        message: what was tried, in plain words.
        output: what the program printed; its end is quoted, and it decides on the hint.
        hint: the hint where the output gives none.
    """
    found = next((text for mark, text in _HINTS if mark in output), hint)
    said = output.strip()[-_EXCERPT:]
    return EmbeddedServerError(f"{message}: {said}" if said else message, hint=found)


def folder_fault(error: OSError, what: str) -> EmbeddedServerError:
    """Make an error from a file operation that the operating system refused.

    Args:
        error: what the system said; the path in it is named.
        what: what the folder or file is for.
    """
    hint = (
        f"let the user that runs this write there, start in another folder, {_OWN_DATABASES}; "
        "if another user (root, perhaps) ran the service here before, run it as that user"
    )
    return fault(
        f"cannot use {error.filename or 'the data folder'} ({what}): {error.strerror or error}", hint=hint
    )
