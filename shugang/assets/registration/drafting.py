"""The step form in data: topics with their standing, the review before submitting, what will be public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.delivery.models import Dataset
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Form, clean
from shugang.kernel.profiles import current_profile
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import answers, industries, queries, words
from .documents import limits_line
from .form import FIRST_REGISTRATION, TOPICS, Topic
from .process import REGISTRATION

_HOME = {field.name: topic.key for topic in TOPICS for field in topic.fields}


def rules() -> dict[str, Any]:
    assert REGISTRATION.profile is not None
    data: dict[str, Any] = current_profile(REGISTRATION.profile, clock.today()).data
    return data


def suggested(dataset: Dataset) -> dict[str, Any]:
    """What the dataset already tells, so that nobody types it again."""
    latest = dataset.latest
    volume = (
        tx(Text(f"{latest.rows:,}行", f"{latest.rows:,} rows"))
        if latest is not None and latest.rows is not None
        else ""
    )
    return {"data_name": dataset.name[:40], "summary": dataset.description[:400], "volume": volume,
            "shape": "table", "structure": "structured", "validity_years": 5}  # fmt: skip


def current(actor: Actor, dataset: Dataset) -> tuple[dict[str, Any], list[str]]:
    """(answers so far, topics saved as complete)."""
    row = queries.draft(actor, dataset)
    if row is None:
        return suggested(dataset), []
    return {**suggested(dataset), **row.answers}, list(row.saved_topics)


def task_list(dataset: Dataset, given: Mapping[str, Any], saved: list[str]) -> list[dict[str, Any]]:
    """The topics and the review, as the task list shows them."""
    base = f"/desk/assets/new/{dataset.number}"
    items = [
        {"label": t.label, "hint": t.hint, "url": f"{base}/{t.key}", "state": _state(t, given, saved)} for t in TOPICS
    ]
    ready = all(i["state"] == "done" for i in items)
    items.append({"label": Text("核对并提交", "Check and submit"), "url": f"{base}/check",
                  "hint": Text("选择登记机构，预览公示内容", "Choose the registrar, preview the notice"),
                  "state": "todo" if ready else "blocked"})  # fmt: skip
    return items


def _state(topic: Topic, given: Mapping[str, Any], saved: list[str]) -> str:
    if topic.key in saved:
        return "done"
    started = any(given.get(f.name) for f in topic.fields if f.name not in {"validity_years"})
    return "doing" if started and saved else "todo"


def topic_errors(topic: Topic, values: Mapping[str, Any], all_answers: Mapping[str, Any]) -> dict[str, Text]:
    """What is wrong on one topic, the cross checks that concern it included."""
    try:
        cleaned = clean(Form(1, topic.fields), {k: v for k, v in values.items() if k in {f.name for f in topic.fields}})
    except Refusal as refusal:
        return dict(refusal.fields)
    if topic.key == "data" and (error := industries.division_error(cleaned["industry"], cleaned["division"])):
        return {"division": error}
    if topic.key == "rights" and all_answers.get("source_kind"):
        refused = [v for v in answers.verdicts(rules(), {**all_answers, **cleaned}) if not v.allowed]
        if refused:
            return {"rights": refused[0].why}
    return {}


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Only the questions of the form; what is empty is left out."""
    names = {f.name for f in FIRST_REGISTRATION.fields}
    return {k: v for k, v in given.items() if k in names and v not in ("", [], None)}


def review(dataset: Dataset, given: Mapping[str, Any]) -> list[tuple[Text, list[tuple[Text, Any, str]]]]:
    """Every topic with its answers and the address where each is changed."""
    base = f"/desk/assets/new/{dataset.number}"
    return [
        (t.label, [(label, shown, f"{base}/{t.key}") for label, shown in words.rows(t.fields, given)]) for t in TOPICS
    ]


def public_preview(actor: Actor, given: Mapping[str, Any]) -> list[tuple[Text, Any]]:
    """What the notice will show to everybody."""
    rights = next(f for f in FIRST_REGISTRATION.fields if f.name == "rights")
    party = getattr(actor, "party", None)
    return [
        (Text("申请人", "Applicant"), party.name if party else None),
        (Text("数据名称", "Name of the data"), given.get("data_name")),
        (Text("数据概述", "Summary"), given.get("summary")),
        (Text("申请登记的权利", "Rights applied for"), words.value(rights, given.get("rights"))),
        (Text("限制范围", "Limits"), limits_line(dict(given))),
    ]


def home_of(field: str) -> str:
    """The topic that asks a field; the review page links its errors there."""
    return _HOME.get(field, "check")
