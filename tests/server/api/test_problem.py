from __future__ import annotations

import asyncpg
import pytest

from cdc.errors import (
    CdcError,
    ConflictMoved,
    ConflictNotFound,
    ConnectivityError,
    MergeIncomplete,
    ResolutionRefused,
)
from cdc.snapshot.errors import SnapshotDamaged, SnapshotNotFound, StoreFull, StoreUnwritable
from server.api.problem import problem_of
from server.operations.errors import OperationBusy


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConflictNotFound("gone"), 404),
        (ConflictMoved("moved"), 409),
        (ResolutionRefused("no"), 422),
        (ConnectivityError("MAIN is away"), 503),
        (SnapshotNotFound("x"), 404),
        (SnapshotDamaged("cut"), 422),
        (StoreFull("full"), 507),
        (StoreUnwritable("read-only"), 503),
        (CdcError("anything else of ours"), 409),
        (asyncpg.QueryCanceledError("canceling statement"), 503),
        (asyncpg.LockNotAvailableError("lock"), 409),
    ],
)
def test_errors_have_a_status(error: Exception, status: int) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert problem.status == status
    assert ("Retry-After" in problem.headers) == (status == 503)


def test_a_fault_of_the_program_is_nobodys_business() -> None:
    assert problem_of(KeyError("secret")) is None
    assert problem_of(asyncpg.PostgresSyntaxError("SELECT secret")) is None


def test_what_a_program_needs_is_a_member() -> None:
    busy = problem_of(OperationBusy("busy", running=7))
    assert busy is not None
    assert busy.document("r")["operation"] == 7
    missing = problem_of(MergeIncomplete("left", missing=("a", "b")))
    assert missing is not None
    assert missing.document("r")["missing"] == ["a", "b"]


def test_passwords_stay_inside() -> None:
    problem = problem_of(
        ConnectivityError("no postgresql://u:hunter2@h/d", hint="try postgresql://u:hunter2@h/d")
    )
    assert problem is not None
    assert "hunter2" not in str(problem.document(None))
    assert "SELECT" not in str(problem_of(asyncpg.QueryCanceledError("SELECT secret")).__dict__)
