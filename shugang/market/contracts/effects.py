"""What signing brings about: the grant, the charge agreement, the contract in force; or a contract that is void."""

from __future__ import annotations

from datetime import timedelta

from shugang.delivery.grants.services import issue_grant
from shugang.kernel import clock
from shugang.kernel.procedure import Context
from shugang.settlement.charges.services import register_charge

from .guards import contract_of
from .models import Contract


def activated(ctx: Context) -> None:
    """Both have signed: grant and charge come into being in the same transaction, or the last signature does not."""
    contract = contract_of(ctx)
    terms = contract.terms
    grant = issue_grant(
        ctx.actor,
        grantee=contract.buyer,
        supplier=contract.supplier,
        product=contract.product.number,
        contract=contract.number,
        mode=contract.product.mode,
        terms=terms,
        bases=_bases(contract),
        source=contract.source,
        outcomes=contract.outcomes,
        plane=contract.plane,
    )
    contract.grant, contract.state = grant, Contract.State.ACTIVE
    contract.effective_at, contract.revision = clock.now(), contract.revision + 1
    contract.save()
    start = max(terms.valid_from, contract.effective_at).astimezone(clock.zone()).date()
    last = (terms.valid_until - timedelta(microseconds=1)).astimezone(clock.zone()).date()
    register_charge(
        ctx.actor,
        number=contract.number,
        buyer=contract.buyer,
        supplier=contract.supplier,
        grant=grant.number,
        plan=contract.plan,
        starts_on=start,
        ends_on=max(start, last),
        title=contract.product.name,
        shares=[(number, weight) for number, weight in contract.snapshot.get("shares", [])],
        refs=[("inquiry", contract.inquiry.case.number), *_upstream(contract)],
    )
    ctx.refs += contract.event_refs()
    ctx.outputs |= {"sha256": contract.sha256, "sm3": contract.sm3, "grant": grant.number}


def _upstream(contract: Contract) -> list[tuple[str, str]]:
    return [ref for ref in contract.product.event_refs() if ref[0] != "party"]


def _bases(contract: Contract) -> list[dict[str, object]]:
    """用必有据: the signed contract and the certificate; the grant lives only while both do."""
    certificate = contract.certificate
    assert certificate.event is not None
    return [
        {
            "kind": "contract",
            "reference": contract.number,
            "digest": contract.sha256,
            "valid_until": contract.valid_until,
        },
        {
            "kind": "certificate",
            "reference": certificate.number,
            "digest": certificate.event.sha256,
            "valid_until": certificate.valid_until,
        },
    ]


def declined(ctx: Context) -> None:
    contract = contract_of(ctx)
    contract.state, contract.ended_at = Contract.State.DECLINED, clock.now()
    contract.reason = ctx.data.get("reason", "")
    contract.save(update_fields=["state", "ended_at", "reason"])
    ctx.refs += contract.event_refs()
