"""The compliance check of a deal (数据安全法 §33): asked again at every step, not only at listing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import PURPOSES, Terms
from shugang.policy.text import Text

from ..auction.exclusive import require_free
from ..pricing.asking import check_price
from ..products import offer
from ..products.models import DataProduct
from .limits import exceeds
from .relations import require_apart


def check_product(product: DataProduct) -> None:
    """Raises Refusal `not_listed`, `no_certificate`, `no_right`."""
    if product.state != DataProduct.State.LISTED:
        raise Refusal(
            "not_listed",
            Text(
                f"产品{product.number}当前没有上架，不能交易。",
                f"Product {product.number} is not listed now, so it cannot be traded.",
            ),
            409,
        )
    offer.certificate_for(product.asset, product.supplier)


def check_free(product: DataProduct, buyer: Party) -> None:
    """Raises Refusal `exclusively_reserved` when the asset is kept for an auction, or licensed to another exclusively."""
    require_free(product.asset, buyer)


def check_parties(buyer: Party, supplier: Party) -> None:
    """Raises Refusal `buyer_not_active`, `supplier_not_active`, `own_product`, `related_parties`."""
    if buyer.pk == supplier.pk:
        raise Refusal("own_product", Text("不能购买本机构自己的产品。", "You cannot buy your own product."), 409)
    if "buyer" not in buyer.roles:
        raise Refusal(
            "buyer_not_active",
            Text(
                "只有入驻的需方可以询价和签约，请先办理需方入驻。", "Only an admitted buyer may inquire and contract."
            ),
            403,
        )
    if "supplier" not in supplier.roles:
        raise Refusal("supplier_not_active", Text("供方当前不在营，不能交易。", "The supplier is not active now."), 409)
    require_apart(buyer, supplier)


def check_purpose(product: DataProduct, purpose: str) -> None:
    """Raises Refusal `purpose_not_offered`."""
    if purpose not in product.purposes:
        known = [PURPOSES[p] for p in product.purposes]
        message = Text(
            f"该产品只提供用途：{'、'.join(t.zh for t in known)}。请改选，或与供方协商后由其调整产品。",
            f"This product is offered for: {', '.join(t.en for t in known)}. Please choose one of these.",
        )
        raise Refusal("purpose_not_offered", message, 422, {"purpose": message})


def check_quotation(
    product: DataProduct, purpose: str, terms: Terms | Mapping[str, Any], plan: PricePlan | Mapping[str, Any]
) -> tuple[Terms, PricePlan]:
    """Terms and plan, readable, deliverable and within the offer and the certificate.

    Raises Refusal `bad_terms`, `unknown_outcome`, `over_cap`, `purpose_changed`, `exceeds_offer`, `over`, and what
    `check_product` says.
    """
    check_product(product)
    quoted, priced = offer.readable(terms, plan)
    offer.check(quoted, priced, product.dataset_version, product.mode)
    check_price(product, priced)
    if quoted.purpose != purpose:
        label = PURPOSES[purpose]
        raise Refusal(
            "purpose_changed",
            Text(f"条款的用途须是需方声明的“{label.zh}”。", f"The terms must be for the stated purpose “{label.en}”."),
            422,
        )
    if quoted.valid_until <= clock.now():
        raise Refusal("over", Text("使用期限已经过去，请另定期限。", "The period is over. Please set another."), 422)
    certificate = offer.certificate_for(product.asset, product.supplier)
    beyond = [
        *exceeds(product.terms, quoted, product.purposes), *offer.beyond_certificate(quoted, certificate),
        *offer.beyond_licence(quoted, product.licence_until),
    ]  # fmt: skip
    if beyond:
        raise Refusal(
            "exceeds_offer",
            Text(
                f"有{len(beyond)}处超出产品所提供的条款：" + "".join(t.zh for t in beyond),
                f"{len(beyond)} term(s) go beyond the offer: " + " ".join(t.en for t in beyond),
            ),
            422,
        )
    return quoted, priced


CHECKS = ("parties", "listing", "certificate", "purpose", "terms_within_offer", "price", "period")


def check_deal(
    product: DataProduct, buyer: Party, supplier: Party, purpose: str, terms: Terms | Mapping[str, Any],
    plan: PricePlan | Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The second check of a trade: this buyer, this purpose, these terms, today. What it found goes into the contract.

    Raises what `check_parties` and `check_quotation` raise.
    """
    check_parties(buyer, supplier)
    check_quotation(product, purpose, terms, plan)
    certificate = offer.certificate_for(product.asset, supplier)
    return {"at": iso(clock.now()), "passed": list(CHECKS), "purpose": purpose, "certificate": certificate.number}
