from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server.logs import configure

URL = "postgresql://user:hunter2@host/database"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture(params=[io.StringIO, Terminal])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    made: io.StringIO = request.param()
    configure("INFO", stream=made)
    return made


def test_no_form_of_a_password_is_written(stream: io.StringIO) -> None:
    log = structlog.get_logger("server.test")
    log.info("cannot reach %s", URL)
    log.info("in a value", dsn=URL, nested={"dsn": [URL], "password": "hunter2"}, error=OSError(URL))
    log.info("in a key", password="hunter2", JWT_SECRET="hunter2", token="hunter2")  # noqa: S106
    logging.getLogger("asyncpg").warning("cannot reach %s", URL)
    logging.getLogger("aiohttp.server").warning("extra", extra={"authorization": "Bearer hunter2"})
    log.error("failed", exc_info=OSError(URL))
    assert stream.getvalue().count("\n") >= 6
    assert "hunter2" not in stream.getvalue()


def test_a_machine_gets_one_json_object_a_line() -> None:
    stream = io.StringIO()
    configure("INFO", stream=stream)
    structlog.get_logger("server.test").info("link streaming", link="MAIN_TO_BACKUP", failures=2)
    logging.getLogger("asyncpg").error("gone")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["link"], first["failures"]) == (
        "link streaming",
        "info",
        "MAIN_TO_BACKUP",
        2,
    )
    assert (second["event"], second["level"], second["logger"]) == ("gone", "error", "asyncpg")


def test_a_person_gets_colours() -> None:
    stream = Terminal()
    configure("INFO", stream=stream)
    structlog.get_logger("server.test").info("link streaming")
    assert "\x1b[" in stream.getvalue()


def test_the_level() -> None:
    stream = io.StringIO()
    configure("WARNING", stream=stream)
    structlog.get_logger("server.test").info("unseen")
    structlog.get_logger("server.test").warning("seen")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["seen"]
