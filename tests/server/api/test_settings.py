from __future__ import annotations

from pathlib import Path

from tests.databases import Pair
from tests.serving import Serving


async def test_settings_are_shown_without_secrets(api: Serving, shop: Pair, tmp_path: Path) -> None:
    answer = await api.get("/backup/settings")
    found = {each["name"]: each for each in answer.document["items"]}
    assert found["JWT_SECRET"] == {
        "name": "JWT_SECRET", "value": None, "default": False, "secret": True, "set": True,
    }  # fmt: skip
    assert found["DATABASE_URL"]["value"] is None
    assert found["BACKUP_DIR"]["value"] == str(tmp_path / "backups")
    assert found["ENABLE_TWO_WAY_SYNC"]["value"] == "true"
    assert "a secret of the tests" not in answer.content.decode()
    assert shop.main_url not in answer.content.decode()
