"""Browser sessions and the demo's one-time login code. In memory: a restart ends them all.

Only digests are kept, so that a core dump or a debugger's listing of them logs nobody in.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 12 * 3600.0
"""Seconds that a session lasts; a token that ends sooner ends it sooner."""
CODE_SECONDS: Final = 15 * 60.0
MOST: Final = 1_000
"""Sessions at a time; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who logged in. `expires` is in seconds since 1970."""

    actor: str
    expires: float


class Sessions:
    """Those who are logged in.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        self._codes: dict[str, float] = {}

    def begin(self, actor: str, expires: float | None = None) -> tuple[str, Session]:
        """Open a session and return its secret, for the cookie."""
        self._forget()
        latest = self._clock() + LONGEST
        session = Session(actor, latest if expires is None else min(expires, latest))
        secret = secrets.token_urlsafe(32)
        self._open[_digest(secret)] = session
        while len(self._open) > MOST:
            del self._open[next(iter(self._open))]
        return secret, session

    def find(self, secret: str) -> Session | None:
        """Give the session of a cookie, None where it has none or has ended."""
        session = self._open.get(_digest(secret))
        return session if session is not None and session.expires > self._clock() else None

    def end(self, secret: str) -> None:
        """Log out."""
        self._open.pop(_digest(secret), None)

    def make_code(self) -> str:
        """Make a code that logs in once, within CODE_SECONDS."""
        code = secrets.token_urlsafe(24)
        self._codes[_digest(code)] = self._clock() + CODE_SECONDS
        return code

    def redeem(self, code: str) -> bool:
        """Use up a code. Returns whether it was good."""
        expires = self._codes.pop(_digest(code), 0.0)
        return expires > self._clock()

    def _forget(self) -> None:
        now = self._clock()
        for kept in [digest for digest, session in self._open.items() if session.expires <= now]:
            del self._open[kept]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
