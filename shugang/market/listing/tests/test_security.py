"""No listing without a security review; and what stops with it comes back with it, and with nothing less."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.assets import testing as assets
from shugang.assets.models import SecurityReview
from shugang.assets.testing import make_graded
from shugang.delivery.models import Grant
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import refused
from shugang.market import testing
from shugang.market.listing import services
from shugang.market.products.models import DataProduct
from shugang.parties.models import Membership, Person
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = pytest.mark.django_db
RISE = {"object": "organisation", "degree": "serious", "pi_class": "", "sensitive": False}
WHY = {"rule": "inspection", "reason": "核查来源。"}


def version_of(deal):
    return deal.product.dataset_version


def rise(deal):
    make_graded(deal.supplier, version_of(deal), pm25=RISE)


def pass_again(deal):
    review = SecurityReview.objects.get(version=version_of(deal))
    member = Membership.objects.get(party__in=review.case.parties.filter(capacity="operator").values("party_id"))
    decider = make_actor(member.party, ("reviewer",), person=Person.objects.get(pk=member.person_id))
    engine.act(review.case.number, "resubmit", deal.supplier, review.form)
    engine.act(review.case.number, "pass", decider, {"opinion": "按新级别核对。"})


def standing(deal, contract=None):
    product = DataProduct.objects.get(pk=deal.product.pk)
    grant = Grant.objects.get(contract=contract.number).state if contract else None
    return product.state, product.held_by, grant


def test_a_rise_suspends_the_listing_and_holds_the_grant_until_reviewed_again(deal):
    contract = testing.signed(deal)
    assert standing(deal, contract) == ("listed", "", "active")
    rise(deal)
    assert standing(deal, contract) == ("suspended", "review", "suspended")
    assert Event.objects.filter(kind="listing.suspended").count() == 1
    with pytest.raises(Refusal) as no:
        testing.inquire(deal)
    assert no.value.code == "not_listed"
    pass_again(deal)
    assert standing(deal, contract) == ("listed", "", "active")


def test_certificate_and_review_each_keep_it_off_the_market(deal):
    certificate = deal.certificate.case.number
    rise(deal)
    engine.act(certificate, "suspend", deal.office.reviewer, WHY)
    assert standing(deal)[:2] == ("suspended", "review")
    pass_again(deal)
    assert standing(deal)[:2] == ("suspended", "certificate")
    engine.act(certificate, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert standing(deal)[:2] == ("listed", "")
    # and the other way round
    engine.act(certificate, "suspend", deal.office.reviewer, WHY)
    make_graded(deal.supplier, version_of(deal), pm25={**RISE, "degree": "grave"})
    engine.act(certificate, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert standing(deal)[:2] == ("suspended", "review")
    pass_again(deal)
    assert standing(deal)[:2] == ("listed", "")


def test_an_order_is_not_lifted_without_a_review(deal):
    services.suspend_listing(deal.venue.decider, deal.product.number, "核查。")
    rise(deal)
    with pytest.raises(Refusal) as no:
        services.resume_listing(deal.venue.decider, deal.product.number, "核查无误。")
    assert no.value.code == "no_security_review" and standing(deal)[:2] == ("suspended", "order")
    pass_again(deal)
    assert standing(deal)[:2] == ("suspended", "order")
    services.resume_listing(deal.venue.decider, deal.product.number, "核查无误。")
    assert standing(deal)[:2] == ("listed", "")


def test_important_data_are_listed_on_their_risk_assessment_alone():
    testing.load_profiles()
    office, venue = assets.make_registrar(), testing.make_venue()
    supplier = make_signer(make_party("supplier"))
    certificate = assets.make_certificate(supplier, None, office)
    version = certificate.asset.dataset_version
    make_graded(supplier, version, pm25={**RISE, "object": "public"})
    until = (clock.today() + timedelta(days=90)).isoformat()
    report = assets.make_material(supplier, "风险评估报告")
    with pytest.raises(Refusal):
        assets.make_reviewed(supplier, version)
    assets.make_reviewed(supplier, version, risk_file=report, risk_until=until)
    product = testing.make_product(supplier, certificate)
    # who states that there are none contradicts the grade
    with pytest.raises(Refusal) as no:
        testing.apply_listing(supplier, product, venue)
    assert list(no.value.fields) == ["no_important_data"]
    assert testing.list_product(supplier, product, venue, no_important_data=False).state == "listed"


def test_no_application_and_no_decision_without_a_review(deal):
    supplier, venue = deal.supplier, deal.venue
    product = testing.make_product(supplier, deal.certificate, source={"table": "other"})
    case = testing.apply_listing(supplier, product, venue)
    engine.act(case.number, "accept", venue.handler)
    engine.act(case.number, "opine", venue.signer, testing.FAVOURABLE)
    rise(deal)
    assert refused(Case.objects.get(pk=case.pk), "list", venue.decider).code == "no_security_review"
    another = testing.make_product(supplier, deal.certificate, source={"table": "third"})
    with pytest.raises(Refusal) as no:
        testing.apply_listing(supplier, another, venue)
    assert no.value.code == "no_security_review"
