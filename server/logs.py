"""Logging for people on a terminal and for machines elsewhere, with no password in either.

Everything goes to standard error: a coloured line where that is a terminal, a JSON object a line where not.
Records of other libraries (asyncpg, aiohttp, asyncio) take the same way.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from server.redaction import MASK, is_secret, redact

DEEPEST = 6
QUIET = ("aiohttp.access", "asyncio", "httpx")
"""Loggers that speak only of warnings unless LOG_LEVEL is DEBUG."""


def configure(level: str, *, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging, once per process or again to change the level.

    Args:
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        stream: where to write; standard error where not given.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(
            fmt="%H:%M:%S" if stream.isatty() else "iso", utc=not stream.isatty()
        ),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    target = logging.StreamHandler(stream)
    target.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [target]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "DEBUG" else "WARNING")


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Mask passwords in every text of a log record, and every value whose key says that it is a secret."""
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _hidden(key, value, 0)
    return event


def _renderer(stream: TextIO) -> Processor:
    if stream.isatty():
        return structlog.dev.ConsoleRenderer(
            colors=True, pad_event_to=40, exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


def _hidden(key: str, value: Any, depth: int) -> Any:
    if (is_secret(key) and value is not None) or depth > DEEPEST:
        return MASK
    match value:
        case str():
            return redact(value)
        case MutableMapping():
            return {inner: _hidden(str(inner), held, depth + 1) for inner, held in value.items()}
        case list() | tuple():
            return [_hidden("", held, depth + 1) for held in value]
        case None | bool() | int() | float():
            return value
        case _:
            return redact(str(value))
