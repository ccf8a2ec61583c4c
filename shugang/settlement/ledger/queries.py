"""Reads of the ledger: accounts and their entries, as far as the actor may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from .. import gates
from . import invariants
from .models import Account, Entry


def accounts(actor: Actor) -> QuerySet[Account]:
    rows: QuerySet[Account] = Account.objects.visible_to(actor)
    return rows.select_related("party").order_by("kind", "code")


def account(actor: Actor, code: str) -> Account:
    """Raises Refusal `not_found`."""
    found = accounts(actor).filter(code=code).first()
    if found is None:
        raise not_found(Text("这个账户", "account"))
    return found


def entries(actor: Actor, code: str) -> QuerySet[Entry]:
    rows: QuerySet[Entry] = Entry.objects.visible_to(actor).filter(account=account(actor, code))
    return rows.select_related("transfer")


def checked(actor: Actor) -> list[tuple[invariants.Invariant, list[invariants.Violation]]]:
    """Every invariant with what breaks it now; for platform finance and the supervisor. Raises Refusal `forbidden`."""
    if not sees_every_record(actor):
        gates.require_operator(actor)
    return [(invariant, invariants.broken(invariant)) for invariant in invariants.INVARIANTS]
