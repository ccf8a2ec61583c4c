"""The Delta Sharing protocol (parquet response format) over granted views.

Source: PROTOCOL.md of delta-io/delta-sharing. Everything told here — schema, statistics, sizes, counts — is that of
the granted view. Hints are best effort by the protocol: they are read, checked for shape and not used.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from shugang.delivery.plane import files
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, Holder
from shugang.delivery.plane.replies import JSON, Denied
from shugang.delivery.plane.schema import EMPTY_DETAIL
from shugang.delivery.plane.views import TableView
from shugang.policy.sources import TableSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/delta-sharing/"
MANIFEST, METADATA = "manifest", "metadata"
PAGE = 500
NDJSON = "application/x-ndjson; charset=utf-8"


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    holder = plane.gate.holder(scope.headers)
    parts = scope.path[len(PREFIX) :].split("/")
    query = {name: values[-1] for name, values in parse_qs(scope.query_string).items()}
    match (scope.method, *parts):
        case ("GET" | "HEAD" | "POST", "shares", share, "schemas", schema, "tables", table, *rest):
            accesses = holder.tables.get((share.lower(), schema.lower(), table.lower()))
            use = await plane.gate.admit(accesses, scope, retries=False)
            await _table(plane, scope, proto, use, rest, query)
        case ("GET", "shares"):
            names = {name.lower(): name for name in (s.share for s in _sources(plane, holder))}
            _list(proto, query, [{"name": name} for name in names.values()])
        case ("GET", "shares", share):
            _reply(proto, {"share": {"name": _within(plane, holder, share)[0].share}})
        case ("GET", "shares", share, "schemas"):
            found = _within(plane, holder, share)
            schemas = {s.schema.lower(): {"name": s.schema, "share": s.share} for s in found}
            _list(proto, query, list(schemas.values()))
        case ("GET", "shares", share, "schemas", schema, "tables"):
            found = [s for s in _within(plane, holder, share) if s.schema.lower() == schema.lower()]
            if not found:
                raise Denied("not_found", journal=False)
            _list(proto, query, _tables(found))
        case ("GET", "shares", share, "all-tables"):
            _list(proto, query, _tables(_within(plane, holder, share)))
        case _:
            raise Denied("not_found", journal=False)


async def _table(plane: Plane, scope: Any, proto: Any, use: Use, rest: list[str], query: dict[str, str]) -> None:
    method = scope.method
    version = [("delta-table-version", str(use.access.version))]
    if (method, rest) in (("GET", ["version"]), ("HEAD", ["version"]), ("HEAD", [])):
        if "startingTimestamp" in query:
            raise Rejected(use, _unsupported("startingTimestamp", "this table keeps no history"))
        proto.response_empty(200, version)
    elif (method, rest) == ("GET", ["metadata"]):
        _check_version(use, query)
        _check_format(use, scope.headers)
        view = await plane.views.table(use.access)
        await _journal(plane, use, METADATA)
        _ndjson(proto, use, [_PROTOCOL, _metadata(use.access, view)])
    elif (method, rest) == ("POST", ["query"]):
        _check_version(use, _body(use, await plane.body(scope, proto)))
        _check_format(use, scope.headers)
        view = await plane.views.table(use.access)
        await _journal(plane, use, MANIFEST)
        lines = [_PROTOCOL, _metadata(use.access, view)]
        if view.rows:
            lines.append(_file(plane, scope, use, view))
        _ndjson(proto, use, lines)
    elif (method, rest) == ("GET", ["changes"]):
        raise Rejected(use, _unsupported("changes", "change data feed is not offered for this table"))
    else:
        raise Rejected(use, _unsupported("/".join(rest) or method, "this operation is not offered"))


def _unsupported(field: str, note: str) -> Denied:
    return Denied("bad_request", field, note, error_code="UNSUPPORTED_OPERATION")


_SHAPES: dict[str, type | tuple[type, ...]] = {
    "predicateHints": list,
    "jsonPredicateHints": str,
    "limitHint": int,
    "version": int,
    "timestamp": str,
    "startingVersion": int,
    "endingVersion": int,
}


def _body(use: Use, raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise Rejected(use, Denied("bad_request", "body", "not JSON", error_code="MALFORMED_REQUEST")) from error
    if not isinstance(body, dict):
        raise Rejected(use, Denied("bad_request", "body", "not an object", error_code="MALFORMED_REQUEST"))
    for name, kind in _SHAPES.items():
        value = body.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise Rejected(use, Denied("bad_request", name, "wrong type"))
        if isinstance(value, int) and value < 0:
            raise Rejected(use, Denied("bad_request", name, "negative"))
    return body


def _check_version(use: Use, asked: dict[str, Any]) -> None:
    """One version stands behind a grant; what asks for history is refused by name, not answered with the present."""
    for name in ("timestamp", "startingVersion", "startingTimestamp", "endingVersion", "endingTimestamp"):
        if asked.get(name) is not None:
            raise Rejected(use, _unsupported(name, "this table keeps no history"))
    if (version := asked.get("version")) is not None:
        try:
            known = int(version) == use.access.version
        except ValueError as error:
            raise Rejected(use, Denied("bad_request", "version", "not a number")) from error
        if not known:
            raise Rejected(use, Denied("version_gone", "version"))


def _check_format(use: Use, headers: Any) -> None:
    for capability in (headers.get("delta-sharing-capabilities") or "").lower().split(";"):
        name, _, value = capability.strip().partition("=")
        if name == "responseformat" and "parquet" not in value.split(","):
            raise Rejected(use, _unsupported("responseformat", "this table is offered in the parquet format"))


async def _journal(plane: Plane, use: Use, outcome: str) -> None:
    """Reading a manifest is a trace, not a use: it draws on no quota."""
    await plane.journal.submit(plane.gate.entry(use, outcome, 0, 0, "", EMPTY_DETAIL, counts=False))


_PROTOCOL = {"protocol": {"minReaderVersion": 1}}


def _metadata(access: Access[TableSource], view: TableView) -> dict[str, Any]:
    comments = {column.name: column.comment for column in access.source.columns}
    fields = [
        {
            "name": name,
            "type": kind,
            "nullable": True,
            "metadata": {"comment": comments[name]} if comments.get(name) else {},
        }
        for name, kind in view.columns
    ]
    return {
        "metaData": {
            "id": view_id(access),
            "name": access.source.table,
            "format": {"provider": "parquet"},
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": [],
            "configuration": {},
            "version": access.version,
            "size": view.size if view.rows else 0,
            "numFiles": 1 if view.rows else 0,
        }
    }


def _file(plane: Plane, scope: Any, use: Use, view: TableView) -> dict[str, Any]:
    access = use.access
    expires = int(time.time()) + plane.config.file_url_seconds
    base = plane.config.public_url or f"{scope.scheme}://{scope.authority or scope.headers.get('host')}"
    return {
        "file": {
            "url": base.rstrip("/") + files.signed_path(plane.gate.secret, access, expires),
            "id": access.view[:32],
            "partitionValues": {},
            "size": view.size,
            "stats": view.stats,
            "version": access.version,
            "expirationTimestamp": expires * 1000,
        }
    }


def view_id(access: Access[TableSource]) -> str:
    """A stable UUID-shaped id of the granted view."""
    text = access.view
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def _sources(plane: Plane, holder: Holder) -> list[TableSource]:
    """What may be read now: a table of a suspended or lapsed grant is not listed."""
    plane.gate.check_fresh()
    rule_now = plane.gate.clock.now().rule
    found = [
        next((a.source for a in accesses if a.refusal(rule_now) is None), None) for accesses in holder.tables.values()
    ]
    return sorted(filter(None, found), key=lambda s: (s.share.lower(), s.schema.lower(), s.table.lower()))


def _within(plane: Plane, holder: Holder, share: str) -> list[TableSource]:
    found = [source for source in _sources(plane, holder) if source.share.lower() == share.lower()]
    if not found:
        raise Denied("not_found", journal=False)
    return found


def _tables(sources: list[TableSource]) -> list[dict[str, str]]:
    return [{"name": s.table, "schema": s.schema, "share": s.share} for s in sources]


def _list(proto: Any, query: dict[str, str], items: list[dict[str, str]]) -> None:
    try:
        size = int(query.get("maxResults") or PAGE)
        start = int(urlsafe_b64decode(query["pageToken"])) if query.get("pageToken") else 0
    except ValueError as error:
        raise Denied("bad_request", "pageToken", "not a token of ours", journal=False) from error
    if size < 0 or start < 0:
        raise Denied("bad_request", "maxResults", "negative", journal=False)
    page: dict[str, Any] = {"items": items[start : start + size]}
    if start + size < len(items) and size:
        page["nextPageToken"] = urlsafe_b64encode(str(start + size).encode()).decode()
    _reply(proto, page)


def _reply(proto: Any, document: dict[str, Any]) -> None:
    proto.response_bytes(200, JSON, json.dumps(document, ensure_ascii=False).encode())


def _ndjson(proto: Any, use: Use, lines: list[dict[str, Any]]) -> None:
    """ASCII only: clients split the text at every Unicode line break."""
    body = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    proto.response_bytes(
        200,
        [
            ("content-type", NDJSON),
            ("cache-control", "no-store"),
            ("delta-table-version", str(use.access.version)),
            ("delta-sharing-capabilities", "responseformat=parquet"),
        ],
        body.encode(),
    )
