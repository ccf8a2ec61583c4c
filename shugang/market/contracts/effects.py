"""What signing brings about: the grant, the charge agreement, the contract in force; or a contract that is void."""

from __future__ import annotations

from shugang.delivery.grants.services import issue_grant
from shugang.kernel import clock
from shugang.kernel.procedure import Context

from . import charging
from .drafting import agreed, fill_in
from .guards import contract_of
from .models import Contract


def activated(ctx: Context) -> None:
    """Both have signed: grant and charge come into being in the same transaction, or the last signature does not."""
    contract = contract_of(ctx)
    # What is enforced is read out of the paper that was signed, not out of a second place.
    terms, plan = agreed(contract.snapshot)
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
    charging.begin(ctx.actor, contract, plan)
    ctx.refs += contract.event_refs()
    ctx.outputs |= {"sha256": contract.sha256, "sm3": contract.sm3, "grant": grant.number}


def filled_in(ctx: Context) -> None:
    contract = contract_of(ctx)
    fill_in(contract, ctx.data["answers"])
    ctx.refs += contract.event_refs()
    ctx.outputs |= {"sha256": contract.sha256, "sm3": contract.sm3}


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
