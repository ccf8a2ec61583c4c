"""Grading of the data and their security review: proposals, a person's confirmation, a second person, the operator."""

from __future__ import annotations

from typing import Any

from shugang.assets.grading import matrix
from shugang.assets.grading.models import Grading
from shugang.assets.grading.proposing import run_detection
from shugang.assets.grading.services import accept_all, decide_column, open_grading
from shugang.assets.review.services import apply_review
from shugang.kernel import engine

from .registration import SOURCES, Source
from .stage import Stage

# What a person changes of the proposals: dataset, column → answers.
CHANGES: dict[tuple[str, str], dict[str, Any]] = {
    ("clinics", "telephone"): {
        "object": "person", "degree": "general", "pi_class": "communication", "sensitive": False,
        "reason": "机构对外公布的联系电话，按个人信息对待，泄露影响一般。",
    },
}  # fmt: skip


def grade(stage: Stage, dataset: str) -> Grading:
    """Start, let the detection propose; the case then waits for the people."""
    case = open_grading(stage.things["gongfang"], dataset)
    run_detection(case.grading.pk)
    return Grading.objects.select_related("case").get(case=case)


def _confirm(stage: Stage, source: Source, grading: Grading) -> Grading:
    supplier, number = stage.things["gongfang"], grading.case.number
    for (key, column), answers in CHANGES.items():
        if key == source.key:
            decide_column(supplier, number, column, answers)
    accept_all(supplier, number)
    engine.act(number, "submit", supplier)
    engine.act(number, "approve", stage.things["gongshen"])
    return Grading.objects.get(pk=grading.pk)


def review_form(source: Source) -> dict[str, Any]:
    personal = bool(source.personal)
    return {
        "measures": "加密存放，按授权访问，条款脱敏，使用留痕，期满删除。",
        "personal_basis": "public" if personal else "none",
        "basis_text": "联系电话由卫生健康部门依法公布（此处为生成的示例号码）。" if personal else "",
        "declaration": True,
    }


def clear(stage: Stage) -> None:
    for source in SOURCES:
        with stage.step(f"分级与安全审查：{source.name}", "供方两人 → 运营方复核") as said:
            dataset = stage.things[f"dataset:{source.key}"].number
            grading = _confirm(stage, source, grade(stage, dataset))
            case = apply_review(stage.things["gongfang"], dataset, stage.things["operator"], review_form(source))
            opinion = {"opinion": "级别与内容相符；个人信息依据清楚；安全措施到位。"}
            case = engine.act(case.number, "pass", stage.things["fuhe"], opinion)
            if case.state != "passed" or grading.level is None:
                raise AssertionError((case.state, grading.level))
            stage.things[f"grading:{source.key}"], stage.things[f"security:{source.key}"] = grading.case, case
            said.append(f"{matrix.LEVELS[grading.level].zh}，{grading.columns.count()}个字段；{case.number} 通过")
