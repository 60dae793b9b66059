from __future__ import annotations

import time
from collections.abc import AsyncIterator

import jwt
import pytest

from server.api.tokens import Terms, mint
from tests.databases import Pair
from tests.running import JWT_SECRET, TOKEN
from tests.serving import Answer, Serving, serving

SETTINGS = {"METRICS_TOKEN": "scraper", "TRUSTED_PROXIES": "127.0.0.0/8"}
ROUTE = "/backup/session"
BROWSER = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def api(pair: Pair) -> AsyncIterator[Serving]:
    async with serving(pair, runs=False, **SETTINGS) as found:
        yield found


def cookie(answer: Answer) -> str:
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


async def log_in(api: Serving, token: str = TOKEN, **headers: str) -> Answer:
    return await api.post("/login", {"token": token}, token=False, headers={**BROWSER, **headers})


SCHEMES = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer x.y.z",
    "Basic dGVzdDp0ZXN0",
    "Token {}",
    "{}",
    "Bearer null",
]


@pytest.mark.parametrize("header", SCHEMES)
async def test_without_a_good_token(api: Serving, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(TOKEN)}
    answer = await api.get(ROUTE, token=False, headers=headers)
    assert (answer.status, answer.document["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="cdc"')


async def test_without_the_role(api: Serving) -> None:
    plain = mint(JWT_SECRET, "ann", 60, Terms(admin_role="USER"))
    answer = await api.get(ROUTE, token=False, headers={"Authorization": f"Bearer {plain}"})
    assert (answer.status, answer.document["code"]) == (403, "role-missing")


async def test_with_a_token(api: Serving) -> None:
    answer = await api.get(ROUTE)
    assert (answer.document["actor"], answer.document["way"]) == ("tester", "token")
    lower = await api.get(ROUTE, token=False, headers={"authorization": f"bearer {TOKEN}"})
    assert lower.status == 200


async def test_a_token_never_stands_in_the_query(api: Serving) -> None:
    answer = await api.get(f"{ROUTE}?access_token={TOKEN}", token=False)
    assert answer.status == 401


async def test_a_browser_logs_in_and_out(api: Serving) -> None:
    answer = await log_in(api)
    assert (answer.status, answer.document["actor"]) == (200, "tester")
    text = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in text.split(";")}
    assert TOKEN not in text
    held = {"Cookie": cookie(answer)}
    found = await api.get(ROUTE, token=False, headers=held)
    assert (found.document["actor"], found.document["way"]) == ("tester", "session")
    out = await api.ask("POST", "/logout", token=False, headers={**held, **BROWSER})
    assert (out.status, "Max-Age=0" in out.headers["Set-Cookie"]) == (204, True)
    assert (await api.get(ROUTE, token=False, headers=held)).status == 401


async def test_a_session_ends_with_its_token(api: Serving) -> None:
    short = mint(JWT_SECRET, "ann", 100, Terms())
    answer = await log_in(api, short)
    age = int(answer.headers["Set-Cookie"].partition("Max-Age=")[2].partition(";")[0])
    assert 90 <= age <= 100


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
        {},
    ],
)
async def test_another_sites_page_changes_nothing(api: Serving, headers: dict[str, str]) -> None:
    held = {"Cookie": cookie(await log_in(api))}
    for method, path in (
        ("POST", "/backup/sync/pause"),
        ("DELETE", "/backup/history/1"),
        ("PUT", "/backup/policies/product"),
        ("POST", "/logout"),
        ("POST", "/login"),
    ):
        answer = await api.ask(method, path, token=False, json={"token": TOKEN}, headers={**held, **headers})
        assert (answer.status, answer.document["code"]) == (403, "cross-site"), path


async def test_an_older_browsers_origin_is_enough(api: Serving) -> None:
    held = {"Cookie": cookie(await log_in(api))}
    answer = await api.ask("POST", "/logout", token=False, headers={**held, "Origin": str(api.address)})
    assert answer.status == 204


@pytest.mark.parametrize("value", ["", "x", "cdc_session=", "{}", "a" * 4000, "%00", '"quoted"'])
async def test_a_forged_cookie(api: Serving, value: str) -> None:
    await log_in(api)
    answer = await api.get(ROUTE, token=False, headers={"Cookie": f"cdc_session={value.format(TOKEN)}"})
    assert answer.status == 401


async def test_a_bad_token_is_not_saved_by_a_good_cookie(api: Serving) -> None:
    held = {"Cookie": cookie(await log_in(api)), "Authorization": "Bearer bad"}
    assert (await api.get(ROUTE, token=False, headers=held)).status == 401


async def test_behind_https_the_cookie_is_secure(api: Serving) -> None:
    answer = await log_in(api, **{"X-Forwarded-Proto": "https"})
    assert answer.headers["Set-Cookie"].startswith("__Host-cdc_session=")
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]
    plain = {"Cookie": cookie(answer).replace("__Host-", "")}
    https = {"X-Forwarded-Proto": "https"}
    assert (await api.get(ROUTE, token=False, headers={**plain, **https})).status == 401
    assert (await api.get(ROUTE, token=False, headers={"Cookie": cookie(answer), **https})).status == 200


async def test_the_one_time_link(api: Serving) -> None:
    code = api.service._invite()
    head = await api.ask("HEAD", f"/login?code={code}", token=False)
    assert (head.status, head.headers["Location"]) == (303, "/?login=expired")  # a look does not use it up
    first = await api.get(f"/login?code={code}", token=False)
    assert (first.status, first.headers["Location"]) == (303, "/")
    found = await api.get(ROUTE, token=False, headers={"Cookie": cookie(first)})
    assert found.document["actor"] == "demo"
    again = await api.get(f"/login?code={code}", token=False)
    assert (again.headers["Location"], "Set-Cookie" in again.headers) == ("/?login=expired", False)
    none = await api.get("/login", token=False)
    assert none.headers["Location"] == "/?login=needed"


async def test_bad_logins_are_limited_by_address(api: Serving) -> None:
    for _ in range(10):
        assert (await log_in(api, "bad")).status == 401
    answer = await log_in(api)
    assert (answer.status, answer.document["code"]) == (429, "too-many-attempts")
    assert int(answer.headers["Retry-After"]) > 0
    assert (await api.get("/login?code=guess", token=False)).status == 429
    assert (await log_in(api, **{"X-Forwarded-For": "203.0.113.9"})).status == 200
    assert (await log_in(api, **{"X-Forwarded-For": "203.0.113.9, 127.0.0.2"})).status == 200


async def test_bad_tokens_are_limited_and_good_ones_are_not(api: Serving) -> None:
    bad = {"Authorization": "Bearer bad"}
    statuses = [(await api.get(ROUTE, token=False, headers=bad)).status for _ in range(62)]
    assert statuses[:60] == [401] * 60
    assert statuses[-1] == 429
    assert (await api.get(ROUTE)).status == 200


async def test_a_scraper_reads_metrics_alone(api: Serving) -> None:
    held = {"Authorization": "Bearer scraper"}
    assert (await api.get("/metrics", token=False, headers=held)).status == 200
    assert (await api.get(ROUTE, token=False, headers=held)).status == 401
    assert (await api.get("/metrics", token=False)).status == 401
    assert (await api.get("/metrics")).status == 200


async def test_tokens_are_never_logged(api: Serving, capfd: pytest.CaptureFixture[str]) -> None:
    expired = jwt.encode({"exp": time.time() - 100}, JWT_SECRET, algorithm="HS256")
    code = api.service._invite()
    await api.get(ROUTE, token=False, headers={"Authorization": f"Bearer {expired}"})
    answer = await log_in(api)
    await api.get(f"/login?code={code}", token=False)
    said = "".join(capfd.readouterr())
    for secret in (expired, TOKEN, code, cookie(answer).partition("=")[2], JWT_SECRET):
        assert secret not in said
