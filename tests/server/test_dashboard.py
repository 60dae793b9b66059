"""The dashboard's files as the service sends them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import server.dashboard
from tests.databases import Pair
from tests.serving import serving

FOLDER = Path(server.dashboard.__file__).parent
SCRIPTS = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)


async def test_files_are_sent_with_their_types_and_a_strict_policy_and_nothing_else_is(pair: Pair) -> None:
    async with serving(pair, runs=False) as service:
        page = await service.get("/?login=expired", token=False)
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/html")
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        for path, kind in (
            ("assets/main.js", "text/javascript"),
            ("assets/style/ground.css", "text/css"),
            ("assets/icon.svg", "image/svg+xml"),
        ):
            sent = await service.get(f"/{path}", token=False)
            assert sent.status == 200
            assert sent.headers["Content-Type"].startswith(kind)
            assert sent.content == (FOLDER / path).read_bytes()
            again = {"If-None-Match": sent.headers["ETag"]}
            assert (await service.get(f"/{path}", token=False, headers=again)).status == 304
        for path in (
            "/assets/../__init__.py",
            "/assets/%2e%2e/__init__.py",
            "/__init__.py",
            "/assets/",
            "/assets/..%2findex.html",
            "/assets/none.js",
        ):
            assert (await service.get(path, token=False)).status == 404, path


def test_the_page_has_no_inline_script_or_style_and_names_files_that_exist() -> None:
    page = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", page)
    for path in re.findall(r'(?:src|href)="/(assets/[^"]+)"', page):
        assert (FOLDER / path).is_file(), path


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_scripts_import_files_that_exist_and_never_write_markup(script: Path) -> None:
    text = (FOLDER / script).read_text()
    for path in re.findall(r'from "(\.[^"]+)"', text):
        assert ((FOLDER / script).parent / path).is_file(), path
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "http://",
        "https://",
    ):
        assert forbidden not in text.replace("http://www.w3.org/2000/svg", ""), forbidden
