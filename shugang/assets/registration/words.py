"""Answers and states of a registration in words, for its pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shugang.kernel.forms import Field
from shugang.policy.text import Text

from .models import DataAsset

STATES: dict[str, tuple[Text, str]] = {
    "registering": (Text("登记中", "In registration"), "run"),
    "registered": (Text("已登记", "Registered"), "ok"),
    "suspended": (Text("凭证暂停", "Suspended"), "warn"),
    "lapsed": (Text("到期失效", "Lapsed"), "off"),
    "cancelled": (Text("已注销", "Cancelled"), "off"),
    "revoked": (Text("已撤销", "Revoked"), "bad"),
    "refused": (Text("不予登记", "Not approved"), "bad"),
    "withdrawn": (Text("已撤回", "Withdrawn"), "off"),
    "transferred": (Text("已转让", "Transferred"), "off"),
}
OBJECTION_STATES: dict[str, tuple[Text, str]] = {
    "open": (Text("处理中", "Under review"), "warn"),
    "upheld": (Text("成立", "Upheld"), "bad"),
    "dismissed": (Text("不成立", "Dismissed"), "off"),
}
YES, NO = Text("是", "Yes"), Text("否", "No")
DECLARED = Text("已声明", "Declared")
assert set(STATES) == {str(s) for s in DataAsset.State}


def value(field: Field, answer: Any) -> Any:
    """One answer in words: choices by their label, files by their name."""
    labels = dict(field.choices)
    if answer in (None, "", []):
        return None
    if field.kind == "choice":
        return labels.get(str(answer), answer)
    if field.kind == "multi":
        chosen = [label for code, label in field.choices if code in answer]
        return Text("、".join(t.zh for t in chosen), ", ".join(t.en for t in chosen))
    if field.kind == "bool":
        return YES if answer in (True, "1", "on", "true") else NO
    if field.kind == "file":
        return answer["name"]
    return answer


def rows(fields: Iterable[Field], answers: Mapping[str, Any]) -> list[tuple[Text, Any]]:
    """(label, value) of what was answered; unanswered optional questions and declarations not made are left out."""
    found: list[tuple[Text, Any]] = []
    for field in fields:
        answer = answers.get(field.name)
        if field.kind == "bool":
            if value(field, answer) == YES:
                found.append((DECLARED, field.label))
        elif field.required or answer:
            found.append((field.label, value(field, answer)))
    return found
