"""What a route is: one declaration from which the router and the OpenAPI document are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeAlias, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from server.api.context import Context
from server.api.identity import Identity
from server.problems import time_text


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    return value


Text = Annotated[str, AfterValidator(_storable)]
"""Text that PostgreSQL can hold."""
Time = Annotated[
    datetime,
    PlainSerializer(time_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time, sent as ISO 8601 in UTC."""


class Document(BaseModel):
    """What is sent. Names are camelCase outside.

    A start would spend a tenth of its time on the checks of all models; each is made when first used.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)


class Body(Document):
    """What is taken. A field that is not ours is refused: it is a slip that would change what happens."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(Document):
    """A route's query parameters. An empty one counts as not given."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Body):
    """A body without fields."""


class NoQuery(Query):
    """No query parameters."""


class Page(Query):
    """Which part of a list is wanted."""

    limit: int = Field(50, ge=1, le=500)
    cursor: Text | None = Field(None, max_length=2000, description="`nextCursor` of the page before")


class Access(StrEnum):
    """Who may call a route."""

    OPEN = "open"
    ADMIN = "admin"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is no JSON document."""

    media_type: str
    description: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose status or headers are not the usual ones."""

    document: Document | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route, checked.

    Attributes:
        context: what the process has.
        identity: who asks.
        request: aiohttp's request.
    """

    context: Context
    identity: Identity
    request: web.Request
    parameters: BaseModel
    content: BaseModel

    def query(self, kind: type[Model]) -> Model:
        """Give the query parameters as the model that the route names."""
        return _as(kind, self.parameters)

    def body(self, kind: type[Model]) -> Model:
        """Give the body as the model that the route names."""
        return _as(kind, self.content)

    def path(self, name: str) -> str:
        """Give a decoded part of the path."""
        return self.request.match_info[name]


def _as(kind: type[Model], value: BaseModel) -> Model:
    if not isinstance(value, kind):
        raise TypeError(f"the route declares {type(value).__name__}, not {kind.__name__}")
    return value


Result: TypeAlias = Document | Reply | web.StreamResponse
Handler: TypeAlias = Callable[[Call], Awaitable[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method and a path, what goes in, what comes out, and who may.

    Attributes:
        answers: what is sent by status where all goes well; the first is the usual one.
        refusals: statuses of this route's own, each with its meaning. Those that follow from the rest of the
            declaration (401, 403, 413, 415, 422 ...) are added by themselves.
        changes: it changes something: audited, and refused where ENABLE_BACKUP_SERVICE=false.
        repeatable: it honours Idempotency-Key.
        databases: it asks a database, which may be away.
        listed: it is in the OpenAPI document.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    answers: Mapping[int, type[Document] | Content | None]
    refusals: Mapping[int, str] = field(default_factory=dict)
    query: type[Query] = NoQuery
    body: type[Body] | None = None
    access: Access = Access.ADMIN
    changes: bool = False
    repeatable: bool = False
    databases: bool = True
    listed: bool = True

    @property
    def name(self) -> str:
        """The operation's name in the OpenAPI document."""
        return self.handler.__name__.strip("_")


Routes: TypeAlias = tuple[Route, ...]
JSON: TypeAlias = dict[str, Any]
