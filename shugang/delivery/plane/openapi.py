"""`GET /openapi.json`: what this plane's addresses take and answer (OpenAPI 3.1), for programs. The same for everybody:
which products a key opens, and their columns, is told by the grant on the platform.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from shugang.policy.refusals import REFUSALS

PATH = "/openapi.json"
FORMATS = ["application/json", "text/csv", "application/vnd.apache.arrow.stream"]
_ID = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"}


def _at(name: str, words: str = "") -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": words, "schema": {"type": "string"}}


def _in(name: str, schema: dict[str, Any], words: str = "", place: str = "query") -> dict[str, Any]:
    return {"name": name, "in": place, "description": words, "schema": schema}


PRODUCT = _at("product", "number of the product")
PARAMS = {
    "name": "params",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "the product's declared parameters, by name",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
COLUMNS = _in("fields", {"type": "string"}, "granted columns, separated by commas")
REQUEST_ID = _in("Request-Id", _ID, "the same for a retry, which is never charged twice", "header")
NONCE = _in("X-Nonce", {"type": "string", "pattern": "^[!-~]{1,128}$"}, "good once", "header")
WAIT = _in("Prefer", {"type": "string", "pattern": "^wait=[0-9]{1,2}$"}, "seconds to wait for an answer", "header")
RETRIED = [REQUEST_ID, NONCE]
PAGES = [_in("maxResults", {"type": "integer", "minimum": 0}), _in("pageToken", {"type": "string"})]
TABLE = [_at("share"), _at("schema"), _at("table")]


def _body(schema: dict[str, Any], kind: str = "application/json", required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": {kind: {"schema": schema}}}


def _operation(words: str, parameters: list[Any], kinds: list[str] | None = None, **more: Any) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {} for kind in kinds or ["application/json"]}
    statuses = sorted({str(status) for status, _ in REFUSALS.values()})
    refused: dict[str, Any] = {status: {"$ref": "#/components/responses/Refused"} for status in statuses}
    made = {"200": {"description": "The answer.", "content": content}, **refused, **more.pop("answers", {})}
    return {"summary": words, "parameters": parameters, "responses": made, **more}


def _asking(words: str, parameters: list[Any], kinds: list[str]) -> dict[str, Any]:
    body = _body({"type": "object"}, required=False)
    return {
        "get": _operation(words, [*parameters, PARAMS], kinds),
        "post": _operation(words, parameters, kinds, requestBody=body),
    }


def _queries() -> dict[str, Any]:
    number = _at("id", "as the answer 202 gave it")
    later = {"202": {"description": "It runs; ask by its number.", "content": {"application/json": {}}}}
    text = _body({"type": "string", "minLength": 1}, "text/plain")
    return {
        "/sql/v1/queries": {
            "post": _operation(
                "One SELECT over granted tables.", [*RETRIED, WAIT], FORMATS, requestBody=text, answers=later
            )
        },
        "/sql/v1/queries/{id}": {
            "get": _operation("State and progress of a query.", [number]),
            "delete": _operation("Stop a query; nothing is charged.", [number]),
        },
        "/sql/v1/queries/{id}/result": {
            "get": _operation("Its answer, charged when it is fetched.", [number], FORMATS, answers=later)
        },
    }


def _sharing() -> dict[str, Any]:
    lines, table = ["application/x-ndjson"], "/delta-sharing/shares/{share}/schemas/{schema}/tables/{table}"
    versions = [_in(name, {"type": "integer", "minimum": 0}) for name in ("startingVersion", "endingVersion")]
    asked = {
        "type": "object",
        "properties": {
            "predicateHints": {"type": "array", "items": {"type": "string"}},
            "jsonPredicateHints": {"type": "string"},
            "limitHint": {"type": "integer"},
            "version": {"type": "integer"},
            "timestamp": {"type": "string"},
            "startingVersion": {"type": "integer"},
            "endingVersion": {"type": "integer"},
        },
    }
    return {
        "/delta-sharing/shares": {"get": _operation("Shares.", PAGES)},
        "/delta-sharing/shares/{share}": {"get": _operation("A share.", [_at("share")])},
        "/delta-sharing/shares/{share}/schemas": {"get": _operation("Its schemas.", [_at("share"), *PAGES])},
        "/delta-sharing/shares/{share}/all-tables": {"get": _operation("All its tables.", [_at("share"), *PAGES])},
        "/delta-sharing/shares/{share}/schemas/{schema}/tables": {
            "get": _operation("Tables of a schema.", [_at("share"), _at("schema"), *PAGES])
        },
        f"{table}/version": {
            "get": _operation("The version.", [*TABLE, _in("startingTimestamp", {"type": "string"})], lines)
        },
        f"{table}/metadata": {"get": _operation("Its columns.", TABLE, lines)},
        f"{table}/query": {"post": _operation("Its files.", TABLE, lines, requestBody=_body(asked))},
        f"{table}/changes": {"get": _operation("What changed.", [*TABLE, *versions], lines)},
    }


@cache
def document() -> bytes:
    fields = {"type": "object", "additionalProperties": True}
    refusal = {
        "type": "object",
        "required": ["code", "message", "message_en", "fields"],
        "properties": {
            "code": {"type": "string", "enum": sorted(REFUSALS)},
            "message": {"type": "string"},
            "message_en": {"type": "string"},
            "fields": fields,
        },
    }
    form = {"type": "object", "properties": {"grant_type": {"const": "client_credentials"}}, "required": ["grant_type"]}
    push = {
        "type": "object",
        "required": ["target"],
        "properties": {"target": {"type": "string"}, "format": {"enum": ["parquet", "csv"]}},
        "additionalProperties": False,
    }
    kinds = ["parquet", "csv", "jsonl", "xlsx"]
    files = [PRODUCT, _in("format", {"enum": kinds}), _in("ticket", {"type": "string"}, "a key for this address alone")]
    paths = {
        "/api/v1/lookup/{product}": {"get": _operation("One row by its key.", [PRODUCT, PARAMS, COLUMNS, *RETRIED])},
        "/query/v1/{product}": _asking("The supplier's query.", [PRODUCT, COLUMNS, *RETRIED], FORMATS),
        "/proxy/v1/{product}/{operation}": _asking(
            "An operation of the supplier's interface.", [PRODUCT, _at("operation"), *RETRIED], FORMATS[:1]
        ),
        **_queries(),
        **_sharing(),
        "/download/v1/{product}": {
            "get": _operation("The granted view as a file; ranges and HEAD work.", files, ["application/octet-stream"])
        },
        "/push/v1/{product}": {
            "post": _operation("Write it to a registered place.", [PRODUCT, *RETRIED], requestBody=_body(push))
        },
        "/stream/v1/{product}": {
            "get": _operation("Events of a stream, as they come.", [PRODUCT, NONCE], ["text/event-stream"])
        },
        "/oauth2/token": {
            "post": _operation(
                "RFC 6749 §4.4, with HTTP Basic.", [], requestBody=_body(form, "application/x-www-form-urlencoded")
            )
        },
        "/healthz": {"get": _operation("Whether it may serve.", [], security=[])},
        "/metrics": {"get": _operation("Counters.", [], ["text/plain"], security=[])},
        PATH: {"get": _operation("This document.", [], security=[])},
    }
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "Shugang data plane",
            "version": "1.0.0",
            "description": "Refusals are `{code, message, message_en, fields}` by one table (docs/terms.md). Requests may"
            " also be signed (SG-HMAC-SHA256, SG-HMAC-SM3); files of Delta Sharing are at signed addresses.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Refused": {
                    "description": "A refusal with its stable code.",
                    "content": {"application/json": {"schema": refusal}},
                }
            },
        },
    }
    return json.dumps(made, ensure_ascii=False).encode()
