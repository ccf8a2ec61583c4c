"""The matrix of GB/T 43697-2024: what would be harmed × how badly → the level of the data. Pure, no Django.

Levels are integers so that the higher wins (就高从严): 1 to 4 general data (一般数据), 5 important (重要数据), 6 core
(核心数据). Core and important cells are the standard's (chapter 6) and stand here; the levels of general data are those
of its informative annex H and come from the rule profile `grading`, key `general_levels`: object → degree → 1..4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shugang.policy.text import Text

IMPORTANT, CORE = 5, 6
LEVELS: dict[int, Text] = {
    1: Text("一般数据1级", "General, level 1"),
    2: Text("一般数据2级", "General, level 2"),
    3: Text("一般数据3级", "General, level 3"),
    4: Text("一般数据4级", "General, level 4"),
    IMPORTANT: Text("重要数据", "Important data"),
    CORE: Text("核心数据", "Core data"),
}
OBJECTS: dict[str, Text] = {
    "security": Text("国家安全", "national security"),
    "economy": Text("经济运行", "the economy"),
    "order": Text("社会秩序", "social order"),
    "public": Text("公共利益", "the public interest"),
    "organisation": Text("组织权益", "rights of organisations"),
    "person": Text("个人权益", "rights of individuals"),
}
DEGREES: dict[str, Text] = {
    "grave": Text("特别严重危害", "especially grave harm"),
    "serious": Text("严重危害", "serious harm"),
    "general": Text("一般危害", "ordinary harm"),
    "none": Text("无危害", "no harm"),
}
_WIDE = {"grave": CORE, "serious": IMPORTANT}
STANDARD: dict[str, dict[str, int]] = {
    "security": {"grave": CORE, "serious": CORE, "general": IMPORTANT},
    "economy": _WIDE,
    "order": _WIDE,
    "public": _WIDE,
    "organisation": {},
    "person": {},
}


@dataclass(frozen=True)
class Reason:
    """A level and the sentence that explains it. `assumed`: the cell is a setting of the profile, not of the standard's body."""

    level: int
    text: Text
    assumed: bool = False


def grade(object_: str, degree: str, rules: Mapping[str, Any]) -> Reason:
    """The cell of the matrix. Raises ValueError (a Text) for an object or degree that does not exist."""
    if object_ not in OBJECTS:
        raise ValueError(Text(f"没有影响对象“{object_}”。", f"There is no object “{object_}”."))
    if degree not in DEGREES:
        raise ValueError(Text(f"没有影响程度“{degree}”。", f"There is no degree “{degree}”."))
    harmed, how = OBJECTS[object_], DEGREES[degree]
    if degree == "none":
        return Reason(1, Text("泄露、篡改、毁损不会造成危害，定为一般数据1级。",
                              "A leak, change or loss does no harm, so it is general data of level 1."))  # fmt: skip
    fixed = STANDARD[object_].get(degree)
    level = fixed if fixed is not None else int(rules["general_levels"][object_][degree])
    where = Text("GB/T 43697表1", "GB/T 43697 table 1") if fixed else Text("附录H，本市设定", "annex H, as set here")
    return Reason(
        level,
        Text(f"对{harmed.zh}造成{how.zh}，定为{LEVELS[level].zh}（{where.zh}）。",
             f"{how.en[0].upper()}{how.en[1:]} to {harmed.en}: {LEVELS[level].en[0].lower()}{LEVELS[level].en[1:]} ({where.en})."),
        fixed is None,
    )  # fmt: skip


def highest(reasons: Iterable[Reason]) -> Reason | None:
    """就高从严: the strictest reason, the first of equals; None when there is none."""
    best: Reason | None = None
    for reason in reasons:
        if best is None or reason.level > best.level:
            best = reason
    return best


@dataclass(frozen=True)
class Field:
    """What the dataset's level needs to know of a graded column."""

    name: str
    level: int
    personal: bool = False
    sensitive: bool = False


def dataset_reasons(
    fields: Iterable[Field], scale: int, precision_m: int | None, inherited: int, rules: Mapping[str, Any]
) -> list[Reason]:
    """Everything that the dataset's level rests on, the strictest first.

    `scale`: people or rows; `precision_m`: finest spatial precision in metres, None without places; `inherited`: the
    highest level of the inputs after approved transformations, 0 without inputs. The level is the first reason's.
    """
    known = list(fields)
    found = []
    top = max(known, key=lambda f: f.level, default=None)
    if top is not None:
        names = [f.name for f in known if f.level == top.level]
        shown = "、".join(names[:3]) + ("等" if len(names) > 3 else "")
        found.append(Reason(top.level, Text(
            f"就高从严：字段{shown}为{LEVELS[top.level].zh}。",
            f"The strictest column decides: {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}.",
        )))  # fmt: skip
    for rule in rules["aggregate"]:
        if _applies(rule["when"], known, scale, precision_m):
            because = Text(**rule["because"])
            assumed = f"aggregate.{rule['name']}" in rules.get("assumed", {})
            text = Text(f"汇聚影响：{because.zh}。", f"Effect of the whole: {because.en}.")
            found.append(Reason(int(rule["level"]), text, assumed))
    if inherited:
        found.append(Reason(inherited, Text(f"来源数据为{LEVELS[inherited].zh}，衍生数据继承最高级别。",
                                            f"An input is “{LEVELS[inherited].en}”; derived data inherit the highest.")))  # fmt: skip
    return sorted(found, key=lambda r: -r.level)


def _applies(when: Mapping[str, Any], fields: list[Field], scale: int, precision_m: int | None) -> bool:
    """All conditions of an aggregate rule. An unknown condition is an error: a rule may not be passed over."""
    chosen = [f for f in fields if f.sensitive or (f.personal and when.get("columns") != "sensitive")]
    for key, value in when.items():
        if key == "columns":
            holds = bool(chosen)
        elif key == "columns_at_least":
            holds = len(chosen) >= int(value)
        elif key == "scale_at_least":
            holds = scale >= int(value)
        elif key == "precision_m_at_most":
            holds = precision_m is not None and precision_m <= int(value)
        else:
            raise ValueError(f"unknown condition {key}")
        if not holds:
            return False
    return True


def lowest_allowed(method: str, source_level: int, k: int | None, rules: Mapping[str, Any]) -> int:
    """The lowest level that a declared transformation may lead to. Raises ValueError (a Text) where it may not lower at all.

    Profile key `lowering`: method → {by: levels, least_k: smallest group}; `highest_source`: above it nothing is lowered.
    """
    settings = rules["lowering"]
    rule = settings.get(method)
    if not isinstance(rule, Mapping):
        raise ValueError(Text("没有这种变换方法。", "There is no such transformation."))
    if source_level > int(settings["highest_source"]):
        raise ValueError(Text(f"{LEVELS[source_level].zh}的衍生数据不能降级。",
                              f"Data derived from “{LEVELS[source_level].en}” cannot be lowered."))  # fmt: skip
    least = int(rule["least_k"])
    if least and (k is None or k < least):
        raise ValueError(Text(f"这种变换要求每组至少{least}个，请写明实际的最小分组。",
                              f"This transformation needs groups of at least {least}; please state the smallest group."))  # fmt: skip
    return max(1, source_level - int(rule["by"]))
