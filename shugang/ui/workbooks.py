"""Tables as an Excel workbook: text stays text, whatever it starts with; amounts are numbers with two decimals."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font

from shugang.policy.text import Text

from .exports import safe_cell
from .jinja import tx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOLD, _WRAP = Font(bold=True), Alignment(wrap_text=True, vertical="top")


class Yuan(NamedTuple):
    """An amount in 分 that the sheet shows in 元."""

    fen: int


class Sheet(NamedTuple):
    title: Text | str
    header: Sequence[Text | str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The bytes of an .xlsx in the reader's language. No cell is a formula."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(_title(str(tx(sheet.title))))
        for place, width in enumerate(sheet.widths):
            page.column_dimensions[chr(ord("A") + place)].width = width
        page.append([_text(page, tx(name), _BOLD) for name in sheet.header])
        for row in sheet.rows:
            page.append([_cell(page, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_response(name: str, sheets: Sequence[Sheet]) -> HttpResponse:
    response = HttpResponse(workbook(sheets), content_type=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def _title(text: str) -> str:
    """A sheet's name: at most 31 characters, none of those that Excel refuses."""
    return "".join("_" if sign in "[]:*?/\\" else sign for sign in text)[:31]


def _cell(page: Any, value: Any) -> Any:
    if isinstance(value, Yuan):
        cell = WriteOnlyCell(page, Decimal(value.fen).scaleb(-2))
        cell.number_format = "#,##0.00"
        return cell
    if isinstance(value, bool) or not isinstance(value, int | date):
        return _text(page, value)
    if isinstance(value, datetime):
        return _text(page, value.isoformat(sep=" ", timespec="seconds"))
    return WriteOnlyCell(page, value)


def _text(page: Any, value: Any, font: Font | None = None) -> Any:
    cell = WriteOnlyCell(page, ILLEGAL_CHARACTERS_RE.sub("", safe_cell(value)))
    cell.data_type = "s"  # openpyxl would take a leading = for a formula
    cell.alignment = _WRAP
    if font is not None:
        cell.font = font
    return cell
