"""Two people act in the same moment: one of them is first, and nothing is half done."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from shugang.delivery.models import Grant
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.market import testing
from shugang.market.contracts import services
from shugang.market.contracts.models import Contract
from shugang.market.trade import services as trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


def together(*acts):
    """Run the acts in threads of their own; returns what each was refused with, "" when it was not."""
    barrier, codes = threading.Barrier(len(acts)), [""] * len(acts)

    def run(i, act):
        try:
            barrier.wait()
            act()
        except Refusal as no:
            codes[i] = no.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i, act)) for i, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


@pytest.mark.skipif(connection.vendor == "sqlite", reason="an in-memory database is not shared between threads")
def test_a_certificate_suspended_while_the_last_side_signs_leaves_no_living_grant():
    deal = testing.make_deal()
    contract = testing.accepted(deal)
    services.sign(deal.supplier, contract.number)
    reason = {"rule": "inspection", "reason": "核查来源。"}
    together(
        lambda: services.sign(deal.buyer, contract.number),
        lambda: engine.act(deal.certificate.case.number, "suspend", deal.office.reviewer, reason),
    )
    assert not Grant.objects.filter(state="active").exists()
    assert Contract.objects.get().state == "active" or not Grant.objects.exists()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="an in-memory database is not shared between threads")
def test_both_sides_sign_at_once_and_two_people_accept_at_once():
    deal = testing.make_deal()
    case = testing.inquire(deal)
    trade.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
    codes = together(*[lambda: trade.accept(deal.buyer, case.number)] * 2)
    assert sorted(codes) == ["", "wrong_state"] and Contract.objects.count() == 1
    contract = Contract.objects.get()
    assert together(*[lambda a=a: services.sign(a, contract.number) for a in (deal.buyer, deal.supplier)]) == ["", ""]
    assert Contract.objects.get().state == "active" and Grant.objects.count() == 1
