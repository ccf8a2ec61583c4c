"""Reads of products. `public_…` is what anybody may see: what is or was listed, never a draft, a file or a raw row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from shugang.assets.grading.queries import public_level
from shugang.assets.models import DataAsset
from shugang.assets.registration import verify
from shugang.assets.registration.form import FREQUENCIES
from shugang.assets.thirdparty.kinds import RESULTS
from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.queries import standing_reports
from shugang.delivery.models import Column
from shugang.kernel import clock, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import Event
from shugang.policy.arbitrage import Offer
from shugang.policy.lowering import granted_columns
from shugang.policy.terms import PURPOSES, describe, digest
from shugang.policy.text import Text

from ..listing.checklist import COMPLIANCE, PERSONAL, counts
from ..listing.models import Listing
from ..pricing.asking import shown_estimates
from . import pricing
from .kinds import STATES
from .models import DataProduct
from .services import PRODUCT

_RELATED = (
    "supplier", "asset__registration__case__profile", "dataset_version__dataset", "certificate__event", "certificate__registrar",
)  # fmt: skip
PUBLIC = ("listed", "suspended", "delisted")


def public_product(number: str) -> DataProduct:
    """A product that is or was listed. Raises Refusal `not_found`."""
    found = DataProduct.objects.select_related(*_RELATED).filter(number=number, state__in=PUBLIC).first()
    if found is None:
        raise not_found(PRODUCT)
    return found


def product_for(number: str, actor: Actor) -> DataProduct:
    """A public product; or one under way, for its supplier and for those who take part in its listing."""
    related = [f"product__{name}" for name in _RELATED]
    under_way = Listing.objects.visible_to(actor).filter(product__number=number).select_related(*related).first()
    if under_way is not None:
        product: DataProduct = under_way.product
        return product
    own = DataProduct.objects.visible_to(actor).select_related(*_RELATED).filter(number=number).first()
    return own or public_product(number)


def frequency(product: DataProduct) -> Text | str:
    """How often the data is updated, as registered; otherwise what the supplier wrote."""
    code = product.asset.registration.form.get("frequency", "")
    return dict(FREQUENCIES).get(code) or str(product.spec.get("frequency", ""))


def products(actor: Actor, state: str = "") -> QuerySet[DataProduct]:
    """The acting supplier's own products."""
    rows = DataProduct.objects.visible_to(actor).select_related("asset", "dataset_version__dataset", "supplier")
    return rows.filter(state=state) if state else rows


def sibling_offers(
    asset: DataAsset, supplier: int | None, mode: str, besides: DataProduct | None = None
) -> list[Offer]:
    """The supplier's other offers of the same asset in the same way, by name; those taken down are left out."""
    rows = DataProduct.objects.filter(asset=asset, supplier_id=supplier or 0, mode=mode).exclude(state="delisted")
    return [Offer(f"{p.name}（{p.number}）", p.plan) for p in rows.exclude(pk=besides.pk if besides else 0)]


def get_product(actor: Actor, number: str) -> DataProduct:
    found = DataProduct.objects.visible_to(actor).select_related(*_RELATED).filter(number=number).first()
    if found is None:
        raise not_found(PRODUCT)
    return found


@dataclass(frozen=True)
class Trust:
    """One fact of the trust strip. `proof` is pending, logged, witnessed, or "" where nothing was evaluated."""

    label: Text
    value: Text | str
    detail: Text
    proof: str
    url: str = ""


def proof_of(event: Event | None) -> str:
    return sequencer.proof_state(event)


def public_trust(product: DataProduct) -> list[Trust]:
    """登记 · 质量 · 合规 · 分级: what is there, with its issuer and proof; what is not, said as not evaluated."""
    said = last_application(product)
    return [_registered(product), _quality(product, said), _compliance(product), _class(product, said)]


def _registered(product: DataProduct) -> Trust:
    label, certificate = Text("登记", "Registered"), product.certificate
    if certificate is None:
        return Trust(label, Text("未登记", "Not registered"), Text("尚无登记凭证", "No certificate yet"), "")
    until = certificate.valid_until.astimezone(clock.zone()).date().isoformat()
    standing = "" if certificate.state == "valid" else Text("，现已失效或暂停", ", not in force now")
    zh, en = (standing.zh, standing.en) if isinstance(standing, Text) else ("", "")
    detail = Text(
        f"{certificate.registrar.name}，有效至{until}{zh}", f"{certificate.registrar.name}, valid until {until}{en}"
    )
    return Trust(label, certificate.number, detail, proof_of(certificate.event), f"/verify/{certificate.number}")


def _quality(product: DataProduct, application: dict[str, Any]) -> Trust:
    said = application.get("quality") or product.spec.get("quality", "")
    report = public_quality(product)
    if report is not None:
        day = report.signed_at.astimezone(clock.zone()).date().isoformat()
        label, score = RESULTS[report.result][0], report.content.get("score")
        points = Text(f"，得分{score}", f", score {score}") if score is not None else Text("", "")
        return Trust(
            Text("质量", "Quality"), Text(label.zh + points.zh, label.en + points.en),
            Text(f"{report.agency.name}，{day}签署", f"{report.agency.name}, signed {day}"),
            proof_of(Event.objects.filter(kind="report.signed", refs__kind="report", refs__key=report.number).first()),
            f"/reports/{report.number}",
        )  # fmt: skip
    short = said if len(said) <= 60 else said[:59] + "…"
    detail = Text(f"供方自述：{short}", f"Supplier says: {short}") if said else Text("供方没有说明", "No statement")
    return Trust(Text("质量", "Quality"), Text("未经第三方评价", "Not evaluated"), detail, "")


def public_quality(product: DataProduct) -> SignedReport | None:
    """The newest quality certificate that stands on the offered version and that its client has published."""
    version = product.dataset_version
    return standing_reports(version.dataset_id, "quality", version_id=version.pk).filter(public=True).first()


def _compliance(product: DataProduct) -> Trust:
    label, opinion = Text("合规", "Compliance"), last_opinion(product)
    if opinion is None:
        return Trust(label, Text("未评价", "Not evaluated"), Text("尚无合规意见", "No opinion yet"), "")
    tally, day = counts(opinion.content["answers"]), opinion.signed_at.astimezone(clock.zone()).date().isoformat()
    value = Text(
        f"{tally['pass']}项符合，{tally['na']}项不适用", f"{tally['pass']} comply, {tally['na']} not applicable"
    )
    event = Event.objects.filter(case=opinion.case, kind="market.listing.opine").order_by("-pk").first()
    return Trust(
        label,
        value,
        Text(f"{opinion.agency.name}，{day}签署", f"{opinion.agency.name}, signed {day}"),
        proof_of(event),
    )


def _class(product: DataProduct, application: dict[str, Any]) -> Trust:
    said = dict(PERSONAL).get(application.get("personal", ""))
    detail = (
        Text(f"供方声明：{said.zh}", f"Supplier states: {said.en}") if said else Text("供方没有声明", "No statement")
    )
    return Trust(Text("分级", "Class"), Text("未分级", "Not classified"), detail, "")


def last_opinion(product: DataProduct) -> SignedReport | None:
    """The newest compliance opinion on the product, withdrawn ones included: the page says so."""
    rows = SignedReport.objects.filter(object_kind="product", object_number=product.number, kind=COMPLIANCE)
    return rows.filter(context__startswith="opinion:").select_related("agency", "case").order_by("-pk").first()


def last_application(product: DataProduct) -> dict[str, Any]:
    listing = product.listings.order_by("-pk").first()
    return dict(listing.form) if listing else {}


def dictionary(product: DataProduct) -> list[dict[str, Any]]:
    """The columns that the offer delivers, with the type that their mask leaves."""
    own = {c.name: c for c in Column.objects.filter(version_id=product.dataset_version_id)}
    masks = {m.column: m for m in product.terms.masks}
    return [
        {
            "name": c.name,
            "type": c.type,
            "comment": c.comment,
            "personal": own[c.name].personal,
            "mask": masks.get(c.name),
        }
        for c in granted_columns(product.dataset_version.policy_columns(), product.terms)
    ]


def public_json(product: DataProduct) -> dict[str, Any]:
    """The JSON twin of a product page."""
    label, _ = STATES[product.state]
    version, plan = product.dataset_version, product.plan
    return {
        "number": product.number, "name": product.name, "name_en": product.name_en, "summary": product.summary,
        "state": product.state, "state_label": label.zh, "type": product.type, "sector": product.sector, "mode": product.mode,
        "supplier": {"number": product.supplier.number, "name": product.supplier.name, "uscc": product.supplier.uscc},
        "dataset": {
            "number": version.dataset.number, "version": version.version, "sha256": version.sha256, "rows": version.rows,
            "bytes": version.bytes, "published_at": version.created_at.isoformat(), "origin": version.dataset.origin,
            "licence": version.dataset.licence,
        },
        "level": grade[0] if (grade := public_level(version)) else None,
        "certificate": product.certificate.number if product.certificate else None,
        "purposes": [{"code": p, "label": PURPOSES[p].zh, "label_en": PURPOSES[p].en} for p in product.purposes],
        "price": {"plan": plan.to_json(), "headline": pricing.headline(plan).zh},
        "estimates": [
            {"model": e.model.number, "version": e.model.version, "basis": e.model.basis, "low_e8": e.low_e8, "high_e8": e.high_e8,
             "made_at": e.made_at.isoformat()} for e in shown_estimates(product)
        ],
        "terms": product.offered_terms, "terms_digest": digest(product.terms),
        "guarantees": [
            {"term": line.key, "value": line.value.zh, "value_en": line.value.en, "guarantee": line.guarantee}
            for line in describe(product.terms, product.mode)
        ],
        "columns": [{k: v for k, v in c.items() if k != "mask"} | {"masked": c["mask"] is not None} for c in dictionary(product)],
        "spec": product.spec, "sample": product.sample,
        "listed_at": product.listed_at.isoformat() if product.listed_at else None,
    }  # fmt: skip


def normalise(text: str) -> str:
    return verify.normalise(text)
