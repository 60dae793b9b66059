from __future__ import annotations

from server.api.limits import MOST_KEYS, Limit


def test_tries_come_back_with_time() -> None:
    now = [0.0]
    limit = Limit(2, 10, lambda: now[0])
    for _ in range(2):
        assert limit.wait("a") == 0
        limit.take("a")
    assert limit.wait("a") == 5
    assert limit.wait("b") == 0
    now[0] = 5.0
    assert limit.wait("a") == 0
    limit.take("a")
    assert limit.wait("a") == 5


def test_memory_is_bounded() -> None:
    limit = Limit(1, 10)
    for number in range(MOST_KEYS + 50):
        limit.take(str(number))
    assert len(limit) == MOST_KEYS
    assert limit.wait("0") == 0
    assert limit.wait(str(MOST_KEYS + 49)) > 0
