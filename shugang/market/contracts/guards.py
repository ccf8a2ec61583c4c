"""Signing: each side signs the digest of the frozen text; the deal is checked once more at each signature."""

from __future__ import annotations

from typing import Any

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


def sound(contract: Contract) -> dict[str, Any]:
    """What may not have changed since the acceptance: the deal as a whole, and its certificate. What the check found."""
    said = contract.snapshot
    if contract.valid_until <= clock.now():
        raise Refusal("over", Text("合同期限已过，请重新询价。", "The period is over. Please inquire again."), 409)
    compliance.check_free(contract.product, contract.buyer)
    found = compliance.check_deal(
        contract.product, contract.buyer, contract.supplier, said["inquiry"]["purpose"], said["terms"], said["plan"]
    )
    certificate = offer.certificate_for(contract.product.asset, contract.supplier)
    if certificate.number != contract.certificate.number:
        raise Refusal(
            "certificate_changed",
            Text("登记凭证已更换，请重新询价。", "The certificate was replaced since. Please inquire again."),
            409,
        )
    return found


def as_read(sha256: str, read: str) -> None:
    """Raises Refusal `stale_version` when the signer read another text than the one that is signed now."""
    if read and read != sha256:
        raise Refusal(
            "stale_version",
            Text(
                "合同文本在您核对后有改动，未签署。请重新核对。",
                "The text has changed since you read it; nothing was signed. Please read it again.",
            ),
            409,
        )


def unsigned(ctx: Context) -> None:
    """The text is settled before anybody signs it. Raises Refusal `already_signed`, `fixed_text`."""
    contract = contract_of(ctx)
    if contract.signatures.exists():
        raise Refusal(
            "already_signed",
            Text(
                "已有一方签署，合同文本不能再改。需要变更的，请在生效后签补充协议。",
                "One side has signed, so the text stays. For a change, sign an amendment once it is in force.",
            ),
            409,
        )
    if "answers" not in contract.snapshot:
        raise Refusal("fixed_text", Text("这份合同没有可填写的约定。", "This contract has nothing to fill in."), 409)


def sign(ctx: Context) -> None:
    """Make (or check) the acting side's signature and keep it. Raises Refusal; nothing is kept then."""
    offer.hold_still(contract_of(ctx).product.asset)
    contract = contract_of(ctx)
    unaltered(contract)
    as_read(contract.sha256, ctx.data.pop("read", ""))
    checked = sound(contract)
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
    ctx.data |= {"side": side, "sha256": contract.sha256, "sm3": contract.sm3, "signature": made, "compliance": checked}
    ctx.refs += contract.event_refs()
