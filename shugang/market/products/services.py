"""Verbs of products before they are listed: create, revise, withdraw from the market."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shugang.assets.models import DataAsset
from shugang.delivery.models import Plane
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import MODES, Terms, digest
from shugang.policy.text import Text

from ..pricing.asking import check_price, note_ask
from . import offer
from .kinds import FIELDS, SECTORS, SPEC, SPEC_CHOICES, SPEC_HINTS, SPEC_MAX, TYPES
from .models import DataProduct

PRODUCT = Text("这个产品", "product")
FACTS = Form(
    1,
    (
        Field("name", "text", Text("产品名称", "Name"), Text("写明时间、地域、内容，不超过110字。",
              "Period, place and content, at most 110 characters."), max_length=110),
        Field("name_en", "text", Text("英文名称", "Name in English"), required=False, max_length=160),
        Field("summary", "textarea", Text("一句话简介", "Summary"),
              Text("有什么、有多少、适合做什么，不超过400字。", "What it holds, how much, what it is good for; 400 at most.")),
        Field("summary_en", "textarea", Text("英文简介", "Summary in English"), required=False, max_length=600),
        Field("type", "choice", Text("标的类型", "Type"), choices=tuple(TYPES.items())),
        Field("sector", "choice", Text("行业", "Sector"), choices=tuple(SECTORS.items())),
        Field("field", "choice", Text("应用领域", "Field"), Text("不选则按行业归入。", "Left open, it follows the industry."),
              required=False, choices=tuple(FIELDS.items())),
        Field("keywords", "text", Text("关键词", "Keywords"), Text("以空格分开，供检索。", "For search, separated by spaces."),
              required=False, max_length=200),
    ),
)  # fmt: skip


def _question(name: str, label: Text) -> Field:
    """One line of the specification sheet."""
    if choices := SPEC_CHOICES.get(name):
        return Field(name, "choice", label, SPEC_HINTS.get(name), required=False, choices=tuple(choices.items()))
    return Field(name, "textarea", label, SPEC_HINTS.get(name), required=False, max_length=SPEC_MAX)


SPEC_FORM = Form(2, tuple(_question(name, label) for name, label in SPEC.items()))


def require_supply(actor: Actor) -> int:
    """The acting supplier's party id. Raises Refusal `forbidden`."""
    if actor.party_id is None or "supplier" not in actor.roles or "handler" not in actor.duties:
        raise forbidden(
            "产品由供方的经办办理。请切换到供方机构，或联系本机构管理员分配岗位。",
            "Products are kept by a supplier's handler. Please act for a supplier, or ask your manager for the duty.",
        )
    return actor.party_id


def own_asset(actor: Actor, number: str) -> DataAsset:
    found = DataAsset.objects.visible_to(actor).filter(number=number, party_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(Text("这项资产", "asset"))
    return found


def own_product(actor: Actor, number: str, lock: bool = False) -> DataProduct:
    """The acting party's own product. Raises Refusal `not_found`."""
    rows = DataProduct.objects.visible_to(actor)
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.filter(number=number, supplier_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(PRODUCT)
    return found


@verb
def create_product(
    actor: Actor,
    *,
    asset_number: str,
    name: str,
    summary: str,
    type: str,
    sector: str,
    mode: str,
    offered_terms: Terms | Mapping[str, Any],
    price_plan: PricePlan | Mapping[str, Any],
    name_en: str = "",
    summary_en: str = "",
    keywords: str = "",
    field: str = "",
    spec: Mapping[str, Any] | None = None,
    purposes: Iterable[str] = (),
    source: Mapping[str, Any] | None = None,
    plane_number: str | None = None,
) -> DataProduct:
    """A draft product over the version of data that the asset registered.

    `source` holds options only: `key_column` (mode api), `table` (mode sql), `share`, `schema`, `table` (mode table); what is read
    follows from the version. `spec` answers the specification sheet (kinds.SPEC). `purposes` are offered besides
    the terms' own. Raises Refusal `forbidden`, `not_found`, `invalid_form`, `bad_terms`, `unknown_outcome`,
    `no_certificate`, `no_right`, `beyond_certificate`, `not_hosted`, `not_connected`, `no_such_column`.
    """
    supplier = require_supply(actor)
    asset = own_asset(actor, asset_number)
    facts = clean(FACTS, {"name": name, "name_en": name_en, "summary": summary, "summary_en": summary_en,
                          "type": type, "sector": sector, "field": field, "keywords": keywords})  # fmt: skip
    number = yearly_number("CP", clock.today().year)
    product = DataProduct(
        number=number,
        supplier_id=supplier,
        asset=asset,
        dataset_version=asset.dataset_version,
        created_at=clock.now(),
        **facts,
    )
    _fill(product, mode, offered_terms, price_plan, spec or {}, purposes, source or {})
    product.plane = _plane(actor, plane_number, product)
    product.save()
    note_ask(actor, product)
    emit("product.created", actor, product.event_refs(), facts_of(product))
    return product


def _fill(
    product: DataProduct, mode: str, offered_terms: object, price_plan: object, spec: Mapping[str, Any],
    purposes: Iterable[str], source: Mapping[str, Any],
) -> None:  # fmt: skip
    if mode not in MODES:
        raise Refusal("invalid_form", Text("请选择交付方式。", "Please choose how it is delivered."), 422,
                      {"mode": Text("没有这种交付方式。", "There is no such mode.")})  # fmt: skip
    terms, plan = offer.readable(offered_terms, price_plan)
    version = product.dataset_version
    offer.check(terms, plan, version, mode)
    certificate = offer.certificate_for(product.asset, product.supplier)
    too_far = offer.beyond_certificate(terms, certificate)
    if too_far:
        raise Refusal("beyond_certificate", too_far[0], 422)
    product.mode = mode
    product.offered_terms, product.price_plan, product.price_kind = terms.to_json(), plan.to_json(), plan.kind
    product.purposes = offer.check_purposes(purposes, terms)
    product.spec = clean(SPEC_FORM, spec)
    product.source = offer.source_of(version, mode, source, product.number, product.name)


def _plane(actor: Actor, number: str | None, product: DataProduct) -> Plane | None:
    """The supplier's own plane for connected data; None means the platform's."""
    if product.mode in offer.CONNECTED:
        return product.dataset_version.connected.plane
    if number is None:
        return None
    found = Plane.objects.filter(number=number, party_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(Text("这个数据服务节点", "data plane"))
    return found


def facts_of(product: DataProduct) -> dict[str, Any]:
    """What events say of a product: its offer by digest, no file and no address."""
    return {
        "name": product.name,
        "mode": product.mode,
        "terms_digest": digest(product.terms),
        "price_kind": product.price_kind,
        "version_sha256": product.dataset_version.sha256,
        "purposes": product.purposes,
    }


@verb
def revise_product(actor: Actor, number: str, **changes: Any) -> DataProduct:
    """Change a draft (same arguments as `create_product` but the asset). Raises Refusal `wrong_state` once applied for."""
    require_supply(actor)
    product = own_product(actor, number, lock=True)
    if product.state != DataProduct.State.DRAFT:
        raise Refusal(
            "wrong_state",
            Text("产品已提交上架，内容不能再改。请先撤回申请或下架。", "The product is in review or listed; withdraw it before changing it."),
            409,
        )  # fmt: skip
    plain = {f.name: changes.get(f.name, getattr(product, f.name)) for f in FACTS.fields}
    for name, value in clean(FACTS, plain).items():
        setattr(product, name, value)
    _fill(
        product, changes.get("mode", product.mode), changes.get("offered_terms", product.offered_terms),
        changes.get("price_plan", product.price_plan), changes.get("spec", product.spec),
        changes.get("purposes", product.purposes), changes.get("source", product.source),
    )  # fmt: skip
    product.plane = _plane(actor, changes.get("plane_number"), product) if "plane_number" in changes else product.plane
    product.save()
    check_price(product, product.plan)
    note_ask(actor, product)
    emit("product.revised", actor, product.event_refs(), facts_of(product))
    return product
