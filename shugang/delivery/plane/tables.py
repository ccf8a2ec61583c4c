"""What may be asked of one shared table: its version, its schema, its files, what changed.

A grant covers the versions that its contract names; each is answered from its own materialised view. Changes are told
from one governed view to the next: the first version under the grant comes into being with all its rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import hints
from shugang.delivery.plane.actions import Asked, Lines, asked
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.schema import EMPTY_DETAIL
from shugang.delivery.plane.views import Part, TableView
from shugang.policy.codec import to_iso
from shugang.policy.sources import TableSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

MANIFEST, METADATA, CHANGES = "manifest", "metadata", "changes"
Table = Access[TableSource]
_SHAPES: dict[str, type | tuple[type, ...]] = {
    "predicateHints": list,
    "jsonPredicateHints": str,
    "limitHint": int,
    "version": int,
    "timestamp": str,
    "startingVersion": int,
    "endingVersion": int,
}


async def handle(plane: Plane, scope: Any, proto: Any, use: Use, rest: list[str], query: dict[str, str]) -> None:
    match scope.method, rest:
        case ("GET", ["version"]) | ("HEAD", ["version"]) | ("HEAD", []):
            version = _version(use, query)
            proto.response_empty(200, [("delta-table-version", str(version))])
        case "GET", ["metadata"]:
            await _metadata(plane, scope, proto, use, query)
        case "POST", ["query"]:
            await _query(plane, scope, proto, use, _body(use, await plane.body(scope, proto)))
        case "GET", ["changes"]:
            await _changes(plane, scope, proto, use, query)
        case _:
            raise Rejected(use, _unsupported("/".join(rest) or scope.method, "this operation is not offered"))


def _version(use: Use, query: Mapping[str, str]) -> int:
    if "startingTimestamp" not in query:
        return use.access.version
    return _from(use, query["startingTimestamp"], "startingTimestamp")


async def _metadata(plane: Plane, scope: Any, proto: Any, use: Use, query: Mapping[str, Any]) -> None:
    able = _asked(use, scope)
    access = _at(use, query)
    view = await plane.views.table(access)
    lines = Lines(plane, scope, able)
    lines.head(access, view)
    await _answer(plane, proto, use, able, access, lines, METADATA)


async def _query(plane: Plane, scope: Any, proto: Any, use: Use, body: dict[str, Any]) -> None:
    able = _asked(use, scope)
    lines = Lines(plane, scope, able)
    if body.get("startingVersion") is not None:
        if body.get("version") is not None or body.get("timestamp") is not None:
            raise Rejected(use, Denied("bad_request", "startingVersion", "not together with version or timestamp"))
        first, last = _span(use, body)
        await _steps(plane, use, lines, first, last)
        await _answer(plane, proto, use, able, use.access, lines, MANIFEST)
        return
    access = _at(use, body)
    view = await plane.views.table(access)
    lines.head(access, view)
    for part in _wanted(view, body):
        lines.file(access, part)
    await _answer(plane, proto, use, able, access, lines, MANIFEST)


def _wanted(view: TableView, body: Mapping[str, Any]) -> list[Part]:
    """The parts that a query needs by its hints. A limit counts only where no condition is told: how many rows satisfy
    one is not known here."""
    conditions = hints.conditions(body.get("jsonPredicateHints"), body.get("predicateHints"))
    columns = dict(view.columns)
    parts = [
        part
        for part in view.parts
        if not conditions or hints.may_match(conditions, hints.numbers(columns, part.stats, part.values))
    ]
    limit = body.get("limitHint")
    if limit is None or body.get("predicateHints") or body.get("jsonPredicateHints"):
        return parts
    found: list[Part] = []
    rows = 0
    for part in parts:
        if rows >= limit:
            break
        found.append(part)
        rows += part.rows
    return found


async def _steps(plane: Plane, use: Use, lines: Lines, first: int, last: int) -> None:
    """The files that each version took away and added. A version is a whole new state."""
    before: tuple[Table, TableView] | None = None
    head: TableView | None = None
    for state in use.access.source.states():
        access = use.access.at(state.version)
        if access is None or state.version > last:
            continue
        if state.version < first:
            before = (access, await plane.views.table(access)) if _next(use, state.version) == first else None
            continue
        view = await plane.views.table(access)
        if state.version == first:
            lines.head(access, view)
            head = view
        _cut_alike(use, head, view)
        if before is not None:
            _cut_alike(use, head, before[1])
            for part in before[1].parts:
                lines.file(before[0], part, "remove")
        for part in view.parts:
            lines.file(access, part, "add")
        before = (access, view)


def _next(use: Use, version: int) -> int:
    """The version after this one under the grant."""
    return min(state.version for state in use.access.source.states() if state.version > version)


async def _changes(plane: Plane, scope: Any, proto: Any, use: Use, query: Mapping[str, str]) -> None:
    able = _asked(use, scope)
    first, last = _span(use, query)
    lines = Lines(plane, scope, able)
    before: Table | None = None
    head: TableView | None = None
    for state in use.access.source.states():
        access = use.access.at(state.version)
        assert access is not None
        if first <= state.version <= last:
            view = await plane.views.table(access)
            if state.version == first:
                lines.head(access, view)
                head = view
            _cut_alike(use, head, view)
            await _changed(plane, use, lines, before, access, view)
        before = access
    await _answer(plane, proto, use, able, use.access, lines, CHANGES)


async def _changed(plane: Plane, use: Use, lines: Lines, before: Table | None, access: Table, view: TableView) -> None:
    if before is None:
        for part in view.parts:
            lines.file(access, part, "add")
        return
    changes = await plane.views.changes(before, access)
    if changes.parts:
        _cut_alike(use, view, changes)
    for part in changes.parts:
        lines.file(access, part, "cdf")


def _cut_alike(use: Use, head: TableView | None, view: TableView) -> None:
    """One answer has one schema: readers take values that cut the files from it. Where versions are cut differently
    (a column got too many values, or an empty one) they must be read apart."""
    if head is None or (view.parts and view.partitions != head.partitions):
        raise Rejected(use, _unsupported("startingVersion", "these versions are cut differently; read them one by one"))


async def _answer(plane: Plane, proto: Any, use: Use, able: Asked, access: Table, lines: Lines, outcome: str) -> None:
    """Reading a manifest is a trace, not a use: it draws on no quota."""
    await plane.journal.submit(plane.gate.entry(use, outcome, 0, 0, "", EMPTY_DETAIL, counts=False))
    proto.response_bytes(200, able.headers(access.version), lines.body())


# -- what was asked ---------------------------------------------------------------------------------------------


def _unsupported(field: str, note: str) -> Denied:
    return Denied("bad_request", field, note, error_code="UNSUPPORTED_OPERATION")


def _asked(use: Use, scope: Any) -> Asked:
    try:
        return asked(scope.headers)
    except Denied as denied:
        raise Rejected(use, denied) from denied


def _body(use: Use, raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError) as error:
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


def _at(use: Use, given: Mapping[str, Any]) -> Table:
    """The table at the version, or as of the moment, that is asked for; otherwise as it is now."""
    version, moment = given.get("version"), given.get("timestamp")
    if version is not None and moment is not None:
        raise Rejected(use, Denied("bad_request", "timestamp", "Please only provide one of version and timestamp"))
    if version is None and moment is None:
        return use.access
    number = _as_of(use, str(moment)) if version is None else _whole(use, "version", version)
    access = use.access.at(number)
    if access is None:
        raise Rejected(use, Denied("version_gone", "version"))
    return access


def _span(use: Use, given: Mapping[str, Any]) -> tuple[int, int]:
    """(first, last) of the versions asked for, both included."""
    states = use.access.source.states()
    first = _bound(use, given, "starting", _since)
    if first is None:
        raise Rejected(use, Denied("bad_request", "startingVersion", "startingVersion or startingTimestamp is needed"))
    last = _bound(use, given, "ending", _until)
    if last is None:
        last = states[-1].version
    if first > last:
        raise Rejected(use, Denied("bad_request", "endingVersion", "it lies before the start"))
    if first < states[0].version:
        raise Rejected(use, Denied("version_gone", "startingVersion"))
    if first > states[-1].version or last > states[-1].version:
        newest = f"the newest version is {states[-1].version}"
        raise Rejected(use, Denied("bad_request", "startingVersion", newest))
    known = [state.version for state in states if first <= state.version <= last]
    if not known:
        raise Rejected(use, Denied("version_gone", "startingVersion"))
    return known[0], known[-1]


def _bound(use: Use, given: Mapping[str, Any], side: str, by_time: Any) -> int | None:
    version, moment = given.get(f"{side}Version"), given.get(f"{side}Timestamp")
    if version is not None and moment is not None:
        raise Rejected(
            use,
            Denied("bad_request", f"{side}Timestamp", f"Please only provide one of {side}Version and {side}Timestamp"),
        )
    if version is not None:
        return _whole(use, f"{side}Version", version)
    return by_time(use, str(moment), f"{side}Timestamp") if moment is not None else None


def _whole(use: Use, name: str, value: Any) -> int:
    try:
        number = int(value)
        if number < 0 or number > 2**53:
            raise ValueError
    except ValueError as error:
        raise Rejected(use, Denied("bad_request", name, "not a version number")) from error
    return number


def _moment(use: Use, text: str, name: str) -> datetime:
    """ISO 8601 with a zone, as the protocol writes it: 2022-01-01T00:00:00Z."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
    except ValueError as error:
        note = "not a time with its zone, such as 2022-01-01T00:00:00Z"
        raise Rejected(use, Denied("bad_request", name, note)) from error
    return moment


def _as_of(use: Use, text: str, name: str = "timestamp") -> int:
    """The version that stood at a moment."""
    moment = _moment(use, text, name)
    found = [state.version for state in use.access.source.states() if state.at <= moment]
    if not found:
        raise Rejected(use, _too(use, name, early=True))
    return found[-1]


def _until(use: Use, text: str, name: str) -> int:
    """The last version of a feed that ends at a moment; one in the future is not yet known."""
    if _moment(use, text, name) > use.access.source.states()[-1].at:
        raise Rejected(use, _too(use, name, early=False))
    return _as_of(use, text, name)


def _since(use: Use, text: str, name: str) -> int:
    """The first version of a feed: what changed before the first one is not known under this grant."""
    if _moment(use, text, name) < use.access.source.states()[0].at:
        raise Rejected(use, _too(use, name, early=True))
    return _from(use, text, name)


def _from(use: Use, text: str, name: str = "startingTimestamp") -> int:
    """The first version at or after a moment."""
    moment = _moment(use, text, name)
    found = [state.version for state in use.access.source.states() if state.at >= moment]
    if not found:
        raise Rejected(use, _too(use, name, early=False))
    return found[0]


def _too(use: Use, name: str, early: bool) -> Denied:
    states = use.access.source.states()
    bound, way = (states[0].at, "greater") if early else (states[-1].at, "less")
    return Denied("bad_request", name, f"Please use a timestamp {way} than or equal to {to_iso(bound)}")
