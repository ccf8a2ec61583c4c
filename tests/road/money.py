"""Bills, the split, a dispute that holds the money, a part of it refunded, and the statement that comes to nothing."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import Client

from demo.calls import get, until
from shugang.kernel import engine, sequencer
from shugang.kernel.models import Event
from shugang.market.disputes import bundle, measures
from shugang.market.disputes import queries as disputes
from shugang.market.disputes import services as dispute
from shugang.market.vouchers.models import TradeVoucher
from shugang.parties.testing import sign_in
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill, issue_bill
from shugang.settlement.ledger.invariants import violations
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.payouts.models import PayoutInstruction
from shugang.settlement.payouts.reserve import release_reserve
from shugang.settlement.payouts.services import instruct_all
from shugang.settlement.payouts.simulator import Payment
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.services import run_reconciliation

from .bargain import SECOND, bank_day, shugang
from .deliver import FOUND, MISSED
from .people import AGREED
from .stage import Road, balance, move_past, refused, same

# By hand. 47 look-ups at 0.333 元 are 15.651 元, rounded once: 15.65 元. The venue keeps 5 %, tax of 6 % inside:
#   air       15250.01 → 762.50 (719.34 + 43.16), supplier 14487.51
#   segments     15.65 →   0.78 (  0.74 +  0.04), supplier    14.87
USED = 1_565
AIR, SEGMENTS = (1_448_751, 71_934, 4_316), (1_487, 74, 4)
REFUND, LEFT = 123_456, SECOND - 123_456
# 1234.56 out of the three parts in proportion, the largest remainders rounded up: 1172.8312…, 58.2339…, 3.4939…
TAKEN = (117_283, 5_823, 350)
CLAIM: dict[str, Any] = {
    "kind": "quality", "remedies": ["refund"], "claim_fen": "3000.00", "statement": "缺两天的数据，见合同质量条款。",
}  # fmt: skip


def _bill(road: Road, key: str) -> Bill:
    return Bill.objects.get(pk=road.things[f"bill:{key}"].pk)


def bill(road: Road) -> None:
    """Rated from the records, issued, checked and confirmed by the buyer, paid at the bank into escrow."""
    finance, buyer, supplier = (road.things[n] for n in ("yunying", "xufang", "gongfang"))
    with road.step("bill", "平台财务 → 需方 → 存管银行") as said:
        for key, amount in (("segments", USED), ("air", SECOND)):
            number = road.things[f"contract:{key}"].number
            refused("forbidden", lambda n=number: rate_period(buyer, n))
            rate_period(finance, number)
            made = road.things[f"bill:{key}"] = issue_bill(finance, number)
            same((made.state, made.total_fen), ("issued", amount), key)
            refused("forbidden", lambda b=made: confirm_bill(supplier, str(b.number)))
            confirm_bill(buyer, str(made.number))
            same(rate_period(finance, number), None, "what is billed is not billed again")
            said.append(f"{made.number} ¥{amount / 100:,.2f}")
        lines = (
            _bill(road, "segments").lines.order_by("-amount_fen").values_list("quantity", "unit_price_e8", "amount_fen")
        )
        same(list(lines), [(FOUND, AGREED.unit_price_e8, USED), (MISSED, 0, 0)], "lines")
        bank_day(
            road, [Payment(str(_bill(road, k).number), _bill(road, k).due_fen, "海沧智行") for k in ("segments", "air")]
        )
        for key, amount in (("segments", USED), ("air", SECOND)):
            same(_bill(road, key).state, "paid", key)
            same(balance(f"order:{road.things[f'contract:{key}'].number}:escrow"), amount, f"escrow of {key}")
        same(balance("custody:bank"), -(USED + SECOND), "mirror of the bank")


def _parts(road: Road) -> tuple[int, int, int]:
    supplier = road.things["supplier"].number
    return balance(f"seller:{supplier}:reserve"), balance("platform:commission"), balance("platform:vat")


def split(road: Road) -> None:
    """Divided at once; the parts stay with the custodian for the seven days of the dispute window."""
    finance = road.things["yunying"]
    with road.step("split", "平台 → 存管银行") as said:
        same(len(instruct_all(finance)), 2, "bills to split")
        same(_parts(road), tuple(a + b for a, b in zip(AIR, SEGMENTS, strict=True)), "parts")
        same([_bill(road, k).state for k in ("air", "segments")], ["reserved", "reserved"], "bills")
        refused("too_early", lambda: release_reserve(finance, str(_bill(road, "air").number)))
        same(PayoutInstruction.objects.filter(bill__isnull=False).exists(), False, "ordered within the window")
        said.append(
            f"供方 ¥{AIR[0] / 100:,.2f} + ¥{SEGMENTS[0] / 100:,.2f}，留存至{_bill(road, 'air').reserved_until:%m-%d}"
        )


def contend(road: Road) -> None:
    """The buyer claims, the mediator holds the money; the undisputed bill is paid out, the disputed one is not; both sign."""
    buyer, supplier, rival = (road.things[n] for n in ("xufang", "gongfang", "jingpai"))
    mediator, officer = road.things["fuhe"], road.things["yunying"]
    contract = road.things["contract:air"].number
    with road.step("dispute", "需方 ⇄ 供方；运营机构调解") as said:
        refused("not_found", lambda: dispute.open_dispute(rival, contract, CLAIM))
        refused("invalid_form", lambda: dispute.open_dispute(buyer, contract, {**CLAIM, "claim_fen": "15250.02"}))
        made = road.things["dispute"] = dispute.open_dispute(buyer, contract, CLAIM)
        refused("not_found", lambda: disputes.get_dispute(rival, made.number))
        engine.act(made.number, "answer", supplier, {"stance": "partly", "statement": "缺测属实，愿按天数退还。"})
        refused("forbidden", lambda: measures.order(buyer, made.number, {"kind": "funds", "reason": "请冻结。"}))
        measures.order(mediator, made.number, {"kind": "funds", "reason": "争议期间款项不付出。"})
        _after_the_window(road)
        first = dispute.propose_settlement(
            supplier, made.number, {"refund_fen": "800.00", "access": "continue", "text": "退还八百元。"}
        )
        engine.act(first.case.number, "decline", buyer, {"reason": "不足缺测的比例。"})
        other = dispute.propose_settlement(
            officer, made.number, {"refund_fen": "1234.56", "access": "continue", "text": "按缺测比例退还，双方再无争议。"}
        )  # fmt: skip
        engine.act(other.case.number, "sign", buyer)
        same(_state(made), "negotiating", "one signature settles nothing")
        engine.act(other.case.number, "sign", supplier)
        same(_state(made), "executing", "dispute")
        said.append(f"{made.number}，和解退还 ¥{REFUND / 100:,.2f}")


def _state(made: Any) -> str:
    return str(disputes.Dispute.objects.get(pk=made.pk).case.state)


def _after_the_window(road: Road) -> None:
    """Its seven days end: the worker releases what nobody disputes, and the bank pays it out."""
    ends = _bill(road, "air").reserved_until
    assert ends is not None
    move_past(ends + timedelta(days=1))
    until(lambda: _bill(road, "segments").state == "splitting", "the release")
    bank_day(road, [])
    same([_bill(road, k).state for k in ("segments", "air")], ["settled", "reserved"], "bills")
    refused("funds_held", lambda: release_reserve(road.things["yunying"], str(_bill(road, "air").number)))
    same(_parts(road), AIR, "parts of the disputed bill")
    same(balance("custody:bank"), -SECOND, "mirror of the bank")


def refund(road: Road) -> None:
    """Platform finance carries the settlement out; the bank pays the buyer, then what is left is released."""
    finance, buyer = road.things["yunying"], road.things["xufang"]
    made = road.things["dispute"]
    with road.step("refund", "平台财务 → 存管银行 → 需方") as said:
        refused("forbidden", lambda: engine.act(made.number, "execute", buyer))
        engine.act(made.number, "execute", finance)
        same(_state(made), "closed", "dispute")
        same(_parts(road), tuple(a - b for a, b in zip(AIR, TAKEN, strict=True)), "parts after the refund")
        until(lambda: _bill(road, "air").state == "splitting", "the release of what is left")
        bank_day(road, [])
        same(_bill(road, "air").state, "settled", "bill")
        same((_parts(road), balance("custody:bank")), ((0, 0, 0), 0), "everything is paid out")
        said.append(f"退需方 ¥{REFUND / 100:,.2f}，付供方 ¥{(AIR[0] - TAKEN[0]) / 100:,.2f}")
        road.facts["paid_out"] = {
            purpose: sum(PayoutInstruction.objects.filter(purpose=purpose, state="done").values_list("amount_fen", flat=True))
            for purpose in ("supplier", "commission", "vat", "refund", "deposit")
        }  # fmt: skip


def credit_note(road: Road) -> None:
    """The note says what was taken off; never more than is left. The record leaves in one file."""
    finance, made = road.things["yunying"], road.things["dispute"]
    with road.step("credit note", "平台财务") as said:
        whole = _bill(road, "air")
        note = road.things["note"] = whole.credit_notes.get()
        same((note.kind, note.partial, note.total_fen, whole.due_fen), ("credit_note", True, -REFUND, LEFT), "note")
        same(note.tax_fen, -round(REFUND * 6 / 106), "tax taken back with it")
        refused("credit_too_large", lambda: credit_bill(finance, str(whole.number), {1: LEFT + 1}, "多退一分钱试试。"))
        until(lambda: sequencer.status()["backlog"] == 0, "the sequencer")
        row = bundle.export_bundle(road.things["xufang"], made.number)
        until(lambda: sequencer.receipt_for(Event.objects.get(pk=row.event_id)) is not None, "the export's entry")
        path = Path(road.things["folder"]) / "bundle.zip"
        path.write_bytes(bundle.bundle_bytes(row))
        shugang(road, "verify-bundle", str(path), "--key", road.things["vkey"])
        said.append(f"{note.number} −¥{REFUND / 100:,.2f}；证据包离线核对通过")


def _page(road: Road, actor: Any, address: str) -> Any:
    """As this person's browser would fetch it from the platform's own process."""
    cookie = sign_in(Client(), actor).cookies["sessionid"].value
    request = urllib.request.Request(f"{road.things['url']}{address}", headers={"Cookie": f"sessionid={cookie}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def statement(road: Road) -> None:
    """Page, PDF and Excel for each side, nothing for a stranger; the daily reconciliation finds 0 分."""
    buyer, supplier, rival = (road.things[n] for n in ("xufang", "gongfang", "jingpai"))
    number = road.things["contract:air"].number
    with road.step("statement", "需方、供方；平台对账") as said:
        for actor in (buyer, supplier):
            status, page = _page(road, actor, f"/desk/statements/{number}")
            same(status, 200, "statement")
            text = page.decode()
            wanted = ("15,250.01", "1,234.56", "14,015.45", str(road.things["note"].number))
            same([w for w in wanted if w not in text], [], "missing on the page")
        for ending in ("pdf", "xlsx"):
            status, body = _page(road, buyer, f"/desk/statements/{number}.{ending}")
            same(status, 200, ending)
            (Path(road.things["folder"]) / f"statement.{ending}").write_bytes(body)
        same(_page(road, rival, f"/desk/statements/{number}")[0], 404, "a stranger")
        vouchers = list(TradeVoucher.objects.order_by("pk"))
        same(len(vouchers), 2, "vouchers")
        for voucher in vouchers:
            shown = get(f"{road.things['url']}/verify/{voucher.number}", "")
            same((shown.status, b"15,250" in shown.body), (200, False), "a public voucher without its price")
        run = run_reconciliation(road.things["yunying"])
        same((run.difference_fen, violations()), (0, []), "reconciliation")
        same(balance("custody:bank"), 0, "mirror of the bank")
        until(lambda: sequencer.status()["backlog"] == 0, "the sequencer")
        shugang(road, "verify", f"{road.things['url']}/log", "--key", road.things["vkey"])
        said.append(f"{run.number} 差异0分；日志{sequencer.status()['size']}条一致")
        road.facts["reconciliation"] = {"difference_fen": run.difference_fen, "checks": run.report["checks"]}
        road.facts["vkey"], road.facts["contract"] = road.things["vkey"], number
