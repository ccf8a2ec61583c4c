"""A live database's tables as drafts: the description that a department's own data plane writes of a source.

The account of a department's database never leaves its plane, so the platform does not dial it: `shugang-plane schema NAME` reads
the source's own catalogue there and writes this file, which holds names, types and comments and not a single row.
"""

from __future__ import annotations

import json
from typing import Any

from shugang.policy.columns import Column

from .sheet import Entry, bad

FORMAT = "shugang-source-schema/1"
MOST_TABLES = 2000
_TYPES = {"whole": "N", "fraction": "N", "text": "C", "date": "D", "time": "T", "flag": "L"}


def is_description(content: bytes) -> bool:
    return content[:1] == b"{" and FORMAT.encode() in content[:200]


def read(content: bytes) -> list[Entry]:
    """One entry a table; what a database cannot know is put down closed: shared and opened on no terms until somebody decides.

    Raises Refusal `bad_sheet`.
    """
    try:
        said = json.loads(content)
        tables = said["tables"]
        if said["format"] != FORMAT or not isinstance(tables, list):
            raise ValueError
        if len(tables) > MOST_TABLES:
            raise bad(
                f"表超过{MOST_TABLES}张，请按库分开导出。",
                f"More than {MOST_TABLES} tables; please export schema by schema.",
            )
        return [_entry(at, table, str(said.get("connector", ""))[:60]) for at, table in enumerate(tables, 1)]
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        raise bad(
            "数据库结构文件无法读取，请用节点程序重新导出。",
            "The description of the database cannot be read. Please export it again with the plane's program.",
        ) from None


def _entry(at: int, table: dict[str, Any], connector: str) -> Entry:
    name, comment = str(table["name"]), str(table.get("comment") or "")
    ground = "由数据库结构生成，待确认。"
    values = {
        "name": (comment or name)[:200], "name_en": name[:300] if comment else "",
        "summary": (f"由来源“{connector}”的表{name}生成。" + (f"{comment}。" if comment else ""))[:2000],
        "kind": "department", "classification": "306001", "theme": "government", "format": "database", "update_cycle": "irregular",
        "sharing": "refused", "sharing_condition": ground, "opening": "refused", "opening_condition": ground,
    }  # fmt: skip
    return Entry(at, values, [_item(c) for c in table["columns"]][:500])


def _item(column: dict[str, Any]) -> dict[str, Any]:
    name, comment, kind = str(column["name"]), str(column.get("comment") or ""), str(column.get("type", ""))
    family = Column(name, kind).family
    if family == "other" and kind.lower().startswith(("character", "varchar", "nvarchar", "char")):
        family = "text"
    if family == "other" and kind.lower().startswith(("timestamp", "datetime")):
        family = "time"
    length = column.get("length")
    return {
        "name": (comment or name)[:120], "name_en": name[:160] if comment else "", "data_type": _TYPES.get(family, "C"),
        "length": length if isinstance(length, int) and 0 < length <= 1_000_000 else "", "required": column.get("nullable") is False,
        "description": f"{name} {kind}"[:400],
    }  # fmt: skip
