"""Issue, number, life, and verification that follows the evidence and not the table."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets.registration import certificate_check, queries, services, verify
from shugang.assets.registration.certificate_number import last_day
from shugang.assets.registration.models import Certificate, DataAsset
from shugang.assets.testing import anchor, answers_for, make_application, make_certificate, make_registrar, to_state
from shugang.evidence.receipt import verify_receipt
from shugang.kernel import clock, engine, sequencer
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


def test_the_certificate_takes_effect_at_the_deposit(settings):
    with clock_at(settings, datetime(2026, 7, 1, 2, tzinfo=UTC)):
        certificate = make_certificate()
    assert certificate.number == "SJ9912026070001" and len(certificate.number) == 15
    assert certificate.state == "valid" and certificate.asset.state == "registered"
    assert certificate.event.kind == "certificate.issued"
    refs = {(r.kind, r.key) for r in certificate.event.refs.all()}
    assert {("certificate", certificate.number), ("asset", certificate.asset.number)} <= refs
    assert {k for k, _ in refs} == {"case", "party", "dataset", "asset", "certificate"}
    assert certificate.asset.rights.filter(valid_until=certificate.valid_until).count() == 3
    assert queries.valid_certificate(certificate.asset) == certificate


def test_numbers_run_on_within_the_month_and_begin_anew_in_the_next(settings):
    with clock_at(settings, datetime(2026, 7, 31, 2, tzinfo=UTC)) as move:
        office = make_registrar()
        numbers = [make_certificate(office=office).number, make_certificate(office=office).number]
        move(datetime(2026, 8, 3, 2, tzinfo=UTC))
        numbers.append(make_certificate(office=office).number)
    assert numbers == ["SJ9912026070001", "SJ9912026070002", "SJ9912026080001"]


@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)), st.integers(1, 5), st.none() | st.dates(date(2024, 1, 1)))
def test_validity_never_exceeds_its_years_nor_the_right(deposit, years, until):
    last = last_day(deposit, years, until)
    assert last <= date(deposit.year + years, 12, 31) and (last - deposit).days <= 366 * years
    assert until is None or last <= until
    if until is None:
        assert (last + timedelta(days=1)).year == deposit.year + years


def test_validity_ends_with_the_right(settings):
    with clock_at(settings, datetime(2026, 7, 1, 2, tzinfo=UTC)):
        certificate = make_certificate(right_until="2027-03-31")
    assert certificate.valid_until.astimezone(clock.zone()).date() == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("steps", "state", "event"),
    [
        (("suspend",), "suspended", "certificate.suspended"),
        (("suspend", "resume"), "valid", "certificate.resumed"),
        (("cancel",), "cancelled", "certificate.cancelled"),
        (("suspend", "revoke"), "revoked", "certificate.revoked"),
    ],
)
def test_the_life_of_a_certificate_tells_the_wings_above(steps, state, event):
    office, holder = make_registrar(), make_actor(make_party("supplier"))
    certificate = make_certificate(holder, office=office)
    for step in steps:
        engine.act(certificate.case.number, step, holder if step == "cancel" else office.reviewer, answers_for(step))
    certificate.refresh_from_db()
    assert certificate.state == state
    assert certificate.asset.state == ("registered" if state == "valid" else state)
    found = Event.objects.get(kind=event)
    assert ("certificate", certificate.number) in {(r.kind, r.key) for r in found.refs.all()}
    assert certificate_check.check(certificate.number).in_force is (state == "valid")


def test_a_certificate_lapses_after_its_last_day_and_a_new_registration_is_possible(settings):
    with clock_at(settings, datetime(2026, 7, 1, 2, tzinfo=UTC)) as move:
        office, holder = make_registrar(), make_actor(make_party("supplier"))
        certificate = make_certificate(holder, office=office, validity_years="1")
        move(certificate.valid_until - timedelta(minutes=1))
        assert services.lapse_due() == 0
        move(certificate.valid_until + timedelta(seconds=1))
        # Even before the worker comes by, nobody is told that it holds.
        assert certificate_check.check(certificate.number).state.en == "Lapsed"
        assert queries.valid_certificate(certificate.asset) is None
        assert services.lapse_due() == 1 and services.lapse_due() == 0
        certificate.refresh_from_db()
        assert (certificate.state, certificate.asset.state) == ("lapsed", "lapsed")
        assert Event.objects.filter(kind="certificate.lapsed").count() == 1
        assert make_application(holder, certificate.asset.dataset_version, office).state == "submitted"


def test_the_evidence_is_pending_then_anchored_and_the_receipt_verifies_offline():
    certificate = make_certificate()
    found = verify.find(certificate.number)
    assert (found.proof, verify.receipt(found)) == ("pending", None)
    sequencer.run_once()
    found = verify.find(certificate.number)
    assert found.proof == "logged" and found.in_force
    proved = verify_receipt(json.dumps(verify.receipt(found)), sequencer.vkey())
    assert proved.payload["payload"]["certificate"]["number"] == certificate.number
    assert proved.payload["person"] is None


TAMPER = {
    "the name": lambda c: DataAsset.objects.filter(pk=c.asset_id).update(name="改过的名称"),
    "the state": lambda c: Certificate.objects.filter(pk=c.pk).update(state="suspended"),
    "the end": lambda c: Certificate.objects.filter(pk=c.pk).update(valid_until=c.valid_until + timedelta(days=1)),
    "a right": lambda c: c.asset.rights.filter(right="OPERATE").delete(),
    "the content": lambda c: Certificate.objects.filter(pk=c.pk).update(content={**c.content, "remarks": "无限制"}),
    "the record": lambda c: Event.objects.filter(pk=c.event_id).update(
        payload={"certificate": {**c.content, "remarks": "x"}}
    ),
    "the record's trail": lambda c: Event.objects.filter(kind="certificate.issued").update(actor_label="somebody"),
}


@pytest.mark.parametrize("what", TAMPER)
def test_a_change_behind_the_verbs_shows_as_mismatch_and_the_record_is_what_is_shown(what):
    certificate = make_certificate()
    sequencer.run_once()
    assert certificate_check.check(certificate.number).proof == "logged"
    TAMPER[what](certificate)
    found = certificate_check.check(certificate.number)
    assert found.proof == "mismatch" and not found.in_force
    assert verify.receipt(found) is None
    if what == "the name":
        assert "改过的名称" not in str(found.facts)
        assert [d.found for d in found.differences] == ["改过的名称"]


def test_a_revoked_certificate_cannot_be_made_valid_in_the_table():
    office = make_registrar()
    certificate = make_certificate(office=office)
    engine.act(certificate.case.number, "revoke", office.reviewer, answers_for("revoke"))
    Certificate.objects.filter(pk=certificate.pk).update(state="valid")
    found = certificate_check.check(certificate.number)
    assert (found.state.en, found.proof, found.in_force) == ("Revoked", "mismatch", False)


def test_the_public_twin_holds_no_person_and_no_contact():
    holder = make_actor(make_party("supplier"))
    holder.party.contact, holder.party.telephone = "张三联系人", "10012345678"
    holder.party.save()
    text = json.dumps(queries.public_certificate(make_certificate(holder).number), ensure_ascii=False)
    for personal in ("张三联系人", "10012345678", holder.person.display_name):
        assert personal not in text


def test_what_was_typed_is_read_kindly():
    number = make_certificate().number
    assert verify.normalise(f" {number.lower()}　") == number
    assert verify.lookalike(number[:2] + number[2:].replace("0", "O")) == number
    assert verify.lookalike("SJ000000000000") is None
    assert verify.find("SJ000000000000") is None


def test_the_paper_closes_the_case():
    office, holder = make_registrar(), make_actor(make_party("supplier"))
    certificate = make_certificate(holder, office=office)
    case = certificate.asset.registration.case
    assert case.state == "deposited"
    assert services.issue_documents() == 0
    anchor()
    case.refresh_from_db()
    certificate.refresh_from_db()
    assert case.state == "certified" and certificate.pdf_sha256
    assert services.issue_documents() == 0
    event = Event.objects.get(kind="assets.registration.certify")
    assert event.payload["pdf_sha256"] == certificate.pdf_sha256


def test_every_state_of_the_factory_is_a_real_path():
    office, holder = make_registrar(), make_actor(make_party("supplier"))
    from shugang.assets.testing import make_version

    for state in (
        "correcting",
        "supplementing",
        "notice",
        "objection",
        "deposited",
        "not_accepted",
        "rejected",
        "not_filed",
    ):
        case = make_application(holder, make_version(holder.party), office)
        assert to_state(case, office, holder, state).state == state
