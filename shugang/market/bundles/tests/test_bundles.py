"""A project is agreed, signed and in force as a whole, or not at all."""

from __future__ import annotations

import pytest

from shugang.delivery.models import Grant
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import refused
from shugang.market import testing as market
from shugang.market.bundles import queries, services, testing
from shugang.market.bundles.models import BundleMember, DealBundle
from shugang.market.contracts import services as contracts
from shugang.market.contracts.models import Contract
from shugang.market.trade import services as trade
from shugang.market.trade.models import Inquiry
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = [pytest.mark.django_db, pytest.mark.both]


class Project:
    def __init__(self):
        deal = self.deal = market.make_deal()
        self.buyer, self.first = deal.buyer, deal.supplier
        self.second, other = testing.second_product(deal.venue, deal.office)
        self.suppliers = (self.first, self.second)
        self.products = (deal.product, other)

    def begun(self):
        self.bundle = testing.begin(self.buyer, self.products)
        self.number = self.bundle.number
        return self

    def agreed(self, method="own", **more):
        self.begun()
        testing.agree(self.bundle, self.buyer, self.suppliers, method, **more)
        return self

    def inquiry(self, supplier):
        return Inquiry.objects.get(bundled__bundle=self.bundle, supplier_id=supplier.party_id)

    def contracts(self):
        return list(Contract.objects.order_by("pk"))

    def state(self):
        return Case.objects.get(number=self.number).state


@pytest.fixture
def project(db):
    return Project()


def footprint():
    return (Event.objects.count(), Case.objects.count(), Contract.objects.count(), Grant.objects.count(),
            list(Case.objects.order_by("pk").values_list("state", "revision")))  # fmt: skip


def code(act, *args):
    before = footprint()
    with pytest.raises(Refusal) as no:
        act(*args)
    assert footprint() == before
    return no.value.code


def test_it_is_agreed_and_signed_together(project):
    # given two quotations, an agreement on the shares, and an acceptance of all
    project.agreed()
    first, second = project.contracts()
    assert (project.state(), first.state, second.state) == ("signing", "pending_signature", "pending_signature")
    # when one supplier has signed, then the buyer cannot sign yet, neither all nor one
    contracts.sign(project.first, first.number)
    assert code(services.sign_all, project.buyer, project.number) == "suppliers_first"
    assert code(contracts.sign, project.buyer, first.number) == "only_together"
    # when both have, then one signature puts both contracts into force
    contracts.sign(project.second, second.number)
    services.sign_all(project.buyer, project.number)
    assert project.state() == "effective" and [c.state for c in project.contracts()] == ["active", "active"]
    assert Grant.objects.filter(contract__in=[first.number, second.number], state="active").count() == 2
    assert code(services.sign_all, project.buyer, project.number) == "wrong_state"


def test_when_one_signature_fails_none_is_made(project):
    project.agreed()
    for supplier, contract in zip(project.suppliers, project.contracts(), strict=True):
        contracts.sign(supplier, contract.number)
    # given that the second supplier is suspended meanwhile
    project.second.party.status = "suspended"
    project.second.party.save()
    assert code(services.sign_all, project.buyer, project.number) == "supplier_not_active"
    assert [c.state for c in project.contracts()] == ["pending_signature"] * 2


@pytest.mark.parametrize("how", ["refuse", "lapse"])
def test_when_one_contract_falls_away_all_do(project, how):
    project.agreed()
    first, second = project.contracts()
    contracts.sign(project.first, first.number)
    if how == "refuse":
        engine.act(second.number, "refuse", project.second, {"reason": "改变计划。"})
    else:
        engine.fire(second.number, "lapse")
    assert project.state() == "lapsed" and [c.state for c in project.contracts()] == ["declined"] * 2
    assert not Grant.objects.filter(contract__in=[first.number, second.number]).exists()


@pytest.mark.parametrize("how", ["decline", "expire", "cancel", "deadline"])
def test_when_one_negotiation_ends_the_project_and_the_others_end(project, how):
    project.begun()
    inquiry = project.inquiry(project.first)
    if how == "decline":
        engine.act(inquiry.number, "decline", project.first, {"reason": "不提供。"})
    if how == "expire":
        testing.quote_all(project.bundle, project.suppliers)
        engine.fire(inquiry.number, "expire")
    if how == "cancel":
        engine.act(project.number, "cancel", project.buyer, {"reason": "预算取消。"})
    if how == "deadline":
        engine.fire(project.number, "lapse")
    assert project.state() == ("cancelled" if how == "cancel" else "lapsed")
    assert not Case.objects.filter(inquiry__bundled__bundle=project.bundle, closed_at__isnull=True).exists()
    assert not Contract.objects.exists()


def test_nothing_is_accepted_alone_nor_before_all_agree(project):
    project.begun()
    testing.quote_all(project.bundle, project.suppliers[:1])
    assert code(trade.accept, project.buyer, project.inquiry(project.first).number) == "only_together"
    case = project.bundle.case
    engine.act(project.number, "propose", project.buyer, {"method": "own"})
    assert refused(case, "accept", project.buyer).code == "not_all_consented"
    for supplier in project.suppliers:
        engine.act(project.number, "consent", supplier)
    assert refused(case, "consent", project.first).code == "already_done"
    assert refused(case, "accept", project.buyer).code == "not_all_quoted"
    assert not Contract.objects.exists()


def test_one_quotation_that_no_longer_holds_stops_all(project):
    project.begun()
    testing.quote_all(project.bundle, project.suppliers)
    engine.act(project.number, "propose", project.buyer, {"method": "own"})
    for supplier in project.suppliers:
        engine.act(project.number, "consent", supplier)
    project.second.party.status = "suspended"
    project.second.party.save()
    assert code(engine.act, project.number, "accept", project.buyer) == "supplier_not_active"
    assert not Contract.objects.exists() and project.inquiry(project.first).case.state == "quoted"


def test_shares_by_contribution_are_frozen_into_every_contract_and_a_new_proposal_voids_consents(project):
    one, two = (s.party.number for s in project.suppliers)
    rows = [{"members": [one], "value": 20}, {"members": [two], "value": 40}, {"members": [one, two], "value": 100}]
    project.begun()
    engine.act(project.number, "propose", project.buyer, {"method": "own"})
    engine.act(project.number, "consent", project.first)
    # when the buyer proposes another division, then the consent is void
    testing.agree(project.bundle, project.buyer, project.suppliers, "table", rows=rows)
    # Shapley of v(1)=20, v(2)=40, v(12)=100: 40 and 60
    assert DealBundle.objects.get().shares == [[one, 400_000], [two, 600_000]]
    assert [c.snapshot["shares"] for c in project.contracts()] == [[[one, 400_000], [two, 600_000]]] * 2
    project2 = {m.supplier.number: m.consented_at is not None for m in BundleMember.objects.all()}
    assert project2 == {one: True, two: True}


def test_a_consent_is_void_once_other_shares_are_proposed(project):
    project.begun()
    engine.act(project.number, "propose", project.buyer, {"method": "own"})
    engine.act(project.number, "consent", project.first)
    engine.act(project.number, "propose", project.buyer, {"method": "own"})
    assert BundleMember.objects.filter(consented_at__isnull=False).count() == 0


@pytest.mark.parametrize(
    "rows", [None, "x", [{"members": ["P-000000"], "value": 1}], []], ids=["none", "text", "stranger", "empty"]
)
def test_shares_without_a_table_that_holds_are_refused(project, rows):
    project.begun()
    data = {"method": "table"} if rows is None else {"method": "table", "rows": rows}
    assert code(engine.act, project.number, "propose", project.buyer, data) == "invalid_form"


def test_what_each_participant_sees(project):
    project.agreed()
    bundle = DealBundle.objects.get()
    seen = {n: queries.parts(a, bundle) for n, a in (("buyer", project.buyer), ("first", project.first))}
    assert [bool(p["inquiry"]) for p in seen["buyer"]] == [True, True]
    # a supplier sees who takes part, but neither inquiry nor contract of the other
    assert [(bool(p["inquiry"]), bool(p["contract"]), p["mine"]) for p in seen["first"]] == [
        (True, True, True),
        (False, False, False),
    ]
    assert not Inquiry.objects.visible_to(project.first).filter(supplier_id=project.second.party_id).exists()
    stranger = make_signer(make_party("buyer", "supplier"))
    assert not DealBundle.objects.visible_to(stranger).exists()
    assert code(services.sign_all, stranger, project.number) == "not_found"
    assert code(services.sign_all, project.first, project.number) == "not_found"


def test_who_may_begin_one_and_with_what(project):
    a, b = project.products
    form = {"title": "示例", "purpose": "research", "need": "示例", "products": f"{a.number}\n{b.number}"}
    assert code(services.open_bundle, project.first, form) == "forbidden"
    assert code(services.open_bundle, make_actor(make_party("buyer"), ("analyst",)), form) == "forbidden"
    for products in (a.number, f"{a.number} {a.number}", f"{a.number} CP-0", ""):
        assert code(services.open_bundle, project.buyer, {**form, "products": products}) == "invalid_form"
    # a purpose that one product does not offer opens no inquiry at all
    assert code(services.open_bundle, project.buyer, {**form, "purpose": "risk_control"}) == "purpose_not_offered"
    assert not Inquiry.objects.exists()
