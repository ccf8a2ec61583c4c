"""The six dimensions and their indicators, after GB/T 36344-2018 (信息技术 数据质量评价指标); pure.

Every indicator is X = A/B: A what meets the rule, B what was evaluated. Repetition and dirty data are inverse:
X = 1 − A/B with A what is wrong. An indicator that no rule of a rule set measures has no basis and is not assessable.
"""

from __future__ import annotations

from typing import NamedTuple

from shugang.policy.text import Text


class Indicator(NamedTuple):
    dimension: str
    label: Text
    inverse: bool = False


DIMENSIONS: dict[str, Text] = {
    "norm": Text("规范性", "Conformity"),
    "complete": Text("完整性", "Completeness"),
    "accurate": Text("准确性", "Accuracy"),
    "consistent": Text("一致性", "Consistency"),
    "timely": Text("时效性", "Timeliness"),
    "accessible": Text("可访问性", "Accessibility"),
}
INDICATORS: dict[str, Indicator] = {
    "standard": Indicator("norm", Text("数据标准", "Data standard")),
    "model": Indicator("norm", Text("数据模型", "Data model")),
    "metadata": Indicator("norm", Text("元数据", "Metadata")),
    "business": Indicator("norm", Text("业务规则", "Business rules")),
    "reference": Indicator("norm", Text("权威参考数据", "Authoritative reference data")),
    "security": Indicator("norm", Text("安全规范", "Security rules")),
    "element": Indicator("complete", Text("数据元素完整性", "Completeness of elements")),
    "record": Indicator("complete", Text("数据记录完整性", "Completeness of records")),
    "content": Indicator("accurate", Text("内容正确性", "Correct content")),
    "format": Indicator("accurate", Text("格式合规性", "Correct format")),
    "duplicate": Indicator("accurate", Text("数据重复率", "Rate of repetition"), True),
    "unique": Indicator("accurate", Text("数据唯一性", "Uniqueness")),
    "dirty": Indicator("accurate", Text("脏数据出现率", "Rate of dirty data"), True),
    "same": Indicator("consistent", Text("相同数据一致性", "Agreement of equal data")),
    "related": Indicator("consistent", Text("关联数据一致性", "Agreement of related data")),
    "period": Indicator("timely", Text("基于时间段的正确性", "Correct within its period")),
    "point": Indicator("timely", Text("基于时间点的及时性", "Up to date")),
    "sequence": Indicator("timely", Text("时序性", "Order in time")),
    "reachable": Indicator("accessible", Text("可访问", "Reachable")),
    "usable": Indicator("accessible", Text("可用性", "Usable")),
}


def indicators_of(dimension: str) -> list[str]:
    return [name for name, found in INDICATORS.items() if found.dimension == dimension]
