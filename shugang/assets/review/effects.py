"""What the steps of a security review bring about, and what they tell the wings above."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock
from shugang.kernel.events import emit
from shugang.kernel.models import Material
from shugang.kernel.procedure import Context

from ..grading.matrix import IMPORTANT
from ..grading.models import Grading
from . import checks
from .guards import review_of
from .models import SecurityReview


def summary_of(grading: Grading) -> dict[str, Any]:
    """What a reviewer needs of a grading: levels and classes by column, never values."""
    rows = grading.columns.select_related("column").order_by("column__position")
    return {
        "grading": grading.case.number, "level": grading.level, "scale": grading.scale, "reasons": grading.reasons,
        "columns": [{"name": r.column.name, "level": r.level, "pi_class": r.pi_class, "sensitive": r.sensitive} for r in rows],
        "personal": checks.personal_columns(grading),
    }  # fmt: skip


def _attach(ctx: Context) -> None:
    """Bind the files to the case, so that the reviewer can open them."""
    files = [ctx.data[name]["material"] for name in ("basis_file", "risk_file") if ctx.data.get(name)]
    Material.objects.visible_to(ctx.actor).filter(pk__in=files).update(case=ctx.case)


def opened(ctx: Context) -> None:
    """Tie the case to the version that `services.apply_review` names in its references."""
    number = next(key for kind, key in ctx.refs if kind == "dataset")
    version = DatasetVersion.objects.filter(
        dataset__number=number, dataset__party_id=ctx.actor.party_id or 0, version=int(dict(ctx.refs)["version"])
    ).first()
    if version is None:
        raise ValueError("a security review is opened by services.apply_review only")
    ctx.refs = [ref for ref in ctx.refs if ref[0] != "version"]
    grading = checks.grading_for(version)
    review = SecurityReview.objects.create(case=ctx.case, version=version, form=ctx.data, summary=summary_of(grading))
    if ctx.data["personal_basis"] == "anonymised" and (shown := checks.shown_anonymous(version)):
        Material.objects.visible_to(ctx.actor).filter(pk=shown.material_id).update(case=ctx.case)
    _attach(ctx)
    ctx.refs += [ref for ref in review.event_refs() if ref not in ctx.refs]
    ctx.outputs["version"] = version.version


def told(ctx: Context) -> None:
    ctx.refs += [ref for ref in review_of(ctx).event_refs() if ref not in ctx.refs]


def corrected(ctx: Context) -> None:
    review = review_of(ctx)
    review.form, review.state = ctx.data, SecurityReview.State.OPEN
    review.summary = summary_of(checks.grading_for(review.version))
    review.save(update_fields=["form", "state", "summary"])
    ctx.case.data = ctx.data
    ctx.case.save(update_fields=["data"])
    _attach(ctx)
    told(ctx)


def end_of(day: str) -> datetime:
    """The first moment after a day of the platform's calendar."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), tzinfo=clock.zone())


def passed(ctx: Context) -> None:
    review = review_of(ctx)
    grading = checks.grading_for(review.version)
    review.state, review.passed_at, review.reason = SecurityReview.State.PASSED, clock.now(), ""
    review.level, review.personal, review.summary = grading.level, checks.personal_columns(grading), summary_of(grading)
    until, risk = review.form.get("risk_until"), None
    if grading.level and grading.level >= IMPORTANT and not review.form.get("risk_file"):
        risk = checks.standing_risk(review.version)  # the signed report stands in for the file, and for its end
        assert risk is not None and risk.valid_until is not None
        until = risk.valid_until.isoformat()
        ctx.refs.append(("report", risk.number))
    review.valid_until = end_of(until) if until else None
    review.save()
    told(ctx)
    basis = risk.digest if risk else _digest(review, "risk_file")
    ctx.outputs |= {"level": review.level, "personal": review.personal, "risk": basis}
    emit("security_review.passed", ctx.actor, review.event_refs(), _said(review), ctx.case)


def _digest(review: SecurityReview, name: str) -> str:
    return str((review.form.get(name) or {}).get("sha256", ""))


def _said(review: SecurityReview) -> dict[str, Any]:
    return {"version": review.version.version, "level": review.level, "reason": review.reason}


def reopened(ctx: Context) -> None:
    """The reason stands on the row already: the reaction or the job that fired this step wrote it."""
    review = review_of(ctx)
    review.state = SecurityReview.State.REOPENED
    review.save(update_fields=["state"])
    told(ctx)
    ctx.outputs["reason"] = review.reason
    emit("security_review.reopened", ctx.actor, review.event_refs(), _said(review), ctx.case)


def closed(ctx: Context) -> None:
    review = review_of(ctx)
    review.state = SecurityReview.State.CLOSED
    review.save(update_fields=["state"])
    told(ctx)
