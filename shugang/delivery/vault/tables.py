"""From a received file to the one stored form: Parquet, zstd, rows in the order of the source.

Runs in the confined child alone. Nothing here holds more than a batch of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from .guessing import DECLARABLE, Guess, unfit
from .reading import Rows, misfit, read_rows
from .refusals import bad_columns, broken, no_rows, wrong_type
from .sniffing import Source

BATCH_ROWS = 100_000
BATCH_CHARACTERS = 32 << 20
MAX_COLUMNS = 500
MAX_NAME = 128
TARGET = "data.parquet"
_BETWEEN = "texts.parquet"
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_ARROW: dict[str, pa.DataType] = {
    "TINYINT": pa.int8(), "SMALLINT": pa.int16(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(), "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
    # Read from versions of before; a new version widens them, since Delta has no unsigned numbers.
    "UTINYINT": pa.uint8(), "USMALLINT": pa.uint16(), "UINTEGER": pa.uint32(), "UBIGINT": pa.uint64(),
}  # fmt: skip
_DUCK = {arrow: name for name, arrow in _ARROW.items()}
_SIGNED = {
    pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.decimal128(20, 0),
}  # fmt: skip


class Earlier(NamedTuple):
    """The version that new rows follow: its file, open, and its columns (name, type)."""

    file: IO[bytes]
    columns: list[tuple[str, str]]


class Made(NamedTuple):
    """`data.parquet` is complete: its columns (name, DuckDB type) and rows."""

    columns: list[tuple[str, str]]
    rows: int


class Steps(NamedTuple):
    """Who hears how far the work is: `read(bytes of the stored file)`, `wrote(rows, of)`."""

    read: Callable[[int], None]
    wrote: Callable[[int, int], None]


def convert(
    source: Source, folder: Path, declared: Mapping[str, str], earlier: Earlier | None, limit: int, steps: Steps
) -> Made:
    """Write `folder/data.parquet`. `declared`: column → type of `DECLARABLE`, against the guess.

    `earlier`: its rows come first and its types hold. `limit`: bytes that the file may unfold to.
    Raises Refusal: `broken_csv`, `broken_json`, `broken_sheet` with the place, `bad_columns`, `other_columns`,
    `no_rows`, `bad_encoding`, `broken_file`, `wrong_file_type`, `file_too_large`.
    """
    if unknown := sorted(set(declared.values()) - set(DECLARABLE)):
        raise bad_columns(f"不支持字段类型“{unknown[0]}”。", f"The column type {unknown[0]} is not offered.")
    if source.kind == "parquet":
        return _from_parquet(source.path, folder / TARGET, earlier, steps)
    return _from_text(read_rows(source, limit, steps.read), folder, declared, earlier, steps)


def check_names(names: Sequence[str]) -> None:
    """Raises Refusal `bad_columns` for names that cannot be told apart, are missing or unreadable."""
    if not names or len(names) > MAX_COLUMNS:
        raise bad_columns(
            f"字段数应为1至{MAX_COLUMNS}，文件有{len(names)}个。",
            f"A table has 1 to {MAX_COLUMNS} columns; the file has {len(names)}.",
        )
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        if not name:
            raise bad_columns(
                f"第{place}列没有字段名，请补全首行。",
                f"Column {place} has no name. Please complete the first line.",
            )
        if len(name) > MAX_NAME or re.search(r"[\x00-\x1f\x7f]", name):
            raise bad_columns(
                f"第{place}列的字段名过长或含不可见字符。",
                f"The name of column {place} is too long or not printable.",
            )
        if name.casefold() in seen:
            raise bad_columns(
                f"字段名“{name}”重复，请改名后重新上传。",
                f"The column name “{name}” occurs twice. Please rename one.",
            )
        seen.add(name.casefold())


def _same_names(names: Sequence[str], earlier: Earlier) -> None:
    known = [name for name, _ in earlier.columns]
    if list(names) != known:
        differs = next(
            (i for i, (a, b) in enumerate(zip(names, known, strict=False)) if a != b), min(len(names), len(known))
        )
        given = names[differs] if differs < len(names) else "—"
        wanted = known[differs] if differs < len(known) else "—"
        raise broken(
            f"追加的文件字段须与上一版相同：第{differs + 1}列应为“{wanted}”，实为“{given}”。字段有变化时请改为替换。",
            f"Rows can be appended to the same columns only: column {differs + 1} should be “{wanted}” and is "
            f"“{given}”. Please replace the data instead when columns change.",
            "other_columns",
        )


def _from_text(rows: Rows, folder: Path, declared: Mapping[str, str], earlier: Earlier | None, steps: Steps) -> Made:
    names = rows.names
    check_names(names)
    if unknown := sorted(set(declared) - set(names)):
        raise bad_columns(f"没有名为“{unknown[0]}”的字段。", f"There is no column “{unknown[0]}”.")
    if earlier is not None:
        _same_names(names, earlier)
        declared = dict(earlier.columns)
    guesses = [Guess(rows.numbers) for _ in names]
    schema = pa.schema([(name, pa.string()) for name in names])
    between, count = folder / _BETWEEN, 0
    with pq.ParquetWriter(between, schema, compression="zstd", compression_level=1) as writer:
        for places, columns in _batches(rows, len(names)):
            count += len(places)
            for place, name in enumerate(names):
                if name in declared:
                    _check_declared(rows, places, columns[place], place, name, declared[name])
                else:
                    guesses[place].add(columns[place])
            writer.write_batch(pa.record_batch(columns, schema=schema))
    if count == 0:
        raise no_rows()
    types = [declared.get(n) or _guessed(rows, i, g) for i, (n, g) in enumerate(zip(names, guesses, strict=True))]
    with pq.ParquetFile(between) as source:
        total = _write(source, folder / TARGET, names, [_arrow(t) for t in types], earlier, steps)
    between.unlink()
    return Made(list(zip(names, types, strict=True)), total)


def _guessed(rows: Rows, place: int, guess: Guess) -> str:
    return guess.type_of_text if place in rows.texts else guess.type


def _check_declared(rows: Rows, places: list[int], values: pa.Array, place: int, name: str, wanted: str) -> None:
    if (wrong := unfit(values, wanted)) is not None:
        raise misfit(
            rows,
            places[wrong],
            f"第{place + 1}列“{name}”的值不是{wanted}。",
            f"the value of column {place + 1}, “{name}”, is not a {wanted}.",
        )


def _batches(rows: Rows, width: int) -> Iterator[tuple[list[int], list[pa.Array]]]:
    """Rows by columns, empty cells as null, with the place of each row."""
    places: list[int] = []
    batch: list[list[str | None]] = []
    characters = 0
    keep_empty = rows.code == "broken_json"  # where an empty text and nothing are two things
    for place, cells in rows.rows:
        if len(cells) != width:
            if len(cells) > width or rows.code != "broken_sheet":
                raise misfit(
                    rows,
                    place,
                    f"有{len(cells)}列，应为{width}列。",
                    f"{len(cells)} cells where the header has {width}.",
                )
            cells = cells + [None] * (width - len(cells))
        places.append(place)
        batch.append(cells)
        characters += sum(map(len, filter(None, cells)))
        if len(batch) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield places, _columns(batch, keep_empty)
            places, batch, characters = [], [], 0
    if batch:
        yield places, _columns(batch, keep_empty)


def _columns(batch: list[list[str | None]], keep_empty: bool) -> list[pa.Array]:
    columns = zip(*batch, strict=True)
    if keep_empty:
        return [pa.array(values, pa.string()) for values in columns]
    return [pa.array([v or None for v in values], pa.string()) for values in columns]


def _arrow(name: str) -> pa.DataType:
    scaled = _DECIMAL.fullmatch(name)
    return pa.decimal128(int(scaled[1]), int(scaled[2])) if scaled else _ARROW[name]


def _write(
    source: pq.ParquetFile,
    target: Path,
    names: list[str],
    types: list[pa.DataType],
    earlier: Earlier | None,
    steps: Steps,
) -> int:
    """Copy row by row in order, each column cast without loss, after the rows of `earlier`. Returns the rows."""
    schema = pa.schema(list(zip(names, types, strict=True)))
    before = pq.ParquetFile(earlier.file, pre_buffer=False, buffer_size=1 << 20) if earlier else None
    count = 0
    total = source.metadata.num_rows + (before.metadata.num_rows if before else 0)
    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=3) as writer:
        for file in (before, source):
            for batch in file.iter_batches(BATCH_ROWS) if file else ():
                arrays = [_cast(batch.column(i), kind, names[i]) for i, kind in enumerate(types)]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
                count += batch.num_rows
                steps.wrote(count, total)
    return count


def _cast(array: Any, kind: pa.DataType, name: str) -> Any:
    try:
        return array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise bad_columns(
            f"字段“{name}”中有值无法按{kind}保存。",
            f"Column “{name}” holds values that do not fit {kind}.",
        ) from None


def _from_parquet(path: Path, target: Path, earlier: Earlier | None, steps: Steps) -> Made:
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as source:
            fields = list(source.schema_arrow)
            names = [f.name for f in fields]
            check_names(names)
            types = [_plain(f) for f in fields]
            if earlier is not None:
                _same_names(names, earlier)
                types = [_SIGNED.get(_arrow(t), _arrow(t)) for _, t in earlier.columns]
            if source.metadata.num_rows == 0:
                raise no_rows()
            count = _write(source, target, names, types, earlier, steps)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None):
            raise
        raise broken(
            "Parquet文件已损坏或不完整，请重新生成后上传。", "The Parquet file is damaged. Please make it anew."
        ) from None
    return Made([(n, _duck(t)) for n, t in zip(names, types, strict=True)], count)


def _plain(field: pa.Field) -> pa.DataType:
    """The type in which a Parquet column is stored; nested and binary ones are refused by name."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_null(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if kind in _SIGNED:
        return _SIGNED[kind]
    if kind in _DUCK or (pa.types.is_decimal128(kind) and kind.precision <= 38):
        return kind
    raise wrong_type(
        f"字段“{field.name}”的类型{kind}不支持，请改为文本、数字、日期或时间。",
        f"Column “{field.name}” has the type {kind}, which is not offered.",
    )


def _duck(kind: pa.DataType) -> str:
    if pa.types.is_decimal128(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _DUCK[kind]
