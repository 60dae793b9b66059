"""The store and what is known of it brought together, and old snapshots removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from cdc.model import Side
from cdc.session import Connection
from cdc.snapshot import catalog, history, names
from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.errors import SnapshotNotFound, StoreError
from cdc.snapshot.retention import Candidate, Decision, Policy, decide
from cdc.snapshot.storage import Store, StoredFile
from server.operations.workshop import Workshop

MISSING_DAYS: Final = 1
"""Days that a file which vanished is remembered for people to notice."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Tidied:
    """What was decided, and what came of it.

    Attributes:
        decision: what stays and what goes, with reasons.
        removed: names of files that were removed, or would be.
        refused: names of files that could not be removed, with the reason.
        entries: how many entries of the history were removed.
    """

    decision: Decision
    removed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    entries: int = 0


async def reconcile(shop: Workshop, main: Connection, expected: Collection[str] = ()) -> list[SnapshotInfo]:
    """Bring what is known in line with what is there, and give all that is known, the newest first.

    A file that has appeared is noted by its name, as one that nobody has verified yet; one that has vanished or
    has another size than it was written with is noted as such.

    Args:
        shop: the store.
        main: to MAIN.
        expected: names of files that are about to be noted.

    Raises:
        StoreError: the store cannot be read; nothing is concluded from that.
    """
    store = shop.store
    there = {file.name: file for file in await store.files() if file.name not in expected}
    before = await catalog.known(main, store.location)
    known = {info.name: info for info in before}
    for name in there.keys() - known.keys():
        _log.info("a snapshot has appeared", file=name)
        await catalog.put(main, store.location, _found(store, there[name]), whole=False)
    back = [name for name, info in known.items() if info.missing_at is not None and name in there]
    for name in back:
        await catalog.put(main, store.location, known[name], whole=False)
    for name, info in known.items():
        if name in there and there[name].size_bytes != info.size_bytes and info.fault is None:
            fault = f"it has {there[name].size_bytes} bytes and was written with {info.size_bytes}"
            _log.warning("a snapshot was changed", file=name, fault=fault)
            await catalog.note_fault(main, store.location, name, fault)
    if gone := [name for name, info in known.items() if name not in there and info.missing_at is None]:
        _log.warning("snapshots have vanished", files=gone)
        await catalog.note_missing(main, store.location, gone)
    return await catalog.known(main, store.location)


async def tidy(
    shop: Workshop,
    main: Connection,
    *,
    in_use: Collection[str] = (),
    fresh: Iterable[SnapshotInfo] = (),
    dry_run: bool = False,
) -> Tidied:
    """Remove what the retention does not keep, and the history that goes with it.

    A file that is missing, not ours, or cannot be removed does not stop the rest.

    Args:
        shop: the store and the settings.
        main: to MAIN; the caller holds the operation lock, unless it is a dry run.
        in_use: names of files that somebody reads.
        fresh: files that were written a moment ago and are not noted yet.
        dry_run: only say what would be removed.

    Raises:
        StoreError: the store cannot be read.
    """
    new = {info.name: replace(info, verified_at=datetime.now(UTC)) for info in fresh}
    known = {info.name: info for info in await reconcile(shop, main, new)} | new
    there = [info for info in known.values() if info.missing_at is None]
    candidates = [_candidate(info, in_use) for info in there]
    done = Tidied(decide(candidates, _policy(shop), datetime.now(UTC)))
    for name, reason in sorted(done.decision.remove.items()):
        if not dry_run:
            try:
                await _remove(shop.store, name)
            except StoreError as error:
                done.refused[name] = str(error)
                _log.warning("a snapshot cannot be removed", file=name, error=str(error), hint=error.hint)
                continue
            await catalog.forget(main, shop.store.location, name)
            _log.debug("removed a snapshot", file=name, reason=reason)
        done.removed.append(name)
    if not dry_run:
        await _forget_missing(shop, main, known.values())
        done.entries = await history.prune(main, days=shop.settings.backup_retention_days)
    return done


async def _remove(store: Store, name: str) -> None:
    try:
        await store.remove(name)
    except SnapshotNotFound:
        _log.info("a snapshot to be removed was gone already", file=name)


async def _forget_missing(shop: Workshop, main: Connection, known: Iterable[SnapshotInfo]) -> None:
    now = datetime.now(UTC)
    for info in known:
        if info.missing_at is not None and (now - info.missing_at).days >= MISSING_DAYS:
            await catalog.forget(main, shop.store.location, info.name)


def _policy(shop: Workshop) -> Policy:
    settings = shop.settings
    limit = settings.backup_max_bytes
    return Policy(
        days=settings.backup_retention_days,
        max_bytes=None if limit is None else int(limit),
        thinning=settings.backup_thinning,
    )


def _candidate(info: SnapshotInfo, in_use: Collection[str]) -> Candidate:
    ours = names.is_ours(info.name) and info.fault is None
    return Candidate(
        name=info.name,
        created_at=info.created_at,
        size_bytes=info.size_bytes,
        backup=info.type == "FULL" and info.side is Side.MAIN,
        verified=info.usable,
        pinned=info.pinned,
        in_use=info.name in in_use,
        suspect=not ours,
    )


def _found(store: Store, file: StoredFile) -> SnapshotInfo:
    """Say what a file's name tells; a name that is none of ours makes it one that somebody brought."""
    return SnapshotInfo(
        name=file.name,
        filepath=store.filepath(file.name),
        type=names.kind_of(file.name) or "EXPORT",
        side=Side.MAIN,
        history_id=None,
        created_at=names.made_at(file.name) or file.modified_at,
        size_bytes=file.size_bytes,
        record_count=None,
        sha256=None,
    )


def as_json(done: Tidied) -> dict[str, Any]:
    """Give what came of it, for the entry of a backup; nothing where nothing did."""
    told: dict[str, Any] = {}
    if done.removed:
        told["removed"] = len(done.removed)
    if done.refused:
        told["refused"] = done.refused
    if done.decision.over_bytes:
        told["overBytes"] = done.decision.over_bytes
    return told
