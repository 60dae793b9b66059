from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from server.alerts.conditions import CONFLICTS, Condition, Finding
from server.alerts.episodes import LONGEST_QUIET, MORE_EVERY, QUIET, Episodes

START = datetime(2026, 1, 1, tzinfo=UTC)
STOPPED = Condition("link-stopped:MAIN_TO_BACKUP", "error", "it has stopped", "cdc resume")
HELD = Condition("disk-low", "warning", "disk is low", "make room", hold=60.0)


@dataclass
class Run:
    """Steps through time, a second each, and collects what is told."""

    episodes: Episodes = field(default_factory=Episodes)
    second: int = 0

    def passes(self, seconds: float, *conditions: Condition, complete: bool = True) -> list[str]:
        told = []
        found = Finding({each.id: each for each in conditions}, complete)
        for _ in range(int(seconds)):
            notices = self.episodes.step(found, START + timedelta(seconds=self.second))
            told += [f"{notice.turn} {notice.condition.id.partition(':')[0]}" for notice in notices]
            self.second += 1
        return told


QUIET_S = QUIET.total_seconds() + 1


def test_once_as_it_begins_and_once_as_it_ends() -> None:
    run = Run()
    assert run.passes(5) == []
    assert run.passes(7200, STOPPED) == ["opened link-stopped"]
    assert run.passes(7200) == ["recovered link-stopped"]
    assert run.passes(5, STOPPED) == ["opened link-stopped"]


def test_what_passes_quickly_is_not_told() -> None:
    run = Run()
    assert run.passes(59, HELD) == []
    assert run.passes(600) == []
    assert run.passes(62, HELD) == ["opened disk-low"]


def test_what_comes_back_soon_is_the_same_episode() -> None:
    run = Run()
    assert run.passes(5, STOPPED) == ["opened link-stopped"]
    for _ in range(20):
        assert run.passes(QUIET_S - 5) == []
        assert run.passes(5, STOPPED) == []
    assert run.passes(QUIET_S) == ["recovered link-stopped"]


def test_what_flaps_is_told_less_and_less_often() -> None:
    run, told = Run(), 0
    for _ in range(48):  # a day of half an hour's turns
        told += len(run.passes(QUIET_S + 5, STOPPED)) + len(run.passes(QUIET_S + 5))
    assert told < 12
    assert run.passes(LONGEST_QUIET.total_seconds() + 5)[-1:] == ["recovered link-stopped"]


def test_what_nobody_can_see_is_not_over() -> None:
    run = Run()
    run.passes(1, STOPPED)
    assert run.passes(62, HELD, STOPPED) == ["opened disk-low"]
    assert run.passes(3600, complete=False) == ["recovered link-stopped"]  # that can be seen from here
    assert run.passes(QUIET_S) == ["recovered disk-low"]


def test_conflicts_are_grouped() -> None:
    def conflicts(count: int) -> Condition:
        return Condition(CONFLICTS, "warning", f"{count} open", "", hold=10.0, size=count)

    run = Run()
    assert run.passes(8, conflicts(1)) == []
    assert run.passes(60, conflicts(30)) == ["opened conflicts-open"]
    minutes = MORE_EVERY.total_seconds()
    assert run.passes(minutes - 65, conflicts(50)) == []
    assert run.passes(minutes, conflicts(50)) == ["more conflicts-open"]
    assert run.passes(minutes * 3, conflicts(50)) == []
    assert run.passes(minutes, conflicts(3)) == []
    assert run.passes(10, conflicts(5)) == ["more conflicts-open"]
    assert run.passes(QUIET_S) == ["recovered conflicts-open"]


def test_the_next_run_goes_on_where_this_one_ended() -> None:
    first, second = Run(), Run()
    first.passes(5, STOPPED, HELD)  # the second one is not told of yet
    second.episodes.restore(first.episodes.as_json(), START)
    assert second.passes(30, STOPPED) == []
    assert second.passes(QUIET_S) == ["recovered link-stopped"]
    assert second.episodes.as_json() == {}


def test_what_another_version_kept_does_no_harm() -> None:
    episodes = Episodes()
    kept = {"a": {}, "b": None, "c": {"since": "yesterday", "severity": "e", "message": "m"}, "d": 7}
    episodes.restore(kept, START)
    assert episodes.open == {}


def test_memory_of_what_is_over_fades() -> None:
    run = Run()
    for number in range(100):
        each = Condition(f"table-gone:{number}", "error", "", "")
        run.passes(1, each)
    run.passes(QUIET_S)
    assert run.episodes.open == {}
    run.passes(3700)
    assert run.episodes._over == {}
