from __future__ import annotations

import io

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from server.progress import shown


def test_lines_where_there_is_no_terminal() -> None:
    with capture_logs() as logs, shown(Console(file=io.StringIO())) as show:
        show("Product", 10, 100)
        show("Product", 100, 100)
        show("Sale", 5, 50)
    assert [(line["event"], line["rows"], line["of"]) for line in logs] == [("copying", 10, 100)]


@pytest.mark.parametrize("reported", [True, False])
def test_a_bar_on_a_terminal_once_something_is_reported(reported: bool) -> None:  # noqa: FBT001
    screen = io.StringIO()
    with shown(Console(file=screen, force_terminal=True, width=100)) as show:
        if reported:
            show("Product", 10, 100)
            show("Product", 90, 100)
    assert ("Product" in screen.getvalue()) is reported
