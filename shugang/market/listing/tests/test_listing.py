"""A product reaches the market by its supplier, the venue's handler, a third party's signature, and a second person."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from shugang.assets.recognition.services import submit as recognise
from shugang.assets.registration.amending import amend
from shugang.assets.testing import finish, hand_over, make_certificate, make_material, make_registrar, make_reviewed
from shugang.assets.testing import make_version as plain_version
from shugang.assets.thirdparty.models import SignedReport
from shugang.delivery.models import Grant
from shugang.delivery.testing import make_version as stored_version
from shugang.kernel import clock, engine, textindex
from shugang.kernel.errors import Refusal
from shugang.kernel.materials import open_material
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import refused, wrong_cells
from shugang.market import testing
from shugang.market.listing import services
from shugang.market.listing.process import LISTING
from shugang.market.products import queries
from shugang.market.products.models import DataProduct
from shugang.market.search import finding
from shugang.market.search.finding import Wanted
from shugang.parties.keys.signatures import verify_signature
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.codec import canonical
from shugang.policy.terms import Mask, RowFilter

pytestmark = [pytest.mark.django_db, pytest.mark.both]


class World:
    """A supplier with a certificate, a venue, and a draft product."""

    def __init__(self, version=None, supplier=None, **terms):
        testing.load_profiles()
        self.office, self.venue = make_registrar(), testing.make_venue()
        self.supplier = supplier or make_signer(make_party("supplier"))
        self.certificate = make_certificate(self.supplier, version, self.office)
        self.product = testing.make_product(self.supplier, self.certificate, terms=testing.make_terms(**terms))

    def state(self):
        return DataProduct.objects.get(pk=self.product.pk).state


@pytest.fixture
def world():
    return World()


def says_no(code, act, *args, **kwargs):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, Event.objects.count()) == (code, before)
    return no.value


def test_the_whole_way_to_the_market(world):
    # given a draft that nobody finds
    assert textindex.search("product", "空气") == []
    case = testing.apply_listing(world.supplier, world.product, world.venue)
    assert world.state() == "reviewing"
    # when everybody does his step
    engine.act(case.number, "accept", world.venue.handler)
    engine.act(case.number, "opine", world.venue.signer, testing.FAVOURABLE)
    assert world.state() == "reviewing"
    engine.act(case.number, "list", world.venue.decider)
    # then it is listed on its certificate and found by two characters
    product = DataProduct.objects.get()
    assert (product.state, product.certificate.number) == ("listed", world.certificate.number)
    assert textindex.search("product", "空气") == textindex.search("product", "浓度") == [product.number]
    # and the opinion's signature covers what was decided on
    opinion = SignedReport.objects.get()
    digest = hashlib.sha256(canonical(opinion.content)).hexdigest()
    assert digest == opinion.digest and verify_signature(opinion.signature, digest, f"opinion:{case.number}")
    assert opinion.content["version_sha256"] == product.dataset_version.sha256


def test_an_item_that_does_not_comply_cannot_be_signed_away(world):
    case = testing.apply_listing(world.supplier, world.product, world.venue)
    engine.act(case.number, "accept", world.venue.handler)
    answers = {**testing.FAVOURABLE, "item_licence": "fail"}
    assert refused(case, "opine", world.venue.signer, answers).code == "item_failed"
    assert not SignedReport.objects.exists()
    # the way out: an opinion against it, after which the draft may be mended
    engine.act(case.number, "refuse_opinion", world.venue.signer, {"reason": "许可已到期。"})
    assert world.state() == "draft"


@pytest.mark.parametrize(
    ("answer", "field"),
    [({"no_important_data": False}, "no_important_data"), ({"declaration": False}, "declaration"), ({"quality": ""}, "quality"),
     ({"sample_rows": "6"}, "sample_rows")],
)  # fmt: skip
def test_an_application_that_the_checklist_does_not_allow(world, answer, field):
    no = says_no("invalid_form", testing.apply_listing, world.supplier, world.product, world.venue, **answer)
    assert field in no.fields and world.state() == "draft"


def test_personal_columns_need_a_basis_and_a_mask():
    # given a version with a personal column, offered as it is
    supplier = make_signer(make_party("supplier"))
    version = plain_version(supplier.party, personal=("phone",))
    world = World(version, supplier, fields=("station", "phone"), masks=())
    apply = testing.apply_listing
    assert "personal" in says_no("invalid_form", apply, world.supplier, world.product, world.venue).fields
    no = says_no(
        "invalid_form", apply, world.supplier, world.product, world.venue, personal="masked", personal_basis="脱敏"
    )
    assert "personal" in no.fields
    no = says_no("invalid_form", apply, world.supplier, world.product, world.venue, personal="law")
    assert "personal_basis" in no.fields
    # the security review rests on publication, so consent cannot be claimed here
    said = {"personal_basis": "逐一取得单独同意"}
    no = says_no("invalid_form", apply, world.supplier, world.product, world.venue, personal="consent", **said)
    assert "personal" in no.fields
    apply(world.supplier, world.product, world.venue, personal="law", personal_basis="由机构依法公开")
    assert world.state() == "reviewing"


def test_no_certificate_no_listing(world):
    case = testing.apply_listing(world.supplier, world.product, world.venue)
    engine.act(case.number, "accept", world.venue.handler)
    engine.act(case.number, "opine", world.venue.signer, testing.FAVOURABLE)
    engine.act(
        world.certificate.case.number, "suspend", world.office.reviewer, {"rule": "court", "reason": "法院要求。"}
    )
    assert refused(case, "list", world.venue.decider).code == "no_certificate"
    assert world.state() == "reviewing"


def test_the_offer_may_not_outlive_the_certificate(world):
    terms = testing.make_terms(
        valid_until=world.certificate.valid_until.replace(year=world.certificate.valid_until.year + 1)
    )
    says_no("beyond_certificate", testing.make_product, world.supplier, world.certificate, terms=terms)


def test_recusal_and_four_eyes(world):
    case = testing.apply_listing(world.supplier, world.product, world.venue)
    # somebody of the supplier who also works for the venue may not decide
    friend = make_actor(world.venue.operator, ("handler",))
    make_actor(world.supplier.party, ("analyst",), person=friend.person)
    assert refused(case, "accept", friend).code == "conflict_of_interest"
    # who accepted may not decide on the listing, even with both duties
    both = make_actor(world.venue.operator, ("handler", "reviewer"))
    engine.act(case.number, "accept", both)
    engine.act(case.number, "opine", world.venue.signer, testing.FAVOURABLE)
    assert refused(case, "list", both).code == "conflict_of_interest"


def test_cells_outside_the_table_are_refused_to_everybody(world):
    case = testing.apply_listing(world.supplier, world.product, world.venue)
    people = (world.supplier, world.venue.handler, world.venue.decider, world.venue.signer)
    for state, step in wrong_cells(LISTING):
        Case.objects.filter(pk=case.pk).update(state=state)
        for actor in people:
            assert refused(case, step.name, actor).code == "wrong_state"


def test_returned_corrected_and_listed(world):
    case = testing.apply_listing(world.supplier, world.product, world.venue)
    engine.act(case.number, "request_correction", world.venue.handler, {"reason": "请补充来源。"})
    engine.act(
        case.number, "resubmit", world.supplier, {**testing.APPLICATION, "source_proof": "补充：采集方案第3章。"}
    )
    assert Case.objects.get(pk=case.pk).data["source_proof"].startswith("补充")
    engine.act(case.number, "accept", world.venue.handler)
    engine.act(case.number, "withdraw", world.supplier, {"reason": "调整价格。"})
    assert world.state() == "draft"


def test_the_sample_is_masked_and_within_the_offered_rows():
    # given hosted data offered with a mask and a row filter
    supplier = make_actor(make_party("supplier"), ("handler", "engineer", "signer"))
    version = stored_version(supplier)
    world = World(
        version, supplier, fields=("prefix7", "city"), masks=(Mask("prefix7", "keep_ends", {"prefix": 3, "suffix": 0}),),
        rows=(RowFilter("city", "eq", "泉州"),),
    )  # fmt: skip
    # when it is listed with a sample
    product = testing.list_product(world.supplier, world.product, world.venue, sample_rows="4")
    # then the stored sample holds what a grant would deliver
    assert product.sample["columns"] == ["prefix7", "city"] and len(product.sample["rows"]) == 4
    assert all(
        row[1] == "泉州" and row[0].startswith("130") and row[0].endswith("****") for row in product.sample["rows"]
    )


def test_the_proof_is_the_applicants_own_and_the_reviewer_can_open_it(world):
    mine, foreign = make_material(world.supplier), make_material(make_actor(make_party("supplier")))
    no = says_no("invalid_form", testing.apply_listing, world.supplier, world.product, world.venue, proof_file=foreign)
    assert "proof_file" in no.fields
    testing.apply_listing(world.supplier, world.product, world.venue, proof_file=mine)
    assert open_material(mine["material"], world.venue.signer)[0].sha256 == mine["sha256"]
    with pytest.raises(Refusal):
        open_material(mine["material"], make_signer(make_party("reviewer")))


# ── what the registry decides takes effect here ──────────────────────────────────────────────────────────────

REVOKE = {"rule": "false", "reason": "材料不实。"}
SUSPEND = {"rule": "inspection", "reason": "核查来源。"}


@pytest.mark.parametrize(("step", "data"), [("suspend", SUSPEND), ("revoke", REVOKE)])
def test_a_lost_certificate_stops_listing_and_grants_at_once(step, data):
    # given a contract in force
    deal = testing.make_deal()
    contract = testing.signed(deal)
    # when the registrar suspends or revokes the certificate
    engine.act(deal.certificate.case.number, step, deal.office.reviewer, data)
    # then the product is off the market, the search, and the grant is suspended
    product = DataProduct.objects.get()
    assert (product.state, product.held_by) == ("suspended", "certificate")
    assert Grant.objects.get(pk=contract.grant_id).state == "suspended"
    assert textindex.search("product", "空气") == []
    assert Event.objects.filter(
        kind="listing.suspended", refs__kind="certificate", refs__key=deal.certificate.number
    ).exists()


def test_a_cancelled_certificate_does_the_same():
    deal = testing.make_deal()
    engine.act(deal.certificate.case.number, "cancel", deal.supplier, {"reason": "不再经营。"})
    assert DataProduct.objects.get().state == "suspended"


def test_a_resumed_certificate_brings_back_what_it_had_stopped():
    deal = testing.make_deal()
    contract = testing.signed(deal)
    engine.act(deal.certificate.case.number, "suspend", deal.office.reviewer, SUSPEND)
    engine.act(deal.certificate.case.number, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert DataProduct.objects.get().state == "listed" and Grant.objects.get(pk=contract.grant_id).state == "active"
    assert textindex.search("product", "空气") == [deal.product.number]


def test_a_changed_certificate_carries_the_listing_and_its_grants_on():
    deal = testing.make_deal()
    contract = testing.signed(deal)
    case = amend(deal.supplier, deal.certificate.number, "change", {"region": "厦门"}, "更新")
    heir = finish(case, deal.office, deal.supplier)
    product, grant = DataProduct.objects.get(), Grant.objects.get(pk=contract.grant_id)
    assert (product.state, product.certificate, grant.state) == ("listed", heir, "active")
    # the grant stands on the old number; what happens to its heir reaches it all the same
    engine.act(heir.case.number, "suspend", deal.office.reviewer, SUSPEND)
    assert (DataProduct.objects.get().state, Grant.objects.get(pk=grant.pk).state) == ("suspended", "suspended")
    engine.act(heir.case.number, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert (DataProduct.objects.get().state, Grant.objects.get(pk=grant.pk).state) == ("listed", "active")


def test_what_was_recognised_is_not_reviewed_twice():
    testing.load_profiles()
    office, venue, supplier = make_registrar(), testing.make_venue(), make_signer(make_party("supplier"))
    version = plain_version(supplier.party)
    case = recognise(supplier, version.dataset.number, office.party.number, {
        "method": "paper", "number": "SJ3512026070001", "issuer": "示例省登记中心", "data_name": "示例外地数据集", "summary": "外地登记。",
        "industry": "N", "division": "77", "source_kind": "collected", "rights": ["OPERATE"], "valid_until": "2040-06-30",
        "declaration": True,
    })  # fmt: skip
    engine.act(
        case.number, "confirm", office.examiner, {"channel": "letter", "where": "复函1号", "finding": "一致，有效。"}
    )
    case.recognition.refresh_from_db()
    product = testing.make_product(supplier, case.recognition.certificate)
    case = testing.apply_listing(supplier, product, venue)
    engine.act(case.number, "accept", venue.handler)
    no = refused(case, "opine", venue.signer, {**testing.FAVOURABLE, "item_rights": "fail"})
    assert no.code == "no_repeat_review"
    assert refused(case, "opine", venue.signer, {**testing.FAVOURABLE, "item_quality": "fail"}).code == "item_failed"
    engine.act(case.number, "opine", venue.signer, {**testing.FAVOURABLE, "item_rights": "na", "item_source": "na"})
    assert SignedReport.objects.get().content["recognised"] == "SJ3512026070001"


@pytest.mark.parametrize("rights", [["OPERATE"], ["HOLD", "USE", "OPERATE"]])
def test_who_transferred_the_right_to_trade_trades_no_longer(rights):
    deal, other = testing.make_deal(), make_actor(make_party("supplier"))
    contract = testing.signed(deal)
    finish(hand_over(deal.certificate, deal.supplier, other, rights=rights), deal.office, other)
    assert (DataProduct.objects.get().state, Grant.objects.get(pk=contract.grant_id).state) == (
        "suspended",
        "suspended",
    )


def test_a_suspended_source_stops_what_a_licensee_lists():
    testing.load_profiles()
    office, venue, holder = make_registrar(), testing.make_venue(), make_actor(make_party("supplier"))
    licensee = make_signer(make_party("supplier"))
    source = make_certificate(holder, None, office)
    make_reviewed(holder, source.asset.dataset_version)
    until = (clock.today() + timedelta(days=400)).isoformat()
    certificate = finish(
        hand_over(source, holder, licensee, "licence", rights=["OPERATE"], until=until), office, licensee
    )
    product = testing.list_product(licensee, testing.make_product(licensee, certificate), venue)
    assert product.state == "listed"
    engine.act(source.case.number, "suspend", office.reviewer, SUSPEND)
    assert DataProduct.objects.get().state == "suspended"
    engine.act(source.case.number, "resume", office.reviewer, {"reason": "核查无误。"})
    assert DataProduct.objects.get().state == "listed"


def test_an_order_outlasts_the_certificate():
    deal = testing.make_deal()
    regulator = make_actor(make_party("regulator"), ("supervisor",))
    engine.act(deal.certificate.case.number, "suspend", deal.office.reviewer, SUSPEND)
    services.suspend_listing(regulator, deal.product.number, "核查广告内容。")
    # the order cannot be lifted while the certificate is suspended, and the certificate does not lift the order
    says_no("no_certificate", services.resume_listing, regulator, deal.product.number, "已改正。")
    engine.act(deal.certificate.case.number, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert DataProduct.objects.get().state == "suspended"
    services.resume_listing(regulator, deal.product.number, "已改正。")
    assert DataProduct.objects.get().state == "listed"


def test_taken_down_by_its_supplier():
    deal = testing.make_deal()
    contract = testing.signed(deal)
    says_no("not_found", services.delist, make_actor(make_party("supplier")), deal.product.number, "x")
    services.delist(deal.supplier, deal.product.number, "不再提供。")
    assert DataProduct.objects.get().state == "delisted" and Grant.objects.get(pk=contract.grant_id).state == "active"
    assert finding.find(Wanted()).empty and queries.public_product(deal.product.number).state == "delisted"
