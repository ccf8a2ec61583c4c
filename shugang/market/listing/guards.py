"""What a step of a listing asks beyond duty and state, and the signing of the opinion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q

from shugang.assets.grading.matrix import IMPORTANT
from shugang.assets.grading.queries import public_level
from shugang.assets.registration.queries import valid_certificate
from shugang.assets.review.queries import require_standing, standing
from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.signing import sign_report
from shugang.delivery.models import Column
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, CaseParty, Material
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership
from shugang.policy.codec import canonical
from shugang.policy.terms import digest
from shugang.policy.text import Text

from ..pricing.fees import check_listing
from ..pricing.warnings import require_accepted
from ..products import offer
from ..products.kinds import ORIGIN_OF_SOURCE, ORIGINS
from ..products.models import DataProduct
from ..samples.declaring import wrong_size
from .checklist import BASIS_OF, COMPLIANCE, ITEMS
from .models import Listing
from .standing import LICENCE


def listing_of(ctx: Context) -> Listing:
    return Listing.objects.select_related("product__supplier", "product__asset", "reviewer").get(case=ctx.case)


def independent(ctx: Context) -> None:
    """Nobody decides on a product of a party that he belongs to himself (回避)."""
    supplier = CaseParty.objects.filter(case=ctx.case, capacity="supplier").values("party_id")
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=supplier, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text(
                "您是供方的成员，按回避规则不能办理这项上架。请由其他人员办理。",
                "You belong to the supplier, so by the rule of recusal you may not decide on it. Please let a colleague act.",
            ),
            403,
        )


def check_proof(form: Mapping[str, Any], actor: Actor) -> None:
    """The proof has to be a file that the applicant himself uploaded. Raises Refusal `invalid_form`."""
    proof = form.get("proof_file")
    if (
        proof
        and not Material.objects.visible_to(actor).filter(pk=proof["material"], party_id=actor.party_id or 0).exists()
    ):
        message = Text("没有找到这份材料，请重新上传。", "This material was not found. Please upload it again.")
        raise Refusal("invalid_form", message, 422, {"proof_file": message})


def check_application(product: DataProduct, form: Mapping[str, Any]) -> None:
    """Raises Refusal with every wrong answer at once; the certificate and the offer are checked too."""
    wrong: dict[str, Text] = {}
    wrong |= _important(product, form)
    if not form["declaration"]:
        wrong["declaration"] = Text("请声明内容真实。", "Please state that the application is true.")
    wrong |= _personal(product, form)
    wrong |= _source_agrees(product, form)
    wrong |= _licence_lasts(product, form)
    wrong |= wrong_size(product, form.get("trial_size") or 0)
    if wrong:
        raise Refusal(
            "invalid_form",
            Text(f"有{len(wrong)}处需要补正，请逐项修改后再提交。", f"{len(wrong)} answer(s) need correction."),
            422,
            wrong,
        )
    _basis_agrees(product, form)
    require_accepted(product)
    check_listing(product, form["source_class"])
    certificate = offer.certificate_for(product.asset, product.supplier)
    too_far = offer.beyond_certificate(product.terms, certificate)
    if too_far:
        raise Refusal("beyond_certificate", too_far[0], 422)


def _licence_lasts(product: DataProduct, form: Mapping[str, Any]) -> dict[str, Text]:
    """The source's licence is in force, and a first offer does not outlive it; later ones are held to it deal by deal."""
    if not form.get("licence_until"):
        return {}
    last = date.fromisoformat(form["licence_until"])
    if last < clock.today():
        return {
            "licence_until": Text(
                "许可已经到期，不能上架。请先续展许可。", "The licence is over. Please renew it before listing."
            )
        }
    if product.listed_at is None and offer.beyond_licence(product.terms, last):
        return {"licence_until": Text(
            f"所提供的条款超过许可到期日（{last}），请先修改草稿，缩短使用期限。",
            f"The offered terms go beyond the licence ({last}). Please edit the draft and shorten the period first.",
        )}  # fmt: skip
    return {}


def _source_agrees(product: DataProduct, form: Mapping[str, Any]) -> dict[str, Text]:
    """The specification sheet and the application name one kind of source."""
    stated = ORIGINS.get(product.spec.get("origin_kind", ""))
    if stated is None or ORIGINS[ORIGIN_OF_SOURCE[form["source_class"]]] == stated:
        return {}
    return {"source_class": Text(
        f"产品说明书写的是“{stated.zh}”，与这里不一致。请改成一致，或先撤回修改说明书。",
        f"The specification sheet says “{stated.en}”. Please make them agree, or withdraw and correct the sheet.",
    )}  # fmt: skip


def _important(product: DataProduct, form: Mapping[str, Any]) -> dict[str, Text]:
    """The statement has to agree with the grade in force; what else important data need is the security review's."""
    found = public_level(product.dataset_version)
    important = found is not None and found[0] >= IMPORTANT
    if important == (not form["no_important_data"]):
        return {}
    if important:
        return {"no_important_data": Text("这一版数据定为重要数据，不能声明不含。请不勾选。",
                                          "This version is graded as important data; please leave this unticked.")}  # fmt: skip
    return {"no_important_data": Text(
        "含重要数据的产品须先经风险评估，含核心数据的不得交易。请核对后声明。",
        "Important data need a risk assessment first, core data may not be traded. Please check and state it.",
    )}  # fmt: skip


def _personal(product: DataProduct, form: Mapping[str, Any]) -> dict[str, Text]:
    terms = product.terms
    marked = set(
        Column.objects.filter(version_id=product.dataset_version_id, personal=True).values_list("name", flat=True)
    )
    offered = sorted(marked & set(terms.fields))
    if not offered:
        return {}
    names = "、".join(offered)
    if form["personal"] == "none":
        return {"personal": Text(
            f"字段{names}标注为个人信息，不能声明不含个人信息。请选择处理依据，或从授权字段中去掉。",
            f"Columns {', '.join(offered)} are marked as personal. Please choose a basis or leave them out of the offer.",
        )}  # fmt: skip
    bare = [name for name in offered if name not in {m.column for m in terms.masks}]
    if form["personal"] == "masked" and bare:
        return {"personal": Text(f"字段{'、'.join(bare)}没有脱敏。", f"Columns {', '.join(bare)} are not masked.")}
    if not form.get("personal_basis"):
        return {
            "personal_basis": Text(
                f"字段{names}是个人信息，请写明处理依据。", "Please state the basis for personal columns."
            )
        }
    return {}


def _basis_agrees(product: DataProduct, form: Mapping[str, Any]) -> None:
    """What is said here of consent or a statute is what the data set's security review rests on: one basis a data set, whose
    withdrawal reaches whatever rests on it. Raises Refusal `invalid_form`."""
    if form["personal"] not in BASIS_OF:
        return
    found = standing(product.dataset_version)
    basis = str(found.form.get("personal_basis", "")) if found else ""
    if basis not in BASIS_OF[form["personal"]]:
        wrong = Text(
            "这与数据集安全审查所依据的不同。请按安全审查选择，或先变更安全审查。",
            "The data set's security review rests on another basis. Please choose that one, or change the review first.",
        )
        raise Refusal("invalid_form", wrong, 422, {"personal": wrong})


def _quality_report(ctx: Context, product: DataProduct) -> None:
    """A signed quality report on this very version, where the case's rule profile asks for one. Raises Refusal
    `no_quality_report`."""
    rules = ctx.case.profile.data if ctx.case.profile else {}
    if rules.get("quality_report") != "required":
        return
    rows = SignedReport.objects.filter(
        kind="quality", version=product.dataset_version, state=SignedReport.State.STANDING
    )
    if not rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=clock.today())).exists():
        raise Refusal(
            "no_quality_report",
            Text("本市规则要求上架产品有有效的质量评估报告。请先委托第三方评估这一版数据。",
                 "The rules here ask for a valid quality report. Please have this version assessed by a third party first."),
            409,
        )  # fmt: skip


def application_holds(ctx: Context) -> None:
    check_proof(ctx.data, ctx.actor)
    check_application(listing_of(ctx).product, ctx.data)


def content_of(ctx: Context, listing: Listing) -> dict[str, Any]:
    """What the reviewer signs: the answers, and digests of what they are about."""
    product = listing.product
    return {
        "kind": "shugang-opinion-v1",
        "case": ctx.case.number,
        "product": product.number,
        "dataset": product.dataset_version.dataset.number,
        "version_sha256": product.dataset_version.sha256,
        "terms_digest": digest(product.terms),
        "application_digest": hashlib.sha256(canonical(listing.form)).hexdigest(),
        "reviewer": listing.reviewer.uscc,
        "answers": {k: v for k, v in ctx.data.items() if k.startswith("item_")},
        "opinion": ctx.data["opinion"],
        **({"recognised": foreign["number"]} if (foreign := recognised(listing)) else {}),
    }


# What a certificate recognised from elsewhere has settled: it is not reviewed a second time (采信).
RELIED_ON = frozenset({"source", "rights"})


def recognised(listing: Listing) -> dict[str, Any] | None:
    """The certificate from elsewhere on which the product's asset stands, if it does."""
    certificate = valid_certificate(listing.product.asset)
    found: dict[str, Any] | None = certificate.content.get("recognised") if certificate else None
    return found


def _not_reviewed_twice(listing: Listing, failed: set[str]) -> None:
    """Raises Refusal `no_repeat_review` where only what a recognised certificate has settled is said to fail."""
    foreign = recognised(listing)
    if foreign and failed and failed <= RELIED_ON:
        raise Refusal(
            "no_repeat_review",
            Text(
                f"登记凭证采信自{foreign['issuer']}（{foreign['number']}），来源和权利不重复审查，请选“不适用”。"
                "认为凭证有误的，请在核验页对凭证提出异议。",
                f"The certificate is recognised from {foreign['issuer']} ({foreign['number']}): source and rights are not reviewed "
                "again, please choose “Not applicable”. If you think it is wrong, object to it on its verification page.",
            ),
            422,
        )


def sign_opinion(ctx: Context) -> None:
    """A favourable opinion has no failed item; it is signed for the third party, and the signature is recorded."""
    independent(ctx)
    listing = listing_of(ctx)
    failed = [label for name, label in ITEMS.items() if ctx.data[f"item_{name}"] == "fail"]
    _not_reviewed_twice(listing, {name for name in ITEMS if ctx.data[f"item_{name}"] == "fail"})
    if failed:
        raise Refusal(
            "item_failed",
            Text(
                f"“{failed[0].zh}”不符合，不能出具合规意见。请退回补正，或出具不合规意见。",
                f"“{failed[0].en}” does not comply. Please return it for correction or opine against it.",
            ),
            422,
        )
    report = sign_report(
        ctx.actor,
        kind=COMPLIANCE,
        result="favourable",
        agency=listing.reviewer,
        client=listing.product.supplier,
        case=ctx.case,
        content=content_of(ctx, listing),
        context=f"opinion:{ctx.case.number}",
        version=listing.product.dataset_version,
        about=("product", listing.product.number),
        standing=True,
    )
    ctx.refs.append(("report", report.number))
    ctx.outputs |= {"opinion_digest": report.digest, "signature": report.signature}


def opinion_of(case: Case) -> SignedReport | None:
    """The compliance opinion signed in this case, as long as it stands."""
    return SignedReport.objects.filter(case=case, kind=COMPLIANCE, state=SignedReport.State.STANDING).first()


def may_be_listed(ctx: Context) -> None:
    """The decision rests on a living certificate, a security review and an opinion about exactly this offer."""
    independent(ctx)
    offer.hold_still(listing_of(ctx).product.asset)
    listing = listing_of(ctx)
    product = listing.product
    renewing = product.state == DataProduct.State.DELISTED and product.reopened == LICENCE
    if not renewing and product.state not in (DataProduct.State.REVIEWING, DataProduct.State.SUSPENDED):
        raise Refusal("wrong_state", Text("产品已下架，不能再上架。", "The product was taken down."), 409)
    check_application(listing.product, listing.form)
    _quality_report(ctx, listing.product)
    require_standing(listing.product.dataset_version)
    last = opinion_of(ctx.case)
    if last is None or last.content["terms_digest"] != digest(listing.product.terms):
        raise Refusal(
            "no_opinion",
            Text("没有针对当前条款的合规意见，请退回重新出具。", "There is no opinion on these very terms. Please have it given again."),
            409,
        )  # fmt: skip
