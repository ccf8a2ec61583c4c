"""How a contract in force changes its standing, always together with its grants and charges."""

from __future__ import annotations

from datetime import date

from shugang.delivery.grants.services import end_by_basis, resume_by_basis, suspend_by_basis
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.policy.text import Text

from . import charging
from .models import Contract

BASIS = "contract"
PARTIES, ORDER = "parties", "order"
CONTRACT = Text("这份合同", "contract")
LABELS: dict[str, tuple[Text, str]] = {
    "pending_signature": (Text("待双方签署", "Awaiting both signatures"), "run"),
    "active": (Text("履行中", "In force"), "ok"),
    "suspended": (Text("已暂停", "Suspended"), "warn"),
    "terminated": (Text("已终止", "Ended early"), "off"),
    "expired": (Text("已到期", "Expired"), "off"),
    "declined": (Text("未签署，已作废", "Not signed, void"), "off"),
}


def locked(number: str) -> Contract:
    """The contract under its row lock. Raises Refusal `not_found`."""
    found = Contract.objects.select_for_update(of=("self",)).filter(number=number).first()
    if found is None:
        raise not_found(CONTRACT)
    return found


def wrong_state(contract: Contract) -> Refusal:
    label, _ = LABELS[contract.state]
    return Refusal(
        "wrong_state",
        Text(
            f"合同当前“{label.zh}”，不能办理这一步。请刷新页面核对。",
            f"The contract is “{label.en}”; this step is not possible. Please reload.",
        ),
        409,
    )


def may_change(contract: Contract, kind: str, by: str) -> bool:
    """Whether the standing allows it. What an authority has stopped, only an authority resumes."""
    if kind == "suspend":
        return contract.state == "active" or (
            contract.state == "suspended" and by == ORDER and contract.held_by == PARTIES
        )
    if kind == "resume":
        return contract.state == "suspended" and contract.held_by == by
    return contract.state in {"active", "suspended"}


def suspend(contract: Contract, actor: Actor, by: str, reason: str) -> None:
    """Grants stop with it; an order takes over from an agreement."""
    contract.state, contract.held_by, contract.reason = Contract.State.SUSPENDED, by, reason[:400]
    _save(contract)
    suspend_by_basis(actor, BASIS, contract.number, reason)
    emit("contract.suspended", actor, contract.event_refs(), {"reason": reason, "held_by": by})


def resume(contract: Contract, actor: Actor, reason: str) -> None:
    """Holds of other kinds (a suspended certificate) keep the grant stopped."""
    contract.state, contract.held_by, contract.reason = Contract.State.ACTIVE, "", reason[:400]
    _save(contract)
    resume_by_basis(actor, BASIS, contract.number)
    emit("contract.resumed", actor, contract.event_refs(), {"reason": reason})


def terminate(contract: Contract, actor: Actor, reason: str) -> None:
    _end(contract, Contract.State.TERMINATED, reason)
    end_by_basis(actor, BASIS, contract.number, reason)
    charging.end(actor, contract, _today(), reason)
    emit("contract.terminated", actor, contract.event_refs(), {"reason": reason})


def expire(contract: Contract, actor: Actor) -> None:
    _end(contract, Contract.State.EXPIRED, "expired")
    end_by_basis(actor, BASIS, contract.number, "expired")
    emit("contract.expired", actor, contract.event_refs(), {"valid_until": contract.valid_until.isoformat()})


def _today() -> date:
    return clock.today()


def _end(contract: Contract, state: str, reason: str) -> None:
    contract.state, contract.held_by, contract.reason = state, "", reason[:400]
    contract.ended_at = clock.now()
    _save(contract)


def _save(contract: Contract) -> None:
    contract.revision += 1
    contract.save(update_fields=["state", "held_by", "reason", "ended_at", "revision"])
