"""The kinds of rules: what each asks for, what it counts, and to which indicator it belongs by itself; pure."""

from __future__ import annotations

from typing import NamedTuple

from shugang.policy.text import Text


class Param(NamedTuple):
    """One question of a rule. `kind`: column, columns, number, count, text, pattern, values, reference, type, types,
    check, expression, flag, day, hours."""

    kind: str
    label: Text
    required: bool = True


class Kind(NamedTuple):
    """`measure`: row (counted over rows in one query), pair (against another version), group (by keys), newest, rows,
    schema, facts (known outside the data)."""

    label: Text
    indicator: str
    measure: str
    params: dict[str, Param]
    hint: Text


_COLUMN = Param("column", Text("字段", "Column"))
_COLUMNS = Param("columns", Text("字段", "Columns"))


def _optional(kind: str, zh: str, en: str) -> Param:
    return Param(kind, Text(zh, en), False)


KINDS: dict[str, Kind] = {
    "filled": Kind(
        Text("填充率", "Filled"), "element", "row", {"columns": _COLUMNS},
        Text("已填单元格÷全部单元格；空白文本和非数算未填。", "Filled cells of all cells; blank text and not-a-number are not filled."),
    ),
    "complete": Kind(
        Text("整行完整", "Complete rows"), "record", "row", {"columns": _COLUMNS},
        Text("所列字段都已填的行÷全部行。", "Rows in which all named columns are filled."),
    ),
    "rows": Kind(
        Text("行数", "Row count"), "record", "rows",
        {"expected": _optional("count", "应有行数", "Rows expected"), "min": _optional("count", "最少", "At least"),
         "max": _optional("count", "最多", "At most")},
        Text("给出应有行数：实有÷应有；给出上下限：在内为1，否则为0。",
             "With the rows expected: those there of them; with bounds: 1 within, else 0."),
    ),
    "unique": Kind(
        Text("唯一", "Unique"), "unique", "group",
        {"columns": _COLUMNS, "approximate": _optional("flag", "允许估算", "Estimate will do")},
        Text("键值不与他行相同的行÷键完整的行。估算的结果会注明，且不作判定。",
             "Rows whose key no other row has, of rows with a whole key. Estimates are marked and give no verdict."),
    ),
    "duplicate": Kind(
        Text("重复率", "Repetition"), "duplicate", "group", {"columns": _COLUMNS},
        Text("多余的重复行÷全部行，越低越好。", "Surplus equal rows of all rows; lower is better."),
    ),
    "format": Kind(
        Text("格式", "Format"), "format", "row", {"column": _COLUMN, "pattern": Param("pattern", Text("正则表达式", "Pattern"))},
        Text("整个值符合正则表达式（RE2语法）。", "The whole value matches the pattern (RE2 syntax)."),
    ),
    "check": Kind(
        Text("号码校验", "Number check"), "content", "row",
        {"column": _COLUMN, "check": Param("check", Text("号码种类", "Kind of number"))},
        Text("按公开规则校验，含校验码。", "Checked by the public rule, with its check digit."),
    ),
    "in_set": Kind(
        Text("代码集", "Code list"), "reference", "row", {"column": _COLUMN, "values": Param("values", Text("允许的值", "Allowed values"))},
        Text("值在所列代码中。", "The value is one of those listed."),
    ),
    "range": Kind(
        Text("取值范围", "Range"), "content", "row",
        {"column": _COLUMN, "min": _optional("number", "最小", "Minimum"), "max": _optional("number", "最大", "Maximum")},
        Text("数值在范围内，含两端；不是数的算不合格。", "A number within the bounds, both included; what is no number fails."),
    ),
    "length": Kind(
        Text("长度", "Length"), "standard", "row",
        {"column": _COLUMN, "min": _optional("count", "最少字符", "At least"), "max": _optional("count", "最多字符", "At most")},
        Text("字符数在范围内。", "So many characters."),
    ),
    "parsable": Kind(
        Text("类型可转换", "Reads as a type"), "standard", "row",
        {"column": _COLUMN, "type": Param("type", Text("类型", "Type"))},
        Text("文本能读成所给类型。", "The text reads as the given type."),
    ),
    "date": Kind(
        Text("日期有效", "Valid date"), "period", "row",
        {"column": _COLUMN, "format": _optional("text", "日期格式，如%Y%m%d", "Format, such as %Y%m%d"),
         "earliest": _optional("day", "最早", "Earliest"), "latest": _optional("day", "最晚", "Latest")},
        Text("是真实存在的日期，并在所给时段内。", "A date that exists, within the given period."),
    ),
    "order": Kind(
        Text("先后顺序", "Order"), "sequence", "row",
        {"first": Param("column", Text("在前", "Earlier")), "second": Param("column", Text("在后", "Later"))},
        Text("前一字段不晚于（不大于）后一字段。", "The first is not later (greater) than the second."),
    ),
    "expression": Kind(
        Text("跨字段规则", "Rule across columns"), "business", "row",
        {"expression": Param("expression", Text("条件", "Condition"))},
        Text("例：pm25 <= pm10。为空时不评价。", "Such as: pm25 <= pm10. Not evaluated where it is NULL."),
    ),
    "dirty": Kind(
        Text("脏数据率", "Dirty data"), "dirty", "row", {"columns": _COLUMNS},
        Text("含控制字符、乱码符、首尾空格，或以“空”“N/A”等字样代替空值的单元格÷已填单元格，越低越好。",
             "Cells with control or replacement characters, outer blanks, or words such as N/A for nothing; lower is better."),
    ),
    "foreign_key": Kind(
        Text("外键", "Foreign key"), "related", "pair",
        {"columns": _COLUMNS, "reference": Param("reference", Text("参照的数据集和字段", "Data set and columns referred to"))},
        Text("值能在另一数据集的版本中找到。", "The value is found in a version of another data set."),
    ),
    "timely": Kind(
        Text("及时", "Up to date"), "point", "newest", {"column": _COLUMN, "hours": Param("hours", Text("更新周期（小时）", "Period (hours)")),
         "format": _optional("text", "日期格式，如%Y%m%d", "Format, such as %Y%m%d")},
        Text("最新的值距评价时刻不超过更新周期。", "The newest value is not older than the period at the time of assessment."),
    ),
    "schema": Kind(
        Text("字段与类型", "Columns and types"), "model", "schema", {"types": Param("types", Text("字段与类型", "Columns and types"))},
        Text("按约定存在且类型相同的字段÷约定的字段。", "Agreed columns that exist with their type."),
    ),
    "described": Kind(
        Text("字段有说明", "Columns described"), "metadata", "facts", {},
        Text("数据字典中有说明的字段÷全部字段。", "Columns that the data dictionary explains."),
    ),
    "answered": Kind(
        Text("请求得到应答", "Requests answered"), "reachable", "facts", {},
        Text("近90天按授权的使用中得到完整答复的÷答复和中断的；按条款拒绝的不计，没有使用则不可评。",
             "Of uses under grants in the last 90 days, those answered whole; refusals by terms do not count; not assessable without any."),
    ),
}  # fmt: skip
TYPES = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN")
