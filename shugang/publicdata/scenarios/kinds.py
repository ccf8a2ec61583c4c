"""Code lists of scenarios: pure, no Django. The twelve fields of 《“数据要素×”三年行动计划（2024—2026年）》, and kinds of subjects."""

from __future__ import annotations

from shugang.policy.text import Text

CLASSES: dict[str, Text] = {
    "manufacturing": Text("工业制造", "Manufacturing"),
    "agriculture": Text("现代农业", "Agriculture"),
    "commerce": Text("商贸流通", "Commerce"),
    "transport": Text("交通运输", "Transport"),
    "finance": Text("金融服务", "Finance"),
    "science": Text("科技创新", "Science"),
    "tourism": Text("文化旅游", "Culture and tourism"),
    "health": Text("医疗健康", "Health"),
    "emergency": Text("应急管理", "Emergencies"),
    "weather": Text("气象服务", "Weather"),
    "city": Text("城市治理", "City governance"),
    "green": Text("绿色低碳", "Low carbon"),
}
SUBJECTS: dict[str, Text] = {
    "enterprise": Text("企业", "Enterprise"),
    "trader": Text("个体工商户", "Sole trader"),
    "cooperative": Text("农民专业合作社", "Farmers' cooperative"),
    "institution": Text("事业单位", "Public institution"),
    "government": Text("机关与群团", "Public body"),
    "social": Text("社会组织", "Social organisation"),
    "other": Text("其他", "Other"),
}
_BY_CODE = {
    "91": "enterprise", "92": "trader", "93": "cooperative", "12": "institution", "11": "government", "13": "government",
    "51": "social", "52": "social", "53": "social",
}  # fmt: skip


def subject_class(uscc: str) -> str:
    """What kind of subject a unified credit code is of: 登记管理部门代码 and 机构类别代码 (GB 32100-2015, positions 1 and 2)."""
    return _BY_CODE.get(uscc[:2], "other")


def outside(
    approved: dict[str, object], scenario_class: str, fields: dict[str, list[str]], subject: str, days: int
) -> tuple[str, Text] | None:
    """The first rule of an approval that an application breaks, with its words; None for what lies inside.

    `approved`: scenario_class, fields {resource number: items}, subjects, most_days.
    """
    if scenario_class != approved["scenario_class"]:
        mine, given = CLASSES[str(approved["scenario_class"])], CLASSES.get(scenario_class, Text("其他", "other"))
        return "class", Text(
            f"这项审定只适用于“{mine.zh}”类场景，您申请的是“{given.zh}”。",
            f"The approval is for scenarios of “{mine.en}”; you apply for “{given.en}”.",
        )
    allowed = approved["fields"]
    assert isinstance(allowed, dict)
    for resource, items in fields.items():
        beyond = [i for i in items if i not in allowed.get(resource, [])]
        if beyond or resource not in allowed:
            named = beyond[0] if beyond else resource
            return "fields", Text(
                f"“{named}”不在这项审定的数据范围内。", f"“{named}” is not among the data of the approval."
            )
    subjects = approved["subjects"]
    assert isinstance(subjects, list)
    if subject not in subjects:
        label = SUBJECTS[subject]
        return "subject", Text(
            f"这项审定不适用于{label.zh}（依统一社会信用代码认定）。",
            f"The approval is not for this kind of subject: {label.en} (by the credit code).",
        )
    if days > int(str(approved["most_days"])):
        return "term", Text(
            f"这项审定的使用期限最长{approved['most_days']}天。",
            f"Under the approval use lasts {approved['most_days']} days at most.",
        )
    return None
