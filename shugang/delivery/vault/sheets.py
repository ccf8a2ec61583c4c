"""Excel workbooks (ECMA-376, .xlsx): one table on one sheet, read row by row, its bombs refused before they unfold."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from .reading import Row, Rows
from .refusals import at_row, broken, inflates_too_far

MAX_ENTRIES = 10_000
MAX_UNFOLDED = 4 << 30
MAX_STRINGS = 256 << 20  # shared texts are held in memory
MAX_RATIO = 200
MAX_ROWS = 1_048_576
UNIT = ("行", "Row")
_ZEROS = re.compile(r"0{2,15}")


def _refuse(row: int, zh: str, en: str) -> Exception:
    return at_row(row, zh, en, "broken_sheet", UNIT)


def _check_zip(path: Path, limit: int) -> None:
    """By the sizes that the archive states; reading stops at them, so that a lie unfolds no further."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise _damaged() from None
    total = sum(entry.file_size for entry in entries)
    texts = max((e.file_size for e in entries if e.filename.lower().endswith("sharedstrings.xml")), default=0)
    bomb = any(e.file_size > (10 << 20) and e.file_size > MAX_RATIO * max(1, e.compress_size) for e in entries)
    if bomb or len(entries) > MAX_ENTRIES or total > min(limit, MAX_UNFOLDED) or texts > MAX_STRINGS:
        raise inflates_too_far(min(limit, MAX_UNFOLDED))
    if not any(e.filename == "xl/workbook.xml" for e in entries):
        raise broken(
            "这个文件不是Excel工作簿，请在Excel中另存为.xlsx后上传。",
            "This is not an Excel workbook. Please save it as .xlsx in Excel.",
        )


def _damaged() -> Exception:
    return broken(
        "Excel文件已损坏，请在Excel中打开并另存后上传。", "The Excel file is damaged. Please open it and save it anew."
    )


class _Parser(WorkSheetParser):
    """Knows a formula that was never computed from an empty cell."""

    def parse_cell(self, element: Any) -> Any:
        cell = super().parse_cell(element)
        computed_text = cell["data_type"] == "str"  # an empty text is a result
        if cell["value"] is None and not computed_text and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"
        return cell


def read_sheet(path: Path, limit: int) -> Rows:
    """Raises Refusal `file_too_large`, `broken_file`, `broken_sheet`; so do the rows while they are read."""
    _check_zip(path, limit)
    assert openpyxl.DEFUSEDXML  # no entities are expanded
    try:
        book = openpyxl.load_workbook(path.open("rb"), read_only=True, data_only=True, keep_links=False)
    except MemoryError:
        raise
    except Exception:  # whatever a crafted workbook breaks in the library is damage to us
        raise _damaged() from None
    filled = [sheet for sheet in book.worksheets if next(_rows(book, sheet, set()), None)]
    if len(filled) > 1:
        names = "、".join(sheet.title for sheet in filled[:5])
        raise broken(
            f"工作簿有{len(filled)}张有内容的工作表（{names}），请只保留一张后上传。",
            f"The workbook has {len(filled)} filled sheets ({names}). Please keep one.",
            "broken_sheet",
        )
    texts: set[int] = set()
    rows = _rows(book, filled[0], texts) if filled else iter(())
    _, header = next(rows, (1, []))
    texts.clear()
    return Rows([(name or "").strip() for name in header], rows, "broken_sheet", UNIT, texts, True)


def _rows(book: Any, sheet: Any, texts: set[int]) -> Iterator[Row]:
    shapes = _Shapes(book)
    try:
        with sheet._get_source() as source:
            parser = _Parser(
                source, sheet._shared_strings, data_only=True, epoch=book.epoch, date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )  # fmt: skip
            for number, cells in parser.parse():
                if number > MAX_ROWS:
                    raise _refuse(number, "超出工作表的行数上限。", "a sheet has no such row.")
                found = _one(number, cells, shapes, texts)
                if found:
                    yield number, found
    except (KeyError, IndexError, ValueError, SyntaxError, zipfile.BadZipFile, OSError, EOFError):
        raise _damaged() from None


def _one(number: int, cells: list[dict[str, Any]], shapes: _Shapes, texts: set[int]) -> list[str | None]:
    row: list[str | None] = []
    for cell in cells:
        column = cell["column"] - 1
        if column > 16_383:
            raise _refuse(number, "超出工作表的列数上限。", "a sheet has no such column.")
        if column < len(row):
            raise _refuse(number, "的单元格重复。", "a cell occurs twice.")
        if cell["value"] is None and cell["data_type"] != "f":
            continue
        row += [None] * (column - len(row))
        row.append(_text(number, column, cell, shapes))
        if cell["data_type"] == "s":
            texts.add(column)
    return row


def _text(row: int, column: int, cell: dict[str, Any], shapes: _Shapes) -> str:
    value = cell["value"]
    if cell["data_type"] == "e":
        raise _refuse(row, f"第{column + 1}列是错误值{value}。", f"column {column + 1} holds the error {value}.")
    if cell["data_type"] == "f":
        raise _refuse(
            row,
            f"第{column + 1}列的公式没有结果，请在Excel中打开并保存一次。",
            f"the formula in column {column + 1} has no result; open the file in Excel and save it once.",
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value).zfill(shapes.zeros(cell["style_id"]))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dt.datetime):
        with_time = shapes.has_time(cell["style_id"]) or value.time() != dt.time()
        return value.isoformat(" ") if with_time else value.date().isoformat()
    if "\x00" in str(value):
        raise _refuse(row, f"第{column + 1}列含有空字符。", f"column {column + 1} holds a NUL character.")
    return str(value)


class _Shapes:
    """What a cell's number format says: 0000 shows 592 as 0592, and a code shown so is meant so."""

    def __init__(self, book: Any) -> None:
        self._book, self._known = book, dict[int, str]()

    def _format(self, style: int) -> str:
        if style not in self._known:
            number = self._book._cell_styles[style].numFmtId
            own = self._book._number_formats
            self._known[style] = (
                BUILTIN_FORMATS.get(number, "General")
                if number < BUILTIN_FORMATS_MAX_SIZE
                else own[number - BUILTIN_FORMATS_MAX_SIZE]
            )
        return self._known[style]

    def zeros(self, style: int) -> int:
        shape = self._format(style)
        return len(shape) if _ZEROS.fullmatch(shape) else 0

    def has_time(self, style: int) -> bool:
        return bool(re.search(r"[hs]", self._format(style), re.I))
