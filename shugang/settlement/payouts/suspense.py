"""Receipts in suspense: each has an owner by name and an age, and the owner is reminded of an old one."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.parties.accounts.models import Person
from shugang.policy.text import Text

from .. import gates
from ..charges.services import rules
from .models import BankLine
from .services import suspended

DAYS = 3


class Waiting(NamedTuple):
    """A receipt in suspense, whole days since it came, who clears it, whether it is older than the rules' days."""

    line: BankLine
    days: int
    owner: str
    old: bool


def days_allowed() -> int:
    return int(rules(clock.today()).data.get("suspense_days", DAYS))


def waiting(lines: list[BankLine]) -> list[Waiting]:
    """Of lines that the caller read through the gate."""
    people = Person.objects.in_bulk({x.owner_id for x in lines if x.owner_id})
    allowed, now, found = days_allowed(), clock.now(), []
    for x in lines:
        days = (now - x.at).days
        owner = people[x.owner_id].display_name if x.owner_id in people else ""
        found.append(Waiting(x, days, owner, days >= allowed))
    return found


@verb
def take_over(actor: Actor, bank_ref: str) -> BankLine:
    """The acting finance person answers for a receipt in suspense. Raises Refusal `forbidden`, `not_found`, `already_done`."""
    gates.require_operator(actor)
    line = suspended(bank_ref)
    if actor.person_id is None or line.owner_id == actor.person_id:
        raise Refusal("already_done", Text("这笔款项已由您经办。", "You answer for this receipt already."), 409)
    line.owner_id = actor.person_id
    line.save(update_fields=["owner_id"])
    emit("receipt.assigned", actor, [("bank_line", bank_ref)], {"bank_ref": bank_ref, "person": actor.person_id})
    return line


@verb
def _remind(line: BankLine) -> None:
    line.reminded_at = clock.now()
    line.save(update_fields=["reminded_at"])
    told = {"bank_ref": line.bank_ref, "amount_fen": line.amount_fen, "since": line.at.isoformat()}
    emit("receipt.waiting", SYSTEM, [("bank_line", line.bank_ref)], {**told, "person": line.owner_id})


def remind_of_old() -> int:
    """The worker's pass: one event for each receipt that has waited longer than the rules allow. Returns how many."""
    rows = BankLine.objects.filter(state="suspense", reminded_at=None)
    if not rows.exists():
        return 0
    old = list(rows.filter(at__lte=clock.now() - timedelta(days=days_allowed())).order_by("pk")[:200])
    for line in old:
        _remind(line)
    return len(old)
