"""Kinds, ways and states of lineage in words."""

from __future__ import annotations

from shugang.policy.text import Text

EVENTS: dict[str, Text] = {"lineage.recorded": Text("登记数据血缘", "Lineage recorded")}
KINDS: dict[str, Text] = {
    "version": Text("数据集版本", "Version of a data set"),
    "view": Text("授权视图", "View under a grant"),
    "outside": Text("平台外的表", "Table elsewhere"),
    "query": Text("自助查询的结果", "Answer of a query"),
}
RUNS: dict[str, Text] = {
    "view": Text("按授权条款提供", "Handed out under a grant's terms"),
    "append": Text("追加数据", "Rows added"),
    "declared": Text("持有方申报来源", "Declared by the holder"),
    "query": Text("读自SQL", "Read from SQL"),
    "event": Text("OpenLineage事件", "OpenLineage event"),
}
SUBTYPES: dict[str, Text] = {
    "IDENTITY": Text("原样", "As it is"),
    "TRANSFORMATION": Text("转换", "Transformed"),
    "AGGREGATION": Text("汇总", "Aggregated"),
    "JOIN": Text("关联条件", "Joins by it"),
    "GROUP_BY": Text("分组依据", "Groups by it"),
    "FILTER": Text("筛选条件", "Filters by it"),
    "SORT": Text("排序依据", "Sorts by it"),
    "WINDOW": Text("窗口依据", "Windows by it"),
    "CONDITIONAL": Text("判断条件", "Decides by it"),
    "": Text("整表，未说明字段", "Whole table, columns not told"),
}
DIRECTIONS: dict[str, Text] = {
    "both": Text("来源与去向", "Both ways"),
    "up": Text("只看来源", "Inputs"),
    "down": Text("只看去向", "Outputs"),
}
WHOLE = Text("（整表）", "(whole table)")
