"""What a step of an appraisal asks beyond duty and state: independence, a paper that stands, two signatures."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.parties.models import Membership
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from ..registration.queries import valid_certificate
from ..thirdparty.guards import in_force
from ..thirdparty.models import Qualification, ServiceOffer
from . import validity
from .models import Appraisal, AppraisalSignature, WorkingPaper
from .paper import PaperErrors, compute

KIND = "appraisal"  # the kind of third-party service


def appraisal_of(ctx: Context) -> Appraisal:
    return Appraisal.objects.select_related(
        "asset__dataset_version__dataset", "client", "holder", "appraiser", "case__profile", "supersedes__case"
    ).get(case=ctx.case)


def rules_of(case: Case) -> dict[str, Any]:
    assert case.profile is not None
    data: dict[str, Any] = case.profile.data
    return data


def last_paper(appraisal: Appraisal) -> WorkingPaper | None:
    return appraisal.papers.order_by("-version").first()


def qualification_of(party_id: int) -> Qualification | None:
    """The appraiser's filing with the finance authority, checked when its service was listed, in force today."""
    offer = ServiceOffer.objects.filter(agency_id=party_id, kind=KIND, state=ServiceOffer.State.LISTED).first()
    return in_force(offer) if offer else None


def qualified(party_id: int) -> Qualification:
    """Raises Refusal `not_qualified`."""
    found = qualification_of(party_id)
    if found is None:
        raise Refusal(
            "not_qualified",
            Text(
                "该机构没有有效的资产评估机构备案。请先上架资产评估服务并由运营机构核对资质。",
                "It has no filing as an appraisal institution in force. Please list the service and have it checked.",
            ),
            409,
        )
    return found


def independent(ctx: Context) -> None:
    """Nobody appraises for a party that he belongs to himself (资产评估法 §§13, 24: 回避)."""
    appraisal = appraisal_of(ctx)
    sides = [appraisal.client_id, appraisal.holder_id]
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=sides, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text(
                "您是委托人或权利人的成员，按回避规则不能承办这项评估。请由其他人员办理。",
                "You belong to the client or the holder, so you may not take part in this appraisal. Please let a colleague act.",
            ),
            403,
        )


def _declared(ctx: Context, field: str) -> None:
    if not ctx.data[field]:
        text = Text("须作出这项声明才能办理。", "Without this statement the step cannot be taken.")
        raise Refusal("invalid_form", text, 422, {field: text})


def may_accept(ctx: Context) -> None:
    independent(ctx)
    qualified(appraisal_of(ctx).appraiser_id)
    _declared(ctx, "independent")


def paper_stands(ctx: Context) -> None:
    """There is a paper, and it still computes to what it says under the rules of the case."""
    independent(ctx)
    appraisal = appraisal_of(ctx)
    paper = last_paper(appraisal)
    if paper is None:
        raise Refusal(
            "no_paper",
            Text("还没有评估底稿，请先填写并保存。", "There is no working paper yet. Please fill it in first."),
            409,
        )
    _stands(appraisal, paper)


def _stands(appraisal: Appraisal, paper: WorkingPaper) -> None:
    try:
        same = compute(paper.form, appraisal.base_date, rules_of(appraisal.case)) == paper.result
    except PaperErrors:
        same = False
    if not same or paper_digest(paper.form, paper.result) != paper.digest:
        raise Refusal(
            "paper_changed",
            Text("底稿与其计算结果不符，请重新保存底稿。", "The paper and its results disagree. Please save it again."),
            409,
        )


def paper_digest(form: dict[str, Any], result: dict[str, Any]) -> str:
    return hashlib.sha256(canonical({"form": form, "result": result})).hexdigest()


def may_pass(ctx: Context) -> None:
    """The reviewer took no part in making the paper."""
    paper_stands(ctx)
    paper = last_paper(appraisal_of(ctx))
    if paper is not None and appraisal_of(ctx).papers.filter(saved_by=ctx.actor.person_id or 0).exists():
        raise Refusal(
            "conflict_of_interest",
            Text("您编制过这份底稿，复核须由另一人办理。", "You worked on this paper; another person must review it."),
            403,
        )


def statement_of(appraisal: Appraisal, paper: WorkingPaper) -> dict[str, Any]:
    """What each appraiser signs: who, what, when, which paper, which value."""
    version = appraisal.asset.dataset_version
    return {
        "kind": "shugang-appraisal-v1",
        "case": appraisal.case.number,
        "asset": appraisal.asset.number,
        "dataset": version.dataset.number,
        "version_sha256": version.sha256 or version.schema_digest,
        "appraiser": appraisal.appraiser.uscc,
        "base_date": appraisal.base_date.isoformat(),
        "purpose": appraisal.form["purpose"],
        "value_type": appraisal.form["value_type"],
        "paper": paper.version,
        "paper_digest": paper.digest,
        "amount": paper.result["conclusion"]["value_fen"],
    }


def statement_digest(appraisal: Appraisal, paper: WorkingPaper) -> str:
    return hashlib.sha256(canonical(statement_of(appraisal, paper))).hexdigest()


def signing_context(case_number: str) -> str:
    return f"appraisal:{case_number}"


def in_time(base_date: date, case: Case) -> None:
    """A report is not issued past its own validity (normally one year from the base date)."""
    if validity.valid_until(base_date, int(rules_of(case)["validity_months"])) <= clock.now():
        raise Refusal(
            "base_date_too_old",
            Text(
                "评估基准日至今已超过报告有效期，不能出具。请解除委托，以新的基准日重新委托。",
                "The validity that runs from the base date has ended. Please engage anew with a later base date.",
            ),
            409,
        )


def sign(ctx: Context) -> None:
    """One of two named appraisers signs; neither reviewed, neither belongs to client or holder."""
    independent(ctx)
    _declared(ctx, "took_part")
    appraisal = appraisal_of(ctx)
    in_time(appraisal.base_date, ctx.case)
    qualified(appraisal.appraiser_id)
    if valid_certificate(appraisal.asset) is None:
        raise Refusal(
            "no_certificate",
            Text(
                "资产的登记凭证已不在有效状态，不能出具报告。",
                "The asset's certificate is no longer valid; no report can be issued.",
            ),
            409,
        )
    paper = last_paper(appraisal)
    assert paper is not None
    _stands(appraisal, paper)
    others = AppraisalSignature.objects.filter(appraisal=appraisal)
    if others.filter(qualification=ctx.data["qualification"]).exists():
        text = Text(
            "另一位评估人员已用这个资格编号签名，请核对。",
            "The other appraiser signed with this very qualification. Please check it.",
        )
        raise Refusal("qualification_taken", text, 422, {"qualification": text})
    digest = statement_digest(appraisal, paper)
    signature = sign_digest(ctx.actor, digest, signing_context(ctx.case.number), ctx.data.pop("own_signature", ""))
    AppraisalSignature.objects.create(
        appraisal=appraisal, paper=paper, person_id=ctx.actor.person_id or 0, name=ctx.data["name"],
        qualification=ctx.data["qualification"], digest=digest, signature=signature, signed_at=clock.now(),
    )  # fmt: skip
    ctx.outputs |= {"digest": digest, "signature": signature}
