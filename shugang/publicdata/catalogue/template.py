"""The workbook that a department fills in: a header of two rows with merged groups, as catalogues are kept, and its notes."""

from __future__ import annotations

import io

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from .sheet import COLUMNS

_GROUPS = (
    (
        "信息资源",
        (
            "name",
            "name_en",
            "summary",
            "kind",
            "base_library",
            "code",
            "classification",
            "theme",
            "format",
            "update_cycle",
        ),
    ),
    ("共享属性", ("sharing", "sharing_condition", "sharing_method")),
    ("开放属性", ("opening", "opening_condition")),
    ("关联", ("related", "dataset")),
)
_REQUIRED = frozenset({"name", "summary", "kind", "theme", "format", "update_cycle", "sharing", "opening"})


def template() -> bytes:
    """An empty workbook; choices come from lists."""
    book = openpyxl.Workbook()
    page, notes = book.active, book.create_sheet("说明 Notes")
    page.title = "目录 Entries"
    own = {c.name: c for c in COLUMNS if not c.item}
    laid = [(group, own[name]) for group, names in _GROUPS for name in names]
    laid += [("信息项信息", c) for c in COLUMNS if c.item]
    start, before = 1, laid[0][0]
    for at, (group, column) in enumerate([*laid, ("", laid[0][1])], 1):
        if group != before:
            page.cell(1, start, before).font = Font(bold=True)
            page.cell(1, start).alignment = Alignment(horizontal="center")
            if at - 1 > start:
                page.merge_cells(start_row=1, end_row=1, start_column=start, end_column=at - 1)
            start, before = at, group
        if not group:
            break
        must = column.name in _REQUIRED or (column.item and column.name in ("name", "data_type"))
        page.cell(2, at, f"{column.label.zh}{'*' if must else ''}").font = Font(bold=True)
        letter = get_column_letter(at)
        page.column_dimensions[letter].width = 16
        values = [t.zh for t in (column.words or {}).values()]
        notes.append([column.label.zh, column.label.en, "是" if must else "", "、".join(values)])
        if values and len(",".join(values)) < 250:
            rule = DataValidation(type="list", formula1=f'"{",".join(values)}"', allow_blank=True)
            page.add_data_validation(rule)
            rule.add(f"{letter}3:{letter}5000")
    page.freeze_panes = "B3"
    notes.insert_rows(1)
    for at, text in enumerate(("列 Column", "英文 English", "必填 Required", "取值 Values"), 1):
        notes.cell(1, at, text).font = Font(bold=True)
    notes.append(
        [
            "一行一个信息项；同一条目录的各行，目录部分可以合并单元格或只填第一行。",
            "One row an item; an entry's own cells are merged over its rows, or filled in the first alone.",
        ]
    )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
