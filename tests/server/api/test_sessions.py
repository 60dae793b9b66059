from __future__ import annotations

from server.api.sessions import CODE_SECONDS, LONGEST, MOST, Sessions


def test_a_session_ends_by_itself_or_when_told() -> None:
    now = [1000.0]
    sessions = Sessions(lambda: now[0])
    secret, session = sessions.begin("ann")
    assert session.expires == 1000 + LONGEST
    assert sessions.find(secret) == session
    short, _ = sessions.begin("bob", expires=1010.0)
    now[0] = 1011.0
    assert sessions.find(short) is None
    sessions.end(secret)
    assert sessions.find(secret) is None


def test_a_code_works_once_and_not_for_long() -> None:
    now = [1000.0]
    sessions = Sessions(lambda: now[0])
    code, late = sessions.make_code(), sessions.make_code()
    assert sessions.redeem(code)
    assert not sessions.redeem(code)
    assert not sessions.redeem("guess")
    now[0] += CODE_SECONDS + 1
    assert not sessions.redeem(late)


def test_memory_is_bounded() -> None:
    sessions = Sessions()
    first, _ = sessions.begin("ann")
    for _ in range(MOST):
        last, _ = sessions.begin("bob")
    assert sessions.find(first) is None
    assert sessions.find(last) is not None
