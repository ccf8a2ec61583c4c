"""A settled bill makes one voucher; anybody can verify it, nobody learns the price from it."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.assets.registration import verify
from shugang.assets.testing import anchor
from shugang.evidence.hashing import commitment
from shugang.kernel.models import Event
from shugang.market import testing
from shugang.market.vouchers import reactions
from shugang.market.vouchers.models import TradeVoucher
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in
from shugang.policy.priceplan import PricePlan
from shugang.settlement.models import Bill
from shugang.settlement.payouts.credits import credit_bill
from shugang.settlement.testing import issue, settle

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ONE_OFF = PricePlan("one_off", price_fen=123_456)


@pytest.fixture
def finance():
    return make_actor(make_party("operator"), ("finance",))


@pytest.fixture
def settled(finance):
    """A one-off contract, delivered, accepted, billed and paid."""
    deal = testing.make_deal(plan=ONE_OFF)
    contract = testing.delivered(deal, testing.signed(deal))
    bill = settle(finance, deal.buyer, issue(finance, contract.number))
    assert bill.state == "settled"
    return deal, contract, bill


def test_settlement_makes_one_voucher(settled):
    _deal, contract, bill = settled
    voucher = TradeVoucher.objects.get()
    assert (voucher.bill, voucher.contract_id) == (bill.number, contract.pk)
    assert voucher.content["contract"]["sha256"] == contract.sha256
    # when the event is told again, no second voucher comes of it
    before = Event.objects.count()
    reactions.settled(Event.objects.get(kind="bill.settled"))
    assert TradeVoucher.objects.count() == 1 and Event.objects.count() == before


def test_the_amount_is_committed_to_but_not_public(settled):
    deal, _, bill = settled
    anchor()
    voucher = TradeVoucher.objects.get()
    body = (
        Client().get(f"/verify/{voucher.number}.json").content.decode()
        + Client().get(f"/verify/{voucher.number}").content.decode()
    )
    assert voucher.number in body and str(bill.total_fen) not in body and "1,234.56" not in body
    # the parties can open the commitment; others do not even see that it exists
    opened = sign_in(Client(), deal.buyer).get(f"/desk/vouchers/{voucher.number}.json").json()
    assert (
        commitment(opened["amount"], bytes.fromhex(opened["amount_salt"])).sha256.hex()
        == voucher.content["amount_commitment"]
    )
    stranger = sign_in(Client(), make_signer(make_party("buyer")))
    assert stranger.get(f"/desk/vouchers/{voucher.number}.json").status_code == 404


def test_a_bill_credited_before_it_settled_has_a_voucher_that_says_so(finance):
    """Given a bill of 1,234.56 credited by 234.56, then the voucher names the note and commits to 1,000.00."""
    deal = testing.make_deal(plan=ONE_OFF)
    contract = testing.delivered(deal, testing.signed(deal))
    bill = issue(finance, contract.number)
    note = credit_bill(finance, str(bill.number), {1: 23_456}, "双方同意减价")
    settle(finance, deal.buyer, Bill.objects.get(pk=bill.pk))
    voucher = TradeVoucher.objects.get()
    assert voucher.content["credit_notes"] == [note.number]
    assert voucher.amount == {"bill": bill.number, "total_fen": 100_000, "tax_fen": bill.tax_fen + note.tax_fen}
    anchor()
    body = Client().get(f"/verify/{voucher.number}").content.decode()
    assert note.number in body and "1,000.00" not in body and "234.56" not in body


def test_verification_shows_the_record_and_any_difference(settled):
    anchor()
    voucher = TradeVoucher.objects.get()
    assert (verify.find(voucher.number).proof, verify.find(voucher.number).in_force) == ("logged", True)
    # when the table is changed behind the record
    voucher.content["buyer"]["name"] = "另一家"
    voucher.save()
    found = verify.find(voucher.number)
    assert found.proof == "mismatch" and not found.in_force


def test_the_paper_comes_with_its_proof(settled):
    deal, _, _ = settled
    voucher = TradeVoucher.objects.get()
    buyer = sign_in(Client(), deal.buyer)
    assert buyer.get(f"/desk/vouchers/{voucher.number}.pdf").status_code == 409
    anchor()
    assert buyer.get(f"/desk/vouchers/{voucher.number}.pdf").content.startswith(b"%PDF")
    assert verify.find(voucher.number).pdf().startswith(b"%PDF")


def test_a_bill_of_something_else_makes_none(finance):
    from shugang.settlement.testing import make_agreement

    testing.load_profiles()
    buyer, supplier = make_party("buyer"), make_party("supplier")
    make_agreement(buyer, supplier, "HT-2026-999999", ONE_OFF)
    issue(finance, "HT-2026-999999")
    settle(finance, make_actor(buyer, ("finance",)), Bill.objects.get())
    assert not TradeVoucher.objects.exists()
