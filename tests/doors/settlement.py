"""Doors of settlement."""

from __future__ import annotations

from typing import Any

from .base import OWN, Door, api, both, post, read

REASON = "第1行数量与我方记录不符。"
SIDES = ("gongfang", "yunying", "jianguan")
HT, ZD = "<contract:segments>", "<bill:issued>"


def _bank_line(things: dict[str, Any]) -> dict[str, str]:
    from shugang.settlement.payouts.models import BankLine

    return {"reference": BankLine.objects.get(state="suspense").bank_ref, "bill": things["bill:issued"].number}


def _nobodys(client: Any) -> None:
    """Nobody answers for the unmatched receipt yet."""
    from shugang.settlement.payouts.models import BankLine

    BankLine.objects.update(owner_id=None)


def _prepaid(client: Any) -> None:
    """The buyer has paid ahead under his contract."""
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person
    from shugang.settlement.charges.models import ChargeAgreement
    from shugang.settlement.payouts.receiving import exchange
    from shugang.settlement.payouts.simulator import Payment, simulate_bank

    for contract in ChargeAgreement.objects.values_list("number", flat=True):
        simulate_bank([Payment(f"YF-{contract}", 5_000, "示例需方")])
    exchange(actor_for(Person.objects.get(username="yunying"), second_factor=True))


def _received(client: Any) -> None:
    """A payment that the custodian has reported, so that the exchange of files has something to read."""
    from shugang.settlement.payouts.simulator import Payment, simulate_bank

    simulate_bank([Payment("另一笔", 106, "示例海沧智行科技有限公司")])


def _paid(client: Any) -> None:
    from shugang.market.disputes.measures import lift
    from shugang.market.disputes.models import DisputeMeasure
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person
    from shugang.settlement.bills.models import Bill
    from shugang.settlement.bills.services import confirm_bill
    from shugang.settlement.testing import pay

    buyer, finance, judge = (
        actor_for(Person.objects.get(username=u), second_factor=True) for u in ("xufang", "yunying", "fuhe")
    )
    for held in DisputeMeasure.objects.filter(kind="funds", lifted_at=None):
        lift(judge, held.dispute.number, "funds", "示例：已核实。")
    bill = Bill.objects.get(state="issued")
    confirm_bill(buyer, str(bill.number))
    pay(finance, Bill.objects.get(pk=bill.pk))


def _matching(client: Any) -> None:
    """The unmatched receipt is of the bill's amount, and the bill is confirmed."""
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person
    from shugang.settlement.bills.models import Bill
    from shugang.settlement.bills.services import confirm_bill
    from shugang.settlement.payouts.models import BankLine
    from shugang.settlement.payouts.receiving import exchange
    from shugang.settlement.payouts.services import return_receipt
    from shugang.settlement.payouts.simulator import Payment, simulate_bank

    buyer, finance = (actor_for(Person.objects.get(username=u), second_factor=True) for u in ("xufang", "yunying"))
    bill = Bill.objects.get(state="issued")
    confirm_bill(buyer, str(bill.number))
    return_receipt(finance, BankLine.objects.get(state="suspense").bank_ref)
    simulate_bank([Payment("没有写编号", bill.total_fen, bill.buyer.name)])
    exchange(finance)


def _failed(client: Any) -> None:
    """The bank refuses every order once."""
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person
    from shugang.settlement.payouts.models import PayoutInstruction
    from shugang.settlement.payouts.receiving import exchange
    from shugang.settlement.payouts.services import instruct_all
    from shugang.settlement.payouts.simulator import simulate_bank

    _paid(client)
    finance = actor_for(Person.objects.get(username="yunying"), second_factor=True)
    instruct_all(finance)
    exchange(finance)
    numbers = PayoutInstruction.objects.exclude(state="done").values_list("number", flat=True)
    simulate_bank(reject={n: "收款账户已变更" for n in numbers})
    exchange(finance)


def _instruction(things: dict[str, Any]) -> dict[str, str]:
    from shugang.settlement.payouts.models import PayoutInstruction

    row = PayoutInstruction.objects.filter(state="failed").first()
    return {"reference": row.number if row else ""}


def _disputed(client: Any) -> None:
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person
    from shugang.settlement.bills.models import Bill
    from shugang.settlement.bills.services import dispute_bill

    buyer = actor_for(Person.objects.get(username="xufang"), second_factor=True)
    dispute_bill(buyer, str(Bill.objects.get(state="issued").number), REASON)


def _shared(client: Any) -> None:
    """The contract shares revenue instead of charging use."""
    from shugang.policy.priceplan import PricePlan
    from shugang.settlement.charges.models import ChargeAgreement

    plan = PricePlan("revenue", unit="revenue", share_bp=500).to_json()
    ChargeAgreement.objects.update(plan=plan)


def _revenue(things: dict[str, Any]) -> dict[str, str]:
    from shugang.settlement.charges.models import ChargeAgreement

    first = ChargeAgreement.objects.get(number=things["contract:segments"].number).starts_on
    return {"period_from": first.isoformat(), "revenue_yuan": "1200.50", "basis": "应用程序本期营业收入。"}


ASKED = {"kind": "special", "title": "示例公司", "tax_number": "91990000WHA677JX76", "email": "fapiao@example.cn"}


def _asked(client: Any) -> None:
    """The buyer has asked for the invoice of his settled bill."""
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person
    from shugang.settlement.bills.models import Bill
    from shugang.settlement.invoices.services import request_invoice

    buyer = actor_for(Person.objects.get(username="xufang"), second_factor=True)
    bill = Bill.objects.filter(state="settled", kind="bill").order_by("pk").first()
    assert bill is not None
    request_invoice(buyer, str(bill.number), "bill", ASKED)


def _papers(things: dict[str, Any]) -> dict[str, str]:
    bill = things["bill:settled"]
    return {"papers": f"25352000000000000001 {bill.issued_at:%Y-%m-%d} {bill.due_fen / 100:.2f}"}


REVENUE: tuple[Door, ...] = (
    *both(f"/desk/charges/{HT}/revenue", "xufang", _revenue, prepare=_shared),
    api("GET", f"/charges/{HT}/revenue", "xufang", readers=SIDES, prepare=_shared),
    api("POST", f"/charges/{HT}/revenue", "xufang", _revenue, prepare=_shared),
)
BILLS: tuple[Door, ...] = (
    read("/desk/bills", "xufang", OWN),
    read("/desk/bills?format=csv", "xufang", OWN),
    read("/desk/bills/<bill:settled>", "xufang", readers=SIDES),
    read("/desk/bills/<bill:settled>.pdf", "xufang", readers=SIDES),
    read("/desk/bills/<bill:settled>/lines/1", "xufang", readers=SIDES),
    *both(f"/desk/bills/{ZD}/confirm", "xufang", {}),
    *both(f"/desk/bills/{ZD}/dispute", "xufang", {"reason": REASON}),
    *both(f"/desk/bills/{ZD}/void", "yunying", {"reason": "合同主体信息有误。"}),
    *both(f"/desk/bills/{ZD}/reject_dispute", "yunying", {"outcome": "reject", "reason": "已逐条核对无误。"},
          prepare=_disputed),
    read("/desk/deposits", "xufang", OWN),
    read("/desk/receivables", "gongfang", OWN),
    read("/desk/receivables?format=csv&state=open", "yunying", OWN),
    api("GET", "/receivables", "gongfang", reach=OWN),
    read("/desk/broker-statement", "gongfang", OWN),
    read("/desk/broker-statement?format=csv", "gongfang", OWN),
    api("GET", "/broker-fees", "gongfang", reach=OWN),
    read("/desk/statements", "xufang", OWN),
    read(f"/desk/statements/{HT}", "xufang", readers=SIDES),
    read(f"/desk/statements/{HT}.csv", "xufang", readers=SIDES),
    read(f"/desk/statements/{HT}.pdf", "xufang", readers=SIDES),
    read(f"/desk/statements/{HT}.xlsx", "xufang", readers=SIDES),
    *both(f"/desk/statements/{HT}/return-prepaid", "yunying", {}, prepare=_prepaid),
    read("/desk/month-statement?month=2026-04", "xufang", OWN),
    read("/desk/month-statement.xlsx", "xufang", OWN),
    read("/desk/month-statement.pdf", "xufang", OWN),
)  # fmt: skip
OPERATOR: tuple[Door, ...] = (
    read("/desk/settlement", "yunying"),
    read("/desk/settlement/drafts/<contract:companies>", "yunying"),
    post("/desk/settlement/act/rate", "yunying", {"contract": ""}),
    post("/desk/settlement/act/issue", "yunying", {"contract": "<contract:companies>"}),
    post("/desk/settlement/act/split", "yunying", prepare=_paid),
    post("/desk/settlement/act/exchange", "yunying", prepare=_received),
    read("/desk/ledger", "yunying"),
    read(f"/desk/ledger/order:{HT}:escrow", "yunying"),
    read("/desk/ledger-checks", "yunying", readers=("jianguan",)),
    read("/desk/bank", "yunying"),
    post("/desk/bank/match", "yunying", _bank_line, prepare=_matching),
    post("/desk/bank/return", "yunying", _bank_line),
    post("/desk/bank/own", "yunying", _bank_line, prepare=_nobodys),
    post("/desk/bank/retry", "yunying", _instruction, prepare=_failed),
    read("/desk/reconciliation", "yunying", readers=("jianguan",)),
    post("/desk/reconciliation/run", "yunying"),
    read("/desk/reconciliation/<run>", "yunying", readers=("jianguan",)),
    read("/desk/reconciliation/<run>.pdf", "yunying", readers=("jianguan",)),
)
API: tuple[Door, ...] = (
    api("GET", "/bills", "xufang", reach=OWN),
    api("GET", "/bills/<bill:settled>", "xufang", readers=SIDES),
    api("GET", "/bills/<bill:settled>/lines/1/uses", "xufang", readers=SIDES),
    api("POST", f"/bills/{ZD}/confirm", "xufang"),
    api("POST", f"/bills/{ZD}/dispute", "xufang", {"reason": REASON}),
    api("GET", "/deposits", "xufang", reach=OWN),
    api("GET", "/statements", "xufang", reach=OWN),
    api("GET", "/month-statement", "xufang", reach=OWN),
    api("GET", f"/statements/{HT}", "xufang", readers=SIDES),
    api("GET", "/reconciliation", "yunying", readers=("jianguan",)),
    api("GET", "/reconciliation/runs", "yunying", readers=("jianguan",)),
    api("GET", "/reconciliation/runs/<run>", "yunying", readers=("jianguan",)),
    api("POST", "/reconciliation/runs", "yunying"),
    api("POST", "/settlement/rate", "yunying"),
    api("GET", "/settlement/drafts", "yunying"),
    api("POST", "/settlement/issue", "yunying"),
    api("POST", "/settlement/exchange", "yunying", prepare=_received),
    api("POST", "/settlement/split", "yunying", prepare=_paid),
    api("GET", "/ledger", "yunying"),
    api("GET", "/ledger-checks", "yunying", readers=("jianguan",)),
    api("GET", f"/ledger/order:{HT}:escrow", "yunying"),
    api("GET", "/bank", "yunying"),
    api("POST", "/bank/match", "yunying", _bank_line, prepare=_matching),
    api("POST", "/bank/return", "yunying", _bank_line),
    api("POST", "/bank/own", "yunying", _bank_line, prepare=_nobodys),
    api("POST", "/bank/retry", "yunying", _instruction, prepare=_failed),
    api("GET", "/ledger", "yunying"),
    api("GET", f"/ledger/order:{HT}:escrow", "yunying"),
    api("GET", "/bank", "yunying"),
    api("POST", "/bank/match", "yunying", _bank_line, prepare=_matching),
    api("POST", "/bank/return", "yunying", _bank_line),
    api("POST", "/bank/retry", "yunying", _instruction, prepare=_failed),
)
INVOICES: tuple[Door, ...] = (
    read("/desk/invoices", "xufang", OWN),
    *both("/desk/invoices/new/<bill:settled>/bill", "xufang", ASKED),
    read("/desk/invoices/FP-2026-000001", "xufang", readers=SIDES, prepare=_asked),
    *both("/desk/invoices/FP-2026-000001/issue", "gongfang", _papers, prepare=_asked),
    api("GET", "/invoices", "xufang", reach=OWN),
    api("GET", "/invoices/FP-2026-000001", "xufang", readers=SIDES, prepare=_asked),
    api("POST", "/invoices", "xufang", {"bill": "<bill:settled>", "subject": "bill", **ASKED}),
    api("POST", "/invoices/FP-2026-000001/withdraw", "xufang", prepare=_asked),
)
DOORS = (*INVOICES, *REVENUE, *BILLS, *OPERATOR, *API)
