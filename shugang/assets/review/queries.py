"""Reads of security reviews, for its pages, its API and the wings above."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from shugang.delivery.models import Dataset, DatasetVersion
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..grading import queries as grades
from ..grading.matrix import LEVELS
from .models import AnonymityCheck, SecurityReview

REVIEW = Text("这项安全审查", "security review")


def reviews(actor: Actor, state: str = "") -> QuerySet[SecurityReview]:
    rows: QuerySet[SecurityReview] = SecurityReview.objects.visible_to(actor)
    rows = rows.select_related("case", "version__dataset__party")
    return rows.filter(case__state=state) if state else rows


def counts(actor: Actor) -> dict[str, int]:
    rows = SecurityReview.objects.visible_to(actor).values("case__state").annotate(n=Count("pk"))
    return {row["case__state"]: row["n"] for row in rows.order_by()}


def matching(text: str) -> Q:
    return (
        Q(version__dataset__name__icontains=text) | Q(version__dataset__number__icontains=text) | Q(case__number=text)
    )


def get_review(number: str, actor: Actor) -> SecurityReview:
    """Raises Refusal `not_found`."""
    found = reviews(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(REVIEW)
    return found


def why_reopened(review: SecurityReview) -> Text:
    """What a re-opened review waits for: a higher level, columns found to be personal, or a renewed risk assessment."""
    if review.reason.startswith("个人信息处理依据"):
        return Text(
            "个人信息处理依据已撤回，请附新的依据后重新提交。",
            "The basis of personal information was withdrawn; please give other evidence.",
        )
    grading = grades.standing(review.version)
    level, passed_on = grading.level if grading else None, review.level or 1
    if level and level > passed_on:
        old, new = LEVELS[passed_on], LEVELS[level]
        return Text(f"级别由{old.zh}升为{new.zh}。", f"The level rose from “{old.en}” to “{new.en}”.")
    rows = grading.columns.select_related("column") if grading else ()
    found = [r.column.name for r in rows if r.pi_class and r.column.name not in review.personal]
    if found:
        return Text(
            f"新认定个人信息字段：{'、'.join(found[:5])}。", f"Columns found to be personal: {', '.join(found[:5])}."
        )
    if review.valid_until and review.valid_until <= clock.now():
        return Text("风险评估已到期，请附新的报告。", "The risk assessment has ended; please attach a new one.")
    return Text(
        "后来的版本有新的认定，请核对后重新提交。",
        "Something was found in a later version; please check and submit again.",
    )


def anonymity_checks(version: DatasetVersion, actor: Actor) -> list[AnonymityCheck]:
    rows = AnonymityCheck.objects.visible_to(actor).filter(version=version).select_related("material")
    return list(rows.order_by("-pk")[:10])


def shown_checks(review: SecurityReview) -> list[AnonymityCheck]:
    """The checks of anonymity whose material is part of this case; of a review that the caller already sees."""
    return list(AnonymityCheck.objects.filter(material__case=review.case).select_related("material").order_by("-pk"))


def reviewable(actor: Actor) -> list[DatasetVersion]:
    """Own versions, the newest of each dataset, that are graded and have no review, live or inherited."""
    found = []
    mine = Dataset.objects.visible_to(actor).filter(party_id=actor.party_id or 0)
    for dataset in mine.order_by("-pk"):
        version = dataset.latest
        if version is None or grades.standing(version) is None or standing(version) is not None:
            continue
        if not SecurityReview.objects.visible_to(actor).filter(version=version).exclude(state="closed").exists():
            found.append(version)
    return found


def public_operators() -> list[Party]:
    """Operators that review."""
    return list(Party.objects.filter(is_operator=True, status="active").order_by("number"))


def standing(version: DatasetVersion) -> SecurityReview | None:
    """The review by which a version may be listed or authorised now: its own, or that of the earlier version whose grades
    it took over unchanged."""
    seen = version
    while True:
        found = (
            SecurityReview.objects.select_related("case")
            .filter(version=seen, state=SecurityReview.State.PASSED)
            .first()
        )
        if found is not None:
            return found
        live = SecurityReview.objects.filter(version=seen, state__in=["open", "reopened"]).exists()
        grading = grades.standing(seen)
        if live or grading is None or not grading.whole or grading.carries is None:
            return None
        seen = grading.carries.version


def require_standing(version: DatasetVersion) -> SecurityReview:
    """For the guards of listing and of authorisation. Raises Refusal `not_graded`, `core_data`, `no_security_review`."""
    from .checks import grading_for

    grading_for(version)
    found = standing(version)
    if found is None:
        raise Refusal(
            "no_security_review",
            Text(f"{version}没有有效的安全审查。请先申请安全审查，通过后再办理。",
                 f"{version} has no valid security review. Please apply for one first."),
            409,
        )  # fmt: skip
    return found


def as_json(review: SecurityReview) -> dict[str, Any]:
    return {
        "number": review.case.number, "state": review.case.state, "dataset": review.version.dataset.number,
        "version": review.version.version, "level": review.level, "personal": review.personal, "reason": review.reason,
        "form": review.form, "summary": review.summary,
        "passed_at": review.passed_at.isoformat() if review.passed_at else None,
        "valid_until": review.valid_until.isoformat() if review.valid_until else None,
    }  # fmt: skip
