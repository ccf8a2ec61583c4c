"""The verbs on deposits: ask for, return, forfeit. Other wings call them inside their own verbs, whose gates apply."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..ledger import accounts
from ..ledger import services as ledger
from ..ledger.models import Account
from ..payouts.models import BankLine, PayoutInstruction
from ..payouts.services import instruct
from .models import Deposit

PREFIX = "BZ"
DEPOSIT = Text("这笔保证金", "deposit")
STATES: dict[str, tuple[str, Text]] = {
    "required": ("run", Text("待缴纳", "To be paid")),
    "held": ("ok", Text("已缴纳，存管中", "Paid, held by the custodian")),
    "returning": ("run", Text("退还办理中", "Being returned")),
    "returned": ("off", Text("已退还", "Returned")),
    "forfeiting": ("warn", Text("扣划办理中", "Being forfeited")),
    "forfeited": ("off", Text("已扣划", "Forfeited")),
    "cancelled": ("off", Text("无须缴纳", "No longer required")),
}
_DONE = {"returning": "returned", "forfeiting": "forfeited"}


def take_deposit(
    actor: Actor, party: Party, key: str, amount_fen: int, refs: Iterable[tuple[str, str]] = (), title: str = ""
) -> Deposit:
    """The party's deposit under `key`, asked for at the first call; `held` once the custodian has reported it.

    `amount_fen` 分. The party pays exactly that with the deposit's number as reference. Asking again changes nothing.
    Raises Refusal `deposit_differs` for another amount under the same key.
    """
    mine = Deposit.objects.filter(party=party, key=key)
    found = mine.first()
    if found is None:
        try:
            return _ask(actor, party, key, amount_fen, refs, title)
        except IntegrityError:  # asked for by another request at the same moment
            found = mine.get()
    if found.amount_fen != amount_fen:
        raise Refusal(
            "deposit_differs",
            Text("这项保证金已按另一金额要求过，不能改变金额。", "This deposit was asked for with another amount."),
            409,
        )
    return found


@verb
def _ask(actor: Actor, party: Party, key: str, amount_fen: int, refs: Iterable[tuple[str, str]], title: str) -> Deposit:
    row = Deposit.objects.create(
        number=yearly_number(PREFIX, clock.today().year),
        party=party,
        key=key,
        title=title[:200],
        amount_fen=amount_fen,
        refs=sorted([list(pair) for pair in set(refs)]),
        asked_at=clock.now(),
    )
    emit("deposit.required", actor, row.event_refs(), {"deposit": row.number, "amount_fen": amount_fen})
    return row


def receive(actor: Actor, line: BankLine, number: str, source: Account) -> Text | None:
    """Hold a receipt that names a deposit; otherwise say why it does not fit. The caller runs in a verb."""
    row = Deposit.objects.select_for_update(of=("self",)).filter(number=number).first()
    if row is None:
        return Text("附言中的保证金编号不存在", "The reference names no deposit")
    if row.state != Deposit.State.REQUIRED:
        return Text("该笔保证金当前不需要缴纳", "That deposit is not awaiting payment")
    if row.amount_fen != line.amount_fen:
        return Text("金额与应缴保证金不一致", "The amount differs from the deposit")
    account = accounts.deposit(row.party.number, row.party_id)
    key = f"deposit:{line.bank_ref}:{row.number}"
    row.held = ledger.hold(key, source.code, account.code, row.amount_fen, line.at, row.event_refs())
    row.state, row.paid_at = Deposit.State.HELD, line.at
    row.save(update_fields=["state", "held", "paid_at"])
    line.transfer, line.party, line.state = row.held, row.party, BankLine.State.MATCHED
    line.note_zh = line.note_en = ""
    line.save()
    emit("deposit.held", actor, row.event_refs(), {"deposit": row.number, "bank_ref": line.bank_ref})
    return None


def awaiting(amount_fen: int) -> list[str]:
    """Deposits that a receipt of this amount could be."""
    rows = Deposit.objects.filter(state="required", amount_fen=amount_fen).order_by("pk")
    return [str(number) for number in rows.values_list("number", flat=True)]


def _lock(party: Party, key: str) -> Deposit:
    row = Deposit.objects.select_for_update(of=("self",)).filter(party=party, key=key).first()
    if row is None:
        raise not_found(DEPOSIT)
    return row


def _refuse(row: Deposit) -> Refusal:
    now = STATES[row.state][1]
    return Refusal(
        "wrong_state",
        Text(f"保证金当前“{now.zh}”，不能再次处理。", f"The deposit is “{now.en}”; it is not dealt with again."),
        409,
    )


@verb
def return_deposit(actor: Actor, party: Party, key: str, reason: str) -> Deposit:
    """Order the custodian to pay a held deposit back; one that was never paid is cancelled.

    Raises Refusal `not_found`, `wrong_state` (it was returned or forfeited before).
    """
    row = _lock(party, key)
    if row.state == Deposit.State.REQUIRED:
        row.state, row.ended_at = Deposit.State.CANCELLED, clock.now()
    elif row.state == Deposit.State.HELD:
        assert row.held is not None
        account = accounts.refund(party.number, party.pk)
        ledger.release(f"deposit-return:{row.number}", row.held, account.code, clock.now(), row.event_refs())
        instruct(None, "deposit", account, party, row.amount_fen, cause=row.number)
        row.state = Deposit.State.RETURNING
    else:
        raise _refuse(row)
    row.reason = reason[:400]
    row.save(update_fields=["state", "reason", "ended_at"])
    emit(f"deposit.{row.state}", actor, row.event_refs(), {"deposit": row.number, "reason": reason})
    return row


@verb
def forfeit_deposit(
    actor: Actor, party: Party, key: str, *, to: Party, reason: str, amount_fen: int | None = None
) -> Deposit:
    """Pay a held deposit, or `amount_fen` of it, to another party; the rest goes back to its payer.

    Raises Refusal `not_found`, `wrong_state`, `invalid_amount` (more than the deposit, or nothing).
    """
    row = _lock(party, key)
    if row.state != Deposit.State.HELD:
        raise _refuse(row)
    assert row.held is not None
    taken = row.amount_fen if amount_fen is None else amount_fen
    if not 0 < taken <= row.amount_fen or to.pk == party.pk:
        raise Refusal(
            "invalid_amount",
            Text("扣划金额须大于零且不超过保证金，收款方须是另一机构。",
                 "What is forfeited is above 0, at most the deposit, and goes to another party."),
            422,
        )  # fmt: skip
    parts = [("forfeit", accounts.payable(to.number, to.pk), to, taken)]
    if rest := row.amount_fen - taken:
        parts.append(("deposit", accounts.refund(party.number, party.pk), party, rest))
    shares = {account.code: part for _, account, _, part in parts}
    ledger.settle(f"deposit-forfeit:{row.number}", row.held, shares, clock.now(), row.event_refs())
    orders = [
        instruct(None, purpose, account, payee, part, cause=row.number) for purpose, account, payee, part in parts
    ]
    row.state, row.beneficiary, row.forfeited_fen, row.reason = Deposit.State.FORFEITING, to, taken, reason[:400]
    row.save(update_fields=["state", "beneficiary", "forfeited_fen", "reason"])
    told = {"deposit": row.number, "to": to.number, "amount_fen": taken, "reason": reason}
    emit("deposit.forfeiting", actor, row.event_refs(), {**told, "instructions": [o.number for o in orders]})
    return row


def close_when_paid_out(actor: Actor, number: str) -> None:
    """The deposit is over when the custodian has executed every instruction that it caused."""
    row = Deposit.objects.select_for_update(of=("self",)).filter(number=number).first()
    if row is None or row.state not in _DONE:
        return
    if PayoutInstruction.objects.filter(cause=number).exclude(state="done").exists():
        return
    row.state, row.ended_at = _DONE[row.state], clock.now()
    row.save(update_fields=["state", "ended_at"])
    emit(f"deposit.{row.state}", actor, row.event_refs(), {"deposit": row.number})
