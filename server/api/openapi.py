"""The OpenAPI 3.1 document, made from the routes and their models. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from server.api.exchange import ANY_HOST
from server.api.problem import MEDIA_TYPE, ProblemDocument
from server.api.route import JSON, Access, Content, Document, NoQuery, Route

References: TypeAlias = Mapping[tuple[Any, str], JSON]
"""Where a model's schema is, by model and by whether it is sent or taken."""

_PART = re.compile(r"\{([A-Za-z]+)(?::[^}]*)?\}")
_REFERENCE: Final = "#/components/schemas/{model}"
_PARTS: Final = {
    "entity": "The table's name as PostgreSQL has it: `Product`, or `schema.table` outside `public`",
    "entityId": "The key's text; parts of a composite key are joined by `,`, with `,` and `%` percent-encoded",
    "name": "A snapshot's file name",
    "id": "A history entry's number",
}
_MEANINGS: Final = {
    304: "The client's copy (If-None-Match) is the current one",
    400: "The request is not proper HTTP, or its body is not JSON",
    401: "No token, or not a good one",
    403: "The token lacks the role, or another site's page asks",
    404: "There is no such thing",
    409: "Not possible in the present state",
    413: "The body is too large",
    415: "The body is not declared as JSON",
    421: "The Host header is not one of ALLOWED_HOSTS",
    422: "A field or parameter is not as it should be; `errors` names it",
    429: "Too many bad tokens from this address",
    503: "A database is away, or the service is starting",
}
_INTRODUCTION: Final = (
    "Two PostgreSQL databases, MAIN and BACKUP, kept as one. Names are camelCase, times ISO 8601 in UTC, values of "
    "rows text or null as PostgreSQL prints them. Errors are RFC 9457 problem documents. Lists come page by page: "
    "pass `nextCursor` as `cursor`. GET answers carry an ETag and honour If-None-Match."
)


def specification(routes: Sequence[Route], version: str) -> JSON:
    """Make the document.

    Args:
        routes: all routes; those that are not listed are left out.
        version: of the program.
    """
    listed = [route for route in routes if route.listed]
    schemas, definitions = _schemas(listed)
    paths: dict[str, JSON] = {}
    for route in listed:
        operation = _operation(route, schemas, definitions)
        paths.setdefault(path_of(route), {})[route.method.lower()] = operation
    for route in listed:
        definitions.pop(route.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "cdc", "version": version, "description": _INTRODUCTION},
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "cdc_session"},
            },
        },
    }


def path_of(route: Route) -> str:
    """Give a route's path with the names of its parts alone."""
    return _PART.sub(r"{\1}", route.path)


def statuses(route: Route) -> dict[int, str]:
    """Give every status that a route may answer, with its meaning."""
    found = dict.fromkeys(route.answers, "")
    implied: list[int] = []
    if route.access is not Access.OPEN:
        implied += [401, 403, 429, 503]
    if route.path not in ANY_HOST:
        implied.append(421)
    if route.body is not None:
        implied += [413, 415]
    if route.changes:
        implied.append(409)
    if route.databases:
        implied.append(503)
    if _PART.search(route.path):
        implied.append(404)
    if route.method == "GET" and _documents(route):
        implied.append(304)
    implied += [400, 422]
    found |= {status: _MEANINGS[status] for status in implied}
    return dict(sorted((found | dict(route.refusals)).items()))


def _operation(route: Route, schemas: References, definitions: JSON) -> JSON:
    operation: JSON = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_parameters(route, definitions)],
        "responses": {
            str(status): _response(route, status, meaning, schemas)
            for status, meaning in statuses(route).items()
        },
        "security": [] if route.access is Access.OPEN else [{"bearer": []}, {"session": []}],
    }
    if route.body is not None:
        required = bool(definitions[route.body.__name__].get("required"))
        content = {"application/json": {"schema": schemas[route.body, "validation"]}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _parameters(route: Route, definitions: JSON) -> Iterator[JSON]:
    for name in _PART.findall(route.path):
        schema: JSON = {"type": "integer"} if name == "id" else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema, "description": _PARTS[name]}
    properties: JSON = (
        definitions[route.query.__name__].get("properties", {}) if route.query is not NoQuery else {}
    )
    for name, property_ in properties.items():
        schema = _without_null(property_)
        description = schema.pop("description", "")
        yield {"name": name, "in": "query", "schema": schema, "description": description}
    if route.repeatable:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
            "description": "A request that is sent again with the same key is carried out once",
        }


def _response(route: Route, status: int, meaning: str, schemas: References) -> JSON:
    description = meaning or HTTPStatus(status).phrase
    if status not in route.answers:
        if status == HTTPStatus.NOT_MODIFIED:
            return {"description": description}
        schema = schemas[ProblemDocument, "serialization"]
        return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
    match route.answers[status]:
        case None:
            return {"description": description}
        case Content() as content:
            kind = content.media_type
            text = kind.startswith("text/")
            schema = {"type": "string"} if text else {"type": "string", "format": "binary"}
            return {"description": content.description, "content": {kind: {"schema": schema}}}
        case model:
            schema = schemas[model, "serialization"]
            return {"description": description, "content": {"application/json": {"schema": schema}}}


def _schemas(routes: Sequence[Route]) -> tuple[References, JSON]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemDocument, "serialization"): None}
    for route in routes:
        wanted |= {(model, "serialization"): None for model in _documents(route)}
        wanted[route.query, "validation"] = None
        if route.body is not None:
            wanted[route.body, "validation"] = None
    references, schema = models_json_schema([*wanted], ref_template=_REFERENCE)
    return {(model, mode): found for (model, mode), found in references.items()}, schema["$defs"]


def _documents(route: Route) -> list[type[Document]]:
    return [model for model in route.answers.values() if isinstance(model, type)]


def _without_null(schema: JSON) -> JSON:
    """A parameter is given or not; it is never null."""
    found = {
        name: value for name, value in schema.items() if name not in {"default", "title"} or value is not None
    }
    found.pop("title", None)
    kinds = found.pop("anyOf", None)
    if kinds is None:
        return found
    left: list[dict[str, Any]] = [kind for kind in kinds if kind.get("type") != "null"]
    return {**(left[0] if len(left) == 1 else {"anyOf": left}), **found}
