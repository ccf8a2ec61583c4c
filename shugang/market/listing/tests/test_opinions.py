"""The opinion on a product is a signed report: public with its product, a withdrawn one stops new deals."""

import pytest

from shugang.assets.registration.examination import checks
from shugang.assets.thirdparty.models import ServiceOrder, SignedReport
from shugang.assets.thirdparty.services import publish_report, withdraw_report
from shugang.assets.thirdparty.testing import make_agency, make_report, order_service, to_state
from shugang.delivery.models import Grant
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.market import testing
from shugang.market.listing.services import resume_listing, suspend_listing
from shugang.market.products.known import read_of
from shugang.market.products.models import DataProduct
from shugang.market.products.queries import last_opinion
from shugang.market.products.trust import public_trust
from shugang.parties.testing import make_actor, make_party


@pytest.mark.django_db
def test_an_opinion_is_public_with_its_product_and_not_before():
    testing.load_profiles()
    deal = testing.make_deal()
    assert SignedReport.objects.get().public
    draft = testing.make_product(deal.supplier, deal.certificate)
    case = testing.apply_listing(deal.supplier, draft, deal.venue)
    engine.act(case.number, "accept", deal.venue.handler)
    engine.act(case.number, "opine", deal.venue.signer, testing.FAVOURABLE)
    report = SignedReport.objects.get(case=case)
    assert (report.state, report.public, report.kind) == ("standing", False, "compliance")
    with pytest.raises(Refusal) as no:
        publish_report(deal.supplier, report.number, True)
    assert no.value.code == "wrong_state"


@pytest.mark.django_db
def test_a_withdrawn_opinion_stops_new_deals_and_leaves_contracts_in_force(deal):
    contract = testing.signed(deal)
    report = last_opinion(deal.product)
    withdraw_report(deal.venue.signer, report.number, "来源证明系伪造。")
    product = DataProduct.objects.get()
    assert (product.state, product.held_by) == ("suspended", "opinion")
    assert "来源证明系伪造" in product.state_reason
    assert Grant.objects.get(pk=contract.grant_id).state == "active"
    assert Event.objects.filter(kind="listing.suspended", refs__key=product.number).exists()
    # neither an order that is lifted nor the certificate brings it back: it needs a new listing
    regulator = make_actor(make_party("regulator"), ("supervisor",))
    suspend_listing(regulator, product.number, "核查。")
    with pytest.raises(Refusal) as no:
        resume_listing(regulator, product.number, "已改正。")
    assert no.value.code == "no_opinion" and DataProduct.objects.get().state == "suspended"


@pytest.mark.django_db
def test_a_withdrawn_quality_certificate_concerns_no_listing(deal):
    report = make_report(deal.supplier, deal.product.dataset_version.dataset.number)
    withdraw_report(make_actor(make_party("regulator"), ("supervisor",)), report.number, "抽查不合格。")
    assert DataProduct.objects.get().state == "listed"


@pytest.mark.django_db
def test_a_published_quality_certificate_stands_on_the_product_page_and_stops_with_its_withdrawal(deal):
    # given a buyer who orders an evaluation of a public product, and a supplier who sees what it is about
    agency = make_agency("quality")
    case = order_service(deal.buyer, agency.offers["quality"], object_kind="product", object_number=deal.product.number)
    order = ServiceOrder.objects.get(case=case)
    assert (order.version, order.holder) == (deal.product.dataset_version, deal.supplier.party)
    to_state(case, agency, deal.buyer, "completed", score="91")
    report = SignedReport.objects.get(case=case)
    # when it is not public, then the page says that nobody has evaluated it
    assert public_trust(deal.product, read_of(deal.product))[1].url == ""
    publish_report(deal.buyer, report.number, True)
    shown = public_trust(deal.product, read_of(deal.product))[1]
    assert shown.url == f"/reports/{report.number}" and "91" in shown.value.zh
    withdraw_report(agency.signer, report.number, "计算有误。")
    assert public_trust(deal.product, read_of(deal.product))[1].url == ""


@pytest.mark.django_db
def test_a_draft_of_another_supplier_cannot_be_named(deal):
    agency = make_agency("quality")
    draft = testing.make_product(deal.supplier, deal.certificate)
    with pytest.raises(Refusal) as no:
        order_service(deal.buyer, agency.offers["quality"], object_kind="product", object_number=draft.number)
    assert no.value.code == "not_found"


@pytest.mark.django_db
def test_the_examiner_sees_the_applicants_reports_and_nobody_elses_private_ones(deal):
    registration, number = deal.certificate.asset.registration, deal.product.dataset_version.dataset.number
    mine = make_report(deal.supplier, number)
    agency = make_agency("risk")
    case = order_service(deal.buyer, agency.offers["risk"], object_kind="product", object_number=deal.product.number)
    to_state(case, agency, deal.buyer, "completed", score=None, level="high", result="adverse")
    line = next(c for c in checks(registration) if c.label.zh == "第三方报告")
    assert mine.number in line.detail.zh and line.good
    assert SignedReport.objects.get(case=case).number not in line.detail.zh
    publish_report(deal.buyer, SignedReport.objects.get(case=case).number, True)
    assert not next(c for c in checks(registration) if c.label.zh == "第三方报告").good
