from __future__ import annotations

from tests.serving import Serving


async def test_links_are_paused_and_resumed(api: Serving) -> None:
    one = await api.post("/backup/sync/pause", {"link": "MAIN_TO_BACKUP"})
    assert one.document == {"paused": ["MAIN_TO_BACKUP"]}
    both = await api.post("/backup/sync/pause")
    assert sorted(both.document["paused"]) == ["BACKUP_TO_MAIN", "MAIN_TO_BACKUP"]
    none = await api.post("/backup/sync/resume")
    assert none.document == {"paused": []}
    wrong = await api.post("/backup/sync/pause", {"link": "MAIN"})
    assert (wrong.status, wrong.document["errors"][0]["field"]) == (422, "link")
