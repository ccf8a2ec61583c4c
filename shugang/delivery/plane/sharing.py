"""The Delta Sharing protocol over granted views: which tables there are (`tables` answers about one).

Source: PROTOCOL.md of delta-io/delta-sharing. Everything told — schema, statistics, sizes, counts — is that of the
granted view.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from shugang.delivery.plane import tables
from shugang.delivery.plane.index import Holder
from shugang.delivery.plane.replies import JSON, Denied
from shugang.policy.sources import TableSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/delta-sharing/"
PAGE = 500


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    holder = plane.gate.holder(scope.headers)
    parts = scope.path[len(PREFIX) :].split("/")
    query = {name: values[-1] for name, values in parse_qs(scope.query_string).items()}
    match (scope.method, *parts):
        case ("GET" | "HEAD" | "POST", "shares", share, "schemas", schema, "tables", table, *rest):
            accesses = holder.tables.get((share.lower(), schema.lower(), table.lower()))
            use = await plane.gate.admit(accesses, scope, retries=False)
            await tables.handle(plane, scope, proto, use, rest, query)
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
