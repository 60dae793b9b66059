"""Alerts posted to a URL as JSON, signed where a secret is set.

The signature is `t=SECONDS,v1=HEX` in X-Cdc-Signature: HMAC-SHA256 with ALERT_WEBHOOK_SECRET over the seconds, a
dot, and the body. The time is part of it so that an old message cannot be sent again by somebody else.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from server.alerts.message import Message
from server.alerts.receiver import NotDelivered

TIMEOUT: Final = 10.0
"""Seconds for one attempt as a whole."""
PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class Webhook:
    """Posts messages to one URL.

    Args:
        url: where to.
        secret: what to sign with; None: not signed.
    """

    def __init__(self, url: str, secret: str | None = None) -> None:
        self._url = url
        self._secret = secret
        self.name = f"webhook {urlsplit(url).hostname}"

    async def deliver(self, message: Message) -> None:
        """Post once. Redirects are not followed: what we send is for this URL only.

        Raises:
            NotDelivered: the URL could not be reached, or did not answer with 2xx.
        """
        headers = {"Content-Type": "application/json", "X-Cdc-Delivery": message.delivery}
        if self._secret is not None:
            headers["X-Cdc-Signature"] = signature(self._secret, int(time.time()), message.body)
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
                session.post(self._url, data=message.body, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotDelivered(
                f"{self.name}: {type(error).__name__}",
                hint="Is ALERT_WEBHOOK_URL right, and reachable from here?",
            ) from error
        if not HTTPStatus(200) <= status < HTTPStatus(300):
            final = HTTPStatus(400) <= status < HTTPStatus(500) and status not in PASSING
            raise NotDelivered(
                f"{self.name} answered {status}",
                hint="Does ALERT_WEBHOOK_URL take a POST of JSON?",
                final=final or HTTPStatus(300) <= status < HTTPStatus(400),
            )


def signature(secret: str, seconds: int, body: bytes) -> str:
    """Make the value of X-Cdc-Signature for a body that is sent at a time (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
