"""What is done with a table's conflicts without asking anyone, as people write it and as it is kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from cdc.errors import ConfigurationError
from cdc.model import Policy, Side

_WITH_COLUMN: Final = re.compile(r"([A-Z_]+)(?:\((.+)\))?", re.DOTALL)


class Strategy(StrEnum):
    """How a column is decided that both sides changed to different values."""

    MAIN = "MAIN"
    BACKUP = "BACKUP"
    MAX = "MAX"
    MIN = "MIN"
    LATEST = "LATEST"
    SUM = "SUM"
    UNION = "UNION"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """A column's strategy; `by` is the column that says which row is the later one, with LATEST alone."""

    strategy: Strategy
    by: str | None = None

    def __str__(self) -> str:
        """As people write it: MAX, or LATEST(updated_at)."""
        return self.strategy.value if self.by is None else f"{self.strategy}({self.by})"


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A table's policy with what goes with it.

    `column` says which row is the later one, with LATEST_WINS alone. `columns` are strategies and `function` the
    name of an entry point of the group `cdc.merge`, with MERGE alone.
    """

    policy: Policy = Policy.MANUAL
    column: str | None = None
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    function: str | None = None

    def __str__(self) -> str:
        """As people write it: MANUAL, LATEST_WINS(updated_at), MERGE(stock=SUM, function=ours)."""
        if self.policy is Policy.LATEST_WINS:
            return f"{self.policy}({self.column})"
        parts = [f"{name}={rule}" for name, rule in self.columns.items()]
        parts += [f"function={self.function}"] if self.function else []
        return f"{self.policy}({', '.join(parts)})" if parts else self.policy.value

    @property
    def winner(self) -> Side | None:
        """The side that wins whatever the rows hold, None where that depends on them or on a person."""
        return self.policy.winner

    @property
    def decides(self) -> bool:
        """Whether both rows are to be looked at, side by side, before a person is asked."""
        return self.policy is not Policy.MANUAL

    @property
    def summed(self) -> tuple[str, ...]:
        """Columns of which both sides' deltas are kept, so that two equal changes are two changes."""
        return tuple(name for name, rule in self.columns.items() if rule.strategy is Strategy.SUM)


MANUAL: Final = PolicyRule()
"""The policy of tables that nothing was said about."""


def parse_policy(
    text: str, columns: Mapping[str, str] | None = None, function: str | None = None
) -> PolicyRule:
    """Read a policy as people write it.

    Args:
        text: MANUAL, MAIN_WINS, BACKUP_WINS, LATEST_WINS(column) or MERGE.
        columns: strategies by column, as people write them: MAX, or LATEST(column).
        function: the name of a merge function.

    Raises:
        ConfigurationError: there is no such policy or strategy, or parts of it do not go together.
    """
    name, column = _split(text)
    if name not in set(Policy):
        raise ConfigurationError(
            f"there is no policy {text}", hint=f"One of {', '.join(Policy)}, such as LATEST_WINS(updated_at)."
        )
    rule = PolicyRule(
        Policy(name), column, {c: parse_strategy(c, s) for c, s in (columns or {}).items()}, function
    )
    if (rule.policy is Policy.LATEST_WINS) != (column is not None):
        raise ConfigurationError(
            f"{text}: LATEST_WINS, and it alone, names the column that says which row is the later one",
            hint="Write LATEST_WINS(updated_at), quoted for the shell.",
        )
    if rule.policy is not Policy.MERGE and (rule.columns or function):
        raise ConfigurationError(f"{text} takes no strategies and no function", hint="MERGE does.")
    return rule


def parse_strategy(column: str, text: str) -> ColumnRule:
    """Read a column's strategy as people write it.

    Raises:
        ConfigurationError: there is no such strategy, or LATEST lacks its column.
    """
    name, by = _split(text)
    if name not in set(Strategy) or (Strategy(name) is Strategy.LATEST) != (by is not None):
        raise ConfigurationError(
            f"{column}: there is no strategy {text}",
            hint="One of MAIN, BACKUP, MAX, MIN, SUM, UNION, JSON, LATEST(column).",
        )
    return ColumnRule(Strategy(name), by)


def _split(text: str) -> tuple[str, str | None]:
    found = _WITH_COLUMN.fullmatch(text.strip())
    return (found[1], found[2]) if found else (text, None)


def to_json(rule: PolicyRule) -> Any:
    """What is kept of a policy: its name where that says all."""
    if not (rule.column or rule.columns or rule.function):
        return rule.policy.value
    kept: dict[str, Any] = {"policy": rule.policy.value}
    kept |= {"column": rule.column} if rule.column else {}
    kept |= {"columns": {name: str(each) for name, each in rule.columns.items()}} if rule.columns else {}
    return kept | ({"function": rule.function} if rule.function else {})


def from_json(value: Any) -> PolicyRule | None:
    """A policy as it was kept; None for what another version wrote and this one does not know."""
    kept = value if isinstance(value, dict) else {"policy": value}
    column, name = kept.get("column"), str(kept.get("policy"))
    try:
        text = f"{name}({column})" if column else name
        return parse_policy(text, kept.get("columns"), kept.get("function"))
    except (ConfigurationError, AttributeError, TypeError):
        return None
