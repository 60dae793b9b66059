"""The settings in force, secrets left out."""

from __future__ import annotations

from pydantic import Field, SecretStr

from server.api.route import Call, Document, Route, Routes
from server.settings import SECRET_VARIABLES, Settings


class SettingDocument(Document):
    """One setting."""

    name: str
    value: str | None = Field(description="Null where it is not set, or a secret")
    default: bool = Field(description="Whether it is what it is without being set")
    secret: bool
    set: bool


class SettingsDocument(Document):
    """All settings."""

    items: list[SettingDocument]


async def read_settings(call: Call) -> SettingsDocument:
    """Give all settings as they are in force."""
    return SettingsDocument(items=describe(call.context.settings))


def describe(settings: Settings) -> list[SettingDocument]:
    """Give each setting its form; the value of a secret is never in it. Pure."""
    found = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        variable = str(field.alias)
        secret = variable in SECRET_VARIABLES or isinstance(value, SecretStr)
        found.append(
            SettingDocument(
                name=variable,
                value=None if secret or value is None else _text(value),
                default=value == field.default,
                secret=secret,
                set=value is not None,
            )
        )
    return found


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(str(each) for each in value)
        case _:
            return str(value)


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/settings",
        handler=read_settings,
        summary="The settings in force, without secrets",
        tag="Settings",
        answers={200: SettingsDocument},
        databases=False,
    ),
)
