from __future__ import annotations

from server.api.status import StatusDocument
from tests.running import until
from tests.serving import Serving


async def test_nothing_of_the_status_is_left_out_or_changed(api: Serving) -> None:
    async def backed_up() -> bool:
        backup = (await api.get("/backup/status")).document["backup"]
        return backup["last"] is not None and backup["lastVerified"] is not None

    await until(backed_up)
    made = await api.service.status()
    sent = StatusDocument.model_validate(made).model_dump(mode="json", by_alias=True)
    assert sent == made
