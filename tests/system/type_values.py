"""Types and values of theirs, read from types.txt: edges of each type, and what its text form could get wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_TYPE: Final = re.compile(r"(\w+) = (.+?)( \[needs (\w+)\])?( \[printed\])?")


@dataclass(slots=True)
class Kind:
    """A type of column. `setup` is run first; `values` are SQL expressions, two at least.

    `needs`: an extension, `xml`, or a major version of PostgreSQL. `printed`: the values' texts are equal on both
    sides, and their bytes need not be.
    """

    name: str
    type: str
    needs: str
    printed: bool
    setup: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


def literal(text: str) -> str:
    """A literal that means the same whatever standard_conforming_strings is."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# fmt: off
AWKWARD: Final = [literal(text) for text in (
    "", " ", "\\N", "NULL", "null", '""', '"', "'", "\\", "\\\\", '\\"', "a\nb", "\r\n", "a\tb", ",", "(,)", "()",
    "{}", "{a,b}", "%2C", "%", "ünïcödé ☃ 𝄞", " leading and trailing ", "\x01\x1f\x7f", "\u200b\u2028\ufeff", "$1",
    "{image}",
)]
# fmt: on


def _read() -> dict[str, list[Kind]]:
    families: dict[str, list[Kind]] = {}
    kinds: list[Kind] = []
    for line in Path(__file__).with_name("types.txt").read_text(encoding="utf-8").splitlines():
        match line[:1], line.strip():
            case "#", text if text.startswith("## "):
                kinds = families[text.removeprefix("## ")] = []
            case (("#" | ""), _):
                continue
            case "!", text:
                kinds[-1].setup.append(text.removeprefix("! "))
            case " ", "@awkward_array":
                kinds[-1].values.append(f"ARRAY[{', '.join(AWKWARD)}, NULL]")
            case " ", text if text.startswith("@awkward "):
                kinds[-1].values += AWKWARD[: int(text.removeprefix("@awkward "))]
            case " ", text:
                kinds[-1].values.append(text)
            case _:
                found = _TYPE.fullmatch(line)
                assert found is not None, line
                kinds.append(Kind(found[1], found[2], found[4] or "", found[5] is not None))
    return families


FAMILIES: Final = _read()
