"""The supplier's parameterised query (可连): intent, source, policy, outcome, release. Nothing of it is stored.

The row filter, the masks and the choice of columns run here on the source's rows, before any byte leaves; a retry
runs the query again and answers only if the result is byte for byte the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pyarrow as pa

from shugang.delivery.plane import render
from shugang.delivery.plane.connectors import Connector, SourceFailed
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.lookup import FOUND, NOT_FOUND, excludes
from shugang.delivery.plane.records import ANSWERED
from shugang.delivery.plane.release import query_headers, release
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.templates import BadParam, BadTemplate, Template, bind, prepare
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.codec import TermsError
from shugang.policy.columns import Column
from shugang.policy.lowering import lower_select, quote
from shugang.policy.pseudonyms import prepare_masks
from shugang.policy.sources import QuerySource
from shugang.policy.vocabulary import Terms

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.query")
_TYPES: dict[str, Any] = {
    "whole": pa.int64(),
    "text": pa.large_string(),
    "date": pa.date32(),
    "time": pa.timestamp("us"),
    "flag": pa.bool_(),
    "fraction": pa.float64(),
}


async def handle(plane: Plane, scope: Any, proto: Any, product: str) -> None:
    """`GET|POST /query/v1/{product}`: parameters by name, `fields=a,b` for fewer columns, format by Accept."""
    gate = plane.gate
    use = await gate.admit(gate.holder(scope.headers).products["query"].get(product), scope)
    given = await _given(plane, scope, proto, use)
    kind = render.accepted(scope.headers.get("accept"))
    if kind is None:
        raise Rejected(use, Denied("not_acceptable", "Accept"))
    job = _job(plane, use, given)
    fingerprint = gate.fingerprint(product, kind, *(f"{name}={value}" for name, value in sorted(given.items())))
    key = (use.access.grant.id, use.request_id)
    past = await plane.past(use) if use.given else None
    if past is not None:
        await _again(plane, use, proto, job, kind, past, fingerprint)
        return
    plane.in_flight[key] = running = asyncio.get_running_loop().create_future()
    try:
        await _first(plane, use, proto, job, kind, fingerprint)
    finally:
        del plane.in_flight[key]
        running.set_result(None)


async def _given(plane: Plane, scope: Any, proto: Any, use: Use) -> dict[str, str]:
    pairs = parse_qsl(scope.query_string, keep_blank_values=True)
    if scope.method == "POST":
        try:
            pairs += parse_qsl((await plane.body(scope, proto)).decode(), keep_blank_values=True)
        except UnicodeDecodeError as error:
            raise Rejected(use, Denied("bad_request", "body", "not UTF-8")) from error
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise Rejected(use, Denied("bad_request", name, "given twice"))
        given[name] = value
    return given


class _Job:
    """One checked query, ready to run in a thread."""

    __slots__ = ("cap", "connector", "keys", "seconds", "source", "template", "terms", "values")

    def __init__(
        self,
        connector: Connector,
        template: Template,
        values: dict[str, Any],
        source: QuerySource,
        terms: Terms,
        keys: Mapping[str, str],
        cap: int,
        seconds: float,
    ) -> None:
        self.connector, self.template, self.values, self.source = connector, template, values, source
        self.terms, self.keys, self.cap, self.seconds = terms, keys, cap, seconds

    def run(self) -> pa.Table:
        names, rows = self.connector.fetch(self.template.sql, self.values, self.cap, self.seconds)
        if len(rows) > self.cap:
            raise SourceFailed("answer_too_large", f"more than {self.cap} rows")
        return govern(to_arrow(names, rows, self.source), self.source, self.terms, self.keys)


def _job(plane: Plane, use: Use, given: dict[str, str]) -> _Job:
    access = use.access
    source: QuerySource = access.source
    connector = plane.connector(source.connector)
    if connector is None:
        log.error("grant %s names the connector %s, which this plane does not have", access.grant.id, source.connector)
        raise Rejected(use, Denied("source_unavailable"))
    terms = access.grant.terms
    declared = frozenset(param.name for param in source.params)
    if "fields" in given and "fields" not in declared:
        terms = _narrowed(use, terms, tuple(filter(None, given["fields"].split(","))))
        given = {name: value for name, value in given.items() if name != "fields"}
    try:
        template = prepare(source.template, connector.dialect, declared)
        values = bind(source, given)
    except BadTemplate as error:
        log.error("grant %s: %s", access.grant.id, error)
        raise Rejected(use, Denied("source_unavailable", "template", str(error))) from error
    except BadParam as error:
        hidden = error.name in {column.name for column in source.columns} - set(terms.fields)
        code = "column_hidden" if hidden and error.name not in declared else "bad_request"
        raise Rejected(use, Denied(code, error.name, error.why)) from error
    _inside(use, source, template, given)
    return _Job(
        connector,
        template,
        values,
        source,
        terms,
        plane.config.policy_keys,
        plane.config.row_cap,
        plane.config.query_seconds,
    )


def _narrowed(use: Use, terms: Terms, fields: tuple[str, ...]) -> Terms:
    for name in fields:
        if name not in terms.fields:
            raise Rejected(use, Denied("column_hidden", name))
    if not fields or len(set(fields)) != len(fields):
        raise Rejected(use, Denied("bad_request", "fields"))
    return replace(terms, fields=fields, masks=tuple(mask for mask in terms.masks if mask.column in fields))


def _inside(use: Use, source: QuerySource, template: Template, given: dict[str, str]) -> None:
    """A parameter that the query ties to a filtered column must lie within the filter: refused by the request and
    the terms alone, so that nothing about the data is told."""
    families = {column.name: column.family for column in source.columns}
    for name, column in template.pins.items():
        for row in use.access.grant.terms.rows:
            text = families.get(column) in ("text", "whole")
            if row.column == column and text and name in given and excludes(row.op, row.value, given[name]):
                raise Rejected(use, Denied("row_outside", name))


def to_arrow(names: list[str], rows: list[tuple[Any, ...]], source: QuerySource) -> pa.Table:
    """The source's rows in the declared columns and types; SourceFailed where they do not fit."""
    places = {name: place for place, name in enumerate(names)}
    arrays, fields = [], []
    for column in source.columns:
        if column.name not in places:
            raise SourceFailed("source_unavailable", f"the query gives no column {column.name}")
        place, kind = places[column.name], arrow_type(column)
        try:
            exact = pa.types.is_decimal(kind)
            values = [_fit(row[place], "exact" if exact else column.family) for row in rows]
            arrays.append(pa.array(values, type=kind))
        except (pa.ArrowException, TypeError, ValueError, InvalidOperation) as error:
            raise SourceFailed("source_unavailable", f"column {column.name} is not {column.type}") from error
        fields.append(pa.field(column.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def arrow_type(column: Column) -> Any:
    text = column.type.strip().lower()
    if text.startswith(("decimal(", "numeric(")):
        precision, _, scale = text[text.index("(") + 1 : -1].partition(",")
        return pa.decimal128(int(precision), int(scale or 0))
    return _TYPES.get(column.family, pa.large_string())


def _fit(value: Any, family: str) -> Any:
    if value is None:
        return None
    if family == "text":
        if isinstance(value, bytes | bytearray | memoryview):
            raise TypeError("bytes are no text")
        return value if isinstance(value, str) else str(value)
    if isinstance(value, str):
        if family == "date":
            return date.fromisoformat(value)
        if family == "time":
            return datetime.fromisoformat(value)
    if family == "exact":
        # SQLite keeps decimals as doubles: the shortest text that names the double is what was stored.
        return value if isinstance(value, Decimal) else Decimal(str(value))
    if family == "flag" and isinstance(value, int):
        return bool(value)
    if family == "fraction" and isinstance(value, int):
        return float(value)
    return value


def govern(table: pa.Table, source: QuerySource, terms: Terms, keys: Mapping[str, str]) -> pa.Table:
    """The granted columns, rows and masks of `table`; the buyer's text takes no part in the statement."""
    import duckdb

    config = {"enable_external_access": "false", "threads": "1", "memory_limit": "512MB"}
    con = duckdb.connect(config=config)
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.register("source_rows", table)
        prepare_masks(con, quote("source_rows"), terms, keys)
        sql, params = lower_select(quote("source_rows"), source.columns, terms, keys=keys)
        return con.execute(sql, params).to_arrow_table()
    except (duckdb.Error, TermsError) as error:
        raise SourceFailed("source_unavailable", f"the policy cannot be applied: {type(error).__name__}") from error
    finally:
        con.close()


async def _run(use: Use, job: _Job) -> pa.Table:
    try:
        return await asyncio.to_thread(job.run)
    except SourceFailed as error:
        log.warning("grant %s: %s", use.access.grant.id, error)
        raise Rejected(use, Denied(error.code)) from error


async def _first(plane: Plane, use: Use, proto: Any, job: _Job, kind: str, fingerprint: str) -> None:
    gate, meter = plane.gate, use.access.meter
    code = await meter.reserve(use.moment.day)
    if code is not None:
        raise Rejected(use, Denied(code))
    detail = f'{{"query":"{fingerprint}"}}'
    try:
        await gate.open(use, detail)
        table = await _run(use, job)
        outcome = FOUND if table.num_rows else NOT_FOUND
        pieces = list(render.parts(table, kind, outcome, use.request_id))
        size = sum(len(piece.data) for piece in pieces)
        if size > plane.config.max_answer:
            raise Rejected(use, Denied("answer_too_large"))
        if not gate.stands(use):
            raise Rejected(use, Denied("revoked"))
        base = CHARGED if use.access.charged(outcome) else UNCHARGED
        code = await meter.settle(use.moment.day, base, table.num_rows, size)
        if code is not None:
            raise Rejected(use, Denied(code))
    except BaseException as error:
        meter.release()
        if not isinstance(error, Rejected):
            gate.void(use)
        raise
    await release(plane, use, proto, pieces, kind, outcome, detail)


async def _again(plane: Plane, use: Use, proto: Any, job: _Job, kind: str, past: Any, fingerprint: str) -> None:
    if past.detail.get("query") != fingerprint:
        raise Rejected(use, Denied("request_changed", "Request-Id"))
    if past.state != ANSWERED:
        raise Rejected(use, Denied("result_gone", "Request-Id"))
    table = await _run(use, job)
    outcome = FOUND if table.num_rows else NOT_FOUND
    body = b"".join(piece.data for piece in render.parts(table, kind, outcome, use.request_id))
    if sha256(body).hexdigest() != past.answer_sha256:
        raise Rejected(use, Denied("result_gone", "Request-Id"))
    plane.counters["replayed"] += 1
    proto.response_bytes(200, [*query_headers(kind, use.request_id), ("idempotent-replayed", "true")], body)
