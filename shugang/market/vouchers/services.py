"""Issuing trade vouchers: once for each settled bill, by the system, in the transaction of the settlement."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import Sum

from shugang.evidence.hashing import commitment, new_salt
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit, iso
from shugang.kernel.models import Event
from shugang.kernel.numbering import yearly_number
from shugang.policy.codec import canonical
from shugang.policy.terms import digest
from shugang.settlement.models import Bill

from ..contracts.models import Contract
from .models import TradeVoucher


def issue_voucher(contract: Contract, bill: Bill, settled: Event) -> TradeVoucher:
    """The voucher of a settled bill; a second call for the same bill returns the first voucher.

    Its public content commits to the amount (SHA-256 of salt ‖ RFC 8785) without stating it: what was left after the credit
    notes that it names. A settled bill is not credited any more, so that no voucher is superseded.
    """
    assert bill.number is not None
    found = TradeVoucher.objects.filter(bill=bill.number).first()
    if found is not None:
        return found
    salt = new_salt()
    notes = [str(n) for n in bill.credit_notes.order_by("pk").values_list("number", flat=True)]
    taken = bill.credit_notes.aggregate(sum=Sum("tax_fen"))["sum"] or 0
    amount = {"bill": bill.number, "total_fen": bill.due_fen, "tax_fen": bill.tax_fen + taken}
    number = yearly_number("PZ", clock.today().year)
    content = _content(number, contract, bill, settled, commitment(amount, salt).sha256.hex())
    if notes:
        content["credit_notes"] = notes
    voucher = TradeVoucher.objects.create(
        number=number,
        contract=contract,
        bill=bill.number,
        content=content,
        digest=hashlib.sha256(canonical(content)).hexdigest(),
        amount=amount,
        amount_salt=salt,
        issued_at=clock.now(),
    )
    refs = [("voucher", number), ("bill", bill.number), *contract.event_refs()]
    voucher.event = emit("voucher.issued", SYSTEM, refs, {"voucher": content})
    voucher.save(update_fields=["event"])
    return voucher


def _content(number: str, contract: Contract, bill: Bill, settled: Event, amount_commitment: str) -> dict[str, Any]:
    """What the voucher says to everybody: who, what, under which contract, for which period; never the price."""
    said = contract.snapshot
    return {
        "kind": "shugang-voucher-v1",
        "number": number,
        "issued_at": iso(clock.now()),
        "supplier": said["supplier"],
        "buyer": said["buyer"],
        "product": {k: said["product"][k] for k in ("number", "name", "mode", "asset")},
        "dataset": {k: said["dataset"][k] for k in ("number", "version", "sha256")},
        "certificate": said["certificate"]["number"],
        "contract": {"number": contract.number, "sha256": contract.sha256, "sm3": contract.sm3},
        "terms_digest": digest(contract.terms),
        "period": {"from": bill.period_from.isoformat(), "to": bill.period_to.isoformat()},
        "amount_commitment": amount_commitment,
        "settlement": {"at": iso(settled.at), "event_sha256": settled.sha256},
    }
