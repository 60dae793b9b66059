"""`cdc conflicts`, `cdc resolve` and `cdc policy` on conflicts of a pair that no service looks after."""

from __future__ import annotations

from pathlib import Path

from tests.databases import Pair
from tests.running import Shell
from tests.synced import synced

SCHEMA = """
CREATE TABLE product (id int PRIMARY KEY, name text, stock int);
INSERT INTO product SELECT i, 'cue', 10 FROM generate_series(1, 8) i;
"""


async def test_conflicts_from_the_command_line(tmp_path: Path, pair: Pair) -> None:
    shell = Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE product SET stock = 8, name = 'chalk' WHERE id = 1")
        await both.main.execute("UPDATE product SET stock = 6 WHERE id > 1")
        await both.backup.execute("UPDATE product SET stock = 7")
        await both.settle()

        listed = await shell("conflicts", "product", "--limit", "2")
        assert "2 shown; open in all: 8 (product UPDATE_ORIGIN_DIFFERS 8)" in listed.out
        shown = await shell("conflicts", "product", "1")
        lines = {line.split()[1]: line.split() for line in shown.out.splitlines() if line[:1] in "<>*"}
        assert lines["stock"] == ["*", "stock", "8", "10", "7"]
        assert lines["name"] == ["<", "name", "chalk", "cue", "cue"]

        incomplete = await shell("resolve", "product", "1", "MERGE")
        assert incomplete.code == 1
        assert "stock changed on both sides" in incomplete.err
        merged = (await shell("resolve", "product", "1", "MERGE", "--set", "stock=5", "--json")).json
        assert merged["row"] == {"id": "1", "name": "chalk", "stock": "5"}

        assert (await shell("policy", "product", "MERGE", "--column", "stock=PLUS")).code == 2
        kept = await shell("policy", "product", "MERGE", "--column", "stock=SUM", "--json")
        assert kept.json == {"product": {"policy": "MERGE", "columns": {"stock": "SUM"}}}
        assert (await shell("resolve", "product", "2", "MERGE", "--json")).json["row"]["stock"] == "3"

        everything = ("resolve", "--all", "product", "MAIN", "--only-column", "stock")
        preview = (await shell(*everything, "--dry-run", "--json")).json
        assert (preview["wouldResolve"], len(preview["sample"])) == (6, 5)
        assert (await shell(*everything)).code == 2
        done = await shell(*everything, "--yes", "--json")
        assert (done.code, done.json) == (0, {"resolved": 6, "refused": []})
        await both.settle()
        await both.assert_equal("product")
        await both.assert_no_conflicts()
        resolved = (await shell("conflicts", "--status", "resolved", "--json")).json["items"]
        assert {each["resolution"] for each in resolved} == {"MAIN", "MERGE"}


async def test_what_stands_in_the_way_is_shown(tmp_path: Path, pair: Pair) -> None:
    shell = Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})
    async with synced(
        pair, f"{SCHEMA}; CREATE TABLE line (id int PRIMARY KEY, product int REFERENCES product)"
    ) as both:
        await both.main.execute("DELETE FROM product WHERE id = 1")
        await both.backup.execute("INSERT INTO line VALUES (5, 1)")
        await both.settle()
        parent = await shell("conflicts", "product", "1")
        assert "in its way on BACKUP: line 5 (id=5, product=1)" in parent.out
        child = await shell("conflicts", "line", "5")
        assert "missing on MAIN: product 1" in child.out
        (item,) = (await shell("conflicts", "product", "1", "--json")).json["items"]
        assert item["related"] == [
            {"side": "BACKUP", "entity": "line", "entityId": "5", "row": {"id": "5", "product": "1"}}
        ]


async def test_wrong_usage_of_resolve(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {})
    for arguments in (
        ("product", "1", "BOTH"),
        ("product", "1", "MAIN", "--set", "a=1"),
        ("product", "1", "MERGE", "--set", "a"),
        ("product", "1", "MAIN", "--dry-run"),
    ):
        ended = await shell("resolve", *arguments)
        assert ended.code == 2
        assert "Usage:" in ended.err
