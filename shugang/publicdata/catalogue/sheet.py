"""A sheet of entries as a department keeps it: one row an item, the entry's own cells merged over its rows, a header of up to
three rows with merged groups. Reading alone, pure; what is sent is not trusted.

Sizes are looked at before anything unfolds, formulas are named and never read, a CSV may be UTF-8 or GB18030.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import openpyxl

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from . import forms

MAX_BYTES, MAX_UNFOLDED, MAX_CELL, MAX_COLUMNS = 32 << 20, 600 << 20, 2000, 80
HEADER_ROWS = 12  # a header is looked for in so many first rows: titles and notes may stand above it
_BLANKS = re.compile(r"[\s*＊（）()／/：:]+")


@dataclass(frozen=True)
class Column:
    """`aliases`: other names that departments' sheets give it, without blanks and brackets; `item`: of the item, not the entry."""

    name: str
    label: Text
    aliases: tuple[str, ...] = ()
    words: Mapping[str, Text] | None = field(default=None, compare=False)
    item: bool = False


def _columns() -> Iterator[Column]:
    more = {
        "name": ("信息资源名称", "资源名称", "目录名称", "数据资源名称"), "summary": ("信息资源摘要", "摘要", "资源摘要"),
        "kind": ("资源分类", "信息资源类别", "类别"), "classification": ("分类码", "信息资源分类", "分类编码", "分类代码", "类项目细目"),
        "theme": ("主题分类", "所属主题", "所属领域"), "format": ("信息资源格式", "资源格式", "格式"),
        "update_cycle": ("更新频率", "更新周期频率"), "sharing": ("共享类型", "共享属性", "共享属性共享类型"),
        "sharing_condition": ("共享条件", "共享属性共享条件"), "sharing_method": ("共享属性共享方式",),
        "opening": ("开放类型", "开放属性", "是否向社会开放", "开放属性是否向社会开放"), "opening_condition": ("开放条件", "开放属性开放条件"),
        "related": ("关联资源代码", "关联信息资源代码"), "dataset": ("数据集编号", "挂接数据集"), "base_library": ("基础库", "所属基础库"),
    }  # fmt: skip
    yield Column("code", Text("资源代码", "Code"), ("信息资源代码", "目录代码", "资源编码", "信息资源编码"))
    for f in forms.FORM.fields:
        yield Column(f.name, f.label, more.get(f.name, ()), dict(f.choices) or None)
    items = {
        "name": ("信息项", "信息项名称", "信息项信息信息项名称", "字段名称"), "element": ("数据元", "数据元代码"), "data_type": ("数据类型", "信息项信息数据类型", "类型"),
        "length": ("数据长度", "长度", "信息项信息数据长度"), "column": ("对应字段", "字段英文名", "字段"), "sharing": ("信息项共享类型", "信息项信息共享类型"),
        "opening": ("信息项开放类型", "信息项信息开放类型"), "required": ("必填", "是否必填"), "description": ("信息项说明", "字段说明"),
        "name_en": ("信息项英文名称",),
    }  # fmt: skip
    for f in forms.ITEM.fields:
        label = (
            f.label
            if f.name in ("name", "data_type", "length", "column", "element")
            else Text(f"信息项{f.label.zh}", f"Item: {f.label.en}")
        )
        yield Column(f.name, label, items[f.name], dict(f.choices) or None, True)


COLUMNS: tuple[Column, ...] = tuple(_columns())
# What sheets write for a choice besides its code and labels.
_SAID: dict[str, dict[str, str]] = {
    "sharing": {"无条件共享": "unconditional", "有条件共享": "conditional", "不予共享": "refused"},
    "opening": {"无条件开放": "unconditional", "有条件开放": "conditional", "不予开放": "refused", "是": "unconditional", "否": "refused"},
    "kind": {"基础": "base", "主题": "theme", "部门": "department", "基础类": "base", "主题类": "theme", "部门类": "department"},
    "data_type": {"字符型c": "C", "数值型n": "N", "货币型y": "Y", "日期型d": "D", "日期时间型t": "T", "逻辑型l": "L", "二进制型b": "B",
                  "字符": "C", "字符串": "C", "文本": "C", "数值": "N", "数字": "N", "日期": "D", "时间": "T", "日期时间": "T"},
    "update_cycle": {"每天": "daily", "日": "daily", "周": "weekly", "月": "monthly", "季度": "quarterly", "季": "quarterly", "半年": "half_yearly",
                     "年": "yearly", "不定期更新": "irregular"},
    "format": {"excel": "spreadsheet", "电子表格excel": "spreadsheet", "json": "structured", "xml": "structured", "数据库mysql": "database"},
    "sharing_method": {"共享平台方式": "platform", "库表": "exchange", "文件": "file", "数据接口": "interface"},
}  # fmt: skip


@dataclass
class Entry:
    """One entry as it was read: `line` of its first row, answers of the form, items, and what is wrong, by field."""

    line: int
    values: dict[str, Any]
    items: list[dict[str, Any]] = field(default_factory=list)
    wrong: dict[str, Text] = field(default_factory=dict)


def bad(zh: str, en: str) -> Refusal:
    text = Text(zh, en)
    return Refusal("bad_sheet", text, 422, {"file": text})


def plain(text: str) -> str:
    return _BLANKS.sub("", text).lower()


def read(content: bytes, most: int) -> list[Entry]:
    """The entries of a workbook (.xlsx) or CSV. Raises Refusal `bad_sheet`."""
    if len(content) > MAX_BYTES:
        raise bad(
            f"文件超过{MAX_BYTES >> 20} MB，请分成几个文件。",
            f"The file is larger than {MAX_BYTES >> 20} MB; please split it.",
        )
    rows = iter(_workbook(content) if content[:4] == b"PK\x03\x04" else _text(content))
    head = list(itertools.islice(rows, HEADER_ROWS))
    places, start = _header([cells for _, cells in head])
    found = _entries(itertools.chain(head[start:], rows), places, most)
    if not found:
        raise bad("表头下面没有内容。", "There is nothing below the header.")
    return found


def _header(rows: list[list[str]]) -> tuple[dict[Column, int], int]:
    """(column → place, number of rows that the header takes with what stands above it).

    Tried from each first row, one to three rows deep: the reading that knows most columns wins. Of merged groups only the first
    cell holds the name: a cell below belongs to the group that begins at its place or left of it.
    """
    names = {plain(text): c for c in reversed(COLUMNS) for text in (c.label.zh, c.label.en, *c.aliases)}
    best: tuple[dict[Column, int], int] = ({}, 0)
    for first in range(len(rows)):
        for deep in (1, 2, 3):
            if first + deep > len(rows):
                break
            places = _places(rows[first : first + deep], names)
            if len(places) > len(best[0]):
                best = (places, first + deep)
    required = [c for c in COLUMNS if c.name == "name"]
    missing = [c.label for c in required if c not in best[0]]
    if missing:
        raise bad(
            f"没有找到表头中的{'、'.join(t.zh for t in missing)}，请使用模板的表头。",
            f"The header lacks {', '.join(t.en for t in missing)}. Please use the template's header.",
        )
    return best


def _places(rows: list[list[str]], names: Mapping[str, Column]) -> dict[Column, int]:
    found: dict[Column, int] = {}
    groups = [""] * len(rows)
    for at in range(max(map(len, rows))):
        cells = [plain(row[at]) if at < len(row) else "" for row in rows]
        last = max((i for i, cell in enumerate(cells) if cell), default=-1)
        for level, cell in enumerate(cells):
            if cell:
                groups[level] = cell
                # A new group begins: what stood below the one before is over.
                groups[level + 1 :] = [""] * (len(rows) - level - 1)
        if last < 0:
            continue
        spelled = ["".join(groups[: last + 1]), "".join(groups[max(0, last - 1) : last + 1]), groups[last]]
        column = next((names[s] for s in spelled if s in names), None)
        if column is not None and column not in found:
            found[column] = at
    return found


def _entries(rows: Iterable[tuple[int, list[str]]], places: Mapping[Column, int], most: int) -> list[Entry]:
    """Rows that name no entry of their own go on with the one before."""
    found: list[Entry] = []
    read_rows = 0
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        read_rows += 1
        if read_rows > most:
            raise bad(f"一次最多{most}行，请分成几个文件。", f"At most {most} rows at a time; please split the file.")
        own, item, wrong = _row(cells, places)
        if own.get("name") or own.get("code") or not found:
            found.append(Entry(line, own))
        entry = found[-1]
        at = len(entry.items) + 1 if any(v for k, v in item.items() if k not in ("data_type", "required")) else 0
        if at:
            entry.items.append(item)
        for column, text in wrong.items():
            entry.wrong[f"items.{at}.{column.name}" if column.item and at else column.name] = text
    return found


def _row(cells: list[str], places: Mapping[Column, int]) -> tuple[dict[str, str], dict[str, Any], dict[Column, Text]]:
    own: dict[str, str] = {}
    item: dict[str, Any] = {}
    wrong: dict[Column, Text] = {}
    for column, at in places.items():
        text = cells[at].strip() if at < len(cells) else ""
        if text.startswith("="):
            wrong[column] = Text("公式不读取，请粘贴为数值。", "Formulas are not read; please paste values.")
            continue
        if len(text) > MAX_CELL:
            wrong[column] = Text(f"超过{MAX_CELL}个字。", f"Longer than {MAX_CELL} characters.")
            continue
        if not text:
            continue
        value = text if column.words is None else _choice(column, text)
        if value is None:
            some = "、".join(t.zh for t in list((column.words or {}).values())[:6])
            wrong[column] = Text(
                f"没有“{text[:20]}”，可填：{some}等。", f"There is no “{text[:20]}”; see the template's notes."
            )
        elif column.item:
            item[column.name] = (
                value if column.name != "required" else plain(value) in ("是", "必填", "y", "yes", "1", "true")
            )
        else:
            own[column.name] = value
    return own, item, wrong


@lru_cache(maxsize=4096)  # a sheet says the same few words on every row
def _choice(column: Column, text: str) -> str | None:
    """The code of a choice that was given by code, label or one of the usual words."""
    asked = plain(text)
    for code, label in (column.words or {}).items():
        if asked in (code.lower(), plain(label.zh), plain(label.en)):
            return code
    return _SAID.get(column.name, {}).get(asked)


def _workbook(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
        if len(entries) > 400 or sum(e.file_size for e in entries) > MAX_UNFOLDED:
            raise bad("工作簿展开后过大，请分成几个文件。", "The workbook unfolds too far. Please split it.")
        assert openpyxl.DEFUSEDXML  # no entities are expanded
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        page = book.worksheets[0]
        page.reset_dimensions()
        for number, row in enumerate(page.iter_rows(max_col=MAX_COLUMNS, values_only=True), 1):
            yield number, [_cell(value) for value in row]
    except (Refusal, GeneratorExit):
        raise
    except Exception:  # a workbook that was made to break the reader ends here, whatever it breaks
        raise bad(
            "工作簿无法读取，请另存为.xlsx或CSV后再上传。",
            "The workbook cannot be read. Please save it as .xlsx or CSV.",
        ) from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "date"):
        return str(value.date().isoformat())
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    return str(value)


def _text(content: bytes) -> Iterator[tuple[int, list[str]]]:
    if b"\0" in content:
        raise bad("只接受.xlsx和.csv文件。", "Only .xlsx and .csv files are read.")
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise bad(
            "文字编码无法识别，请存为UTF-8或GB18030。", "The encoding is unknown. Please save as UTF-8 or GB18030."
        )
    try:
        yield from (
            (i, row[:MAX_COLUMNS]) for i, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1)
        )
    except csv.Error:
        raise bad("CSV格式有误，请检查引号是否成对。", "The CSV is malformed. Please check its quotes.") from None
