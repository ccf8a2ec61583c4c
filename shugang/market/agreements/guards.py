"""Signing an agreement: every party signs the digest of the frozen text, and each of them is still in business."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..contracts.drafting import digests
from ..contracts.guards import as_read
from .models import Agreement, AgreementSignature


def agreement_of(ctx: Context) -> Agreement:
    return Agreement.objects.select_related("case", "grant").get(case=ctx.case)


def check_parties(parties: list[Party]) -> None:
    """Raises Refusal `party_not_active`."""
    off = [p.name for p in parties if p.status != Party.Status.ACTIVE]
    if off:
        raise Refusal(
            "party_not_active",
            Text(f"{off[0]}当前不在营，不能签订。", f"{off[0]} is not active, so nothing can be signed."),
            409,
        )


def sign(ctx: Context) -> None:
    """Make or check the acting party's signature. Raises Refusal; nothing is kept then."""
    row = agreement_of(ctx)
    if digests(row.content) != (row.sha256, row.sm3):
        raise Refusal(
            "contract_altered",
            Text("文本与摘要不符，已停止签署。", "The text no longer fits its digest; signing is stopped."),
            409,
        )
    as_read(row.sha256, ctx.data.pop("read", ""))
    if row.until < clock.today():
        raise Refusal(
            "over", Text("约定的止期已过，请另行起草。", "Its last day has passed. Please draft another."), 409
        )
    check_parties(list(Party.objects.filter(number__in=[p["number"] for p in row.content["parties"]])))
    made = sign_digest(ctx.actor, row.sha256, row.context, ctx.data.pop("own_signature", ""))
    AgreementSignature.objects.create(
        agreement=row, party_id=ctx.actor.party_id or 0, signature=made, signed_at=clock.now()
    )
    ctx.data |= {"sha256": row.sha256, "sm3": row.sm3, "signature": made}
    ctx.refs += row.event_refs()
