"""Tables as CSV for a spreadsheet: UTF-8 with a mark, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from shugang.policy.text import Text

from .jinja import tx

_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: Any) -> str:
    """The cell's text; one that a spreadsheet could take for a formula gets a leading apostrophe (OWASP)."""
    text = "" if value is None else str(tx(value))
    if text.startswith(_STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_response(name: str, header: Sequence[Text | str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download `name`.csv in the reader's language. Money comes formatted, without its sign (¥)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe_cell(cell) for cell in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
