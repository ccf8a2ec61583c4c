"""A report that rests on an assessment counted here: its score and its paper come from the assessment, not from a person's typing."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from shugang.kernel import materials
from shugang.kernel.actors import Actor
from shugang.policy.text import Text

from ..quality.documents import report_pdf
from ..quality.models import Assessment
from .models import ServiceOrder


def find(order: ServiceOrder, number: str) -> Assessment | None:
    """The agency's own signed assessment of the very version that the order is about."""
    rows = Assessment.objects.filter(number=number, party_id=order.agency_id, dataset_version=order.version)
    found: Assessment | None = rows.filter(state=Assessment.State.CONFIRMED).select_related("rules").first()
    return found


def wrong(order: ServiceOrder, answers: Mapping[str, Any]) -> dict[str, Text]:
    """What a report lacks that names an assessment, or neither an assessment nor a file."""
    number = answers.get("assessment")
    if not number:
        missing = Text(
            "请上传报告文件，或填写已签署的质量评价编号。", "Please upload the report, or give a signed assessment."
        )
        return {} if answers.get("file") else {"file": missing}
    assessment = find(order, number) if order.kind == "quality" and order.version_id else None
    if assessment is None:
        return {"assessment": Text(
            "没有这个编号的评价，或者它不是本机构对这版数据完成并签署的。请核对编号，或先请签署人签署评价。",
            "No assessment of this number by your agency, of this version and signed. Please check it, or have it signed first.",
        )}  # fmt: skip
    if answers.get("score") not in (None, whole(assessment)):
        said = Text(f"评价的得分是{whole(assessment)}，请改成一致或不填。", f"The assessment says {whole(assessment)}. Please correct it or leave it empty.")  # fmt: skip
        return {"score": said}
    return {}


def whole(assessment: Assessment) -> int | None:
    """The score in whole points, never rounded up; None where no dimension was assessable."""
    return None if assessment.score is None else assessment.score // 100


def stated(assessment: Assessment) -> dict[str, Any]:
    """What the signature of the report covers of it."""
    return {
        "number": assessment.number,
        "digest": assessment.digest,
        "rules_sha256": assessment.rules.digest,
        "score_hundredths": assessment.score,
    }


def paper(actor: Actor, assessment: Assessment) -> dict[str, Any]:
    """Its PDF, kept as a file of the case."""
    return materials.store(actor, f"{assessment.number}.pdf", io.BytesIO(report_pdf(assessment)))
