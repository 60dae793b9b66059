"""Everything that is done to snapshots and databases on demand or by the clock.

The service, the HTTP API and the command line all use this class. Each operation has an entry in the history
on MAIN, and one runs at a time, whichever process it is in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cdc.model import Side
from cdc.snapshot import catalog
from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.errors import SnapshotNotFound
from cdc.snapshot.history import Kind
from cdc.snapshot.store import resolve_name
from server.databases import DATA_FOLDER, Databases
from server.operations import checking, restoring, writing
from server.operations.checking import Check
from server.operations.errors import SnapshotPinned
from server.operations.lock import OperationLock
from server.operations.request import RestoreRequest
from server.operations.runs import Runs
from server.operations.tidying import Tidied, reconcile, tidy
from server.operations.workshop import Workshop
from server.settings import Settings


class Operations(Runs):
    """What can be done. Each `start_…` returns the id of the entry, and may raise:

    OperationsDisabled (ENABLE_BACKUP_SERVICE is false), OperationBusy (another operation runs),
    ConnectivityError (MAIN is away) and InstallRefused (schema cdc is not there).

    Args:
        databases: where both sides are.
        settings: valid ones.

    Raises:
        ConfigurationError: BACKUP_DIR cannot be used.
    """  # noqa: D415 - the summary is a list

    def __init__(self, databases: Databases, settings: Settings) -> None:
        super().__init__(Workshop.of(databases, settings))
        self._in_use: Counter[str] = Counter()

    async def start_backup(self, actor: str) -> int:
        """Begin a full backup of MAIN. It ends UNCHANGED where the last one holds everything."""
        return await self._start(
            Kind.FULL, actor, lambda run: writing.full(self.shop, run, set(self._in_use))
        )

    async def start_export(self, actor: str, *, include_history: bool = False) -> int:
        """Begin a snapshot of MAIN that somebody asked for, with the backup history in it if wanted."""
        return await self._start(
            Kind.EXPORT,
            actor,
            lambda run: writing.export(self.shop, run, include_history=include_history),
            {"includeHistory": include_history},
        )

    async def start_restore(self, actor: str, request: RestoreRequest) -> int:
        """Begin a restore, once its file was found whole; the entry's detail has the counts by table.

        Raises:
            SnapshotNotFound: there is no such file, or it is outside the store.
            SnapshotDamaged, SnapshotForeign: it is not whole, or none of ours. Nothing was begun.
        """
        self.require_enabled()
        name = await resolve_name(self.shop.store, request.filepath)
        await checking.verified_file(self.shop, name)
        detail = {
            "target": request.target.value,
            "tables": list(request.tables),
            "dryRun": request.dry_run,
            "propagate": request.follows,
        }
        return await self._start(
            Kind.RESTORE, actor, lambda run: restoring.restored(self.shop, run, name, request), detail
        )

    async def start_verify(
        self, actor: str, *, repair: Side | None = None, tables: Sequence[str] = ()
    ) -> int:
        """Begin a comparison of both databases.

        Args:
            actor: who asks.
            repair: the side whose rows are made equal to the other's where they differ; None writes nothing.
            tables: only these; all that are synced where empty.
        """
        return await self._start(
            Kind.VERIFY,
            actor,
            lambda run: checking.sides(self.shop, run, repair=repair, tables=tables),
            {"kind": Check.SIDES, "repair": repair},
        )

    async def start_verify_file(self, actor: str, filepath: str) -> int:
        """Begin to read a snapshot file from end to end.

        Raises:
            SnapshotNotFound: there is no such file, or it is outside the store.
        """
        name = await resolve_name(self.shop.store, filepath)
        detail = {"kind": Check.FILE, "filepath": self.shop.store.filepath(name)}
        return await self._start(Kind.VERIFY, actor, lambda run: checking.file(self.shop, run, name), detail)

    async def start_restore_test(self, actor: str, filepath: str | None = None) -> int:
        """Begin a trial restore, of the newest verified backup where no file is named.

        Raises:
            SnapshotNotFound: there is no such file, or it is outside the store.
        """
        name = None if filepath is None else await resolve_name(self.shop.store, filepath)
        folder = DATA_FOLDER.absolute()
        return await self._start(
            Kind.VERIFY,
            actor,
            lambda run: checking.trial(self.shop, run, name, folder),
            {"kind": Check.RESTORE_TEST},
        )

    async def snapshots(self) -> list[SnapshotInfo]:
        """List the snapshot files, the newest first, after a look at what is really there.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self.shop.settings.enable_backup_service:  # a look would note what it found
            return await self._line.ask(lambda main: catalog.known(main, self.shop.store.location))
        return await self._line.ask(lambda main: reconcile(self.shop, main))

    async def snapshot(self, filepath: str) -> SnapshotInfo:
        """Give what is known of one file.

        Raises:
            SnapshotNotFound: there is no such file, or it is outside the store.
        """
        name = await resolve_name(self.shop.store, filepath)
        found = next((info for info in await self.snapshots() if info.name == name), None)
        if found is None:
            raise SnapshotNotFound(filepath)
        return found

    async def pin(self, filepath: str, *, on: bool, by: str = "somebody") -> SnapshotInfo:
        """Keep a file whatever the retention says, or leave it to that again.

        Raises:
            SnapshotNotFound: there is no such file, or it is outside the store.
        """
        self.require_enabled()
        info = await self.snapshot(filepath)
        who = by if on else None
        await self._line.ask(lambda main: catalog.pin(main, self.shop.store.location, info.name, who))
        return await self.snapshot(filepath)

    async def remove(self, filepath: str) -> None:
        """Remove a file, and the entry of the backup that wrote it.

        Raises:
            SnapshotNotFound: there is no such file, or it is outside the store.
            SnapshotPinned: somebody wants it kept.
            OperationBusy: an operation runs, which may be reading it.
        """
        self.require_enabled()
        lock = await OperationLock.take(self.shop.databases.main)
        try:
            info = await self.snapshot(filepath)
            if info.pinned or info.name in self._in_use:
                who = f"pinned by {info.pinned_by}" if info.pinned else "being read"
                raise SnapshotPinned(
                    f"{info.name} is {who}", hint="Unpin it first, or wait until it has been read."
                )
            await self.shop.store.remove(info.name)
            await catalog.forget(lock.connection, self.shop.store.location, info.name)
        finally:
            await lock.release()

    async def prune(self, *, dry_run: bool = False) -> Tidied:
        """Remove what the retention does not keep, or only say what that would be.

        Raises:
            OperationBusy: an operation runs, which may be reading one of the files.
            StoreError: the store cannot be read.
        """
        self.require_enabled()
        if dry_run:
            return await self._line.ask(
                lambda main: tidy(self.shop, main, in_use=set(self._in_use), dry_run=True)
            )
        lock = await OperationLock.take(self.shop.databases.main)
        try:
            return await tidy(self.shop, lock.connection, in_use=set(self._in_use))
        finally:
            await lock.release()

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Keep a file from being removed by this process while it is read, as for a download."""
        self._in_use[name] += 1
        try:
            yield
        finally:
            self._in_use[name] -= 1
            if not self._in_use[name]:
                del self._in_use[name]
