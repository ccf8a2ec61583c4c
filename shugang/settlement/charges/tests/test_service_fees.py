"""The fee of a finished third-party service is charged once, billed and settled, without the venue's share."""

import pytest

from shugang.assets.thirdparty.models import ServiceOrder
from shugang.assets.thirdparty.testing import make_agency, make_desk, make_report, order_service, to_state
from shugang.delivery.testing import make_version
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party
from shugang.settlement.bills.models import Bill
from shugang.settlement.charges.models import ChargeAgreement
from shugang.settlement.rating.services import rate_period
from shugang.settlement.testing import issue, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db):
    return make_desk()


def test_a_finished_service_is_billed_once(desk):
    client = make_actor(make_party("supplier"), ("handler", "engineer", "finance"))
    agency = make_agency("quality", desk=desk)
    make_report(client, make_version(client).dataset.number, agency=agency)
    order = ServiceOrder.objects.get()
    charge = ChargeAgreement.objects.get()
    assert (charge.number, charge.buyer, charge.supplier) == (order.number, client.party, agency.party)
    assert (charge.price_plan.kind, charge.price_plan.price_fen, charge.commission_bp) == ("one_off", 800_000, 0)
    refs = {(r.kind, r.key) for r in Event.objects.get(kind="charge.registered").refs.all()}
    assert ("order", order.number) in refs and "" not in {key for _, key in refs}
    assert "contract" not in {kind for kind, _ in refs}
    # when it is rated, then the bill holds the fee, once
    operator = make_actor(desk.party, ("finance", "handler"))
    bill = issue(operator, charge.number)
    assert (bill.total_fen, bill.state) == (800_000, "issued")
    assert rate_period(operator, charge.number) is None
    bill = settle(operator, client, bill)
    assert bill.state == "settled" and Bill.objects.count() == 1
    assert not Event.objects.filter(kind="voucher.issued").exists()


def test_a_service_without_a_fee_or_that_ended_early_is_charged_nothing(desk):
    client = make_actor(make_party("supplier"))
    agency = make_agency("training", "brokerage", desk=desk, price_fen="0")
    to_state(order_service(client, agency.offers["training"]), agency, client, "completed")
    to_state(order_service(client, agency.offers["brokerage"]), agency, client, "terminated")
    assert not ChargeAgreement.objects.exists()
