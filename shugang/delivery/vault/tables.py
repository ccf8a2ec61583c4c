"""From a received file to the one stored form: Parquet, zstd, rows in the order of the source."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..datasets.services import ColumnFact
from .guessing import DECLARABLE, Guess, fits
from .receiving import Received, encoding_of
from .refusals import at_row, broken, wrong_type

BATCH_ROWS = 50_000
MAX_COLUMNS = 500
MAX_NAME = 128
_DECIMAL = re.compile(r"DECIMAL\(18,([0-9])\)")
_ARROW: dict[str, pa.DataType] = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(),
}
_DUCK: dict[pa.DataType, str] = {
    pa.int8(): "TINYINT", pa.int16(): "SMALLINT", pa.int32(): "INTEGER", pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT", pa.uint32(): "UINTEGER", pa.uint64(): "UBIGINT", pa.float32(): "FLOAT",
    **{arrow: name for name, arrow in _ARROW.items()},
}  # fmt: skip


class Made(NamedTuple):
    """A stored form that is ready to be put into the vault."""

    path: Path
    columns: list[ColumnFact]
    rows: int


def convert(received: Received, folder: Path, declared: Mapping[str, str]) -> Made:
    """Write `folder/data.parquet`. `declared`: column → type of `DECLARABLE`, against the guess.

    Raises Refusal: `broken_csv` with the line, `bad_columns`, `no_rows`, `bad_encoding`, `broken_file`,
    `wrong_file_type`.
    """
    if unknown := sorted(set(declared.values()) - set(DECLARABLE)):
        raise broken(f"不支持字段类型“{unknown[0]}”。", f"The column type {unknown[0]} is not offered.", "bad_columns")
    target = folder / "data.parquet"
    if received.kind == "parquet":
        return _from_parquet(received.path, target)
    return _from_csv(received.path, folder / "texts.parquet", target, declared)


def check_names(names: Sequence[str]) -> None:
    """Raises Refusal `bad_columns` for names that cannot be told apart, are missing or unreadable."""
    if not names or len(names) > MAX_COLUMNS:
        raise broken(f"字段数应为1至{MAX_COLUMNS}。", f"A table has 1 to {MAX_COLUMNS} columns.", "bad_columns")
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        if not name:
            raise broken(
                f"第{place}列没有字段名，请补全首行。",
                f"Column {place} has no name. Please complete the first line.",
                "bad_columns",
            )
        if len(name) > MAX_NAME or re.search(r"[\x00-\x1f\x7f]", name):
            raise broken(
                f"第{place}列的字段名过长或含不可见字符。",
                f"The name of column {place} is too long or not printable.",
                "bad_columns",
            )
        if name.casefold() in seen:
            raise broken(
                f"字段名“{name}”重复，请改名后重新上传。",
                f"The column name “{name}” occurs twice. Please rename one.",
                "bad_columns",
            )
        seen.add(name.casefold())


def _delimiter(first_line: str) -> str:
    """A comma unless the header has none but has tabs or semicolons."""
    if "," in first_line:
        return ","
    return next((mark for mark in ("\t", ";") if mark in first_line), ",")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(first line of the record, cells), the header first. Raises Refusal `broken_csv`."""
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = _delimiter(file.readline())
        file.seek(0)
        reader = csv.reader(file, strict=True, delimiter=delimiter)
        line = 1
        try:
            for cells in reader:
                if cells:  # blank lines carry nothing
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            zh, en = _quote_trouble(str(error))
            raise at_row(line, zh, en) from None


def _quote_trouble(message: str) -> tuple[str, str]:
    if "limit" in message:
        return (
            "的一个单元格过长，可能是引号没有成对。",
            "a cell is far too long; a quotation mark is probably not closed.",
        )
    return "的引号没有成对。", "a quotation mark is not closed."


def _from_csv(path: Path, between: Path, target: Path, declared: Mapping[str, str]) -> Made:
    rows = _rows(path)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    check_names(names)
    if unknown := sorted(set(declared) - set(names)):
        raise broken(f"没有名为“{unknown[0]}”的字段。", f"There is no column “{unknown[0]}”.", "bad_columns")
    guesses = [Guess() for _ in names]
    schema = pa.schema([(name, pa.string()) for name in names])
    count = 0
    with pq.ParquetWriter(between, schema, compression="zstd", compression_level=1) as writer:
        for batch in _batches(rows, len(names), [declared.get(n, "") for n in names]):
            count += len(batch)
            columns = list(zip(*batch, strict=True))
            for guess, values in zip(guesses, columns, strict=True):
                guess.add(values)
            arrays = [pa.array([v or None for v in values], pa.string()) for values in columns]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    if count == 0:
        raise _no_rows()
    types = [declared.get(n) or g.type for n, g in zip(names, guesses, strict=True)]
    _write(pq.ParquetFile(between), target, names, [_arrow(t) for t in types])
    return Made(target, [ColumnFact(n, t) for n, t in zip(names, types, strict=True)], count)


def _batches(rows: Iterator[tuple[int, list[str]]], width: int, wanted: Sequence[str]) -> Iterator[list[list[str]]]:
    checked = [(place, name) for place, name in enumerate(wanted) if name]
    batch: list[list[str]] = []
    for line, cells in rows:
        if len(cells) != width:
            raise at_row(
                line, f"有{len(cells)}列，应为{width}列。", f"{len(cells)} cells where the header has {width}."
            )
        for place, name in checked:
            if not fits(cells[place], name):
                raise at_row(
                    line, f"第{place + 1}列的值不是{name}。", f"the value of column {place + 1} is not a {name}."
                )
        batch.append(cells)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _arrow(name: str) -> pa.DataType:
    scaled = _DECIMAL.fullmatch(name)
    return pa.decimal128(18, int(scaled[1])) if scaled else _ARROW[name]


def _write(source: pq.ParquetFile, target: Path, names: list[str], types: list[pa.DataType]) -> int:
    """Copy row by row in order, each column cast without loss. Returns the rows written."""
    schema = pa.schema(list(zip(names, types, strict=True)))
    count = 0
    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=3) as writer:
        for batch in source.iter_batches(BATCH_ROWS):
            arrays = [_cast(batch.column(i), kind, names[i]) for i, kind in enumerate(types)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += batch.num_rows
    return count


def _cast(array: Any, kind: pa.DataType, name: str) -> Any:
    try:
        return array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise broken(
            f"字段“{name}”中有值无法按{kind}保存。",
            f"Column “{name}” holds values that do not fit {kind}.",
            "bad_columns",
        ) from None


def _no_rows() -> Exception:
    return broken(
        "文件只有表头，没有数据行。请检查后重新上传。", "The file has a header but no rows. Please check it.", "no_rows"
    )


def _from_parquet(path: Path, target: Path) -> Made:
    try:
        source = pq.ParquetFile(path)
        fields = list(source.schema_arrow)
        names = [f.name for f in fields]
        check_names(names)
        types = [_plain(f) for f in fields]
        count = _write(source, target, names, types)
    except (pa.ArrowException, OSError):
        raise broken(
            "Parquet文件已损坏或不完整，请重新生成后上传。", "The Parquet file is damaged. Please make it anew."
        ) from None
    if count == 0:
        raise _no_rows()
    return Made(target, [ColumnFact(n, _duck(t)) for n, t in zip(names, types, strict=True)], count)


def _plain(field: pa.Field) -> pa.DataType:
    """The type in which a Parquet column is stored; nested and binary ones are refused by name."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_null(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz=kind.tz)
    if kind in _DUCK or (pa.types.is_decimal128(kind) and kind.precision <= 38):
        return kind
    raise wrong_type(
        f"字段“{field.name}”的类型{kind}不支持，请改为文本、数字、日期或时间。",
        f"Column “{field.name}” has the type {kind}, which is not offered.",
    )


def _duck(kind: pa.DataType) -> str:
    if pa.types.is_decimal128(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind) and kind.tz:
        return "TIMESTAMP WITH TIME ZONE"
    return _DUCK[kind]
