from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.running import Ended, Shell, until

TABLE = "CREATE TABLE product (id int PRIMARY KEY, name text)"


@pytest.fixture
async def shell(tmp_path: Path, pair: Pair) -> Shell:
    """Both sides with a product, captured; no service runs."""
    for connection in (pair.main, pair.backup):
        await connection.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'chalk')")
    shell = Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})
    assert (await shell("install-triggers")).code == 0
    return shell


def names(shell: Shell) -> list[str]:
    """Every file in BACKUP_DIR, temporary ones too."""
    folder = shell.folder / "backups"
    return sorted(os.listdir(folder)) if folder.exists() else []  # noqa: PTH208 - hidden ones too


def done(ended: Ended) -> Any:
    assert ended.code == 0, ended.err
    return ended.json


async def test_a_backup_and_what_is_known_of_it(shell: Shell, pair: Pair) -> None:
    first = done(await shell("backup", "--json"))
    assert (first["type"], first["status"], first["recordCount"]) == ("FULL", "COMPLETED", 1)
    path = Path(first["filepath"])
    assert [path.name] == names(shell)
    assert done(await shell("backup", "--json"))["status"] == "UNCHANGED"
    assert "Nothing has changed since" in (await shell("backup")).out
    await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
    assert "2" in (await shell("backup")).out
    exported = done(await shell("export", "--include-history", "--json"))
    assert (exported["type"], exported["detail"]["includeHistory"]) == ("EXPORT", True)
    items = done(await shell("snapshots", "--json"))["items"]
    assert [item["type"] for item in items] == ["EXPORT", "FULL", "FULL"]
    assert all(item["verifiedAt"] for item in items)
    page = done(await shell("history", "--limit", "2", "--json"))
    assert [item["type"] for item in page["items"]] == ["EXPORT", "FULL"]
    older = done(await shell("history", "--cursor", page["nextCursor"], "--status", "UNCHANGED", "--json"))
    assert {item["status"] for item in older["items"]} == {"UNCHANGED"}
    assert (await shell("history", "--cursor", "yesterday")).code == 2
    for command in (["snapshots"], ["history"]):
        shown = await shell(*command)
        assert path.name in shown.out


async def test_files_are_verified_pinned_pruned_and_deleted(shell: Shell) -> None:
    name = Path(done(await shell("backup", "--json"))["filepath"]).name
    assert "is whole: 1 rows" in (await shell("snapshots", "verify", name)).out
    assert done(await shell("snapshots", "pin", name, "--json"))["pinned"] is True
    refused = await shell("snapshots", "delete", name, "--yes")
    assert (refused.code, "pinned by" in refused.err) == (1, True)
    assert done(await shell("snapshots", "unpin", name, "--json"))["pinned"] is False
    pruned = done(await shell("snapshots", "prune", "--dry-run", "--json"))
    assert (pruned["removed"], list(pruned["kept"])) == ({}, [name])
    asked = await shell("snapshots", "delete", name)
    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert (await shell("snapshots", "delete", name, "--yes")).code == 0
    assert names(shell) == []
    gone = await shell("snapshots", "verify", name)
    assert (gone.code, gone.err.startswith("there is no snapshot")) == (1, True)


async def test_a_damaged_file_is_named_and_nothing_is_restored_from_it(shell: Shell, pair: Pair) -> None:
    path = Path(done(await shell("backup", "--json"))["filepath"])
    data = bytearray(path.read_bytes())  # noqa: ASYNC240 - small
    data[len(data) // 2] ^= 1
    path.write_bytes(data)  # noqa: ASYNC240 - small
    await pair.main.execute("UPDATE product SET name = 'mine'")
    for arguments in (["snapshots", "verify"], ["restore", "--target", "MAIN", "--yes"]):
        ended = await shell(*arguments, path.name)
        assert ended.code == 1
        assert "damaged" in ended.err
        assert "Traceback" not in ended.err
    assert await pair.main.fetchval("SELECT name FROM product") == "mine"
    found = done(await shell("status", "--json"))
    assert "snapshots-damaged" in {problem["id"] for problem in found["problems"]}


async def test_a_restore_is_shown_first_and_saves_what_was_there(shell: Shell, pair: Pair) -> None:
    path = done(await shell("backup", "--json"))["filepath"]
    await pair.main.execute("UPDATE product SET name = 'wrong'; INSERT INTO product VALUES (2, 'new')")
    shown = done(await shell("restore", path, "--target", "MAIN", "--dry-run", "--json"))
    counts = {"inserted": 0, "updated": 1, "deleted": 1, "unchanged": 0}
    assert shown["detail"]["tables"] == {"product": counts}
    assert await pair.main.fetchval("SELECT count(*) FROM product") == 2
    unasked = await shell("restore", path, "--target", "MAIN")
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    entry = done(await shell("restore", path, "--target", "MAIN", "--yes", "--json"))
    assert entry["detail"]["tables"] == {"product": counts}
    assert await pair.main.fetch("SELECT * FROM product") == [(1, "chalk")]
    back = entry["detail"]["safety"]
    assert (await shell("restore", back, "--target", "MAIN", "--yes", "--tables", "product")).code == 0
    assert await pair.main.fetchval("SELECT count(*) FROM product") == 2
    kinds = [item["type"] for item in done(await shell("history", "--json"))["items"]]
    assert kinds == ["RESTORE", "RESTORE", "RESTORE", "FULL"]


async def test_a_lost_main_is_made_again_from_its_files(shell: Shell, pair: Pair) -> None:
    name = Path(done(await shell("backup", "--json"))["filepath"]).name
    await pair.main.execute("DROP SCHEMA cdc CASCADE; DROP TABLE product")
    uninstalled = await shell("restore", name, "--target", "MAIN", "--yes")
    assert (uninstalled.code, "install-triggers" in uninstalled.err) == (1, True)
    assert (await shell("install-triggers")).code == 0
    (found,) = done(await shell("snapshots", "--json"))["items"]
    assert (found["name"], found["verifiedAt"]) == (name, None)
    entry = done(await shell("restore", name, "--target", "MAIN", "--yes", "--json"))
    assert entry["detail"]["created"] is True
    assert await pair.main.fetch("SELECT * FROM product") == [(1, "chalk")]
    async with shell.service() as service:
        await service.streaming()
        assert await service.end() == 0


async def test_a_backup_is_restored_for_trial(shell: Shell) -> None:
    done(await shell("backup", "--json"))
    entry = done(await shell("snapshots", "test", "--json"))
    assert (entry["type"], entry["status"], entry["recordCount"]) == ("VERIFY", "COMPLETED", 1)
    assert (entry["detail"]["kind"], entry["detail"]["tables"]) == ("RESTORE_TEST", {"product": 1})
    (found,) = done(await shell("snapshots", "--json"))["items"]
    assert (found["testStatus"], bool(found["testedAt"])) == ("COMPLETED", True)
    assert not (shell.folder / ".data" / "trial").exists()


async def test_both_sides_are_compared_and_repaired(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        await service.end()
    assert "Both sides are equal" in (await shell("verify")).out
    await pair.backup.execute(
        "BEGIN; SET LOCAL cdc.applying = 'on'; UPDATE product SET name = 'secretly other'; COMMIT"
    )
    differ = await shell("verify", "--json")
    assert differ.code == 1
    assert json.loads(differ.out)["detail"]["tables"]["product"]["differing"] == 1
    assert "product: 1 rows differ" in differ.err


async def test_another_operation_is_waited_for_and_named(shell: Shell, pair: Pair) -> None:
    holder = await pair.connect(Side.MAIN)
    await holder.execute("SELECT pg_advisory_lock(6513763, 5)")
    await holder.execute(
        "INSERT INTO cdc.backup_history (type, status, actor) VALUES ('EXPORT', 'RUNNING', 'ann')"
    )
    busy = await shell("backup", "--wait", "0")
    assert busy.code == 1
    assert "operation 1 (EXPORT) runs" in busy.err
    assert "ann" in busy.err
    waiting = asyncio.create_task(shell("backup", "--json"))
    await asyncio.wait({waiting}, timeout=1)
    assert not waiting.done()
    await holder.close()
    assert done(await waiting)["status"] == "COMPLETED"


async def test_switched_off_nothing_is_written(shell: Shell) -> None:
    ended = await shell("backup", ENABLE_BACKUP_SERVICE="false")
    assert ended.code == 1
    assert "ENABLE_BACKUP_SERVICE is false" in ended.err
    assert names(shell) == []
    assert (await shell("history", ENABLE_BACKUP_SERVICE="false")).code == 0


async def test_a_folder_that_cannot_be_written_to(shell: Shell) -> None:
    (shell.folder / "backups").write_text("a file")
    ended = await shell("backup")
    assert ended.code == 1
    assert "FULL failed" in ended.err
    assert "Traceback" not in ended.err
    found = done(await shell("status", "--json"))
    assert "backup-failed" in {problem["id"] for problem in found["problems"]}


async def grown(pair: Pair) -> None:
    await pair.main.execute(
        "INSERT INTO product SELECT n, repeat(md5(n::text), 9) FROM generate_series(2, 150000) n"
    )


async def written_to(shell: Shell, before: list[str]) -> None:
    """Wait until a backup writes to a file that was not there before."""

    async def writing() -> bool:
        return any(name.endswith(".tmp") and name not in before for name in names(shell))

    await until(writing)


async def test_a_killed_backup_leaves_no_file_and_is_marked_at_the_next_start(
    shell: Shell, pair: Pair
) -> None:
    await grown(pair)
    for delay in (0, 0.1, 0.3):
        before = names(shell)
        process = await shell.start("backup")
        await written_to(shell, before)
        await asyncio.sleep(delay)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        assert [name for name in names(shell) if not name.endswith(".tmp")] == []
    found = done(await shell("status", "--json"))
    assert found["backup"]["lastVerified"] is None
    assert done(await shell("backup", "--json"))["status"] == "COMPLETED"
    assert len(names(shell)) == 1
    entries = done(await shell("history", "--json"))["items"]
    assert [entry["status"] for entry in entries] == ["COMPLETED", *["INTERRUPTED"] * 3]


async def test_a_backup_that_is_interrupted_by_hand_says_so(shell: Shell, pair: Pair) -> None:
    await grown(pair)
    process = await shell.start("backup")
    await written_to(shell, [])
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 1
    assert "FULL interrupted: cancelled by" in err.decode()
    assert "Traceback" not in err.decode()
    assert names(shell) == []
    (entry,) = done(await shell("history", "--json"))["items"]
    assert (entry["status"], entry["detail"]["cancelled"]) == ("INTERRUPTED", True)
