"""Look-ups from memory: key → row, each row already serialised as JSON of the granted columns.

A row is an object of its own: cutting it out of one long buffer would save a third of the memory and cost every
answer two more misses of the processor's cache.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.records import Entry
from shugang.delivery.plane.replies import JSON, REPLAYED, Denied
from shugang.delivery.plane.schema import EMPTY_DETAIL
from shugang.delivery.plane.usage import CHARGED, UNCHARGED

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

FOUND, NOT_FOUND = "found", "not_found"


class LookupTable:
    """Built from a view of two text columns, `key` (unique, not null) and `body`."""

    __slots__ = ("_rows", "get")

    def __init__(self, rows: dict[str, bytes]) -> None:
        self._rows = rows
        self.get = rows.get

    @classmethod
    def load(cls, path: Path) -> LookupTable:
        import pyarrow as pa
        from pyarrow import parquet

        table = parquet.read_table(path)
        bodies = table.column("body").cast(pa.binary())
        return cls(dict(zip(table.column("key").to_pylist(), bodies.to_pylist(), strict=True)))

    def __len__(self) -> int:
        return len(self._rows)


def parse(query: str, use: Use) -> tuple[str, tuple[str, ...]]:
    """(key value, requested fields or ()); refuses what the grant does not give."""
    access = use.access
    key_column = access.source.key_column
    name, sign, value = query.partition("=")
    if sign and name == key_column and value.isalnum() and value.isascii():
        if access.grant.terms.rows:
            _inside(value, use)
        return value, ()
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in given:
            raise Rejected(use, Denied("bad_request", name, "given twice"))
        given[name] = value
    fields = tuple(filter(None, given.pop("fields", "").split(",")))
    granted = access.grant.terms.fields
    for name in (*fields, *(set(given) - {key_column})):
        # An unknown column and a hidden one get the same answer: the schema is not for guessing.
        if name not in granted:
            raise Rejected(use, Denied("column_hidden", name))
    for name in given:
        if name != key_column:
            raise Rejected(use, Denied("bad_request", name, f"look-ups go by {key_column}"))
    if not given.get(key_column):
        raise Rejected(use, Denied("bad_request", key_column, "required"))
    _inside(given[key_column], use)
    return given[key_column], fields


def _inside(value: str, use: Use) -> None:
    """Where the grant limits the key itself, a key beyond it is refused as such; other rows are simply not found,
    since saying more would tell that they exist."""
    access = use.access
    name = access.source.key_column
    family = next((column.family for column in access.source.columns if column.name == name), "other")
    for row in access.grant.terms.rows:
        if row.column == name and family in ("text", "whole") and excludes(row.op, row.value, value):
            raise Rejected(use, Denied("row_outside", name))


def excludes(op: str, bound: Any, value: str) -> bool:
    """True only where the filter is certain to hold the value back; order comparisons are left to the view."""
    if op == "eq":
        return str(bound) != value
    if op == "ne":
        return str(bound) == value
    if op == "in":
        return value not in {str(item) for item in bound}
    return False


def render(row: bytes | None, fields: tuple[str, ...], request_id: str) -> bytes:
    if row is None:
        return b'{"outcome":"not_found","data":null,"request_id":"%s"}' % request_id.encode()
    if fields:
        whole = json.loads(row)
        row = json.dumps({name: whole[name] for name in fields}, ensure_ascii=False).encode()
    return b"".join((b'{"outcome":"found","data":', row, b',"request_id":"', request_id.encode(), b'"}'))


async def handle(plane: Plane, scope: Any, proto: Any, product: str) -> None:
    """`GET /api/v1/lookup/{product}?{key}=…[&fields=a,b]`."""
    gate = plane.gate
    use = await gate.admit(gate.holder(scope.headers).products["api"].get(product), scope)
    access = use.access
    key, fields = parse(scope.query_string, use)
    table = plane.views.lookups.get(access.view)
    if table is None:
        table = await plane.views.lookup(access)
    detail = EMPTY_DETAIL
    if use.given:
        # Only a client that names its request can retry it, and only then must we know what was asked.
        fingerprint = gate.fingerprint(product, key, *fields)
        if await _retried(plane, use, proto, table, key, fields, fingerprint):
            return
        detail = f'{{"query":"{fingerprint}"}}'
    row = table.get(key)
    body = render(row, fields, use.request_id)
    outcome, rows = (NOT_FOUND, 0) if row is None else (FOUND, 1)
    template = access.outcomes.get(outcome) or access.template(outcome)
    base = CHARGED if template.charged else UNCHARGED
    meter, day, size = access.meter, use.moment.day, len(body)
    if not meter.fits(day, base, rows, size):
        code = await meter.charge(day, base, rows, size)
        if code is not None:
            raise Rejected(use, Denied(code))
    entry = gate.entry(use, outcome, rows, size, sha256(body).hexdigest(), detail)
    if use.given:
        await _keep(plane, use, entry, body)
    else:
        await plane.journal.submit(entry)
    proto.response_bytes(200, [*JSON, *meter.told()] if meter.policy else JSON, body)


async def _keep(plane: Plane, use: Use, entry: Entry, body: bytes) -> None:
    """A client that names its request may retry it: its answer stays for 24 hours, if it is small."""
    key = (use.access.grant.id, use.request_id)
    stored = ("application/json", body) if len(body) <= plane.config.stored_answer else None
    durable = plane.journal.answered(entry, stored)
    plane.in_flight[key] = durable
    try:
        await durable
    finally:
        del plane.in_flight[key]


async def _retried(
    plane: Plane, use: Use, proto: Any, table: LookupTable, key: str, fields: tuple[str, ...], fingerprint: str
) -> bool:
    """Answer a retry without a second charge: the stored answer, else one that is byte for byte the same."""
    past = await plane.past(use)
    if past is None:
        return False
    if past.detail.get("query") != fingerprint:
        raise Rejected(use, Denied("request_changed", "Request-Id"))
    stored = await plane.journal.answer(use.access.grant.id, use.request_id)
    body = stored[1] if stored else render(table.get(key), fields, use.request_id)
    if sha256(body).hexdigest() != past.answer_sha256:
        raise Rejected(use, Denied("result_gone", "Request-Id"))
    plane.counters["replayed"] += 1
    proto.response_bytes(200, REPLAYED, body)
    return True
