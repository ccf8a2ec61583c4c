"""Verbs of contracts: sign, propose and answer changes, suspend and resume by order, expire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import iso
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..listing.services import may_order, require_order
from . import amending, standing
from .drafting import digests
from .models import Amendment, Contract
from .process import AMENDMENT, BREACH, CHANGE


def fill_in(actor: Actor, contract_number: str, answers: Mapping[str, Any], revision: int | None = None) -> Contract:
    """Answer the template's form; the text and its digests are made again. Answers that are left out stay.

    Raises Refusal `already_signed`, `fixed_text`, `invalid_form` and what `engine.act` says.
    """
    case = engine.act(contract_number, "fill_in", actor, {"answers": dict(answers)}, revision)
    return Contract.objects.get(case=case)


def sign(
    actor: Actor, contract_number: str, own_signature: str = "", revision: int | None = None, sha256: str = ""
) -> Contract:
    """The acting side's signature; with the second one the contract is in force and its grant issued.

    `sha256`: the digest that the signer read; another one now is refused (`stale_version`).

    `own_signature`: base64 Ed25519 over the digest, context `contract:<number>`, when the key is in own custody.
    Raises Refusal: what `engine.act`, `keys.sign_digest`, the guards and `issue_grant` say.
    """
    data = {k: v for k, v in (("own_signature", own_signature), ("read", sha256)) if v}
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


@verb
def propose_amendment(
    actor: Actor, contract_number: str, reason: str, *, terms: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None, answers: Mapping[str, Any] | None = None,
) -> Amendment:  # fmt: skip
    """Put an amendment before both sides; what is left out stays. A later end of the terms renews the contract.

    Raises Refusal `not_found`, `wrong_state`, `already_proposed`, `nothing_changed`, `shorter_period`, `acceptance_fixed`,
    `price_fixed_for_term`, `outcomes_fixed`, `fixed_text`, and what the compliance check says.
    """
    _seen(actor, contract_number)
    standing.locked(contract_number)
    contract = Contract.objects.select_related(
        "product__supplier", "product__asset", "product__dataset_version__dataset", "product__certificate", "buyer",
        "supplier", "inquiry__case", "certificate__event", "grant", "case",
    ).get(number=contract_number)  # fmt: skip
    if actor.party_id not in {contract.buyer_id, contract.supplier_id}:
        raise not_found(standing.CONTRACT)
    if contract.state != Contract.State.ACTIVE:
        raise standing.wrong_state(contract)
    if contract.amendments.filter(state=Amendment.State.PENDING).exists():
        raise Refusal(
            "already_proposed",
            Text("已有一份补充协议等待签署。", "An amendment awaits its signatures already."),
            409,
        )
    said = amending.proposed(contract, terms, plan, answers or {})
    case = engine.open_case(
        AMENDMENT.code, actor, [("buyer", contract.buyer_id), ("supplier", contract.supplier_id)], contract.product.name,
        {"reason": reason}, refs=contract.event_refs(), parent=contract.case,
    )  # fmt: skip
    sequence = contract.amendments.count() + 1
    content = {
        "kind": "shugang-amendment-v1", "number": case.number, "sequence": sequence, "reason": case.data["reason"],
        "contract": {"number": contract.number, "sha256": contract.sha256}, "base": amending.base_digest(contract.current),
        **said, "drafted_at": iso(clock.now()),
    }  # fmt: skip
    sha256, sm3 = digests(content)
    return Amendment.objects.create(
        case=case, contract=contract, sequence=sequence, content=content, sha256=sha256, sm3=sm3, drafted_at=clock.now()
    )


def sign_amendment(
    actor: Actor, number: str, own_signature: str = "", revision: int | None = None, sha256: str = ""
) -> Amendment:
    """The acting side's signature under context `amendment:<number>`; with the second one it is in force.

    Raises Refusal `stale_amendment`, `late_amendment`, `stale_version` and what `sign` raises.
    """
    data = {k: v for k, v in (("own_signature", own_signature), ("read", sha256)) if v}
    return Amendment.objects.get(case=engine.act(number, "sign", actor, data, revision))


@verb
def notify_breach(actor: Actor, contract_number: str, reason: str) -> Case:
    """Give notice of a breach: the contract's own time to cure begins. Raises Refusal `not_found`, `wrong_state`,
    `already_proposed`, `forbidden`, `second_factor_required`, `invalid_form`."""
    _seen(actor, contract_number)
    contract = standing.locked(contract_number)
    sides = {contract.buyer_id, contract.supplier_id}
    if actor.party_id not in sides:
        raise not_found(standing.CONTRACT)
    if not standing.may_change(contract, "terminate", standing.PARTIES):
        raise standing.wrong_state(contract)
    open_ones = Case.objects.filter(procedure=BREACH.code, parent=contract.case, closed_at__isnull=True)
    if any(c.parties.filter(capacity="notifier", party_id=actor.party_id or 0).exists() for c in open_ones):
        raise Refusal("already_proposed", Text("您的催告还没有办结。", "Your notice is still open."), 409)
    (other,) = sides - {actor.party_id}
    days = contract.answers.get("cure_days", 10)
    return engine.open_case(
        BREACH.code, actor, [("notifier", actor.party_id or 0), ("notified", other)], contract.product.name,
        {"reason": reason, "cure_days": days}, refs=contract.event_refs(), parent=contract.case,
    )  # fmt: skip


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
    """By order at once; otherwise one side proposes, and the other side's call carries it out."""
    if may_order(actor):
        return _order(actor, contract_number, "terminate", reason)
    return _by_agreement(actor, contract_number, "terminate", reason)


@verb
def _order(actor: Actor, number: str, kind: str, reason: str) -> Contract:
    require_order(actor, reason)
    contract = standing.locked(number)
    if not standing.may_change(contract, kind, standing.ORDER):
        raise standing.wrong_state(contract)
    if kind == "suspend":
        standing.suspend(contract, actor, standing.ORDER, reason)
    elif kind == "terminate":
        standing.terminate(contract, actor, reason)
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
