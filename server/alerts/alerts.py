"""From status documents to messages on their way: what the service has of alerts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from server.alerts.conditions import finding
from server.alerts.delivery import Delivery, attend
from server.alerts.episodes import Episodes, Notice, Turn
from server.alerts.message import compose
from server.alerts.messenger import messengers
from server.alerts.receiver import Receiver
from server.alerts.webhook import Webhook
from server.settings import Settings

_log = structlog.get_logger(__name__)


def receivers(settings: Settings) -> list[Receiver]:
    """Make what the settings name.

    Raises:
        ConfigurationError: ALERT_URLS cannot be used.
    """
    found: list[Receiver] = []
    if settings.alert_webhook_url is not None:
        secret = settings.alert_webhook_secret
        url = settings.alert_webhook_url.get_secret_value()
        found.append(Webhook(url, None if secret is None else secret.get_secret_value()))
    if settings.alert_urls is not None:
        found.extend(messengers(settings.alert_urls.get_secret_value()))
    return found


class Alerts:
    """Tells people what a status says, once for each episode.

    Args:
        receivers: who is told.
        instance: who tells: host and process.
        changed: called when what is to be kept for the next run has changed.
    """

    def __init__(
        self, receivers: Sequence[Receiver], *, instance: str, changed: Callable[[], None] = lambda: None
    ) -> None:
        self._deliveries = [Delivery(receiver) for receiver in receivers]
        self._instance = instance
        self._changed = changed
        self._episodes = Episodes()

    @property
    def open(self) -> int:
        """Episodes that people have been told of and that are not over."""
        return len(self._episodes.as_json())

    @property
    def pending(self) -> bool:
        """Whether something is about to be told."""
        return any(episode.told_at is None for episode in self._episodes.open.values())

    @property
    def delivered(self) -> int:
        """Messages that receivers took, since the start."""
        return sum(each.delivered for each in self._deliveries)

    @property
    def lost(self) -> int:
        """Messages that were given up, since the start."""
        return sum(each.lost for each in self._deliveries)

    def judge(self, status: Mapping[str, Any]) -> None:
        """Take a status document and send what it gives reason for. Never waits."""
        notices = self._episodes.step(finding(status), datetime.now(UTC))
        for notice in notices:
            self._send(notice)
        if notices:
            self._changed()

    def as_json(self) -> dict[str, Any]:
        """Give what the next run, or the instance that takes over, has to know."""
        return self._episodes.as_json()

    def take_over(self, kept: Mapping[str, Any]) -> None:
        """Go on from what an earlier run kept."""
        self._episodes.restore(kept, datetime.now(UTC))

    def stand_down(self) -> None:
        """Forget everything: another instance works, and tells."""
        self._episodes = Episodes()

    async def run(self) -> None:
        """Deliver until cancelled."""
        await attend(self._deliveries)

    def _send(self, notice: Notice) -> None:
        condition = notice.condition
        told = {"turn": notice.turn.value, "id": condition.id, "message": condition.message}
        if notice.turn is Turn.RECOVERED:
            _log.info("alert", **told)
        else:
            _log.warning("alert", severity=condition.severity, hint=condition.hint, **told)
        message = compose(notice, instance=self._instance, delivery=str(uuid.uuid4()))
        for delivery in self._deliveries:
            delivery.put(message)
