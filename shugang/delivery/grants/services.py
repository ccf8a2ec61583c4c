"""Verbs of grants. Each change raises the plane's revision in its own transaction, so no plane can miss it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit, iso
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.codec import TermsError
from shugang.policy.grant import Basis
from shugang.policy.terms import Terms, digest, validate
from shugang.policy.text import Text

from .. import gates
from ..planes.bundles import compile_grant
from ..planes.models import Plane
from ..planes.services import bump, platform_plane
from .keys import issue_credential, revoke_credential, take_over_keys
from .models import Grant, GrantBasis, GrantHold

__all__ = [
    "add_basis",
    "end_by_basis",
    "end_expired",
    "end_grant",
    "issue_credential",
    "issue_grant",
    "resume_by_basis",
    "resume_grant",
    "revoke_credential",
    "suspend_by_basis",
    "suspend_grant",
    "take_over_keys",
]
DECISION = "decision"


def refs(grant: Grant) -> list[tuple[str, str]]:
    """Everything upstream of a grant that its events are about."""
    found = [("grant", grant.number), ("product", grant.product)]
    if grant.contract:
        found.append(("contract", grant.contract))
    if dataset := grant.source.get("dataset"):
        found.append(("dataset", dataset))
    return found


@verb
def issue_grant(
    actor: Actor,
    *,
    grantee: Party,
    supplier: Party,
    product: str,
    contract: str,
    mode: str,
    terms: Terms,
    bases: Sequence[Mapping[str, Any]],
    source: Mapping[str, Any],
    outcomes: Mapping[str, bool],
    plane: Plane | None = None,
) -> Grant:
    """Issue a grant; the wing above decides that it may.

    `bases`: {kind, reference, digest, valid_until: datetime | ISO text | None}, at least one. `source`: from
    `grants.sources`. `plane` defaults to the platform's own. Raises Refusal `no_basis`, `bad_terms`, `no_life`.
    """
    grounds = [_basis(b) for b in bases]
    if not grounds:
        raise Refusal(
            "no_basis",
            Text("授权须有依据（合同、授权书或批复），请先办理依据。", "A grant needs a basis, such as a contract."),
            422,
        )
    try:
        validate(terms, source["columns"], mode)
    except TermsError as error:
        raise Refusal("bad_terms", error.text, 422, {error.field: error.text}) from error
    until = min([terms.valid_until, *(b.valid_until for b in grounds if b.valid_until)])
    if until <= terms.valid_from:
        raise Refusal(
            "no_life",
            Text(
                "依据在授权开始前就已到期，请先更新依据。", "The bases end before the grant begins. Please renew them."
            ),
            422,
        )
    grant = Grant.objects.create(
        number=yearly_number("SQ", clock.today().year),
        grantee=grantee,
        supplier=supplier,
        product=product,
        contract=contract,
        mode=mode,
        terms=terms.to_json(),
        terms_digest=digest(terms),
        source=dict(source),
        outcomes=dict(outcomes),
        plane=plane or platform_plane(),
        valid_from=terms.valid_from,
        valid_until=until,
        issued_at=clock.now(),
    )
    GrantBasis.objects.bulk_create(
        GrantBasis(grant=grant, kind=b.kind, reference=b.reference, digest=b.digest, valid_until=b.valid_until)
        for b in grounds
    )
    compile_grant(grant, [])  # what the plane could not read is never issued
    bump([grant.plane_id])
    payload = {
        "grantee": grantee.number,
        "supplier": supplier.number,
        "mode": mode,
        "terms_digest": grant.terms_digest,
        "bases": [[b.kind, b.reference, b.digest] for b in grounds],
        "valid_from": iso(grant.valid_from),
        "valid_until": iso(grant.valid_until),
        "plane": grant.plane.number,
    }
    emit("grant.issued", actor, refs(grant), payload)
    return grant


@verb
def add_basis(actor: Actor, number: str, basis: Mapping[str, Any]) -> Grant:
    """Rest a living grant on one more basis: its life is never longer for it.

    Raises Refusal `not_found`, `wrong_state`, `no_life`; nothing where it rests on that basis already.
    """
    grant, ground = _living(number), _basis(basis)
    if grant.bases.filter(kind=ground.kind, reference=ground.reference).exists():
        return grant
    if ground.valid_until is not None and ground.valid_until <= clock.now():
        raise Refusal("no_life", Text("这项依据已经到期。", "The basis is over."), 422)
    GrantBasis.objects.create(
        grant=grant, kind=ground.kind, reference=ground.reference, digest=ground.digest, valid_until=ground.valid_until
    )
    if ground.valid_until is not None and ground.valid_until < grant.valid_until:
        grant.valid_until = ground.valid_until
        grant.save(update_fields=["valid_until"])
    bump([grant.plane_id])
    emit("grant.basis_added", actor, refs(grant), {"basis": [ground.kind, ground.reference, ground.digest]})
    return grant


def _basis(given: Mapping[str, Any]) -> Basis:
    until = given.get("valid_until")
    if isinstance(until, str):
        until = datetime.fromisoformat(until)
    return Basis(str(given["kind"]), str(given["reference"]), str(given["digest"]), until)


def lock(number: str) -> Grant:
    """The grant under its row lock. Raises Refusal `not_found`."""
    grant = Grant.objects.select_for_update().filter(number=number).first()
    if grant is None:
        raise not_found(gates.GRANT)
    return grant


def _living(number: str) -> Grant:
    grant = lock(number)
    if grant.state == Grant.State.ENDED:
        raise Refusal(
            "wrong_state", Text("这份授权已经终止，不能再变更。", "This grant has ended and cannot be changed."), 409
        )
    return grant


def _move(grant: Grant, state: str, reason: str) -> None:
    grant.state, grant.reason = state, reason[:400]
    grant.save(update_fields=["state", "reason"])
    bump([grant.plane_id])


@verb
def suspend_grant(actor: Actor, number: str, reason: str, kind: str = DECISION, reference: str = "") -> Grant:
    """Place a hold: the plane refuses from its next bundle on (≤ 1 s on one site). Keys stay valid for later.

    A second hold of the same kind and reference changes only the reason. Raises Refusal `not_found`, `wrong_state`.
    """
    grant = _living(number)
    GrantHold.objects.update_or_create(
        grant=grant, kind=kind, reference=reference, lifted_at=None,
        defaults={"reason": reason[:400], "placed_at": clock.now()},
    )  # fmt: skip
    _move(grant, Grant.State.SUSPENDED, reason)
    emit("grant.suspended", actor, refs(grant), {"reason": reason, "hold": [kind, reference]})
    return grant


@verb
def resume_grant(actor: Actor, number: str, kind: str = DECISION, reference: str = "") -> Grant:
    """Lift one hold; the grant is active again when it was the last one.

    Raises Refusal `not_found`, `wrong_state` (ended, or no such hold stands).
    """
    grant = _living(number)
    lifted = grant.holds.filter(kind=kind, reference=reference, lifted_at=None).update(lifted_at=clock.now())
    if not lifted:
        raise Refusal(
            "wrong_state",
            Text("这份授权没有可解除的暂停。", "No such suspension stands on this grant."),
            409,
        )
    other = grant.holds.filter(lifted_at=None).order_by("id").first()
    if other is None:
        _move(grant, Grant.State.ACTIVE, "")
        emit("grant.resumed", actor, refs(grant), {"hold": [kind, reference]})
    else:
        _move(grant, Grant.State.SUSPENDED, other.reason)
        emit("grant.hold_lifted", actor, refs(grant), {"hold": [kind, reference]})
    return grant


@verb
def end_grant(actor: Actor, number: str, reason: str) -> Grant:
    """End a grant for good. Raises Refusal `not_found`, `wrong_state` when it has already ended."""
    grant = _living(number)
    _end(grant, reason)
    emit("grant.ended", actor, refs(grant), {"reason": reason})
    return grant


def _end(grant: Grant, reason: str) -> None:
    """State and moment in one update: the table's constraint holds them together."""
    grant.state, grant.reason, grant.ended_at = Grant.State.ENDED, reason[:400], clock.now()
    grant.save(update_fields=["state", "reason", "ended_at"])
    bump([grant.plane_id])


def _on_basis(kind: str, reference: str) -> list[str]:
    """Living grants that stand on a basis, in id order (locks are always taken so)."""
    rows = Grant.objects.filter(bases__kind=kind, bases__reference=reference).exclude(state=Grant.State.ENDED)
    return list(rows.order_by("id").values_list("number", flat=True))


@transaction.atomic
def suspend_by_basis(actor: Actor, kind: str, reference: str, reason: str) -> list[str]:
    """Suspend every living grant that stands on a basis; returns their numbers. Repeating it changes nothing."""
    found = []
    for number in _on_basis(kind, reference):
        if not GrantHold.objects.filter(grant__number=number, kind=kind, reference=reference, lifted_at=None).exists():
            suspend_grant(actor, number, reason, kind, reference)
            found.append(number)
    return found


@transaction.atomic
def resume_by_basis(actor: Actor, kind: str, reference: str) -> list[str]:
    """Lift the holds that this basis placed; returns the numbers. Other holds keep their grants suspended."""
    found = []
    for number in _on_basis(kind, reference):
        if GrantHold.objects.filter(grant__number=number, kind=kind, reference=reference, lifted_at=None).exists():
            resume_grant(actor, number, kind, reference)
            found.append(number)
    return found


@transaction.atomic
def end_by_basis(actor: Actor, kind: str, reference: str, reason: str) -> list[str]:
    """End every living grant that stands on a basis; returns their numbers."""
    found = _on_basis(kind, reference)
    for number in found:
        end_grant(actor, number, reason)
    return found


def end_expired() -> int:
    """Mark grants whose life is over; planes have refused since that moment by themselves. Returns how many."""
    count = 0
    rows = Grant.objects.exclude(state=Grant.State.ENDED).filter(valid_until__lte=clock.now())
    for number in list(rows.order_by("id").values_list("number", flat=True)[:200]):
        count += _expire(number)
    return count


def _expire(number: str) -> int:
    with transaction.atomic():
        grant = lock(number)
        if grant.state == Grant.State.ENDED or grant.valid_until > clock.now():
            return 0
        _end(grant, "expired")
        emit("grant.ended", SYSTEM, refs(grant), {"reason": "expired"})
        return 1
