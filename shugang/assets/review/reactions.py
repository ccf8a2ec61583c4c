"""A grade that rises, or personal information that is found later, re-opens the review in the transaction of the event."""

from __future__ import annotations

from shugang.delivery.models import DatasetVersion
from shugang.kernel import engine
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..grading import queries as grades
from ..grading.matrix import IMPORTANT, LEVELS
from ..thirdparty.models import SignedReport
from .checks import standing_risk
from .models import SecurityReview


def reopen(review: SecurityReview, reason: str) -> None:
    review.reason = reason[:400]
    review.save(update_fields=["reason"])
    engine.fire(review.case.number, "reopen")


def look_again(event: Event) -> None:
    """What is found of a version counts for its review, and for those of earlier versions as far as they have the column."""
    number, version = event.refs.get(kind="dataset").key, event.payload["version"]
    passed = SecurityReview.objects.select_related("case", "version").filter(
        version__dataset__number=number, version__version__lte=version, state=SecurityReview.State.PASSED
    )
    for review in passed.order_by("pk"):
        same = review.version.version == version
        grading = grades.standing(DatasetVersion.objects.get(dataset_id=review.version.dataset_id, version=version))
        assert grading is not None and grading.level is not None
        shared = set(review.version.columns.values_list("name", flat=True))
        rows = [r for r in grading.columns.select_related("column") if r.column.name in shared]
        level = grading.level if same else max((r.level or 0 for r in rows), default=0)
        new = [r.column.name for r in rows if r.pi_class and r.column.name not in review.personal]
        if level > (review.level or 0):
            reopen(review, f"级别由{LEVELS[review.level or 1].zh}升为{LEVELS[level].zh}")
        elif new:
            reopen(review, f"新认定个人信息字段：{'、'.join(new[:5])}")


def risk_withdrawn(event: Event) -> None:
    """A signed risk assessment is taken back: what rested on it is reviewed again."""
    report = SignedReport.objects.get(number=event.refs.get(kind="report").key)
    if report.kind != "risk" or report.version_id is None:
        return
    rows = SecurityReview.objects.select_related("case", "version__dataset").filter(
        version_id=report.version_id, state=SecurityReview.State.PASSED, level__gte=IMPORTANT
    )
    for review in rows.order_by("pk"):
        if not review.form.get("risk_file") and standing_risk(review.version) is None:
            reopen(review, f"风险评估报告{report.number}已撤回")


on("report.withdrawn")(risk_withdrawn)
on("grading.in_force")(look_again)
on("grading.inherited")(look_again)
