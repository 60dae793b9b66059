from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cdc.snapshot.retention import HOURLY_FOR, Candidate, Policy, decide

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


def made(minutes_ago: float, **values: object) -> Candidate:
    at = NOW - timedelta(minutes=minutes_ago)
    return Candidate(f"{minutes_ago:012.2f}", at, 10, **values)  # type: ignore[arg-type]


candidates = st.lists(
    st.builds(
        made,
        st.one_of(st.integers(-60, 200), st.integers(0, 60 * 24 * 90), st.just(60 * 24 * 3650)),
        backup=st.booleans(),
        verified=st.booleans(),
        pinned=st.sampled_from([False] * 9 + [True]),
        in_use=st.sampled_from([False] * 9 + [True]),
        suspect=st.sampled_from([False] * 9 + [True]),
    ),
    unique_by=lambda each: each.name,
    max_size=60,
)
policies = st.builds(
    Policy,
    days=st.integers(1, 60),
    max_bytes=st.one_of(st.none(), st.integers(1, 700)),
    thinning=st.booleans(),
    minimum=st.integers(1, 5),
)


@given(candidates, policies)
def test_what_no_rule_may_take_stays(snapshots: list[Candidate], policy: Policy) -> None:
    decision = decide(snapshots, policy, NOW)
    good = [each for each in snapshots if each.backup and each.verified and not each.suspect]
    good.sort(key=lambda each: (each.created_at, each.name), reverse=True)
    safe = {each.name for each in good[: policy.minimum]}
    safe |= {each.name for each in snapshots if each.pinned or each.in_use or each.suspect}
    assert safe <= decision.keep.keys()
    assert decision.keep.keys() | decision.remove.keys() == {each.name for each in snapshots}
    assert not decision.keep.keys() & decision.remove.keys()
    if any(each.backup and not each.suspect for each in snapshots):
        assert any(each.backup and not each.suspect for each in snapshots if each.name in decision.keep)


@given(candidates, policies, st.integers(0, 100_000))
def test_deciding_again_takes_nothing_more_and_every_hour_and_day_keeps_one(
    snapshots: list[Candidate], policy: Policy, later: int
) -> None:
    decision = decide(snapshots, policy, NOW)
    left = [each for each in snapshots if each.name in decision.keep]
    assert decide(left, policy, NOW).remove == {}
    if policy.max_bytes is not None:
        kept = sum(each.size_bytes for each in left)
        assert decision.over_bytes == max(0, kept - policy.max_bytes)
        return
    young = [
        each
        for each in snapshots
        if each.backup and not each.suspect and NOW - each.created_at <= timedelta(days=policy.days)
    ]
    assert {each.created_at.date() for each in young} <= {each.created_at.date() for each in left}
    recent = [each for each in young if NOW - each.created_at <= HOURLY_FOR - timedelta(hours=1)]
    hours = {each.created_at.replace(minute=0) for each in left}
    assert {each.created_at.replace(minute=0) for each in recent} <= hours
    moved = decide(snapshots, policy, NOW + timedelta(minutes=later))
    sound = {each.name for each in young if each.verified}
    assert {*moved.keep} & sound or not sound


@given(candidates, policies)
def test_the_order_of_the_list_means_nothing(snapshots: list[Candidate], policy: Policy) -> None:
    assert decide(snapshots, policy, NOW) == decide(snapshots[::-1], policy, NOW)


def test_a_month_of_minutes_becomes_a_day_of_hours_and_a_month_of_days() -> None:
    snapshots = [made(minutes) for minutes in range(60 * 24 * 40)]
    decision = decide(snapshots, Policy(days=30), NOW)
    assert 60 + 23 + 29 <= len(decision.keep) <= 61 + 25 + 31
    reasons = set(decision.remove.values())
    assert reasons == {"older than 30 days", "thinned: another one of its hour or day is kept"}
    untouched = decide(snapshots, Policy(days=30, thinning=False), NOW)
    assert set(untouched.remove.values()) == {"older than 30 days"}


def test_a_file_that_somebody_asked_for_is_not_thinned_but_grows_old() -> None:
    snapshots = [made(60 * 24 * 3 + minute, backup=False) for minute in range(5)]
    assert decide(snapshots, Policy(), NOW).remove == {}
    assert len(decide(snapshots, Policy(days=2), NOW).remove) == 5


def test_a_clock_that_jumps_leaves_the_newest() -> None:
    snapshots = [made(minutes) for minutes in range(10)]
    decision = decide(snapshots, Policy(minimum=3), NOW + timedelta(days=4000))
    assert set(decision.keep) == {each.name for each in snapshots[:3]}
    assert decide(snapshots, Policy(), NOW - timedelta(days=4000)).remove == {}


def test_a_verified_one_stands_for_its_hour_before_a_newer_one_that_is_not() -> None:
    day = 60 * 24 * 2
    snapshots = [made(day, verified=False), made(day + 10), made(day + 20), *(made(m) for m in range(3))]
    decision = decide(snapshots, Policy(), NOW)
    assert snapshots[1].name in decision.keep
    assert {snapshots[0].name, snapshots[2].name} <= decision.remove.keys()


def test_a_size_limit_takes_the_oldest_and_says_when_it_cannot_be_kept() -> None:
    snapshots = [made(minutes) for minutes in range(10)]
    decision = decide(snapshots, Policy(max_bytes=55), NOW)
    assert set(decision.keep) == {each.name for each in snapshots[:5]}
    assert decision.over_bytes == 0
    tight = decide(snapshots, Policy(max_bytes=5), NOW)
    assert set(tight.keep) == {each.name for each in snapshots[:3]}
    assert tight.over_bytes == 25


def test_without_any_verified_one_the_newest_unverified_stay() -> None:
    snapshots = [made(60 * 24 * 100 + minute, verified=False) for minute in range(5)]
    decision = decide(snapshots, Policy(), NOW)
    assert set(decision.keep) == {each.name for each in snapshots[:3]}
