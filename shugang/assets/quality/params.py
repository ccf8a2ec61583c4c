"""Reading the parts of a rule, one reader for each kind of parameter; pure. Each raises RuleError with the part's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import duckdb

from shugang.policy.checks import CHECKS

from .expressions import condition, tried
from .kinds import TYPES
from .refused import RuleError

MOST_VALUES = 2000
MOST_COLUMNS = 200
LONGEST_TEXT = 200
LONGEST_PATTERN = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Columns = Mapping[str, str]


def column(value: Any, where: str, columns: Columns) -> str:
    if not isinstance(value, str) or value not in columns:
        raise RuleError(
            "unknown_column",
            where,
            f"数据中没有字段“{str(value)[:60]}”。",
            f"the data has no column “{str(value)[:60]}”",
        )
    return value


def column_list(value: Any, where: str, columns: Columns) -> list[str]:
    if value == "*":
        return list(columns)
    if not isinstance(value, list) or len(value) > MOST_COLUMNS:
        raise RuleError(
            "bad_columns",
            where,
            "请用列表写字段名，或写“*”表示全部。",
            "please give a list of column names, or “*” for all",
        )
    found = [column(v, where, columns) for v in value]
    if len(set(found)) != len(found):
        raise RuleError("same_column", where, "同一字段写了两次。", "a column is named twice")
    return found


def number(value: Any, where: str, columns: Columns) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e300:
        raise RuleError("bad_number", where, "应为数值。", "has to be a number")
    return value


def count(value: Any, where: str, columns: Columns) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**15:
        raise RuleError("bad_number", where, "应为不小于0的整数。", "has to be a whole number, not negative")
    return value


def hours(value: Any, where: str, columns: Columns) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 24 * 3660:
        raise RuleError("bad_period", where, "更新周期应为1小时至10年。", "a period is from one hour to ten years")
    return value


def text(value: Any, where: str, columns: Columns) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or _CONTROL.search(value):
        raise RuleError(
            "bad_text",
            where,
            f"应为至多{LONGEST_TEXT}字的文本。",
            f"has to be text of at most {LONGEST_TEXT} characters",
        )
    return value


def pattern(value: Any, where: str, columns: Columns) -> str:
    """A pattern of RE2, which takes time in proportion to the text whatever the pattern."""
    if not isinstance(value, str) or len(value) > LONGEST_PATTERN or "\x00" in value:
        raise RuleError(
            "bad_pattern",
            where,
            f"应为至多{LONGEST_PATTERN}字的正则表达式。",
            f"has to be a pattern of at most {LONGEST_PATTERN} characters",
        )
    try:
        tried("SELECT regexp_full_match('', ?)", [value])
    except duckdb.Error:
        raise RuleError(
            "bad_pattern",
            where,
            "不是正确的正则表达式（RE2语法，不支持环视和反向引用）。",
            "is no pattern of RE2 (which has no look-around and no back-references)",
        ) from None
    return value


def values(value: Any, where: str, columns: Columns) -> list[str]:
    """Codes as text: 1 and "1" are the same code."""
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise RuleError(
            "bad_values",
            where,
            f"请列出至多{MOST_VALUES}个值；更多的请用外键规则。",
            f"please list at most {MOST_VALUES} values; use a foreign key for more",
        )
    found = []
    for item in value:
        if (
            isinstance(item, bool)
            or not isinstance(item, str | int)
            or len(str(item)) > LONGEST_TEXT
            or "\x00" in str(item)
        ):
            raise RuleError("bad_values", where, "值应为文本或整数。", "values have to be text or whole numbers")
        found.append(str(item))
    return list(dict.fromkeys(found))


def day(value: Any, where: str, columns: Columns) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise RuleError(
            "bad_date", where, "应为真实的日期，如2026-01-31。", "has to be a date that exists, such as 2026-01-31"
        ) from None


def flag(value: Any, where: str, columns: Columns) -> bool:
    if not isinstance(value, bool):
        raise RuleError("bad_flag", where, "应为true或false。", "has to be true or false")
    return value


def type_name(value: Any, where: str, columns: Columns) -> str:
    if value not in TYPES:
        raise RuleError(
            "unknown_type", where, f"类型应为{'、'.join(TYPES)}之一。", f"a type is one of {', '.join(TYPES)}"
        )
    return str(value)


def check(value: Any, where: str, columns: Columns) -> str:
    if not isinstance(value, str) or value not in CHECKS:
        raise RuleError(
            "unknown_check",
            where,
            f"没有这种号码校验，可用：{'、'.join(CHECKS)}。",
            f"no such check; there are {', '.join(CHECKS)}",
        )
    return value


def types(value: Any, where: str, columns: Columns) -> dict[str, str]:
    if not isinstance(value, dict) or not 0 < len(value) <= 2000:
        raise RuleError("bad_types", where, "请写字段名与类型的对照。", "please give column names with their types")
    return {text(k, where, columns): text(v, where, columns).upper() for k, v in value.items()}


def reference(value: Any, where: str, columns: Columns) -> dict[str, Any]:
    """{"dataset": number, "columns": [...], "version": n (the newest at the time of an assessment where left out)}."""
    if not isinstance(value, dict) or set(value) - {"dataset", "columns", "version"}:
        raise RuleError(
            "bad_reference",
            where,
            "应写明dataset、columns，可写version。",
            "names dataset and columns, and may name a version",
        )
    names, version = value.get("columns"), value.get("version")
    if not isinstance(names, list) or not names or len(names) > MOST_COLUMNS:
        raise RuleError(
            "bad_reference", f"{where}.columns", "请列出参照的字段。", "please list the columns referred to"
        )
    found: dict[str, Any] = {
        "dataset": text(value.get("dataset"), f"{where}.dataset", columns),
        "columns": [text(n, f"{where}.columns", columns) for n in names],
    }
    if version is not None:
        found["version"] = count(version, f"{where}.version", columns)
    return found


READERS: dict[str, Callable[[Any, str, Columns], Any]] = {
    "column": column, "columns": column_list, "number": number, "count": count, "hours": hours, "text": text,
    "pattern": pattern, "values": values, "day": day, "flag": flag, "type": type_name, "check": check,
    "types": types, "reference": reference, "expression": condition,
}  # fmt: skip
