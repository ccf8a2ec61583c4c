"""An order from request to a report that stands; who may not take it; what is signed; how data reaches the assessor."""

import hashlib
from datetime import datetime

import pytest

from shugang.assets.testing import make_material
from shugang.assets.thirdparty import facts, queries, services
from shugang.assets.thirdparty.models import ServiceOrder, SignedReport
from shugang.assets.thirdparty.testing import (
    list_offer,
    make_agency,
    make_desk,
    make_report,
    order_service,
    report_form,
    to_state,
)
from shugang.delivery.models import Grant
from shugang.delivery.testing import make_version
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.materials import open_material
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at, refused
from shugang.parties.keys.signatures import message, verify_signature
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.codec import canonical

pytestmark = pytest.mark.django_db


@pytest.fixture
def march(db, settings):
    """Rule time from Monday, 2 March 2026 on; asked for first, since no event may be older."""
    with clock_at(settings, datetime(2026, 3, 2, 10, tzinfo=clock.zone())) as move:
        yield move


@pytest.fixture
def desk(db):
    return make_desk()


@pytest.fixture
def client(db):
    return make_actor(make_party("supplier"), ("handler", "engineer", "manager"))


@pytest.fixture
def version(client):
    return make_version(client)


@pytest.fixture
def agency(desk):
    return make_agency("quality", desk=desk)


def says_no(code, act, *args, **kwargs):
    before = (Event.objects.count(), Case.objects.count())
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, Event.objects.count(), Case.objects.count()) == (code, *before)
    return no.value


@pytest.mark.both
def test_the_whole_way_to_a_report_that_stands(agency, client, version):
    number = version.dataset.number
    case = order_service(client, agency.offers["quality"], number)
    engine.act(case.number, "accept", agency.handler)
    order = ServiceOrder.objects.get()
    assert (order.fee_fen, order.days, order.version, order.holder) == (800_000, 10, version, client.party)
    form = report_form(agency.handler)
    engine.act(case.number, "draft", agency.handler, form)
    engine.act(case.number, "sign", agency.signer)
    # then nobody rests on it before its inspection
    report = SignedReport.objects.get()
    assert report.state == "delivered" and not queries.standing_reports(version.dataset_id, "quality").exists()
    # and the signature covers file, data and conclusion
    assert hashlib.sha256(canonical(report.content)).hexdigest() == report.digest
    assert verify_signature(report.signature, report.digest, f"report:{case.number}")
    assert (
        report.content["file_sha256"] == form["file"]["sha256"] and report.content["version_sha256"] == version.sha256
    )
    assert not verify_signature(report.signature, report.digest, "report:WT-2026-999999")
    engine.act(case.number, "confirm", client)
    assert queries.standing_reports(version.dataset_id, "quality").get() == report
    assert queries.standing_reports(version.dataset_id, "quality", version_id=version.pk).get().content["score"] == 96
    assert not queries.standing_reports(version.dataset_id, "risk").exists()
    done = Event.objects.get(kind="service.completed")
    assert done.payload["fee_fen"] == 800_000 and ("order", case.number) in {(r.kind, r.key) for r in done.refs.all()}
    # the client opens the report's file
    assert open_material(form["file"]["material"], client)[0].sha256 == form["file"]["sha256"]


@pytest.mark.both
def test_silence_accepts_and_a_late_report_is_counted_late(march, agency, client, version, desk):
    list_offer(make_agency(desk=desk), desk, "quality")
    late = order_service(client, agency.offers["quality"], version.dataset.number)
    to_state(late, agency, client, "drafted")
    march(datetime(2026, 3, 17, 9, tzinfo=clock.zone()))  # ten working days ended on the 16th
    engine.act(late.number, "sign", agency.signer)
    march(datetime(2026, 4, 1, 9, tzinfo=clock.zone()))
    assert engine.tick() >= 1
    assert Case.objects.get(pk=late.pk).state == "completed"
    found = facts.rate(queries.public_outcomes(agency.party))
    assert (found.orders, found.on_time.part, found.on_time.whole, found.first_time.part) == (1, 0, 1, 1)
    assert facts.by_quarter(queries.public_outcomes(agency.party)) == [("2026Q2", 0, 1)]


def test_a_quotation_is_agreed_to(desk, client, version):
    agency = make_agency("appraisal", desk=desk, price_fen=None)
    case = order_service(client, agency.offers["appraisal"], version.dataset.number)
    assert refused(case, "accept", agency.handler).code == "quotation_needed"
    engine.act(case.number, "quote", agency.handler, {"fee_fen": "30000", "days": "30"})
    engine.act(case.number, "agree", client)
    order = ServiceOrder.objects.get()
    assert (order.fee_fen, order.days, order.state) == (3_000_000, 30, "engaged")
    assert Case.objects.get(pk=case.pk).clocks.get(name="work").days == 30


def test_what_a_report_of_its_kind_must_state(desk, client, version):
    agency = make_agency("appraisal", desk=desk)
    case = to_state(
        order_service(client, agency.offers["appraisal"], version.dataset.number), agency, client, "working"
    )
    bare = report_form(agency.handler)
    assert "amount" in refused(case, "draft", agency.handler, bare).fields
    assert (
        "valid_until"
        in refused(case, "draft", agency.handler, {**bare, "amount": "100", "valid_until": "2099-01-01"}).fields
    )
    assert (
        "file"
        in refused(case, "draft", agency.handler, {**bare, "amount": "100", "file": make_material(client)}).fields
    )
    engine.act(case.number, "draft", agency.handler, {**bare, "amount": "1234567.89"})
    assert ServiceOrder.objects.get().draft["content"]["amount"] == 123_456_789


def test_the_author_does_not_sign_and_the_signer_may_send_it_back(desk, agency, client, version):
    case = to_state(order_service(client, agency.offers["quality"], version.dataset.number), agency, client, "working")
    both = make_signer(agency.party)
    engine.act(case.number, "draft", both, report_form(both))
    assert refused(case, "sign", both).code == "conflict_of_interest"
    engine.act(case.number, "reopen", agency.signer, {"reason": "摘要过短。"})
    engine.act(case.number, "draft", agency.handler, report_form(agency.handler))
    engine.act(case.number, "sign", agency.signer)
    assert SignedReport.objects.get().state == "delivered"


def test_a_key_in_own_custody_signs_the_digest_that_was_shown(agency, client, version):
    import base64

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from shugang.parties.keys.services import make_key

    case = to_state(order_service(client, agency.offers["quality"], version.dataset.number), agency, client, "drafted")
    key, signer = Ed25519PrivateKey.generate(), make_actor(agency.party, ("signer",))
    make_key(signer, base64.b64encode(key.public_key().public_bytes_raw()).decode())
    assert refused(case, "sign", signer).code == "signature_needed"
    digest = ServiceOrder.objects.get().draft["digest"]
    other = base64.b64encode(key.sign(message("00" * 32, f"report:{case.number}"))).decode()
    assert refused(case, "sign", signer, {"own_signature": other}).code == "bad_signature"
    mine = base64.b64encode(key.sign(message(digest, f"report:{case.number}"))).decode()
    engine.act(case.number, "sign", signer, {"own_signature": mine})
    assert SignedReport.objects.get().signature["custody"] == "own"


# ── who may not take an order ────────────────────────────────────────────────────────────────────────────────


def test_nobody_of_the_agency_may_belong_to_the_client(agency, client, version):
    make_actor(agency.party, ("analyst",), person=client.person)
    case = order_service(client, agency.offers["quality"], version.dataset.number)
    assert refused(case, "accept", agency.handler).code == "conflict_of_interest"


def test_for_a_lighter_kind_only_who_acts_is_looked_at(desk, client):
    agency = make_agency("training", desk=desk)
    make_actor(agency.party, ("analyst",), person=client.person)
    case = order_service(client, agency.offers["training"])
    engine.act(case.number, "accept", agency.handler)
    assert Case.objects.get(pk=case.pk).state == "working"


def test_an_agency_does_not_serve_itself(agency):
    says_no("conflict_of_interest", order_service, agency.handler, agency.offers["quality"])


def test_who_integrated_the_data_does_not_judge_it(desk, client, version):
    agency = make_agency("integration", "quality", desk=desk)
    to_state(order_service(client, agency.offers["integration"], version.dataset.number), agency, client, "working")
    case = order_service(client, agency.offers["quality"], version.dataset.number)
    assert refused(case, "accept", agency.handler).code == "self_review"


@pytest.mark.both
def test_no_three_in_a_row_for_one_client(desk, client):
    agency, other = make_agency("audit", desk=desk), make_agency("audit", desk=desk)
    for _ in range(2):
        to_state(order_service(client, agency.offers["audit"]), agency, client, "completed")
    third = order_service(client, agency.offers["audit"])
    assert refused(third, "accept", agency.handler).code == "rotation"
    assert refused(third, "quote", agency.handler, {"fee_fen": "1", "days": "1"}).code == "rotation"
    # another client is not concerned, and another agency in between frees the way
    stranger = make_actor(make_party("buyer"))
    engine.act(order_service(stranger, agency.offers["audit"]).number, "accept", agency.handler)
    to_state(order_service(client, other.offers["audit"]), other, client, "working")
    engine.act(third.number, "accept", agency.handler)
    assert Case.objects.get(pk=third.pk).state == "working"


def test_quality_rotates_by_object(agency, client, version):
    for text in ("a,b\n1,2\n", "a,b\n3,4\n", "a,b\n5,6\n"):
        one = make_version(client, text)
        to_state(order_service(client, agency.offers["quality"], one.dataset.number), agency, client, "working")
    for _ in range(2):
        to_state(order_service(client, agency.offers["quality"], version.dataset.number), agency, client, "working")
    third = order_service(client, agency.offers["quality"], version.dataset.number)
    assert refused(third, "accept", agency.handler).code == "rotation"


def test_a_service_that_does_not_stand_takes_no_orders(desk, agency, client):
    engine.act(agency.offers["quality"], "suspend", desk.reviewer, {"reason": "核查资质。"})
    says_no("offer_not_standing", order_service, client, agency.offers["quality"])


@pytest.mark.parametrize(
    ("answers", "code"),
    [({"object_kind": "dataset", "object_number": "DS-2026-999999"}, "not_found"), ({"object_kind": "horse", "object_number": "1"}, "invalid_form"),
     ({"object_kind": "dataset"}, "invalid_form"), ({"object_number": "DS-1"}, "invalid_form"), ({"purpose": ""}, "invalid_form")],
)  # fmt: skip
def test_an_order_that_names_nothing_that_is_there(agency, client, answers, code):
    says_no(code, order_service, client, agency.offers["quality"], **answers)


def test_anothers_data_cannot_be_named(agency, version):
    stranger = make_actor(make_party("supplier"))
    says_no("not_found", order_service, stranger, agency.offers["quality"], version.dataset.number)


# ── data by grant ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.both
def test_the_assessor_reads_by_a_grant_that_ends_with_the_order(march, agency, client, version):
    case = to_state(order_service(client, agency.offers["quality"], version.dataset.number), agency, client, "access")
    assert Case.objects.get(pk=case.pk).clocks.get(name="work").state == "paused"
    before = Grant.objects.count()
    assert refused(case, "give_access", client, {"mode": "sql", "columns": "no_such"}).code == "bad_terms"
    march(datetime(2026, 3, 5, 10, tzinfo=clock.zone()))
    engine.act(case.number, "give_access", client, {"mode": "sql", "columns": "prefix7\ncity"})
    assert Grant.objects.count() == before + 1
    grant = Grant.objects.get()
    basis = grant.bases.get()
    assert (basis.kind, basis.reference, grant.grantee, grant.supplier) == (
        "case",
        case.number,
        agency.party,
        client.party,
    )
    terms = grant.read_terms()
    assert (terms.purpose, terms.fields, terms.redistribute) == ("assessment", ("prefix7", "city"), False)
    # three days of waiting do not count against the agency: ten working days, from the 5th on
    assert Case.objects.get(pk=case.pk).clocks.get(name="work").due_at.date().isoformat() == "2026-03-19"
    engine.act(case.number, "draft", agency.handler, report_form(agency.handler))
    engine.act(case.number, "sign", agency.signer)
    engine.act(case.number, "confirm", client)
    grant.refresh_from_db()
    assert (grant.state, grant.reason) == ("ended", "委托完成")


def test_no_data_no_grant(desk, client):
    agency = make_agency("training", desk=desk)
    case = to_state(order_service(client, agency.offers["training"]), agency, client, "working")
    assert refused(case, "ask_access", agency.handler, {"reason": "看看。"}).code == "no_data"


# ── objection, dispute, withdrawal ───────────────────────────────────────────────────────────────────────────


def test_a_granted_objection_replaces_the_report(agency, client, version):
    case = to_state(order_service(client, agency.offers["quality"], version.dataset.number), agency, client, "objected")
    engine.act(case.number, "rework", agency.handler)
    assert SignedReport.objects.get().state == "superseded"
    engine.act(case.number, "draft", agency.handler, report_form(agency.handler, score="90"))
    engine.act(case.number, "sign", agency.signer)
    engine.act(case.number, "confirm", client)
    assert queries.standing_reports(version.dataset_id, "quality").get().content["score"] == 90
    found = facts.rate(queries.public_outcomes(agency.party))
    assert (found.objections, found.upheld, found.first_time.part, found.first_time.whole) == (1, 1, 0, 1)


@pytest.mark.parametrize(("step", "state", "report", "stands"), [
    ("uphold", "terminated", "withdrawn", False), ("dismiss", "completed", "standing", True)])  # fmt: skip
def test_the_operator_decides_a_dispute(desk, agency, client, version, step, state, report, stands):
    case = order_service(client, agency.offers["quality"], version.dataset.number)
    # the operator reads nothing of an order before there is a dispute
    assert not queries.orders(desk.reviewer).exists()
    to_state(case, agency, client, "disputed")
    assert queries.orders(desk.reviewer).get().number == case.number
    engine.act(case.number, step, desk.reviewer, {"reason": "经核实。"})
    assert (Case.objects.get(pk=case.pk).state, SignedReport.objects.get().state) == (state, report)
    assert queries.standing_reports(version.dataset_id, "quality").exists() == stands
    assert Event.objects.filter(kind="service.completed").exists() == stands


def test_no_reply_to_an_objection_goes_to_dispute(march, agency, client, version):
    case = to_state(order_service(client, agency.offers["quality"], version.dataset.number), agency, client, "objected")
    march(datetime(2026, 3, 20, 10, tzinfo=clock.zone()))
    engine.tick()
    assert Case.objects.get(pk=case.pk).state == "disputed"


def test_a_withdrawn_report_stands_no_more(desk, agency, client, version):
    report = make_report(client, version.dataset.number, agency=agency)
    says_no("forbidden", services.withdraw_report, client, report.number, "不想要。")
    says_no("not_found", services.withdraw_report, make_signer(make_party("reviewer")), report.number, "x")
    says_no("reason_required", services.withdraw_report, agency.signer, report.number, " ")
    services.withdraw_report(agency.signer, report.number, "发现计算错误。")
    assert not queries.standing_reports(version.dataset_id, "quality").exists()
    says_no("wrong_state", services.withdraw_report, desk.reviewer, report.number, "再撤一次。")
    assert facts.rate(queries.public_outcomes(agency.party)).withdrawn == 1


def test_validity_ends_and_a_suspended_agency_does_not_count(settings, agency, client, version):
    from shugang.parties.models import Party

    report = make_report(client, version.dataset.number, agency=agency)
    standing = lambda: queries.standing_reports(version.dataset_id, "quality").exists()  # noqa: E731
    Party.objects.filter(pk=agency.party.pk).update(status="suspended")
    assert not standing()
    Party.objects.filter(pk=agency.party.pk).update(status="active")
    assert standing()
    SignedReport.objects.filter(pk=report.pk).update(valid_until=clock.today())
    assert standing()
    with clock_at(settings, clock.now().replace(year=clock.now().year + 2)):
        assert not standing() and queries.standing(SignedReport.objects.get()) == "expired"


# ── who sees what ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stranger_checks_a_report_without_reading_it(agency, client, version):
    report = make_report(client, version.dataset.number, agency=agency)
    stranger = make_actor(make_party("buyer"))
    found, whole = queries.readable_report(stranger, report.number)
    shown = queries.report_json(found, whole)
    assert not whole and "content" not in shown and "client" not in shown and shown["digest"] == report.digest
    says_no("not_found", services.publish_report, stranger, report.number, True)
    says_no("forbidden", services.publish_report, agency.handler, report.number, True)
    services.publish_report(client, report.number, True)
    assert queries.readable_report(stranger, report.number)[1]
    services.publish_report(client, report.number, False)
    assert not queries.readable_report(stranger, report.number)[1]
    assert not queries.orders(stranger).exists() and not queries.reports(stranger).exists()
