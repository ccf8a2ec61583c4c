"""Prices that can be undercut: found at any time, accepted by the supplier with a reason before he applies for listing."""

from __future__ import annotations

import hashlib

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.arbitrage import Finding
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from ..products import preview, queries
from ..products.models import DataProduct
from ..products.services import own_product, require_supply
from .models import PriceWarning


def findings(product: DataProduct) -> list[Finding]:
    """Where the product's price can be undercut: by itself, or by the supplier's other offers of the same asset."""
    others = queries.sibling_offers(product.asset, product.supplier_id, product.mode, product)
    return preview.findings(product.plan, f"{product.name}（{product.number}）", others)


def _digest(product: DataProduct, found: list[Finding]) -> str:
    seen = {"plan": product.price_plan, "findings": [f.text.en for f in found]}
    return hashlib.sha256(canonical(seen)).hexdigest()


def accepted(product: DataProduct, found: list[Finding]) -> PriceWarning | None:
    """The acceptance of exactly these findings of exactly this price."""
    return PriceWarning.objects.filter(product=product, digest=_digest(product, found)).first()


def open_findings(product: DataProduct) -> list[Finding]:
    """What the supplier has neither mended nor accepted."""
    found = findings(product)
    return found if found and accepted(product, found) is None else []


def require_accepted(product: DataProduct) -> None:
    """Raises Refusal `price_warning_open`."""
    if found := open_findings(product):
        first = found[0].text
        raise Refusal(
            "price_warning_open",
            Text(f"价格可以被绕开：{first.zh}请修改价格，或在产品页写明理由后接受提示。",
                 f"The price can be undercut: {first.en} Please change it, or accept the warning with a reason on the product's page."),
            422,
        )  # fmt: skip


@verb
def accept_warning(actor: Actor, number: str, reason: str) -> PriceWarning:
    """The supplier keeps his price although it can be undercut, and says why.

    Raises Refusal `forbidden`, `not_found`, `no_warning`, `already_accepted`, `reason_required`.
    """
    require_supply(actor)
    product = own_product(actor, number, lock=True)
    found = findings(product)
    if not found:
        raise Refusal("no_warning", Text("这个价格没有需要接受的提示。", "This price has no warning to accept."), 409)
    if accepted(product, found) is not None:
        raise Refusal("already_accepted", Text("提示已接受。", "The warning is accepted already."), 409)
    if not 4 <= len(reason.strip()) <= 400:
        message = Text("请写明保留这个价格的理由，4至400字。", "Please say in 4 to 400 characters why the price stays.")
        raise Refusal("reason_required", message, 422, {"reason": message})
    row = PriceWarning.objects.create(
        product=product, digest=_digest(product, found), reason=reason.strip(), person_id=actor.person_id,
        findings=[{"code": f.code, **f.text.to_json(), "whole_fen": f.whole_fen, "parts_fen": f.parts_fen} for f in found],
        accepted_at=clock.now(),
    )  # fmt: skip
    emit("product.price_warning_accepted", actor, product.event_refs(), {"digest": row.digest, "reason": row.reason})
    return row
