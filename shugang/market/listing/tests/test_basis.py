"""Given personal information on a stated basis, when the basis is withdrawn, then listing and grants stop in that moment."""

from __future__ import annotations

import io

import pytest
from django.test import Client

from shugang.assets.models import BasisWithdrawal, SecurityReview
from shugang.assets.review.withdrawal import withdraw_basis
from shugang.assets.thirdparty.testing import make_report
from shugang.delivery.models import Column, Grant
from shugang.kernel import engine, materials
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event, RuleProfile
from shugang.kernel.testing import refused
from shugang.market import testing
from shugang.market.products.models import DataProduct
from shugang.parties.models import Membership, Person
from shugang.parties.notices.models import Notice
from shugang.parties.testing import make_actor, make_party, sign_in

pytestmark = pytest.mark.django_db
SAID = {"reason": "第2批用户撤回同意。", "batch": "同意书第2批", "confirmed": True}


@pytest.fixture
def deal():
    """A contract on data whose review stands on consent, proven by a file."""
    found = testing.make_deal()
    review = SecurityReview.objects.get(version=found.product.dataset_version)
    review.form |= {"personal_basis": "consent", "basis_text": "单独同意书。", "basis_file": proof(found, "同意书")}
    review.save()
    Column.objects.filter(version=found.product.dataset_version, name="station").update(personal=True)
    return found


def proof(deal, text):
    return materials.store(deal.supplier, "同意书.txt", io.BytesIO(text.encode()))


def review_of(deal):
    return SecurityReview.objects.get(version=deal.product.dataset_version)


def states(deal, contract):
    product = DataProduct.objects.get(pk=deal.product.pk)
    return product.state, product.held_by, Grant.objects.get(contract=contract.number).state, review_of(deal).state


def decider(review):
    member = Membership.objects.get(party__in=review.case.parties.filter(capacity="operator").values("party_id"))
    return make_actor(member.party, ("reviewer",), person=Person.objects.get(pk=member.person_id))


@pytest.mark.both
@pytest.mark.parametrize("batch", ["同意书第2批", ""])
def test_a_withdrawn_basis_stops_everything_in_the_same_moment_and_other_evidence_brings_it_back(deal, batch):
    contract, review = testing.signed(deal), review_of(deal)
    assert states(deal, contract) == ("listed", "", "active", "passed")
    # when a batch, or the whole consent, is withdrawn
    withdraw_basis(deal.supplier, review.case.number, {**SAID, "batch": batch})
    # then at once
    assert states(deal, contract) == ("suspended", "review", "suspended", "reopened")
    event = Event.objects.get(kind="personal_basis.withdrawn")
    assert (event.payload["basis"], event.payload["batch"]) == ("consent", batch)
    buyer = Notice.objects.filter(person=deal.buyer.person, code="grant.suspended")
    assert buyer.count() == 1 and "第2批" not in buyer.get().zh
    # the same evidence does not carry it again
    no = refused(review.case, "resubmit", deal.supplier, review_of(deal).form)
    assert no.code == "invalid_form" and set(no.fields) <= {"basis_file", "basis_text"}
    # other evidence does
    form = {
        **review_of(deal).form,
        "basis_file": proof(deal, f"新同意书{batch}"),
        "basis_text": "已删除第2批，其余重新取得同意。",
    }
    engine.act(review.case.number, "resubmit", deal.supplier, form)
    engine.act(review.case.number, "pass", decider(review), {"opinion": "依据已更新，核对无误。"})
    assert states(deal, contract) == ("listed", "", "active", "passed")


def test_the_whole_consent_withdrawn_needs_another_file_and_not_other_words(deal):
    review = review_of(deal)
    withdraw_basis(deal.supplier, review.case.number, {**SAID, "batch": ""})
    no = refused(review.case, "resubmit", deal.supplier, {**review_of(deal).form, "basis_text": "换个说法。"})
    assert set(no.fields) == {"basis_file"}


def test_a_withdrawal_that_is_not_possible_changes_nothing(deal):
    contract, review = testing.signed(deal), review_of(deal)
    others = make_actor(make_party("supplier")), make_actor(deal.supplier.party, ("finance",)), decider(review)
    before = (Event.objects.count(), states(deal, contract))

    def no(actor, **changes):
        with pytest.raises(Refusal) as found:
            withdraw_basis(actor, review.case.number, {**SAID, **changes})
        assert (Event.objects.count(), states(deal, contract), BasisWithdrawal.objects.count()) == (*before, 0)
        return found.value.code

    assert no(deal.supplier, confirmed=False) == "invalid_form"
    assert no(deal.supplier, reason="") == "invalid_form"
    assert no(others[0]) == "not_found"
    assert no(others[1]) == "forbidden"
    assert no(others[2]) in {"forbidden", "not_found"}
    review.form |= {"personal_basis": "anonymised"}
    review.save()
    assert no(deal.supplier) == "no_basis"


def test_the_page_restates_what_stops_before_it_does(deal):
    review = review_of(deal)
    client = sign_in(Client(), deal.supplier)
    address = f"/desk/security-reviews/{review.case.number}/withdraw-basis"
    assert address in client.get(f"/desk/security-reviews/{review.case.number}").content.decode()
    assert "授权立即暂停供数" in client.get(address).content.decode() and review_of(deal).state == "passed"
    assert client.post(address, {"reason": "x"}).status_code == 422
    assert client.post(address, {"reason": "撤回。", "confirmed": "1"}).status_code == 302
    assert review_of(deal).state == "reopened"
    assert "请附新的依据" in client.get(f"/desk/security-reviews/{review.case.number}").content.decode()


def test_what_a_listing_says_of_personal_information_is_what_the_review_rests_on():
    testing.load_profiles()
    office, venue = testing.assets.make_registrar(), testing.make_venue()
    supplier = testing.make_signer(make_party("supplier"))
    product = testing.make_product(supplier, testing.assets.make_certificate(supplier, None, office))
    review = SecurityReview.objects.get(version=product.dataset_version)

    def apply(said, basis):
        review.form |= {"personal_basis": basis}
        review.save()
        return testing.apply_listing(supplier, product, venue, personal=said, personal_basis="见安全审查。")

    for said, basis in (("consent", "public"), ("law", "consent"), ("law", "none")):
        with pytest.raises(Refusal) as no:
            apply(said, basis)
        assert set(no.value.fields) == {"personal"} and DataProduct.objects.get(pk=product.pk).state == "draft"
    case = apply("law", "contract")
    engine.act(case.number, "withdraw", supplier, {"reason": "改为以同意为依据。"})
    assert apply("consent", "consent").state == "submitted"


def test_a_quality_report_is_asked_for_where_the_rules_say_so():
    testing.load_profiles()
    office, venue = testing.assets.make_registrar(), testing.make_venue()
    supplier = testing.make_signer(make_party("supplier"))
    product = testing.make_product(supplier, testing.assets.make_certificate(supplier, None, office))
    case = testing.apply_listing(supplier, product, venue)
    rules = RuleProfile.objects.get(pk=case.profile_id)
    rules.data |= {"quality_report": "required"}
    rules.save()
    engine.act(case.number, "accept", venue.handler)
    engine.act(case.number, "opine", venue.signer, testing.FAVOURABLE)
    assert refused(case, "list", venue.decider).code == "no_quality_report"
    make_report(supplier, product.dataset_version.dataset.number, "quality")
    assert engine.act(case.number, "list", venue.decider).state == "listed"
