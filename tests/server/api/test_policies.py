from __future__ import annotations

from tests.serving import Serving


async def test_policies_are_set_and_unset(api: Serving) -> None:
    assert (await api.get("/backup/policies")).document["default"]["policy"] == "MANUAL"
    body = {"policy": "MERGE", "columns": {"price": "MAX"}}
    done = await api.ask("PUT", "/backup/policies/Product", json=body)
    assert (done.status, done.document["text"]) == (200, "MERGE(price=MAX)")
    await api.ask("PUT", "/backup/policies/*", json={"policy": "MAIN_WINS"})
    found = (await api.get("/backup/policies")).document
    assert found["default"]["policy"] == "MAIN_WINS"
    assert found["tables"]["Product"]["columns"] == {"price": "MAX"}
    for path, wrong, status in (
        ("nothing", {"policy": "MANUAL"}, 404),
        ("Product", {"policy": "LATEST_WINS"}, 422),
        ("Product", {"policy": "SOMETHING"}, 422),
        ("Product", {"policy": "MERGE", "columns": {"price": "AVERAGE"}}, 422),
        ("Product", {"policy": "LATEST_WINS", "column": "no_such"}, 422),
    ):
        answer = await api.ask("PUT", f"/backup/policies/{path}", json=wrong)
        assert answer.status == status, wrong
    assert (await api.ask("DELETE", "/backup/policies/Product")).status == 204
    assert (await api.ask("DELETE", "/backup/policies/Product")).status == 404
