"""A refund decided after the money was paid out: owed by those who got it, made good out of their own next pay-outs.

Nobody else's money pays it: until a pay-out of the debtor comes, the payer has a claim and no instruction is given.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet, Sum

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.parties.models import Party
from shugang.parties.organisations.queries import the_operator
from shugang.policy.money import allocate

from ..bills.models import Bill
from ..bills.services import facts
from ..ledger import accounts
from ..ledger import services as ledger
from ..ledger.models import Account
from .broking import taken_back
from .models import PayoutInstruction, Receivable, Recovery


def kept(bill: Bill, left: dict[str, int]) -> dict[str, int]:
    """Account of a part → 分 that its payee still has of the bill: `left` of the split, less what is owed back already."""
    rows = bill.receivables.values("account__code").annotate(sum=Sum("amount_fen"))
    owed = {row["account__code"]: row["sum"] for row in rows}
    return {code: amount - owed.get(code, 0) for code, amount in left.items()}


def claim(actor: Actor, bill: Bill, note: Bill, left: dict[str, int]) -> list[Receivable]:
    """Every payee of a settled bill owes its share of the note, in proportion to what it still has (largest remainder)."""
    has, total = kept(bill, left), -note.total_fen
    parts = dict(zip(has, allocate(total, list(has.values())), strict=True))
    made, lines = [], {accounts.claim(bill.buyer.number, bill.buyer_id).code: total}
    for code, part in parts.items():
        if not part:
            continue
        account = Account.objects.select_related("party").get(code=code)
        party = account.party or the_operator()
        debt = accounts.receivable(party.number, party.pk).code
        lines[debt] = lines.get(debt, 0) - part
        made.append(Receivable.objects.create(
            number=yearly_number("ZQ", clock.today().year), party=party, bill=bill, note=note, account=account,
            amount_fen=part, created_at=clock.now(),
        ))  # fmt: skip
    refs = [*bill.event_refs(), ("bill", str(note.number))]
    ledger.post(f"credit:{note.number}", "credit", lines, clock.now(), refs)
    taken_back(bill, note, parts)
    told = {"credit_note": note.number, "owed": [[r.number, r.party.number, r.amount_fen] for r in made]}
    emit("bill.refund_claimed", actor, refs, {**facts(bill), **told})
    return made


def set_off(bill: Bill, purpose: str, account: Account, payee: Party, amount: int) -> int:
    """Take what the payee owes out of its part of a later bill; each amount goes to the payer it is owed to. Returns what
    is left to pay out."""
    rows = Receivable.objects.select_for_update(of=("self",)).filter(party=payee, recovered_fen__lt=F("amount_fen"))
    for row in rows.select_related("bill__buyer", "party").order_by("pk"):
        if amount:
            amount -= _recover(row, bill, purpose, account, min(amount, row.open_fen))
    return amount


def _recover(row: Receivable, source: Bill, purpose: str, account: Account, taken: int) -> int:
    from .services import instruct  # which calls this module

    buyer = row.bill.buyer
    back = accounts.refund(buyer.number, buyer.pk)
    lines = {
        account.code: -taken, accounts.receivable(row.party.number, row.party_id).code: taken,
        accounts.claim(buyer.number, buyer.pk).code: -taken, back.code: taken,
    }  # fmt: skip
    refs = [*source.event_refs(), ("bill", str(row.bill.number))]
    ledger.post(f"offset:{row.number}:{source.number}:{purpose}", "offset", lines, clock.now(), refs)
    row.recovered_fen += taken
    row.save(update_fields=["recovered_fen"])
    order = instruct(None, "refund", back, buyer, taken, cause=f"{row.number}/{row.recoveries.count() + 1}")
    Recovery.objects.create(receivable=row, source=source, amount_fen=taken, instruction=order, at=clock.now())
    told = {"receivable": row.number, "amount_fen": taken, "open_fen": row.open_fen, "instruction": order.number}
    emit("receivable.recovered", SYSTEM, refs, told)
    return taken


def pay_out(bill: Bill, purpose: str, account: Account, payee: Party, amount: int) -> list[PayoutInstruction]:
    """Order a part of a bill's split to be paid, less what its payee owes; none where that takes all of it."""
    from .services import instruct

    left = set_off(bill, purpose, account, payee, amount)
    return [instruct(bill, purpose, account, payee, left)] if left else []


def receivables(actor: Actor, only_open: bool = False) -> QuerySet[Receivable]:
    rows: QuerySet[Receivable] = Receivable.objects.visible_to(actor).select_related("party", "bill__buyer", "note")
    return rows.filter(recovered_fen__lt=F("amount_fen")) if only_open else rows


def claimed(bill: Bill) -> int:
    """分 of the bill that is owed back, or was."""
    return int(bill.receivables.aggregate(sum=Sum("amount_fen"))["sum"] or 0)


def given_up(bill: Bill) -> int:
    """分 of the bill's parts that went to make good what their payees owed."""
    return int(bill.recoveries.aggregate(sum=Sum("amount_fen"))["sum"] or 0)


def as_json(row: Receivable) -> dict[str, Any]:
    return {
        "number": row.number, "party": row.party.number, "buyer": row.bill.buyer.number, "bill": row.bill.number,
        "credit_note": row.note.number, "amount_fen": row.amount_fen, "recovered_fen": row.recovered_fen,
        "open_fen": row.open_fen, "created_at": row.created_at,
    }  # fmt: skip
