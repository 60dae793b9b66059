"""SQL text by name, from the .sql files beside the packages that use it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from triggers.identifiers import Composed

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_HEADER = re.compile(r"\A(?:--.*\n)+")


def piece(name: str, package: str = "triggers", **parts: Composed) -> Composed:
    """A statement as a part of another one, without its header and last line break.

    Raises:
        As `render`.
    """
    return Composed(render(name, package, **parts).removesuffix("\n"))


def placeholders(name: str, package: str = "triggers") -> frozenset[str]:
    """The parts that a statement takes.

    Raises:
        FileNotFoundError: the package has no such statement.
    """
    return frozenset(_PLACEHOLDER.findall(_HEADER.sub("", statement(name, package))))


@cache
def statement(name: str, package: str = "triggers") -> str:
    """Read the text of `<package>/sql/<name>.sql`, once per process.

    Raises:
        FileNotFoundError: the package has no such statement.
    """
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def render(name: str, package: str = "triggers", **parts: Composed) -> str:
    """Read a statement and put composed names in place of its `{placeholders}`.

    Only lower-case words in braces are placeholders; `'{}'` and `'{1,2}'` stay as they are.

    Raises:
        KeyError: the statement has a placeholder that was not given, or was given one it has not.
        TypeError: a part that triggers.identifiers did not make.
        FileNotFoundError: the package has no such statement.
    """
    text = statement(name, package)
    wanted = placeholders(name, package)
    if wanted != parts.keys():
        raise KeyError(f"{package}/sql/{name}.sql takes {sorted(wanted)}, was given {sorted(parts)}")
    for key, part in parts.items():
        if not isinstance(part, Composed):
            raise TypeError(f"part {key!r} of {package}/sql/{name}.sql is plain text, not composed names")
    # Not the header: a name may hold a line break, which would end its comment.
    return _PLACEHOLDER.sub(lambda found: parts[found[1]], _HEADER.sub("", text))
