"""Proposals as a task of the worker: what is known of each column of a version becomes a cell of the matrix.

Evidence is in words and counts; a value of the data never leaves the detection.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

from shugang.delivery.models import Column
from shugang.kernel import engine
from shugang.policy.text import Text

from . import matrix, pi
from .models import ColumnGrade, Grading

_log = logging.getLogger("shugang.assets")
# The level that was suggested for a personal column → the harm to individuals that leads there.
_HARM = {1: "general", 2: "general", 3: "serious"}


def personal_cell(pi_class: str, sensitive: bool, level: int) -> dict[str, Any]:
    """The cell of a column that holds personal information, never below ordinary harm."""
    degree = _HARM.get(max(level, 3 if sensitive else 2), "grave")
    return {
        "object": "person",
        "degree": degree,
        "pi_class": pi_class if pi_class in pi.CLASSES else "other",
        "sensitive": sensitive,
    }


def proposal(column: Column) -> dict[str, Any]:
    """What is proposed for a column, with the words and the confidence in percent. The supplier's own mark counts as certain."""
    if column.personal:
        words = Text("供方已把这个字段标为个人信息。", "The supplier marked this column as personal information.")
        return {"cell": personal_cell("other", False, 2), "words": words.to_json(), "confidence": 100, "kind": "marked"}
    words = Text("未发现个人信息或敏感特征，按对组织权益的一般危害建议。",
                 "Nothing personal or sensitive was found; ordinary harm to organisations is proposed.")  # fmt: skip
    cell = {"object": "organisation", "degree": "general", "pi_class": "", "sensitive": False}
    return {"cell": cell, "words": words.to_json(), "confidence": 50, "kind": ""}


def run_detections() -> int:
    """Work on every grading that waits for proposals, oldest first. Returns how many were finished."""
    waiting = Grading.objects.filter(case__state="detecting", state=Grading.State.OPEN).order_by("pk")
    return sum(run_detection(pk) for pk in list(waiting.values_list("pk", flat=True)[:20]))


def run_detection(pk: int) -> bool:
    """Propose for each column that is not taken over, counting them; then the case goes on to the people."""
    grading = Grading.objects.select_related("case", "version").get(pk=pk)
    rows = list(grading.columns.filter(level=None).select_related("column").order_by("column__position"))
    for place, row in enumerate(rows, start=1):
        made = proposal(row.column)
        with transaction.atomic():
            ColumnGrade.objects.filter(pk=row.pk, level=None).update(proposal={**row.proposal, **made})
            Grading.objects.filter(pk=pk).update(progress=place)
    with transaction.atomic():
        case = engine.lock(grading.case.number)
        if case.state != "detecting":
            return False
        engine.fire(case.number, "propose")
    return True


def level_of(made: dict[str, Any], rules: dict[str, Any]) -> int:
    """The matrix's level of a proposal."""
    return matrix.grade(made["cell"]["object"], made["cell"]["degree"], rules).level
