"""Runs users' merge functions, in a process of its own that can be ended: one JSON document per line, in and out."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import entry_points
from typing import Any, Final

GROUP: Final = "cdc.merge"


def main() -> None:
    """Answer requests until the input ends; whatever a function prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: dict[str, Any] = {"row": _call(request)}
        except Exception as error:  # noqa: BLE001 - a user's code may raise anything; all of it is shown
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _call(request: dict[str, Any]) -> Any:
    found = [each for each in entry_points(group=GROUP) if each.name == request["function"]]
    if not found:
        raise LookupError(f"no entry point {request['function']} in group {GROUP}")
    return found[0].load()(request["base"], request["main"], request["backup"])


if __name__ == "__main__":
    main()
