"""The form of a demand, what contradicts itself in it, and its answers as a version freezes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.assets.registration.form import FREQUENCIES
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form, clean
from shugang.policy.codec import canonical
from shugang.policy.terms import MODES, PURPOSES
from shugang.policy.text import Text

from ..products.kinds import SECTORS

MAX_COLUMNS = 40
VISIBILITY: dict[str, Text] = {
    "public": Text("公开，显示本机构名称", "Public, with our name"),
    "anonymous": Text(
        "公开，供方答复前不显示本机构名称", "Public; our name is shown to a supplier once it has answered"
    ),
    "invited": Text("只给受邀的供方看", "Invited suppliers only"),
}
# Purposes that begin by themselves and are never asked for in a demand.
_NOT_ASKED = frozenset({"supervision", "assessment", "evaluation"})

FORM = Form(
    1,
    (
        Field("title", "text", Text("需求名称", "Title"), Text("一句话写明要什么数据。例：厦门市空气质量逐时数据", "What data, in one line. Example: hourly air quality of Xiamen"), max_length=80),
        Field("text", "textarea", Text("需求说明", "Description"),
              Text("写明用在哪里、要什么、有什么要求。不要写联系方式和个人信息，内容会公开。", "Use, content and requirements. It is published: no contact or personal data."), max_length=2000),
        Field("sector", "choice", Text("行业", "Sector"), choices=tuple(SECTORS.items())),
        Field("columns", "textarea", Text("需要的字段", "Wanted columns"),
              Text("每行一个：名称，可在冒号后写含义。例：pm25：PM2.5浓度", "One a line: name, and after a colon its meaning. Example: pm25: PM2.5 concentration"),
              required=False, max_length=4000),
        Field("region", "text", Text("地域范围", "Places"), Text("例：厦门市；福建省", "Example: Xiamen"), required=False, max_length=100),
        Field("period_from", "date", Text("数据时段起", "Data from"), required=False),
        Field("period_until", "date", Text("数据时段止", "Data until"), required=False),
        Field("freshness", "choice", Text("更新要求", "Freshness"), Text("至少多久更新一次；不要求就不选。", "How often at least; leave it open if it does not matter."),
              required=False, choices=FREQUENCIES[:6]),
        Field("volume", "int", Text("数据量（行）", "Volume (rows)"), Text("至少多少行", "How many rows at least"), required=False, minimum=1, maximum=10**15),
        Field("uses", "int", Text("预计用量（次/年）", "Expected calls a year"), Text("按次计价的产品用它折算总价。", "Prices by the call are compared by it."),
              required=False, minimum=1, maximum=10**12),
        Field("budget_low", "money", Text("预算下限（元/年，含税）", "Budget from (¥ a year, tax included)"), required=False),
        Field("budget_high", "money", Text("预算上限（元/年，含税）", "Budget to (¥ a year, tax included)"), required=False),
        Field("modes", "multi", Text("可接受的交付方式", "Ways of delivery accepted"), choices=tuple(MODES.items())),
        Field("purpose", "choice", Text("用途", "Purpose"), Text("询价和合同沿用这个用途。", "Inquiries and the contract keep this purpose."),
              choices=tuple((k, v) for k, v in PURPOSES.items() if k not in _NOT_ASKED)),
        Field("needed_by", "date", Text("最晚何时需要", "Needed by"), Text("到这一天需求自动到期。", "The demand expires on that day."), required=False),
        Field("visibility", "choice", Text("谁能看到", "Who sees it"), choices=tuple(VISIBILITY.items())),
    ),
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))


def spelled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as the form takes them: programs may send the columns as a list of {name, meaning}."""
    found = dict(data)
    columns = found.get("columns")
    if isinstance(columns, list):
        rows = [
            (str(c.get("name", "")), str(c.get("meaning", ""))) if isinstance(c, dict) else (str(c), "")
            for c in columns
        ]
        found["columns"] = "\n".join(f"{name}：{meaning}" if meaning else name for name, meaning in rows)
    return found


def read_columns(text: str) -> list[dict[str, str]]:
    """Lines “name：meaning” → rows; a repeated name counts once."""
    rows: dict[str, dict[str, str]] = {}
    for line in text.replace("：", ":").splitlines():
        name, _, meaning = (part.strip() for part in line.partition(":"))
        if name:
            rows.setdefault(name, {"name": name, "meaning": meaning})
    return list(rows.values())


def read(data: Mapping[str, Any]) -> dict[str, Any]:
    """The checked answers. Raises Refusal `invalid_form` naming every wrong field."""
    answers = clean(FORM, spelled(data))
    check(answers)
    return answers


def check(answers: Mapping[str, Any]) -> None:
    """Raises Refusal `invalid_form` where answers contradict each other or the calendar."""
    wrong: dict[str, Text] = {}
    columns = read_columns(answers.get("columns", ""))
    if len(columns) > MAX_COLUMNS:
        wrong["columns"] = Text(
            f"最多写{MAX_COLUMNS}个字段，现在是{len(columns)}个。",
            f"At most {MAX_COLUMNS} columns; these are {len(columns)}.",
        )
    elif any(len(c["name"]) > 60 or len(c["meaning"]) > 200 for c in columns):
        wrong["columns"] = Text(
            "字段名最多60字，含义最多200字。", "A column's name takes 60 characters, its meaning 200."
        )
    if answers.get("budget_low", 0) > answers.get("budget_high", 10**18):
        wrong["budget_high"] = Text("预算上限不能低于下限。", "The budget's end is below its start.")
    if answers.get("period_from", "") > answers.get("period_until", "9999"):
        wrong["period_until"] = Text("时段的止不能早于起。", "The period ends before it starts.")
    needed = answers.get("needed_by")
    if needed and date.fromisoformat(needed) < clock.today():
        wrong["needed_by"] = Text("这一天已经过去，请改为今天或以后。", "That day is past. Please give today or later.")
    if wrong:
        raise Refusal("invalid_form", Text(f"有{len(wrong)}处需要补正，请逐项修改后再提交。",
                                           f"{len(wrong)} answer(s) need correction. Please mend them and submit again."), 422, wrong)  # fmt: skip


def content(answers: Mapping[str, Any]) -> dict[str, Any]:
    """What a version freezes: every answer, the columns as rows."""
    found = {f.name: answers[f.name] for f in FORM.fields if f.name in answers}
    return {**found, "columns": read_columns(answers.get("columns", ""))}


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(dict(value))).hexdigest()


def shown(value: Mapping[str, Any]) -> list[tuple[Text, Any]]:
    """(label, value in words) of a version's content without its title, text and columns."""
    from shugang.ui.formats import fen, number

    rows: list[tuple[Text, Any]] = []
    for field in FORM.fields:
        if (
            field.name in ("title", "text", "columns", "budget_low", "budget_high", "period_from", "period_until")
            or field.name not in value
        ):
            continue
        said, labels = value[field.name], dict(field.choices)
        if field.kind == "choice":
            said = labels[said]
        elif field.kind == "multi":
            said = Text("、".join(labels[v].zh for v in said), ", ".join(labels[v].en for v in said))
        elif field.kind == "int":
            said = number(said)
        rows.append((field.label, said))
    low, high = value.get("budget_low"), value.get("budget_high")
    if low is not None or high is not None:
        band = "–".join(fen(x) for x in (low, high) if x is not None)
        open_ended = Text(f"{band}以上", f"from {band}") if high is None else Text(f"不超过{band}", f"up to {band}")
        rows.append(
            (
                Text("预算（一年，含税）", "Budget (a year, tax included)"),
                Text(band, band) if low is not None and high is not None else open_ended,
            )
        )
    start, end = value.get("period_from", ""), value.get("period_until", "")
    if start or end:
        rows.append((Text("数据时段", "Period of the data"), f"{start or '…'} – {end or '…'}"))
    return rows
