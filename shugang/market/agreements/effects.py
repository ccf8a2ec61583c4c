"""What an agreement brings about: the processor's grant, the fee that waits, and their end."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from shugang.delivery.grants.services import end_by_basis, issue_grant
from shugang.kernel import clock
from shugang.kernel.procedure import Context
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan
from shugang.settlement.charges.models import ChargeAgreement
from shugang.settlement.charges.services import end_charge, register_charge, release_charge

from ..contracts.composing import compose, read_back
from .guards import agreement_of
from .models import Agreement

BASIS = "agreement"


def told(ctx: Context) -> None:
    ctx.refs += agreement_of(ctx).event_refs()


def in_force(ctx: Context) -> None:
    """Every party has signed: the grant is compiled from the paper, and the fee waits for completion."""
    row = agreement_of(ctx)
    row.effective_at = clock.now()
    client, other = (Party.objects.get(number=p["number"]) for p in row.content["parties"][:2])
    if row.content.get("terms"):
        terms, _ = read_back(compose(row.content))
        last = datetime.combine(row.until + timedelta(days=1), time(), tzinfo=clock.zone())
        row.grant = issue_grant(
            ctx.actor, grantee=other, supplier=client, product=row.number, contract="", mode=row.content["product"]["mode"],
            terms=terms, source=row.source or {}, outcomes={},
            bases=[{"kind": BASIS, "reference": row.number, "digest": row.sha256, "valid_until": last}],
        )  # fmt: skip
        ctx.outputs["grant"] = row.grant.number
    row.save(update_fields=["effective_at", "grant"])
    fee = int(row.content["answers"].get("fee_fen", 0))
    if fee:
        register_charge(
            ctx.actor, number=row.number, buyer=client, supplier=other, grant="", plan=PricePlan("one_off", price_fen=fee),
            starts_on=clock.today(), ends_on=clock.today(), title=row.case.title, refs=[(BASIS, row.number)],
            commission_bp=0, held_for="completion",
        )  # fmt: skip
    ctx.refs += row.event_refs()


def _fee(row: Agreement) -> ChargeAgreement | None:
    return ChargeAgreement.objects.filter(number=row.number, state="active").first()


def completed(ctx: Context) -> None:
    row = agreement_of(ctx)
    end_by_basis(ctx.actor, BASIS, row.number, "completed")
    if _fee(row) is not None:
        release_charge(ctx.actor, row.number)
    ctx.refs += row.event_refs()


def ended(ctx: Context) -> None:
    _stop(ctx, str(ctx.data["reason"]))


def expired(ctx: Context) -> None:
    _stop(ctx, "expired")


def _stop(ctx: Context, reason: str) -> None:
    """The grant stops; a fee that waited is not charged."""
    row = agreement_of(ctx)
    end_by_basis(ctx.actor, BASIS, row.number, reason)
    if _fee(row) is not None:
        end_charge(ctx.actor, row.number, clock.today(), reason)
    ctx.refs += row.event_refs()
