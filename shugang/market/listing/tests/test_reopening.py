"""What the listing was reviewed on is another now: it is reviewed again, and an ended licence stops the use as well."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from shugang.assets.grading.models import Grading
from shugang.assets.grading.proposing import run_detection
from shugang.assets.registration.amending import amend
from shugang.assets.testing import finish, make_certificate, make_registrar, make_reviewed
from shugang.assets.thirdparty.models import SignedReport
from shugang.delivery.grants.services import end_grant
from shugang.delivery.models import Grant
from shugang.delivery.testing import SEGMENTS_CSV, make_version, upload_version
from shugang.kernel import clock, engine, textindex
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.market import testing
from shugang.market.listing import reopening, services
from shugang.market.products.models import DataProduct
from shugang.market.trade.compliance import check_quotation
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def says_no(code, act, *args, **kwargs):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, Event.objects.count()) == (code, before)
    return no.value


def day(days):
    return (clock.today() + timedelta(days=days)).isoformat()


def standing(deal):
    product = DataProduct.objects.get(pk=deal.product.pk)
    return product.state, product.held_by, product.reopened


def reviewed_again(deal, **changes):
    product = DataProduct.objects.get(pk=deal.product.pk)
    return testing.list_product(deal.supplier, product, deal.venue, **changes)


def test_an_ended_licence_stops_listing_and_grants_until_another_is_reviewed():
    # given a licence on its last day, and a contract in force
    deal = testing.make_deal()
    contract = testing.signed(deal)
    DataProduct.objects.update(licence_until=clock.today())
    assert reopening.end_licences() == 0
    # when the last day is over
    DataProduct.objects.update(licence_until=clock.today() - timedelta(days=1))
    assert reopening.end_licences() == 1 and reopening.end_licences() == 0
    # then nobody finds it and nobody uses it
    assert standing(deal) == ("suspended", "licence", "licence")
    assert Grant.objects.get(pk=contract.grant_id).state == "suspended"
    assert textindex.search("product", "空气") == []
    # a licence that is over does not bring it back, and only one application runs at a time
    says_no("invalid_form", testing.apply_listing, deal.supplier, deal.product, deal.venue, licence_until=day(-1))
    case = testing.apply_listing(deal.supplier, deal.product, deal.venue, licence_until=day(700))
    says_no("already_open", testing.apply_listing, deal.supplier, deal.product, deal.venue)
    assert standing(deal) == ("suspended", "licence", "licence")
    # a withdrawn application leaves it where it was, no draft
    engine.act(case.number, "withdraw", deal.supplier, {"reason": "材料未齐。"})
    assert standing(deal)[0] == "suspended"
    listed = DataProduct.objects.get(pk=deal.product.pk).listed_at
    product = reviewed_again(deal, licence_until=day(700))
    assert standing(deal) == ("listed", "", "") and product.listed_at == listed
    assert Grant.objects.get(pk=contract.grant_id).state == "active"
    assert textindex.search("product", "空气") == [deal.product.number]
    # the opinion on the former licence no longer counts
    states = SignedReport.objects.filter(kind="compliance").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["superseded", "standing"]


def test_terms_do_not_outlive_the_licence():
    testing.load_profiles()
    office, venue, supplier = make_registrar(), testing.make_venue(), make_signer(make_party("supplier"))
    certificate = make_certificate(supplier, None, office)
    draft = testing.make_product(supplier, certificate)
    no = says_no("invalid_form", testing.apply_listing, supplier, draft, venue, licence_until=day(100))
    assert "licence_until" in no.fields
    product = testing.list_product(supplier, draft, venue, licence_until=day(365))
    assert product.licence_until == clock.today() + timedelta(days=365)
    # a later review may state a shorter one: then deals are held to it
    product.licence_until = clock.today() + timedelta(days=30)
    says_no("exceeds_offer", check_quotation, product, "research", product.terms, product.plan)


def test_a_reported_change_stops_new_deals_and_an_ended_licence_use_too():
    deal = testing.make_deal()
    contract = testing.signed(deal)
    says_no(
        "not_found", reopening.report_change, make_actor(make_party("supplier")), deal.product.number, "licence", "x"
    )
    assert (
        "what"
        in says_no("invalid_form", reopening.report_change, deal.supplier, deal.product.number, "x", "变更").fields
    )
    says_no("invalid_form", reopening.report_change, deal.supplier, deal.product.number, "licence", "  ")
    reopening.report_change(deal.supplier, deal.product.number, "licence", "自下月起须另行同意。")
    assert standing(deal) == ("suspended", "changed", "changed")
    assert Grant.objects.get(pk=contract.grant_id).state == "active"
    reopening.report_change(deal.supplier, deal.product.number, "ended", "许可方已终止。")
    assert standing(deal) == ("suspended", "licence", "licence")
    assert Grant.objects.get(pk=contract.grant_id).state == "suspended"
    # an order beside it is not lifted before the review, and outlasts it
    regulator = make_actor(make_party("regulator"), ("supervisor",))
    services.suspend_listing(regulator, deal.product.number, "核查。")
    says_no("review_reopened", services.resume_listing, regulator, deal.product.number, "已改正。")
    reviewed_again(deal)
    assert standing(deal) == ("suspended", "order", "") and textindex.search("product", "空气") == []
    services.resume_listing(regulator, deal.product.number, "已改正。")
    assert standing(deal) == ("listed", "", "")


def test_other_rights_are_reviewed_again_and_the_same_ones_are_not():
    deal = testing.make_deal()
    finish(
        amend(deal.supplier, deal.certificate.number, "change", {"region": "厦门"}, "更新"), deal.office, deal.supplier
    )
    assert standing(deal) == ("listed", "", "")
    number = DataProduct.objects.get().certificate.number
    finish(
        amend(deal.supplier, number, "change", {"right_limits": "仅限境内，不得再许可。"}, "更正"),
        deal.office,
        deal.supplier,
    )
    assert standing(deal) == ("suspended", "changed", "changed")
    # what happens to the certificate meanwhile does not bring it back; a new listing does
    heir = DataProduct.objects.get().certificate
    engine.act(heir.case.number, "suspend", deal.office.reviewer, {"rule": "inspection", "reason": "核查来源。"})
    engine.act(heir.case.number, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert standing(deal)[0] == "suspended"
    reviewed_again(deal)
    assert standing(deal) == ("listed", "", "")


def test_running_grants_of_a_product_taken_down_go_on_once_its_licence_is_renewed():
    # given a product that was taken down, with a contract in force, whose licence ends
    deal = testing.make_deal()
    contract, ended = testing.signed(deal), testing.signed(deal)
    services.delist(deal.supplier, deal.product.number, "不再提供。")
    says_no("wrong_state", testing.apply_listing, deal.supplier, deal.product, deal.venue)
    DataProduct.objects.update(licence_until=clock.today() - timedelta(days=1))
    assert reopening.end_licences() == 1
    assert standing(deal) == ("delisted", "", "licence")
    assert Grant.objects.get(pk=contract.grant_id).state == "suspended"
    end_grant(SYSTEM, ended.grant.number, "test")
    # when its supplier shows the renewed licence and it is reviewed
    says_no("invalid_form", testing.apply_listing, deal.supplier, deal.product, deal.venue, licence_until=day(-1))
    reviewed_again(deal, licence_until=day(700))
    # then the running grant goes on to its own end, the ended one stays ended, and the product stays off the market
    grant = Grant.objects.get(pk=contract.grant_id)
    assert (grant.state, grant.valid_until) == ("active", contract.grant.valid_until)
    assert Grant.objects.get(pk=ended.grant_id).state == "ended"
    assert standing(deal) == ("delisted", "", "") and textindex.search("product", "空气") == []
    says_no("not_listed", check_quotation, DataProduct.objects.get(), "research", deal.product.terms, deal.product.plan)
    says_no("wrong_state", testing.apply_listing, deal.supplier, deal.product, deal.venue)
    # and it ends again with the renewed licence
    DataProduct.objects.update(licence_until=clock.today() - timedelta(days=1))
    assert reopening.end_licences() == 1 and Grant.objects.get(pk=contract.grant_id).state == "suspended"


def test_taken_down_during_the_review_stays_down():
    deal = testing.make_deal()
    reopening.report_change(deal.supplier, deal.product.number, "right", "共有人提出异议。")
    case = testing.apply_listing(deal.supplier, DataProduct.objects.get(), deal.venue)
    engine.act(case.number, "accept", deal.venue.handler)
    engine.act(case.number, "opine", deal.venue.signer, testing.FAVOURABLE)
    services.delist(deal.supplier, deal.product.number, "不再提供。")
    with pytest.raises(Refusal) as no:
        engine.act(case.number, "list", deal.venue.decider)
    assert no.value.code == "wrong_state" and standing(deal)[0] == "delisted"


def test_a_followed_version_that_no_review_covers_stops_listing_and_grants_until_one_does():
    # given a product that follows its data set, with a contract in force
    testing.load_profiles()
    office, venue, buyer = make_registrar(), testing.make_venue(), make_signer(make_party("buyer"))
    supplier = make_signer(make_party("supplier"))
    engineer = make_actor(supplier.party, ("engineer",))
    version = make_version(engineer)
    certificate = make_certificate(supplier, version, office)
    terms = testing.make_terms(fields=("prefix7", "city"), masks=())
    product = testing.make_product(supplier, certificate, terms=terms, source={"versions": "later"})
    product = testing.list_product(supplier, product, venue)
    deal = testing.Deal(supplier, buyer, product, certificate, venue, office)
    contract = testing.signed(deal)

    def add(row):
        content = f"{SEGMENTS_CSV.rstrip()}\n{row}\n"
        return upload_version(engineer, version.dataset.number, io.BytesIO(content.encode()), "segments.csv")

    def grant():
        return Grant.objects.get(pk=contract.grant_id).state

    # when a version keeps its grades, nothing stops
    add("1300001,福建,厦门,1")
    assert standing(deal) == ("listed", "", "") and grant() == "active"
    # when the whole comes out higher than before, it is graded by people first
    Grading.objects.filter(state="in_force").update(level=1)
    third = add("1300002,福建,泉州,1")
    assert standing(deal) == ("suspended", "review", "") and grant() == "suspended"
    grading = Grading.objects.get(version=third, state="open")
    run_detection(grading.pk)
    case = grading.case
    engine.act(case.number, "submit", supplier)
    engine.act(case.number, "approve", make_actor(supplier.party, ("reviewer",)))
    assert grant() == "suspended"
    make_reviewed(supplier, third)
    assert standing(deal) == ("listed", "", "") and grant() == "active"
