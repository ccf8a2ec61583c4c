"""Verbs of contracts: sign, propose and answer changes, suspend and resume by order, expire."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..listing.services import may_order, require_order
from . import standing
from .models import Contract
from .process import CHANGE


def sign(actor: Actor, contract_number: str, own_signature: str = "", revision: int | None = None) -> Contract:
    """The acting side's signature; with the second one the contract is in force and its grant issued.

    `own_signature`: base64 Ed25519 over the digest, context `contract:<number>`, when the key is in own custody.
    Raises Refusal: what `engine.act`, `keys.sign_digest`, the guards and `issue_grant` say.
    """
    data = {"own_signature": own_signature} if own_signature else {}
    case = engine.act(contract_number, "sign", actor, data, revision)
    return Contract.objects.get(case=case)


def _seen(actor: Actor, number: str) -> Contract:
    found = Contract.objects.visible_to(actor).filter(number=number).first()
    if found is None:
        raise not_found(standing.CONTRACT)
    return found


def open_change(contract: Contract, kind: str) -> Case | None:
    """A proposal of this kind that still waits for an answer."""
    found = Case.objects.filter(procedure=CHANGE.code, parent=contract.case, closed_at__isnull=True)
    return next((c for c in found if c.data["kind"] == kind), None)


@verb
def propose_change(actor: Actor, contract_number: str, kind: str, reason: str) -> Case:
    """One side proposes to terminate, suspend or resume; the other answers in the case.

    Raises Refusal `not_found`, `wrong_state`, `already_proposed`, `forbidden`, `second_factor_required`, `invalid_form`.
    """
    _seen(actor, contract_number)
    contract = standing.locked(contract_number)
    sides = {contract.buyer_id, contract.supplier_id}
    if actor.party_id not in sides:
        raise not_found(standing.CONTRACT)
    if not standing.may_change(contract, kind, standing.PARTIES):
        raise standing.wrong_state(contract)
    if open_change(contract, kind) is not None:
        raise Refusal(
            "already_proposed",
            Text("已有同样的提议在等待答复。", "The same has been proposed and awaits an answer."),
            409,
        )
    (other,) = sides - {actor.party_id}
    return engine.open_case(
        CHANGE.code,
        actor,
        [("proposer", actor.party_id or 0), ("other", other)],
        contract.product.name,
        {"kind": kind, "reason": reason},
        refs=contract.event_refs(),
        parent=contract.case,
    )


@transaction.atomic
def _by_agreement(actor: Actor, number: str, kind: str, reason: str) -> Contract:
    """Answer the other side's proposal with yes when there is one, otherwise propose."""
    contract = _seen(actor, number)
    waiting = open_change(contract, kind)
    if waiting is not None and waiting.parties.filter(capacity="other", party_id=actor.party_id or 0).exists():
        engine.act(waiting.number, "agree", actor)
    else:
        propose_change(actor, number, kind, reason)
    return Contract.objects.get(pk=contract.pk)


def suspend(actor: Actor, contract_number: str, reason: str) -> Contract:
    """By order (operator's reviewer, regulator's supervisor) at once; by a party when the other side agrees as well.

    Raises Refusal `not_found`, `forbidden`, `reason_required`, `wrong_state`, `already_proposed`.
    """
    if may_order(actor):
        return _order(actor, contract_number, "suspend", reason)
    return _by_agreement(actor, contract_number, "suspend", reason)


def resume(actor: Actor, contract_number: str, reason: str) -> Contract:
    """What was suspended by order is resumed by order; what the parties suspended, by both of them."""
    if may_order(actor):
        return _order(actor, contract_number, "resume", reason)
    return _by_agreement(actor, contract_number, "resume", reason)


def terminate(actor: Actor, contract_number: str, reason: str) -> Contract:
    """One side proposes, the other side's call carries it out."""
    return _by_agreement(actor, contract_number, "terminate", reason)


@verb
def _order(actor: Actor, number: str, kind: str, reason: str) -> Contract:
    require_order(actor, reason)
    contract = standing.locked(number)
    if not standing.may_change(contract, kind, standing.ORDER):
        raise standing.wrong_state(contract)
    if kind == "suspend":
        standing.suspend(contract, actor, standing.ORDER, reason)
    else:
        standing.resume(contract, actor, reason)
    return contract


def expire_due() -> int:
    """End every contract whose period is over. Returns how many."""
    due = Contract.objects.filter(state__in=["active", "suspended"], valid_until__lte=clock.now()).order_by("id")
    return sum(_expire(number) for number in list(due.values_list("number", flat=True)[:200]))


def _expire(number: str) -> int:
    with transaction.atomic():
        contract = standing.locked(number)
        if contract.state not in {"active", "suspended"} or contract.valid_until > clock.now():
            return 0
        standing.expire(contract, SYSTEM)
        return 1


CHANGES: dict[str, Callable[[Actor, str, str], Contract]] = {
    "suspend": suspend,
    "resume": resume,
    "terminate": terminate,
}


def unknown_change(kind: str) -> Refusal:
    message = Text(f"没有“{kind[:20]}”这种变更。", f"There is no change “{kind[:20]}”.")
    return Refusal("invalid_form", message, 422, {"kind": message})
