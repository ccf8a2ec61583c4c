"""The sheet of products to be listed: its columns, its template, and reading one that somebody sends.

What is sent is not trusted: sizes are looked at before anything unfolds, formulas are named and never read, a CSV may be UTF-8
or GB18030.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from shugang.kernel.errors import Refusal
from shugang.policy.terms import MODES, PURPOSES
from shugang.policy.text import Text

from ..products.kinds import FIELDS, SECTORS, SPEC, SPEC_CHOICES, SPEC_HINTS, TYPES

MAX_BYTES, MAX_UNFOLDED, MAX_ROWS, MAX_CELL = 2 << 20, 40 << 20, 200, 2000
PRICES: dict[str, Text] = {
    "free": Text("免费", "Free"),
    "one_off": Text("一次性", "One-off"),
    "per_unit": Text("按次", "Per use"),
    "month": Text("包月", "Monthly"),
    "year": Text("包年", "Yearly"),
}


@dataclass(frozen=True)
class Column:
    """`choices` may be given by code or by either label."""

    name: str
    label: Text
    required: bool = False
    choices: dict[str, Text] | None = None
    hint: Text = Text("", "")


COLUMNS: tuple[Column, ...] = (
    Column("code", Text("自有编号", "Own code"), True, None, Text("贵机构自己的编号，同一编号只建一次", "Your own; one product for each code")),
    Column("asset_number", Text("资产编号", "Asset"), True, None, Text("已登记并持有有效凭证的资产", "Registered, with a valid certificate")),
    Column("name", Text("产品名称", "Name"), True),
    Column("name_en", Text("英文名称", "Name in English")),
    Column("summary", Text("一句话简介", "Summary"), True),
    Column("type", Text("标的类型", "Type"), True, TYPES),
    Column("sector", Text("行业", "Industry"), True, SECTORS),
    Column("field", Text("应用领域", "Field"), False, FIELDS),
    Column("keywords", Text("关键词", "Keywords")),
    Column("mode", Text("交付方式", "Delivery"), True, MODES),
    Column("purpose", Text("用途", "Purpose"), True, PURPOSES),
    Column("columns", Text("授权字段", "Columns"), False, None, Text("字段名，以逗号分开；空着为全部", "Names with commas between; empty: all")),
    Column("until", Text("使用期限至", "Until"), False, None, Text("如2027-06-30；空着为凭证到期日", "Such as 2027-06-30; empty: the certificate's end")),
    Column("price_kind", Text("计价方式", "Price"), True, PRICES),
    Column("amount", Text("金额（元）", "Amount (CNY)"), False, None, Text("含税；免费的空着", "Tax included; empty where free")),
    *(Column(key, label, False, SPEC_CHOICES.get(key), SPEC_HINTS.get(key, Text("", ""))) for key, label in SPEC.items()),
)  # fmt: skip
NAMES = {c.name: c for c in COLUMNS}


def template() -> bytes:
    """An empty workbook with the columns, their choices and a page that explains them."""
    book = openpyxl.Workbook()
    page, notes = book.active, book.create_sheet("说明 Notes")
    page.title = "产品 Products"
    page.append([f"{c.label.zh}{'*' if c.required else ''}" for c in COLUMNS])
    notes.append(["列 Column", "英文 English", "必填 Required", "说明 Hint", "取值 Values"])
    for at, column in enumerate(COLUMNS, 1):
        page.cell(1, at).font = Font(bold=True)
        letter = page.cell(1, at).column_letter
        page.column_dimensions[letter].width = 18
        values = [t.zh for t in (column.choices or {}).values()]
        hint = f"{column.hint.zh} {column.hint.en}".strip()
        notes.append([column.label.zh, column.label.en, "是" if column.required else "", hint, "、".join(values)])
        if values and len(",".join(values)) < 250:
            rule = DataValidation(type="list", formula1=f'"{",".join(values)}"', allow_blank=True)
            page.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _bad(zh: str, en: str) -> Refusal:
    text = Text(zh, en)
    return Refusal("bad_sheet", text, 422, {"file": text})


def read(name: str, content: bytes) -> list[tuple[int, dict[str, str], dict[str, Text]]]:
    """(line, cells, what is wrong with a cell) of each row that holds anything. Raises Refusal `bad_sheet`."""
    if len(content) > MAX_BYTES:
        raise _bad(
            f"文件超过{MAX_BYTES >> 20} MB，请分成几个文件。",
            f"The file is larger than {MAX_BYTES >> 20} MB; please split it.",
        )
    lines = _workbook(content) if content[:4] == b"PK\x03\x04" else _text(name, content)
    if not lines:
        raise _bad("文件是空的，请下载模板填写。", "The file is empty. Please fill in the template.")
    places = _header(lines[0][1])
    found: list[tuple[int, dict[str, str], dict[str, Text]]] = []
    for number, cells in lines[1:]:
        if not any(cells):
            continue
        if len(found) >= MAX_ROWS:
            raise _bad(
                f"一次最多{MAX_ROWS}行，请分成几个文件。", f"At most {MAX_ROWS} rows at a time; please split the file."
            )
        found.append((number, *_row(cells, places)))
    if not found:
        raise _bad(
            "表头下面没有内容，请从第二行起填写。",
            "There is nothing below the header; please fill in from the second row.",
        )
    return found


def _header(cells: list[str]) -> dict[str, int]:
    """Column name → place. The order is free; a column that is not known is a mistake and not passed over."""
    labels = {text: c.name for c in COLUMNS for text in (c.name, c.label.zh, c.label.en)}
    places: dict[str, int] = {}
    for at, cell in enumerate(cells):
        title = cell.strip().rstrip("*").strip()
        if not title:
            continue
        known = labels.get(title)
        if known is None or known in places:
            raise _bad(
                f"表头“{title[:30]}”不认识或重复，请使用模板的表头。",
                f"The header “{title[:30]}” is unknown or repeated; please use the template's.",
            )
        places[known] = at
    missing = [c.label for c in COLUMNS if c.required and c.name not in places]
    if missing:
        raise _bad(
            f"缺少列：{'、'.join(t.zh for t in missing)}。", f"Columns are missing: {', '.join(t.en for t in missing)}."
        )
    return places


def _row(cells: list[str], places: dict[str, int]) -> tuple[dict[str, str], dict[str, Text]]:
    values, wrong = {}, {}
    for name, at in places.items():
        text = cells[at].strip() if at < len(cells) else ""
        if text.startswith("="):
            wrong[name] = Text("公式不读取，请粘贴为数值。", "Formulas are not read; please paste values.")
            text = ""
        elif len(text) > MAX_CELL:
            wrong[name] = Text(f"超过{MAX_CELL}个字。", f"Longer than {MAX_CELL} characters.")
            text = ""
        values[name] = text
    return values, wrong


def _workbook(content: bytes) -> list[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > 200 or sum(e.file_size for e in entries) > MAX_UNFOLDED:
                raise _bad(
                    "工作簿展开后过大，请使用模板填写。", "The workbook unfolds too far. Please use the template."
                )
        assert openpyxl.DEFUSEDXML  # no entities are expanded
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        page = book.worksheets[0]
        page.reset_dimensions()
        limit = MAX_ROWS * 5
        rows = page.iter_rows(max_row=limit + 1, max_col=len(COLUMNS) * 2, values_only=True)
        return [(i, [_plain(v) for v in row]) for i, row in enumerate(rows, 1)]
    except Refusal:
        raise
    except Exception:  # a workbook that was made to break the reader ends here, whatever it breaks
        raise _bad(
            "工作簿无法读取，请另存为.xlsx或CSV后再上传。",
            "The workbook cannot be read. Please save it as .xlsx or CSV.",
        ) from None


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "date"):
        return str(value.date().isoformat())
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    return str(value)


def _text(name: str, content: bytes) -> list[tuple[int, list[str]]]:
    if b"\0" in content:
        raise _bad("只接受.xlsx和.csv文件。", "Only .xlsx and .csv files are read.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _bad(
            "文字编码无法识别，请存为UTF-8或GB18030。", "The encoding is unknown. Please save as UTF-8 or GB18030."
        )
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise _bad("CSV格式有误，请检查引号是否成对。", "The CSV is malformed. Please check its quotes.") from None
    return [(i, row) for i, row in enumerate(rows, 1)]
