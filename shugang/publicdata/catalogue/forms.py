"""The form of an entry and of its items, and what contradicts itself in them. The same check for page, API and import."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form, clean
from shugang.policy.text import Text

from . import kinds
from .content import ITEM_FIELDS

MOST_ITEMS = 500


def _choices(words: Mapping[str, Text]) -> tuple[tuple[str, Text], ...]:
    return tuple(words.items())


FORM = Form(
    1,
    (
        Field("name", "text", Text("资源名称", "Name"), Text("例：社会组织登记信息", "Example: registered social organisations"), max_length=200),
        Field("name_en", "text", Text("英文名称", "English name"), required=False, max_length=300),
        Field("summary", "textarea", Text("资源摘要", "Summary"), Text("数据是什么、范围、从哪里来。不要写个人信息，内容会公开。",
              "What it holds, its coverage and origin. It is published: no personal data."), max_length=2000),
        Field("kind", "choice", Text("资源类别", "Kind"), choices=_choices(kinds.KINDS)),
        Field("base_library", "choice", Text("所属基础库", "Base library"), Text("只有基础信息资源填写。", "Only for base resources."),
              required=False, choices=_choices(kinds.BASE_LIBRARIES)),
        Field("classification", "text", Text("分类码（类、项、目、细目）", "Classification code"),
              Text("类1位、项2位、目3位，细目不定位数；类须与资源类别相符：基础1、主题2、部门3。顺序码自动编排。例：306001",
                   "Class 1 digit, section 2, heading 3, detail any; class 1 base, 2 theme, 3 department. The serial is given. Example: 306001"),
              max_length=26),
        Field("theme", "choice", Text("主题", "Theme"), choices=_choices(kinds.THEMES)),
        Field("format", "choice", Text("数据格式", "Format"), choices=_choices(kinds.FORMATS)),
        Field("update_cycle", "choice", Text("更新周期", "Update cycle"), choices=_choices(kinds.CYCLES)),
        Field("sharing", "choice", Text("共享类型（部门之间）", "Sharing between departments"), choices=_choices(kinds.CONDITIONS)),
        Field("sharing_condition", "textarea", Text("共享条件或不予共享的依据", "Conditions of sharing, or ground of refusal"),
              Text("有条件的写条件，不予的写法律、法规依据。", "The conditions; for a refusal the law it rests on."), required=False, max_length=800),
        Field("sharing_method", "choice", Text("共享方式", "Way of sharing"), Text("可以共享的必填。", "Needed where it is shared."),
              required=False, choices=_choices(kinds.METHODS)),
        Field("opening", "choice", Text("开放类型（面向社会）", "Opening to the public"), choices=_choices(kinds.CONDITIONS)),
        Field("opening_condition", "textarea", Text("开放条件或不予开放的依据", "Conditions of opening, or ground of refusal"), required=False,
              max_length=800),
        Field("related", "text", Text("关联资源代码", "Related codes"), Text("用逗号分开", "With commas between"), required=False, max_length=800),
        Field("dataset", "text", Text("挂接的数据集编号", "Data set"), Text("本部门的数据集，可以以后再挂接。例：DS-2026-000001",
              "A data set of the department; may follow later. Example: DS-2026-000001"), required=False, max_length=20),
    ),
)  # fmt: skip
ITEM = Form(
    1,
    (
        Field("name", "text", Text("信息项名称", "Item"), max_length=120),
        Field("name_en", "text", Text("英文名称", "English name"), required=False, max_length=160),
        Field("element", "text", Text("数据元代码", "Data element"), required=False, max_length=20),
        Field("data_type", "choice", Text("数据类型", "Type"), choices=_choices(kinds.TYPES)),
        Field("length", "int", Text("长度", "Length"), required=False, minimum=1, maximum=1_000_000),
        Field("column", "text", Text("对应字段", "Column"), required=False, max_length=128),
        Field("sharing", "choice", Text("共享", "Sharing"), required=False, choices=_choices(kinds.CONDITIONS)),
        Field("opening", "choice", Text("开放", "Opening"), required=False, choices=_choices(kinds.CONDITIONS)),
        Field("required", "bool", Text("必填", "Required"), required=False),
        Field("description", "text", Text("说明", "Description"), required=False, max_length=400),
    ),
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))
_ORDER = ("unconditional", "conditional", "refused")
_COMMA = re.compile(r"[,，、;；\s]+")


def refuse(wrong: Mapping[str, Text]) -> Refusal:
    return Refusal(
        "invalid_form",
        Text(f"有{len(wrong)}处需要补正，请逐项修改后再提交。",
             f"{len(wrong)} answer(s) need correction. Please mend them and submit again."),
        422, dict(wrong),
    )  # fmt: skip


def read(data: Mapping[str, Any]) -> dict[str, Any]:
    """Content of an entry from answers, `items` as a list of answers; its `code` is the classification until it has a serial.

    Raises Refusal `invalid_form` with every wrong answer of form and items at once.
    """
    said = {k: v for k, v in data.items() if k != "items"}
    if isinstance(said.get("related"), list):
        said["related"] = ",".join(map(str, said["related"]))
    answers, wrong = _cleaned(FORM, said)
    items, wrong_items = read_items(data.get("items") or [])
    # An answer that could not be read contradicts nothing: only what was read is compared.
    wrong = {**contradictions(answers, items), **wrong, **wrong_items}
    if wrong:
        raise refuse(wrong)
    return {
        "code": answers["classification"], "name": answers["name"], "name_en": answers.get("name_en", ""),
        "summary": answers["summary"], **{k: answers[k] for k in ("kind", "theme", "format", "update_cycle", "sharing", "opening")},
        **{k: answers.get(k, "") for k in ("base_library", "sharing_condition", "sharing_method", "opening_condition", "dataset")},
        "related": list(dict.fromkeys(c for c in _COMMA.split(answers.get("related", "")) if c)), "items": items,
    }  # fmt: skip


def _cleaned(form: Form, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Text]]:
    try:
        return clean(form, data), {}
    except Refusal as refusal:
        lenient = Form(form.version, tuple(f for f in form.fields if f.name in data and f.name not in refusal.fields))
        good = {f.name: data[f.name] for f in lenient.fields}
        return clean(lenient, good), dict(refusal.fields)


def read_items(rows: Any) -> tuple[list[dict[str, Any]], dict[str, Text]]:
    """(items, what is wrong by `items.N` or `items.N.field`, N from 1)."""
    if not isinstance(rows, list) or not all(isinstance(r, Mapping) for r in rows):
        return [], {"items": Text("信息项应当是一个列表。", "Items are a list.")}
    if not rows:
        return [], {"items": Text("请至少填写一个信息项。", "Please give at least one item.")}
    if len(rows) > MOST_ITEMS:
        return [], {"items": Text(f"信息项最多{MOST_ITEMS}个。", f"At most {MOST_ITEMS} items.")}
    found: list[dict[str, Any]] = []
    wrong: dict[str, Text] = {}
    names: dict[str, int] = {}
    for at, row in enumerate(rows, 1):
        item, own = _item(row)
        if item["name"] in names:
            own.setdefault(
                "name",
                Text(f"与第{names[item['name']]}个信息项重名。", f"The same name as item {names[item['name']]}."),
            )
        names.setdefault(item["name"], at)
        wrong |= {
            f"items.{at}.{key}": Text(f"第{at}项：{text.zh}", f"Item {at}: {text.en}") for key, text in own.items()
        }
        found.append(item)
    return found, wrong


def _item(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Text]]:
    answers, wrong = _cleaned(ITEM, row)
    element = answers.get("element", "").upper()
    if element and not kinds.ELEMENT.fullmatch(element):
        wrong["element"] = Text(
            "数据元代码由字母和数字组成，例：DE00001。", "A data element code is letters and digits, such as DE00001."
        )
    blank = {name: "" for name in ITEM_FIELDS}
    return {
        **blank,
        **answers,
        "element": element,
        "length": answers.get("length"),
        "required": bool(answers.get("required")),
    }, wrong


def contradictions(said: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Text]:
    """Answer → the rule that it breaks. What was not answered breaks none here."""
    return {**_of_kind(said), **_of_conditions(said), **_of_items(said, items)}


def _of_kind(said: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    kind, code = said.get("kind", ""), said.get("classification", "")
    if kind == "base" and not said.get("base_library"):
        wrong["base_library"] = Text(
            "基础信息资源请选择所属基础库。", "Please choose the base library of a base resource."
        )
    if kind and kind != "base" and said.get("base_library"):
        wrong["base_library"] = Text(
            "只有基础信息资源属于基础库，请清除或改选类别。", "Only a base resource belongs to a base library."
        )
    if code and not kinds.CLASSIFICATION.fullmatch(code):
        wrong["classification"] = Text("分类码应为类1位、项2位、目3位及细目数字，例：306001。",
                                       "The code is 1 + 2 + 3 digits and any further ones, such as 306001.")  # fmt: skip
    elif code and kind and code[0] != kinds.CLASS_OF[kind]:
        label = kinds.KINDS[kind]
        wrong["classification"] = Text(f"“{label.zh}”的类码是{kinds.CLASS_OF[kind]}，现在是{code[0]}。",
                                       f"“{label.en}” resources have class {kinds.CLASS_OF[kind]}; this is {code[0]}.")  # fmt: skip
    return wrong


def _of_conditions(said: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    for name, what in (("sharing", Text("共享", "sharing")), ("opening", Text("开放", "opening"))):
        if said.get(name) in ("conditional", "refused") and not said.get(f"{name}_condition"):
            wrong[f"{name}_condition"] = Text(f"有条件{what.zh}请写明条件，不予{what.zh}请写明依据。",
                                              f"Please state the conditions of {what.en}, or the ground of its refusal.")  # fmt: skip
    if said.get("sharing") in ("unconditional", "conditional") and not said.get("sharing_method"):
        wrong["sharing_method"] = Text("可以共享的资源请选择共享方式。", "Please choose the way of sharing.")
    if _freer(said.get("opening"), said.get("sharing")):
        wrong["opening"] = Text(
            "对社会开放不能比部门之间共享更宽，请调整其一。",
            "Opening to the public may not be freer than sharing between departments.",
        )
    return wrong


def _freer(one: str | None, other: str | None) -> bool:
    return bool(one) and bool(other) and _ORDER.index(str(one)) < _ORDER.index(str(other))


def _of_items(said: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Text]:
    """An item may be kept closer than its resource, never freer."""
    wrong = {}
    for at, item in enumerate(items, 1):
        for name, what in (("sharing", Text("共享", "sharing")), ("opening", Text("开放", "opening"))):
            if _freer(item.get(name), said.get(name)):
                wrong[f"items.{at}.{name}"] = Text(f"第{at}项的{what.zh}类型不能比资源更宽。",
                                                   f"Item {at}: its {what.en} may not be freer than the resource's.")  # fmt: skip
    return wrong


def answers_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content as the form shows it."""
    return {
        **{f.name: content.get(f.name, "") for f in FORM.fields},
        "classification": kinds.classification_of(content["code"]) or content["code"],
        "related": ", ".join(content["related"]), "items": content["items"],
    }  # fmt: skip
