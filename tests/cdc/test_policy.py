from __future__ import annotations

import json

import pytest

from cdc.errors import ConfigurationError
from cdc.policy import ColumnRule, PolicyRule, Strategy, from_json, parse_policy, parse_strategy, to_json

RULES = [
    parse_policy("MANUAL"),
    parse_policy("MAIN_WINS"),
    parse_policy("LATEST_WINS(updated (at))"),
    parse_policy("MERGE"),
    parse_policy("MERGE", {"a": "SUM", "b=c": "LATEST(at)"}, "ours"),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_what_is_kept_is_what_was_said(rule: PolicyRule) -> None:
    assert from_json(json.loads(json.dumps(to_json(rule)))) == rule


def test_simple_policies_are_kept_as_words() -> None:
    assert [to_json(rule) for rule in RULES[:2]] == ["MANUAL", "MAIN_WINS"]
    assert str(RULES[4]) == "MERGE(a=SUM, b=c=LATEST(at), function=ours)"


@pytest.mark.parametrize(
    "text", ["", "PERHAPS", "LATEST_WINS", "LATEST_WINS()", "MERGE(x)", "MAIN_WINS(x)", "manual"]
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_policy(text)
    assert from_json(text) is None


def test_parts_that_do_not_go_together_are_refused() -> None:
    for arguments in (("MAIN_WINS", {"a": "SUM"}), ("MANUAL", None, "ours"), ("MERGE", {"a": "LATEST"})):
        with pytest.raises(ConfigurationError):
            parse_policy(*arguments)  # type: ignore[arg-type]
    for text in ("", "SUM(x)", "AVERAGE"):
        with pytest.raises(ConfigurationError):
            parse_strategy("a", text)
    assert parse_strategy("a", "LATEST(b)") == ColumnRule(Strategy.LATEST, "b")


def test_what_another_version_wrote_is_nothing() -> None:
    for value in (
        None,
        3,
        [],
        {},
        {"policy": "MERGE", "columns": {"a": "MEDIAN"}},
        {"policy": "LATEST_WINS"},
    ):
        assert from_json(value) is None
