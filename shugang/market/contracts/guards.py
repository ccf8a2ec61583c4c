"""Signing: each side signs the digest of the frozen text; the deal is checked once more at each signature."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.policy.text import Text

from ..products import offer
from ..trade import compliance
from .drafting import digests
from .models import Contract, ContractSignature


def contract_of(ctx: Context) -> Contract:
    return Contract.objects.select_related(
        "product__supplier", "product__asset", "product__dataset_version__dataset", "product__certificate",
        "buyer", "supplier", "inquiry__case", "certificate__event",
    ).get(case=ctx.case)  # fmt: skip


def unaltered(contract: Contract) -> None:
    """Raises Refusal `contract_altered` when the stored text is no longer the one that was digested."""
    if digests(contract.snapshot) != (contract.sha256, contract.sm3):
        raise Refusal(
            "contract_altered",
            Text(
                "合同文本与摘要不符，已停止签署。请联系平台核查。",
                "The text no longer fits its digest; signing is stopped. Please have the platform look into it.",
            ),
            409,
        )


def sound(contract: Contract) -> None:
    """What may not have changed since the acceptance: parties, listing, certificate, period."""
    compliance.check_parties(contract.buyer, contract.supplier)
    compliance.check_product(contract.product)
    compliance.check_free(contract.product, contract.buyer)
    certificate = offer.certificate_for(contract.product.asset, contract.supplier)
    if certificate.number != contract.certificate.number:
        raise Refusal(
            "certificate_changed",
            Text("登记凭证已更换，请重新询价。", "The certificate was replaced since. Please inquire again."),
            409,
        )
    if contract.valid_until <= clock.now():
        raise Refusal("over", Text("合同期限已过，请重新询价。", "The period is over. Please inquire again."), 409)


def sign(ctx: Context) -> None:
    """Make (or check) the acting side's signature and keep it. Raises Refusal; nothing is kept then."""
    offer.hold_still(contract_of(ctx).product.asset)
    contract = contract_of(ctx)
    unaltered(contract)
    sound(contract)
    side = "buyer" if ctx.actor.party_id == contract.buyer_id else "supplier"
    made = sign_digest(ctx.actor, contract.sha256, contract.context, ctx.data.pop("own_signature", ""))
    party = contract.buyer if side == "buyer" else contract.supplier
    ContractSignature.objects.create(
        contract=contract,
        side=side,
        party=party,
        person_id=ctx.actor.person_id or 0,
        signature=made,
        signed_at=clock.now(),
    )
    # What a vote keeps and its event commits to: the signature itself, so that the log alone can prove it.
    ctx.data |= {"side": side, "sha256": contract.sha256, "sm3": contract.sm3, "signature": made}
    ctx.refs += contract.event_refs()
