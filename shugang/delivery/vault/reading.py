"""From text of any format to rows of cells: each row with its place in the file, cells as text or None."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .refusals import at_row
from .sniffing import CHUNK, Source, encoding_of

MAX_LINE = 16 << 20
RECORD = ("条记录", "Record")
Row = tuple[int, list[str | None]]
# GB 18030-2022 moved 18 characters out of the private use area, where older codecs still put them.
_GB_2022 = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)


class Rows(NamedTuple):
    """The header, the rows after it, what a row's place is called, and which columns held text that was marked as such.

    `texts` fills while rows are read: columns in which JSON or a sheet had text, not a number. `numbers`: numbers are
    IEEE 754 doubles in this format (RFC 8259 §6, ECMA-376), so that their shortest form is the whole truth.
    """

    names: list[str]
    rows: Iterator[Row]
    code: str
    unit: tuple[str, str]
    texts: set[int]
    numbers: bool


def read_rows(source: Source, limit: int, seen: Callable[[int], None]) -> Rows:
    """Raises Refusal `bad_encoding`, `broken_csv`, `broken_json`, `broken_sheet`, `bad_columns`; rows raise them too."""
    if source.kind == "xlsx":
        from .sheets import read_sheet

        return read_sheet(source.path, limit)
    encoding = encoding_of(source, limit, seen)
    text = io.TextIOWrapper(source.open(limit, seen), encoding, newline="" if source.kind == "csv" else "\n")
    lines = _lines(text, encoding)
    if source.kind == "csv":
        return _delimited(lines)
    return _objects(iter(_Members(text)) if source.kind == "json" else _json_lines(lines), source.kind == "json")


def _lines(text: io.TextIOWrapper, encoding: str) -> Iterator[str]:
    """Lines as they stand, none longer than fits comfortably in memory."""
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise at_row(number, "过长，可能缺少换行。", "the line is far too long; line breaks may be missing.")
        yield line.translate(_GB_2022) if encoding == "gb18030" else line


def _delimiter(first_line: str) -> str:
    """A comma unless the header has none but has tabs or semicolons."""
    if "," in first_line:
        return ","
    return next((mark for mark in ("\t", ";") if mark in first_line), ",")


def _delimited(lines: Iterator[str]) -> Rows:
    first = next(lines, "")
    reader = csv.reader(_again(first, lines), strict=True, delimiter=_delimiter(first))
    rows = _cells(reader)
    _, header = next(rows, (1, []))
    names = [(name or "").strip() for name in header]
    return Rows(names, rows, "broken_csv", ("行", "Line"), set(), False)


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _cells(reader: Any) -> Iterator[Row]:
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


def _refuse(place: int, unit: tuple[str, str], zh: str, en: str) -> Exception:
    return at_row(place, zh, en, "broken_json", unit)


def _json_lines(lines: Iterator[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, _decoder().decode(line)
            except (ValueError, RecursionError):
                raise _refuse(number, ("行", "Line"), "不是完整的JSON。", "not a complete JSON value.") from None


_SPACE = re.compile(r"[ \t\r\n]*")


class _Members:
    """The members of one JSON array, each decoded when it is complete: never the whole array in memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._held, self._at, self._decoder = text, "", 0, _decoder()
        self.number = 1

    def _more(self) -> bool:
        piece = self._text.read(CHUNK)
        self._held, self._at = self._held[self._at :] + piece, 0
        return bool(piece)

    def _next(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            found = _SPACE.match(self._held, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._held) or not self._more():
                return self._held[self._at : self._at + 1]

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
                if end < len(self._held):  # otherwise a number might go on in the next piece
                    self._at = end
                    return value
            except (ValueError, RecursionError):
                pass
            if len(self._held) - self._at > MAX_LINE or not self._more():
                raise _refuse(self.number, RECORD, "不是完整的JSON。", "not a complete JSON value.")

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        self._next()  # the opening bracket, by which the file was known
        self._at += 1
        mark = self._next()
        while (mark and mark != "]") or self.number > 1:
            yield self.number, self._value()
            self.number += 1
            mark = self._next()
            if mark != ",":
                break
            self._at += 1
            self._next()
        self._at += 1
        if mark != "]" or self._next():
            raise _refuse(self.number, RECORD, "处JSON数组不完整或有多余内容。", "the array is cut short or goes on.")


class _Number(str):
    """A JSON number in the digits of the file."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a repeated name (RFC 8259 §4)")
    return found


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_float=_Number, parse_int=_Number, parse_constant=_no_constant, object_pairs_hook=_once, strict=True
    )


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _objects(records: Iterator[tuple[int, Any]], array: bool) -> Rows:
    unit = RECORD if array else ("行", "Line")
    place, first = next(records, (1, None))
    if not isinstance(first, dict):
        raise _refuse(place, unit, "应是以字段名为键的JSON对象。", "a JSON object with column names is expected.")
    names, texts = [name.strip() for name in first], set[int]()
    rows = _flat(_again_record((place, first), records), list(first), unit, texts)
    return Rows(names, rows, "broken_json", unit, texts, True)


def _again_record(first: tuple[int, Any], rest: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    yield first
    yield from rest


def _flat(
    records: Iterator[tuple[int, Any]], names: list[str], unit: tuple[str, str], texts: set[int]
) -> Iterator[Row]:
    known = set(names)
    for place, record in records:
        if not isinstance(record, dict):
            raise _refuse(place, unit, "应是JSON对象。", "a JSON object is expected.")
        if not known.issuperset(record):
            extra = sorted(set(record) - known)[0][:40]
            raise _refuse(
                place,
                unit,
                f"多出字段“{extra}”，首条记录中没有它。",
                f"the column “{extra}” does not occur in the first record.",
            )
        yield place, [_cell(record.get(name), i, name, place, unit, texts) for i, name in enumerate(names)]


def _cell(value: Any, column: int, name: str, place: int, unit: tuple[str, str], texts: set[int]) -> str | None:
    if value is None or isinstance(value, _Number):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _refuse(
            place,
            unit,
            f"的字段“{name[:40]}”是嵌套的，只接受文本、数字、布尔和空值。",
            f"the column “{name[:40]}” is nested; text, numbers, booleans and null are taken.",
        )
    if "\x00" in value or not _encodes(value):
        raise _refuse(
            place, unit, f"的字段“{name[:40]}”含有无效字符。", f"the column “{name[:40]}” holds an invalid character."
        )
    texts.add(column)
    return value


def _encodes(value: str) -> bool:
    """A lone surrogate is no character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def misfit(rows: Rows, place: int, zh: str, en: str) -> Exception:
    return at_row(place, zh, en, rows.code, rows.unit)
