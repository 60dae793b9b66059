"""Three-way merge: the same from either side, nothing where one side alone changed, never a value of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdc.merge import Plan, Reason, Versions, answered, plan
from cdc.model import Image, Side
from cdc.policy import ColumnRule, PolicyRule, Strategy, parse_policy

COLUMNS = ("a", "b", "c", "d")
values = st.one_of(st.none(), st.sampled_from(["0", "1", "2", "1.0"]))
images = st.fixed_dictionaries(dict.fromkeys(COLUMNS, values))
bases = st.one_of(st.none(), images, st.dictionaries(st.sampled_from(COLUMNS), values))
SIDED = (Strategy.MAIN, Strategy.BACKUP)
strategies = st.sampled_from([each for each in Strategy if each not in {Strategy.LATEST, *SIDED}])
rules = st.dictionaries(st.sampled_from(COLUMNS), strategies).map(
    lambda found: PolicyRule(columns={name: ColumnRule(each) for name, each in found.items()})
)
NOTHING: dict[str, str | None] = {}


def merged(base: Image | None, main: Image, backup: Image, rule: PolicyRule) -> Plan:
    return plan(Versions(base, main, backup), COLUMNS, rule, NOTHING)


@given(bases, images, images, rules)
def test_it_is_symmetric(base: Image | None, main: Image, backup: Image, rule: PolicyRule) -> None:
    one, other = merged(base, main, backup, rule), merged(base, backup, main, rule)
    assert one.values == other.values
    assert one.missing == other.missing
    assert [(q.column, q.base, {q.main, q.backup}) for q in one.questions] == [
        (q.column, q.base, {q.main, q.backup}) for q in other.questions
    ]


@given(images, images, rules)
def test_what_one_side_alone_changed_is_taken(base: Image, changed: Image, rule: PolicyRule) -> None:
    for main, backup in ((changed, base), (base, changed)):
        found = merged(base, main, backup, rule)
        assert found.values == changed
        assert not found.questions
        assert not found.missing


@given(bases, images, images, rules)
def test_no_value_is_invented_and_no_column_is_forgotten(
    base: Image | None, main: Image, backup: Image, rule: PolicyRule
) -> None:
    found = merged(base, main, backup, rule)
    for name, cell in found.cells.items():
        assert cell.value in (main[name], backup[name])
        if cell.reason is Reason.SAME:
            assert main[name] == backup[name]
    asked = [question.column for question in found.questions]
    assert sorted([*found.cells, *asked, *found.missing]) == sorted(COLUMNS)


@given(bases, images, images, rules, images)
def test_what_a_person_said_counts_first(
    base: Image | None, main: Image, backup: Image, rule: PolicyRule, said: Image
) -> None:
    found = plan(Versions(base, main, backup), COLUMNS, rule, said)
    assert found.values == said
    assert not found.questions
    assert not found.missing


@given(bases, images, images)
def test_without_strategies_only_what_both_changed_differently_is_missing(
    base: Image | None, main: Image, backup: Image
) -> None:
    for name in merged(base, main, backup, PolicyRule()).missing:
        assert main[name] != backup[name]
        if base is not None and name in base:
            assert base[name] not in (main[name], backup[name])


def test_answers_complete_a_plan() -> None:
    rule = parse_policy("MERGE", {"a": "MAX", "b": "SUM", "c": "LATEST(d)", "d": "MAIN"})
    versions = Versions(dict.fromkeys(COLUMNS, "0"), dict.fromkeys(COLUMNS, "1"), dict.fromkeys(COLUMNS, "2"))
    found = plan(versions, COLUMNS, rule, NOTHING)
    assert [(q.column, q.main, q.backup) for q in found.questions] == [
        ("a", "1", "2"),
        ("b", "1", "2"),
        ("c", "1", "2"),
    ]
    done = answered(found, versions, [Side.BACKUP, {"b": "3"}, Side.MAIN])
    assert done.values == {"a": "2", "b": "3", "c": "1", "d": "1"}
    assert answered(found, versions, [None, {"b": "3"}, None]).missing == ("a", "c")


def test_sums_that_contradict_each_other_are_for_a_person() -> None:
    rule = parse_policy("MERGE", {"a": "SUM"})
    row: Image = {"a": "8"}
    versions = Versions({"a": "10"}, row, row, {"a": [("10", "8", "9"), ("10", "8", "9")]})
    found = plan(versions, ["a"], rule, NOTHING)
    assert answered(found, versions, [{"a": "7"}, {"a": "7"}]).values == {"a": "7"}
    for answers in ([{"a": "7"}, {"a": "6"}], [{"a": "7"}, None], [None, {"a": "7"}]):
        done = answered(found, versions, answers)
        assert (done.values, done.missing) == ({}, ("a",))
    unknown = Versions({"a": "10"}, row, row, {"a": []})
    assert plan(unknown, ["a"], rule, NOTHING).missing == ("a",)
