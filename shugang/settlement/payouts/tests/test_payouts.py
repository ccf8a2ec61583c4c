"""Money follows the custodian's signed reports only, once each, and is divided to the 分."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.settlement.bills.models import Bill
from shugang.settlement.bills.services import confirm_bill
from shugang.settlement.ledger.models import Account, Entry
from shugang.settlement.payouts import bank, services
from shugang.settlement.payouts.models import BankFile, BankLine, PayoutInstruction
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.payouts.split import shares
from shugang.settlement.testing import issue, make_agreement, pay, settle

HT = "HT-2026-000001"
NOVEMBER = datetime(2026, 11, 10, 3, tzinfo=UTC)
database = [pytest.mark.django_db, pytest.mark.both]


@given(st.integers(1, 10**12), st.integers(0, 10_000), st.integers(0, 2000))
def test_shares_sum_to_the_bill_exactly(total, commission_bp, vat_bp):
    """Every 分 goes somewhere; each share lies within 1 分 of its exact value."""
    parts = shares(total, commission_bp, vat_bp)
    assert sum(parts) == total
    assert min(parts) >= 0
    assert abs(parts.supplier * 10_000 - total * (10_000 - commission_bp)) < 10_000
    gross = parts.commission + parts.vat
    assert abs(parts.vat * (10_000 + vat_bp) - gross * vat_bp) * 2 <= 10_000 + vat_bp


def test_the_split_of_a_known_bill():
    """¥100.03 at 5 %: 5.0015 rounds to 5.00 by largest remainder; its tax is 5.00·6/106 = 0.28."""
    assert shares(10_003, 500, 600) == (9_503, 472, 28, 0)


def test_two_processes_may_write_the_same_order_at_once(monkeypatch, tmp_path):
    """The worker and platform finance both send what is due: while one flushes its file, the other writes it whole."""
    path, flush, others = tmp_path / "FZ-2026-000001-1.json", bank.os.fsync, [b"the same order"]

    def flushed(handle: int) -> None:
        if others:
            bank._write(path, others.pop())
            assert path.read_bytes() == b"the same order"
        flush(handle)

    monkeypatch.setattr(bank.os, "fsync", flushed)
    bank._write(path, b"the same order")
    assert path.read_bytes() == b"the same order" and list(tmp_path.glob("FZ-*")) == [path]


@pytest.fixture
def bill(market, use):
    """An issued bill of ¥100.10, confirmed by the buyer."""
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 286, NOVEMBER)
    found = issue(market.finance, HT)
    assert found.total_fen == 10_010
    return confirm_bill(market.buyer_finance, found.number)


def balances() -> dict[str, int]:
    return {a.code: a.balance for a in Account.objects.all() if a.balance}


def state(bill: Bill) -> str:
    return str(Bill.objects.values_list("state", flat=True).get(pk=bill.pk))


def footprint() -> tuple[object, ...]:
    return (
        balances(),
        Entry.objects.count(),
        BankLine.objects.count(),
        Event.objects.count(),
        list(Bill.objects.values_list("state", "revision")),
    )


class TestTheWholeWay:
    pytestmark = database

    def test_receipt_split_payout_settled(self, market, bill):
        """Given a confirmed bill, when the custodian reports, then each posting mirrors a line of its report and
        in the end nothing is left in any account."""
        pay(market.finance, bill)
        assert state(bill) == "paid"
        assert balances() == {"custody:bank": -10_010, f"order:{HT}:escrow": 10_010}
        services.instruct_all(market.finance)
        assert state(bill) == "splitting"
        assert balances() == {
            "custody:bank": -10_010,
            f"seller:{market.supplier.number}:payable": 9_510,
            "platform:commission": 472,
            "platform:vat": 28,
        }
        simulate_bank()
        exchange(market.finance)
        assert state(bill) == "settled"
        assert balances() == {}
        kinds = list(Event.objects.filter(kind__startswith="bill.").order_by("id").values_list("kind", flat=True))
        assert kinds == ["bill.drafted", "bill.issued", "bill.confirmed", "bill.paid", "bill.split", "bill.settled"]

    def test_everything_is_sent_and_read_once(self, market, bill):
        settled = settle(market.finance, market.buyer_finance, _again(market, bill))
        before = footprint()
        assert bank.send_instructions() == []
        assert exchange(market.finance) == []
        BankFile.objects.all()
        assert footprint() == before
        assert settled.state == "settled"

    def test_a_failed_payout_is_sent_again(self, market, bill):
        pay(market.finance, bill)
        services.instruct_all(market.finance)
        order = PayoutInstruction.objects.get(purpose="supplier")
        simulate_bank(reject={order.number: "收款账户已注销"})
        exchange(market.finance)
        order.refresh_from_db()
        assert (state(bill), order.state, order.reason) == ("failed", "failed", "收款账户已注销")
        assert balances() == {"custody:bank": -9_510, f"seller:{market.supplier.number}:payable": 9_510}
        with pytest.raises(Refusal):
            services.retry_instruction(market.buyer_finance, order.number)
        services.retry_instruction(market.finance, order.number)
        assert state(bill) == "splitting"
        bank.send_instructions()
        simulate_bank()
        exchange(market.finance)
        assert (state(bill), balances()) == ("settled", {})

    def test_a_refund_pays_the_buyer_back_in_full(self, market, bill):
        pay(market.finance, bill)
        services.refund_bill(market.finance, bill.number, "双方同意解除合同")
        assert balances() == {"custody:bank": -10_010, f"buyer:{market.buyer.number}:refund": 10_010}
        bank.send_instructions()
        simulate_bank()
        exchange(market.finance)
        assert (state(bill), balances()) == ("void", {})


def _again(market, bill):
    """The same bill, issued but unconfirmed, so that `settle` plays the whole way."""
    Bill.objects.filter(pk=bill.pk).update(state="issued")
    return Bill.objects.get(pk=bill.pk)


class TestWhatDoesNotFit:
    pytestmark = database

    @pytest.mark.parametrize(
        "payment",
        [
            Payment("ZD-2026-000001", 10_009, "示例需方公司"),
            Payment("ZD-2026-000099", 10_010, "示例需方公司"),
            Payment("货款", 10_010, "示例需方公司"),
        ],
    )
    def test_a_receipt_that_fits_no_bill_waits_in_suspense(self, market, bill, payment):
        """Given a wrong amount or reference, then the money is held apart, explained, and the bill stays unpaid."""
        simulate_bank([payment])
        exchange(market.finance)
        line = BankLine.objects.get()
        assert (state(bill), line.state, bool(line.note_zh)) == ("confirmed", "suspense", True)
        assert balances() == {"custody:bank": -payment.amount_fen, "suspense:recon": payment.amount_fen}

    def test_a_second_payment_of_the_same_bill_goes_back(self, market, bill):
        pay(market.finance, bill)
        pay(market.finance, bill)
        extra = BankLine.objects.get(state="suspense")
        services.return_receipt(market.finance, extra.bank_ref)
        services.instruct_all(market.finance)
        simulate_bank()
        exchange(market.finance)
        assert (state(bill), balances()) == ("settled", {})

    def test_a_receipt_without_a_reference_is_matched_by_hand(self, market, bill):
        simulate_bank([Payment("货款", 10_010, "示例需方公司"), Payment("货款", 5, "示例需方公司")])
        exchange(market.finance)
        right, wrong = BankLine.objects.order_by("pk")
        before = footprint()
        for actor, ref, code in (
            (market.finance, wrong.bank_ref, "amount_differs"),
            (market.finance, "BK-none", "not_found"),
            (market.buyer_finance, right.bank_ref, "forbidden"),
        ):
            with pytest.raises(Refusal) as refusal:
                services.match_receipt(actor, ref, bill.number)
            assert refusal.value.code == code
        assert footprint() == before
        services.match_receipt(market.finance, right.bank_ref, bill.number)
        assert state(bill) == "paid"
        assert balances() == {"custody:bank": -10_015, f"order:{HT}:escrow": 10_010, "suspense:recon": 5}

    def test_money_that_left_without_an_order_is_not_smoothed_over(self, market, bill):
        """The bank pays twice on one order: the second line is kept, unexplained, and no account moves."""
        pay(market.finance, bill)
        services.instruct_all(market.finance)
        simulate_bank()
        exchange(market.finance)
        paid = BankLine.objects.filter(direction="out").first()
        _report(seq=9, lines=[_line("BK-X", "out", paid.amount_fen, paid.reference)])
        before = balances()
        exchange(market.finance)
        assert BankLine.objects.get(bank_ref="BK-X").state == "unexplained"
        assert balances() == before


def _line(ref: str, direction: str, amount: int, reference: str) -> dict[str, object]:
    return {
        "bank_ref": ref,
        "direction": direction,
        "amount_fen": amount,
        "reference": reference,
        "counterparty": "示例",
        "at": "2026-12-02T02:00:00Z",
    }


def _report(seq: int, lines: list[dict[str, object]], key: Ed25519PrivateKey | None = None, **changes: object) -> None:
    """A report put into the inbox, signed by the custodian's own key unless another is given."""
    real = Ed25519PrivateKey.from_private_bytes((bank.folder("") / "custodian.key").read_bytes())
    body = {
        "kind": "report",
        "seq": seq,
        "at": "2026-12-02T02:00:00Z",
        "closing_fen": 0,
        "lines": lines,
        "rejections": [],
        **changes,
    }
    (bank.folder("in") / f"{seq:06d}.json").write_bytes(bank.signed(body, key or real))


class TestForgery:
    pytestmark = database

    def test_a_report_signed_by_another_is_refused_and_posts_nothing(self, market, bill):
        simulate_bank()
        exchange(market.finance)
        _report(9, [_line("BK-F", "in", 10_010, bill.number)], Ed25519PrivateKey.generate())
        self._refused(market)

    def test_a_report_with_one_changed_amount_is_refused(self, market, bill):
        name = simulate_bank([Payment(bill.number, 10_009, "示例需方公司")])
        path = bank.folder("in") / name
        data = json.loads(path.read_text())
        data["body"]["lines"][0]["amount_fen"] = 10_010
        path.write_text(json.dumps(data))
        self._refused(market)

    def test_a_report_number_used_twice_is_refused(self, market, bill):
        simulate_bank()
        exchange(market.finance)
        _report(1, [_line("BK-F", "in", 10_010, bill.number)])
        self._refused(market)

    @pytest.mark.parametrize("line", [_line("BK-F", "in", -5, "x"), _line("BK-F", "sideways", 5, "x")])
    def test_a_movement_that_makes_no_sense_is_refused(self, market, bill, line):
        simulate_bank()
        exchange(market.finance)
        _report(9, [line])
        self._refused(market)

    def test_without_the_custodians_key_nothing_is_read(self, market, bill):
        with pytest.raises(Refusal) as refusal:
            exchange(market.finance)
        assert refusal.value.code == "custodian_unknown"

    def _refused(self, market) -> None:
        before = footprint()
        with pytest.raises(Refusal) as refusal:
            exchange(market.finance)
        assert refusal.value.code == "bad_report"
        assert footprint() == before
