"""Reads of the ledger: accounts and their entries, as far as the actor may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

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
