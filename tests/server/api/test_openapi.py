"""The document names every route, and every answer that it promises can be had."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest

from server.api.openapi import path_of, specification, statuses
from server.api.route import Access, Route
from server.api.routes import ROUTES
from server.api.tokens import Terms, mint
from tests.databases import Pair
from tests.running import JWT_SECRET, TOKEN, until
from tests.serving import Answer, Serving, serving

LISTED = [route for route in ROUTES if route.listed]
UNPROVOKED = {500, 507}
"""A fault nobody knows of, and a full disk; nor is the event loop stuck, or the stream of events read."""
ENDLESS = "/backup/events"
BODIES: dict[str, Any] = {
    "/login": {"token": "bad"},
    "/backup/restore": {"filepath": "missing.json.gz", "target": "MAIN"},
    "/backup/conflicts/{entity}/{entityId}/resolve": {"resolution": "MAIN"},
    "/backup/conflicts/resolve": {"resolution": "MAIN", "preview": True},
    "/backup/policies/{entity}": {"policy": "MANUAL"},
    "/backup/snapshots/{name}/pin": {"pinned": True},
}


def test_every_route_is_in_the_document() -> None:
    document = specification(ROUTES, "1.2.3")
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, path_of(route)) for route in LISTED}
    contract = {
        "/backup/status", "/backup/trigger", "/backup/history", "/backup/history/{id}", "/backup/export",
        "/backup/restore", "/backup/conflicts", "/backup/conflicts/{entity}/{entityId}",
        "/backup/conflicts/{entity}/{entityId}/resolve", "/backup/records/{entity}/{entityId}", "/backup/stats",
        "/backup/sync/pause", "/backup/sync/resume", "/backup/verify", "/backup/snapshots",
        "/backup/snapshots/{name}", "/backup/events", "/livez", "/readyz", "/metrics", "/openapi.json",
    }  # fmt: skip
    assert contract <= set(document["paths"])
    for page in ("/", "/docs"):
        assert any(route.path == page for route in ROUTES), page


def test_the_document_holds_together() -> None:
    document = specification(ROUTES, "1.2.3")
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["summary"] for operation in operations)
    schemas = document["components"]["schemas"]
    for reference in re.findall(r"#/components/schemas/([A-Za-z0-9_]+)", str(document)):
        assert reference in schemas
    assert all(operation["security"] for operation in operations if not is_open(operation, document))


def is_open(operation: dict[str, Any], document: dict[str, Any]) -> bool:
    paths = ("/livez", "/readyz", "/openapi.json", "/login", "/logout")
    return any(operation in document["paths"][path].values() for path in paths)


@dataclass(slots=True)
class Seen:
    """Which answers were had."""

    found: set[tuple[str, str, int]] = field(default_factory=set)

    def note(self, route: Route, answer: Answer) -> int:
        self.found.add((route.method, path_of(route), answer.status))
        return answer.status


def named(route: Route, **parts: str) -> str:
    filled = {"entity": "Product", "entityId": "none", "id": "999999", "name": "none.json.gz", **parts}
    return re.sub(r"\{([A-Za-z]+)\}", lambda found: filled[found[1]], path_of(route))


async def ask(api: Serving, route: Route, path: str = "", **options: Any) -> Answer:
    body = BODIES.get(path_of(route)) if route.body is not None and "data" not in options else None
    given = {} if body is None else {"json": body}
    headers = {"Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
    return await api.ask(route.method, path or named(route), headers=headers, **given, **options)


@asynccontextmanager
async def unreachable_keys(pair: Pair) -> AsyncIterator[Serving]:
    settings = {"JWT_SECRET": None, "JWT_JWKS_URL": "http://127.0.0.1:9/keys"}
    async with serving(pair, runs=False, **settings) as api:
        yield api


async def test_every_answer_of_the_document_occurs(api: Serving, shop: Pair, tmp_path: Path) -> None:
    seen = Seen()
    await refusals_of_all(api, seen)
    await successes(api, shop, seen)
    async with unreachable_keys(shop) as without:
        token = jwt.encode({"exp": 9e9}, JWT_SECRET, algorithm="HS256", headers={"kid": "one"})
        held = {"Authorization": f"Bearer {token}"}
        for route in LISTED:
            given = {"json": {"token": token}} if path_of(route) == "/login" else {}
            method, path = route.method, named(route)
            headers = {**held, "Sec-Fetch-Site": "same-origin"}
            if route.access is not Access.OPEN or given:
                seen.note(route, await without.ask(method, path, token=False, headers=headers, **given))
        for route in LISTED:
            if path_of(route) == "/readyz":
                seen.note(route, await ask(without, route))
    async with serving(shop, runs=False, ENABLE_BACKUP_SERVICE="false", BACKUP_DIR=str(tmp_path)) as disabled:
        for route in LISTED:
            if route.changes:
                assert seen.note(route, await ask(disabled, route)) == 409
    await too_many(api, seen)
    assert {each for each in promised() if each not in seen.found} == set()


def promised() -> Iterator[tuple[str, str, int]]:
    for route in LISTED:
        yield from (
            (route.method, path_of(route), status)
            for status in statuses(route)
            if status not in UNPROVOKED
            and (path_of(route), status) not in {(ENDLESS, status), ("/livez", 503)}
        )


async def refusals_of_all(api: Serving, seen: Seen) -> None:
    """What follows from the declaration alone."""
    plain = mint(JWT_SECRET, "ann", 60, Terms(admin_role="USER"))
    for route in LISTED:
        if path_of(route) == ENDLESS:
            continue
        long = await api.ask(route.method, f"{named(route)}?{'a' * 9000}")
        assert seen.note(route, long) == 400
        wrong = await ask(api, route, f"{named(route)}?unknown=1")
        assert seen.note(route, wrong) == 422
        if 421 in statuses(route):
            assert seen.note(route, await ask(api, route, headers={"Host": "evil.example"})) == 421
        if route.access is not Access.OPEN:
            assert seen.note(route, await ask(api, route, token=False)) == 401
            held = {"Authorization": f"Bearer {plain}"}
            assert seen.note(route, await ask(api, route, token=False, headers=held)) == 403
        if route.body is not None:
            form = {"data": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
            assert seen.note(route, await ask(api, route, **form)) == 415
            large = {"data": b" " * 300_000, "headers": {"Content-Type": "application/json"}}
            assert seen.note(route, await ask(api, route, **large)) == 413
        if "{" in route.path:
            assert seen.note(route, await ask(api, route, named(route, entity="nothing"))) == 404
        if path_of(route) in {"/login", "/logout"} and route.method == "POST":
            assert seen.note(route, await ask(api, route, headers={"Sec-Fetch-Site": "cross-site"})) == 403


@dataclass(slots=True)
class Doing:
    """Calls routes by their names, and notes what they answer."""

    api: Serving
    seen: Seen
    by_name: dict[str, Route] = field(default_factory=lambda: {route.name: route for route in LISTED})

    async def __call__(self, name: str, path: str = "", expected: int = 200) -> Answer:
        route = self.by_name[name]
        answer = await ask(self.api, route, path or named(route))
        assert self.seen.note(route, answer) == expected, (name, answer.content)
        return answer

    async def idle(self) -> None:
        async def reached() -> bool:
            return (await self.api.get("/backup/history?status=RUNNING")).document["items"] == []

        await until(reached)


async def successes(api: Serving, shop: Pair, seen: Seen) -> None:
    """What is had when all goes well."""
    done = Doing(api, seen)
    number, name = await operations(done, shop)
    await decisions(done, shop)
    await done("follow_link", f"/login?code={api.service._invite()}", 303)
    BODIES["/login"] = {"token": TOKEN}
    await done("log_in")
    BODIES["/login"] = {"token": "bad"}
    await done("log_in", expected=401)
    await done("log_out", expected=204)
    pin, parts = done.by_name["pin_snapshot"], {"id": number, "name": name, "entityId": "p1"}
    await done("pin_snapshot", named(pin, name=name))
    for route in LISTED:
        if route.method == "GET" and path_of(route) not in {ENDLESS, "/login"}:
            answer = await done(route.name, named(route, **parts))
            if 304 in statuses(route):
                await unchanged(api, route, named(route, **parts), answer, seen)
    BODIES["/backup/snapshots/{name}/pin"] = {"pinned": False}
    await done("pin_snapshot", named(pin, name=name))
    await done("remove_snapshot", named(done.by_name["remove_snapshot"], name=name), 204)


async def operations(done: Doing, shop: Pair) -> tuple[str, str]:
    """Operations of each kind; the number of one, and the name of a file."""
    await done.idle()
    await done("trigger_backup", "/backup/trigger?wait=true")
    began = await done("trigger_backup", expected=202)
    await done.idle()
    number = str(began.document["id"])
    await done("cancel_operation", f"/backup/history/{number}", 409)
    export = (await done("export_backup", expected=201)).document
    name = Path(export["filepath"]).name
    BODIES["/backup/restore"] = {"filepath": name, "target": "MAIN", "dryRun": True}
    await done("restore_backup")
    for operation in ("export_backup", "restore_backup", "verify_sides"):
        await done(operation, f"{named(done.by_name[operation])}?wait=false", 202)
        await done.idle()
    await done("verify_sides")
    BODIES["/backup/restore"] = {"filepath": "missing.json.gz", "target": "MAIN"}
    await done("restore_backup", expected=404)
    for operation in ("verify_snapshot", "test_snapshot"):
        path = named(done.by_name[operation], name=name)
        await done(operation, path)
        await done(operation, f"{path}?wait=false", 202)
        await done.idle()
    async with shop.main.transaction():
        await shop.main.execute('LOCK TABLE "Product" IN ACCESS EXCLUSIVE MODE')
        running = (await done.api.post("/backup/export?wait=false")).document["id"]
        await done("cancel_operation", f"/backup/history/{running}", 202)
        await done.idle()
    return number, name


async def decisions(done: Doing, shop: Pair) -> None:
    """Conflicts, policies, pauses."""
    await shop.main.execute(
        "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status, incoming, current)"
        " VALUES ('BACKUP', 'Product', 'p1', 'UPDATE_ORIGIN_DIFFERS', 'OPEN', '{}', '{}')"
    )
    await done("read_conflict", "/backup/conflicts/Product/p1")
    await done("resolve_conflict", "/backup/conflicts/Product/p1/resolve")
    await done("resolve_conflicts")
    await done("set_policy")
    await done("unset_policy", expected=204)
    await done("pause_sync")
    await done("resume_sync")


async def unchanged(api: Serving, route: Route, path: str, answer: Answer, seen: Seen) -> None:
    """Ask again with the tag, until nothing has moved in between."""

    async def same() -> bool:
        nonlocal answer
        held = {"If-None-Match": answer.headers["ETag"]}
        answer = await ask(api, route, path, headers=held)
        return seen.note(route, answer) == 304

    await until(same)


async def too_many(api: Serving, seen: Seen) -> None:
    """Bad tokens and bad logins without end."""
    bad = {"Authorization": f"Bearer {secrets.token_hex(8)}"}
    for _ in range(70):
        await api.get("/backup/session", token=False, headers=bad)
    for route in LISTED:
        if route.access is not Access.OPEN:
            assert seen.note(route, await ask(api, route, token=False, headers=bad)) == 429
    for route in LISTED:
        if path_of(route) == "/login":
            path = "/login?code=guess" if route.method == "GET" else "/login"
            for _ in range(12):
                answer = await ask(api, route, path, token=False)
            assert seen.note(route, answer) == 429


def test_what_a_route_may_answer_follows_from_its_declaration() -> None:
    by_name = {route.name: route for route in LISTED}
    assert set(statuses(by_name["livez"])) == {200, 304, 400, 422, 503}
    assert {409, 415, 413} <= set(statuses(by_name["pause_sync"]))
    assert 404 not in statuses(by_name["read_status"])
    with pytest.raises(KeyError):
        statuses(by_name["read_status"])[418]
