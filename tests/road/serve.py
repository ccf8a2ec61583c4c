"""`python -m tests.road FOLDER PORT --serve`: everything is listed; two people walk the road in their browsers.

What others do meanwhile (the rival, the venue, the bank, the clock) is told on standard input, one JSON object a line:
{"do": "close"}; each is answered by one line of JSON. The end of the input ends it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from demo.calls import until
from shugang.kernel import engine
from shugang.market.auction import services as auction
from shugang.market.auction import testing as auctioneer
from shugang.market.auction.models import Auction
from shugang.market.contracts.models import Contract
from shugang.market.disputes import measures
from shugang.market.disputes.models import Dispute
from shugang.market.matching import queries as matches
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import issue_bill
from shugang.settlement.deposits.models import Deposit
from shugang.settlement.ledger.invariants import violations
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.payouts.simulator import Payment
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.services import run_reconciliation

from .bargain import SECOND, bank_day
from .stage import Road, balance, move_past, same


def compared(road: Road, demand: str) -> None:
    until(lambda: not matches.waits(demand), "the comparison")


def rival_registers(road: Road, auction_number: str) -> None:
    auction.register_bidder(road.things["jingpai"], auction_number)


def deposits(road: Road, auction_number: str) -> dict[str, int]:
    """Both bidders pay; the bank reports it."""
    due = Deposit.objects.filter(key=auction_number, state="required").order_by("pk")
    bank_day(road, [Payment(d.number, d.amount_fen, d.party.name) for d in due])
    return {"held": Deposit.objects.filter(key=auction_number, state="held").count()}


def _turns(number: str, of: str, state: str) -> None:
    """The clock, past a time of the auction; the worker takes the step."""
    row = Auction.objects.get(case__number=number)
    move_past(getattr(row, of))
    until(lambda: Auction.objects.get(pk=row.pk).state == state, f"the auction does not become {state}")


def auction_opens(road: Road, auction_number: str) -> None:
    _turns(auction_number, "opens_at", "open")
    road.things["salt"] = auctioneer.seal(road.things["jingpai"], auction_number, SECOND)


def auction_closes(road: Road, auction_number: str) -> None:
    _turns(auction_number, "closes_at", "revealing")
    auction.open_bid(road.things["jingpai"], auction_number, SECOND, road.things["salt"])


def auction_ends(road: Road, auction_number: str) -> dict[str, Any]:
    _turns(auction_number, "reveals_until", "awarded")
    row = Auction.objects.get(case__number=auction_number)
    assert row.contract is not None
    return {"contract": row.contract.number, "price_fen": row.price_fen}


def used(road: Road, contract: str) -> None:
    """Until the journal has come home and the acceptance has heard of it."""
    acceptance = Contract.objects.get(number=contract).acceptance
    until(lambda: type(acceptance).objects.get(pk=acceptance.pk).case.state == "inspecting", "the delivery")


def bill(road: Road, contract: str) -> dict[str, Any]:
    rate_period(road.things["yunying"], contract)
    made = issue_bill(road.things["yunying"], contract)
    return {"bill": made.number, "total_fen": made.total_fen}


def paid(road: Road, number: str) -> None:
    row = Bill.objects.get(number=number)
    bank_day(road, [Payment(number, row.due_fen, row.buyer.name)])
    instruct_all(road.things["yunying"])
    same(Bill.objects.get(number=number).state, "reserved", "bill")


def funds_held(road: Road, dispute: str) -> None:
    measures.order(road.things["fuhe"], dispute, {"kind": "funds", "reason": "争议期间款项不付给供方。"})


def carried_out(road: Road, dispute: str) -> dict[str, str]:
    engine.act(dispute, "execute", road.things["yunying"])
    bank_day(road, [])
    row = Dispute.objects.get(case__number=dispute)
    same(row.case.state, "closed", "dispute")
    return {"note": str(Bill.objects.get(kind="credit_note", agreement__number=row.contract.number).number)}


def window_over(road: Road, number: str) -> dict[str, int]:
    """The dispute window ends, the rest is paid out; the books are compared."""
    ends = Bill.objects.get(number=number).reserved_until
    assert ends is not None
    move_past(ends + timedelta(days=1))
    until(lambda: Bill.objects.get(number=number).state == "splitting", "the release")
    bank_day(road, [])
    same(Bill.objects.get(number=number).state, "settled", "bill")
    run = run_reconciliation(road.things["yunying"])
    return {"difference_fen": run.difference_fen, "violations": len(violations()), "bank_fen": balance("custody:bank")}


DOES: dict[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (compared, rival_registers, deposits, auction_opens, auction_closes, auction_ends, used, bill, paid, funds_held,
                carried_out, window_over)
}  # fmt: skip


def serve(road: Road) -> None:
    products = {key: road.things[f"product:{key}"].number for key in ("air", "segments")}
    print("READY " + json.dumps({**products, "supplier": road.things["supplier"].number}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"ok": DOES[asked.pop("do")](road, **asked)}
        except Exception as error:  # the browser's test says where
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("ANSWER " + json.dumps(answer, ensure_ascii=False), flush=True)
