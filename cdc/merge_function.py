"""Users' own merge functions: entry points of the group `cdc.merge`, run in a process that a time-out can end.

A function gets base (None where nobody knows it), main and backup as maps of column to text, None being NULL, and
returns such a map, or None: undecided.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final

from cdc.model import Image

TIMEOUT_S: Final = 5.0
LONGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of a merged row; no row that PostgreSQL sends us as text is much larger."""


class MergeFunctions:
    """The process that runs them, started when it is first needed."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        """Take how long one call may last, in seconds."""
        self._timeout = timeout_s
        self._process: asyncio.subprocess.Process | None = None

    async def call(self, name: str, base: Image | None, main: Image, backup: Image) -> Image | str:
        """Merge a row. Returns the row, or in words why there is none; never raises for what the function does."""
        request = json.dumps({"function": name, "base": base, "main": main, "backup": backup})
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._ask(request)
        except TimeoutError:
            await self.close()
            return f"did not answer within {self._timeout:g} seconds"
        except (OSError, ValueError) as error:
            await self.close()
            return f"ended unexpectedly ({error or type(error).__name__})"
        except BaseException:
            await self.close()  # an answer that comes too late must not be taken for the next one's
            raise
        if "error" in answer:
            return str(answer["error"])
        return _row(answer["row"])

    async def close(self) -> None:
        """End the process, in whatever it is."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _ask(self, request: str) -> dict[str, Any]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cdc.merge_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_ANSWER,
            )
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None  # noqa: S101 - both are pipes
        assert pipe_out is not None  # noqa: S101
        pipe_in.write(request.encode() + b"\n")
        await pipe_in.drain()
        line = await pipe_out.readline()
        if not line:
            raise OSError("no answer")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _row(row: Any) -> Image | str:
    if row is None:
        return "undecided"
    if isinstance(row, dict) and all(
        isinstance(name, str) and (value is None or isinstance(value, str)) for name, value in row.items()
    ):
        return row
    return "returned no map of column to text or None"
