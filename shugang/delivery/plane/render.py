"""An Arrow table as JSON, CSV or an Arrow stream, in parts that can be released one after the other."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

import pyarrow as pa

CSV, ARROW, JSON = "text/csv", "application/vnd.apache.arrow.stream", "application/json"
ROWS_PER_PART = 4096
# A spreadsheet would run a cell that begins so; text only, since a negative number is a number.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Part(NamedTuple):
    """Some bytes of an answer and the number of rows that end in them."""

    data: bytes
    rows: int


def accepted(accept: str | None) -> str | None:
    """The offered type that the header prefers, or None; no header means JSON."""
    best: tuple[float, str] | None = None
    for item in (accept or "*/*").split(","):
        name, *params = (piece.strip().lower() for piece in item.split(";"))
        quality = 1.0
        for param in params:
            if param.startswith("q="):
                try:
                    quality = float(param[2:])
                except ValueError:
                    quality = 0.0
        kind = {"*/*": JSON, "application/*": JSON, "text/*": CSV}.get(name, name)
        if kind in (JSON, CSV, ARROW) and quality > 0 and (best is None or quality > best[0]):
            best = (quality, kind)
    return best[1] if best else None


def parts(table: pa.Table, kind: str, outcome: str, request_id: str) -> Iterator[Part]:
    if kind == CSV:
        return _csv(table)
    if kind == ARROW:
        return _arrow(table)
    return _json(table, outcome, request_id)


def _json(table: pa.Table, outcome: str, request_id: str) -> Iterator[Part]:
    yield Part(f'{{"outcome":"{outcome}","data":['.encode(), 0)
    first = True
    for batch in table.to_batches(max_chunksize=ROWS_PER_PART):
        text = ",".join(
            json.dumps(row, ensure_ascii=False, default=_json_value, allow_nan=False) for row in _rows(batch)
        )
        if text:
            yield Part((text if first else "," + text).encode(), batch.num_rows)
            first = False
    yield Part(f'],"request_id":"{request_id}"}}'.encode(), 0)


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = batch.to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, float) and not isfinite(value):
                row[name] = None
    return rows


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    raise TypeError(type(value).__name__)


def _csv(table: pa.Table) -> Iterator[Part]:
    yield Part(_csv_lines([[neutral(name) for name in table.column_names]]), 0)
    for batch in table.to_batches(max_chunksize=ROWS_PER_PART):
        columns = [batch.column(place).to_pylist() for place in range(batch.num_columns)]
        lines = [[_cell(value) for value in row] for row in zip(*columns, strict=True)]
        yield Part(_csv_lines(lines), batch.num_rows)


def _csv_lines(lines: list[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json_value(value) if isinstance(value, datetime | date | time | bytes) else value


def neutral(text: str) -> str:
    return "'" + text if text.startswith(FORMULA) else text


def _arrow(table: pa.Table) -> Iterator[Part]:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        yield Part(_drain(sink), 0)
        for batch in table.to_batches(max_chunksize=ROWS_PER_PART):
            writer.write_batch(batch)
            yield Part(_drain(sink), batch.num_rows)
    yield Part(_drain(sink), 0)


def _drain(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data
