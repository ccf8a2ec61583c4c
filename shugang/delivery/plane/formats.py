"""A granted view as one file to download: Parquet, CSV (UTF-8 or GB18030), JSON lines, or a small workbook.

Text that a spreadsheet would run as a formula is made plain in CSV, as in the answers of queries (`render.neutral`); a
workbook holds it as text. What JSON and workbooks would round travels as text. Runs in the materialising child.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from shugang.delivery.plane.render import FORMULA
from shugang.policy.lowering import parquet, quote


@dataclass(frozen=True)
class Format:
    ending: str
    content_type: str


FORMATS = {
    "parquet": Format(".parquet", "application/vnd.apache.parquet"),
    "csv": Format(".csv", "text/csv; charset=utf-8"),
    "csv-gb18030": Format("-gb18030.csv", "text/csv; charset=gb18030"),
    "jsonl": Format(".jsonl", "application/x-ndjson; charset=utf-8"),
    "xlsx": Format(".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
# A workbook is written and read whole in memory by every program that opens it.
XLSX_ROWS = 100_000
_XLSX_TEXT = 32_767
_EXACT = 2**53
# Characters that XML cannot hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_Kinds: TypeAlias = list[tuple[str, str]]
_Con: TypeAlias = duckdb.DuckDBPyConnection


class TooLarge(ValueError):
    """The view does not fit into this format."""


def write(con: _Con, view: Path, kinds: _Kinds, format: str, target: Path) -> None:
    """`view` is the granted view as Parquet, `kinds` its (column, DuckDB type) in order."""
    _WRITERS[format](con, view, kinds, target)


def _save(con: _Con, sql: str, target: Path, options: str) -> None:
    place = str(target).replace("'", "''")
    con.execute(f"COPY ({sql}) TO '{place}' ({options})")


def _parquet(con: _Con, view: Path, kinds: _Kinds, target: Path) -> None:
    view.rename(target)


def _csv(con: _Con, view: Path, kinds: _Kinds, target: Path) -> None:
    starts = ", ".join("'" + start + "'" for start in FORMULA)
    chosen = []
    for name, kind in kinds:
        column, called = quote(name), quote("'" + name if name.startswith(FORMULA) else name)
        if kind == "VARCHAR":
            plain = f"CASE WHEN left({column}, 1) IN ({starts}) THEN '''' || {column} ELSE {column} END"
        elif kind == "BLOB":
            plain = f"lower(hex({column}))"
        else:
            plain = f"replace(CAST({column} AS VARCHAR), ' ', 'T')" if kind.startswith("TIMESTAMP") else column
        chosen.append(f"{plain} AS {called}")
    sql = f"SELECT {', '.join(chosen)} FROM {parquet(str(view))}"  # noqa: S608 identifiers are quoted
    _save(con, sql, target, "FORMAT csv, HEADER true")


def _gb18030(con: _Con, view: Path, kinds: _Kinds, target: Path) -> None:
    """The encoding of GB 18030-2022, which Chinese office programs read; it holds all of Unicode."""
    plain = target.with_suffix(".utf8")
    _csv(con, view, kinds, plain)
    with plain.open(encoding="utf-8", newline="") as source, target.open("w", encoding="gb18030", newline="") as out:
        while text := source.read(1 << 20):
            out.write(text)
    plain.unlink()


def _jsonl(con: _Con, view: Path, kinds: _Kinds, target: Path) -> None:
    from shugang.delivery.plane.materialise import json_value, literal

    pairs = ", ".join(f"{literal(name)}, {json_value(name, kind)}" for name, kind in kinds)
    sql = f"SELECT CAST(json_object({pairs}) AS VARCHAR) AS line FROM {parquet(str(view))}"  # noqa: S608 quoted
    # JSON text holds no control character, so that a line of it is a record of one field without any quoting.
    _save(con, sql, target, "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'")


def _xlsx(con: _Con, view: Path, kinds: _Kinds, target: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")

    def cell(value: Any) -> Any:
        made = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            made.data_type = "s"
        return made

    sheet.append([cell(_text(name)) for name, _ in kinds])
    rows = con.execute(f"SELECT * FROM {parquet(str(view))}")  # noqa: S608 our own file
    written = 0
    while batch := rows.fetchmany(2000):
        written += len(batch)
        if written > XLSX_ROWS:
            raise TooLarge(f"more than {XLSX_ROWS} rows do not fit into a workbook")
        for row in batch:
            sheet.append([cell(_value(value)) for value in row])
    book.save(target)


def _text(value: str) -> str:
    if len(value) > _XLSX_TEXT:
        raise TooLarge(f"a text of more than {_XLSX_TEXT} characters does not fit into a cell")
    return _UNWRITABLE.sub("\ufffd", value)


def _value(value: Any) -> Any:
    import datetime

    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, datetime.datetime):
        return value.isoformat() if value.tzinfo else value
    if isinstance(value, datetime.date):
        return value if value.year >= 1900 else value.isoformat()
    return _text(value.hex() if isinstance(value, bytes) else str(value))


_WRITERS: dict[str, Callable[[_Con, Path, _Kinds, Path], None]] = {
    "parquet": _parquet,
    "csv": _csv,
    "csv-gb18030": _gb18030,
    "jsonl": _jsonl,
    "xlsx": _xlsx,
}
