"""A settled bill makes a trade voucher."""

from __future__ import annotations

from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.settlement.models import Bill

from ..contracts.models import Contract
from .services import issue_voucher


@on("bill.settled")
def settled(event: Event) -> None:
    refs = {r.kind: r.key for r in event.refs.all()}
    contract = Contract.objects.filter(number=refs.get("contract", "")).first()
    bill = Bill.objects.filter(number=refs.get("bill", "")).first()
    # A credit note (红字) settles nothing that was delivered; a charge without a contract here is not a trade.
    if contract is not None and bill is not None and bill.kind != Bill.Kind.CREDIT_NOTE:
        issue_voucher(contract, bill, event)
