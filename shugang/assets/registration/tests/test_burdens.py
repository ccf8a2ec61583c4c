"""Encumbrances, and chains of derivation: what stands on a right, and what it stands on."""

from datetime import timedelta

import pytest

from shugang.assets.models import Certificate, Encumbrance
from shugang.assets.registration import amending, burdens, certificate_check, encumbrances, joint
from shugang.assets.registration.encumbrances import ENCUMBRANCE
from shugang.assets.registration.joint import JOINT_APPLICATION
from shugang.assets.testing import (
    answers_for,
    assert_cell,
    expected,
    finish,
    hand_over,
    make_application,
    make_certificate,
    make_material,
    make_registrar,
    make_version,
    offer_form,
    to_state,
)
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.procedure import TIMER
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
SEIZURE = {"kind": "seizure", "authority": "示例市中级人民法院", "document": "（2026）示执保12号"}


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def holder():
    return make_actor(make_party("supplier"))


@pytest.fixture
def other():
    return make_actor(make_party("supplier"))


def refused(code, act, *args, **more):
    before = (Case.objects.count(), Event.objects.count(), Encumbrance.objects.count())
    with pytest.raises(Refusal) as caught:
        act(*args, **more)
    assert caught.value.code == code, caught.value.message
    assert (Case.objects.count(), Event.objects.count(), Encumbrance.objects.count()) == before
    return caught.value


def state(certificate):
    certificate.refresh_from_db()
    return certificate.state


# Encumbrances.


def test_a_seized_right_is_not_disposed_of_and_everybody_reads_why(office, holder, other):
    certificate = make_certificate(holder, office=office)
    case = encumbrances.encumber(office.reviewer, certificate.number, {**SEIZURE, "right": "OPERATE"})
    said = refused(
        "encumbered", joint.offer, holder, certificate.number, "transfer", other.party.number, offer_form(holder)
    )
    assert "（2026）示执保12号" in said.message.zh
    refused("encumbered", engine.act, certificate.case.number, "cancel", holder, answers_for("cancel"))
    # What is not seized may still be licensed.
    until = (clock.today() + timedelta(days=100)).isoformat()
    joint.offer(
        holder, certificate.number, "licence", other.party.number, offer_form(holder, rights=["USE"], until=until)
    )
    shown = dict((label.zh, value) for label, value in certificate_check.check(certificate.number).facts)
    assert shown["现存负担"].zh == "经营权查封：示例市中级人民法院，（2026）示执保12号"
    engine.act(case.number, "lift", office.reviewer, {"document": "（2026）示执保12号之一"})
    assert "现存负担" not in [label.zh for label, _ in certificate_check.check(certificate.number).facts]
    assert engine.act(certificate.case.number, "cancel", holder, answers_for("cancel")).state == "cancelled"


@pytest.mark.both
def test_a_seizure_ends_the_transfer_under_way(office, holder, other):
    certificate = make_certificate(holder, office=office)
    case = to_state(hand_over(certificate, holder, other), office, other, "notice")
    encumbrances.encumber(office.reviewer, certificate.number, SEIZURE)
    case.refresh_from_db()
    assert (case.state, state(certificate)) == ("rejected", "valid")
    assert case.registration.asset.state == "refused"


def test_a_pledge_placed_meanwhile_stops_the_examination(office, holder, other):
    certificate = make_certificate(holder, office=office)
    case = to_state(hand_over(certificate, holder, other), office, other, "accepted")
    encumbrances.encumber(office.reviewer, certificate.number, {**SEIZURE, "kind": "pledge", "authority": "示例银行"})
    refused("encumbered", engine.act, case.number, "pass_examination", office.examiner, answers_for("pass_examination"))


def test_an_encumbrance_stands_in_the_remarks_of_the_next_certificate(office, holder):
    old = make_certificate(holder, office=office)
    encumbrances.encumber(office.reviewer, old.number, {**SEIZURE, "kind": "condition", "note": "仅供研究"})
    new = finish(amending.amend(holder, old.number, "change", {"region": "厦门"}, "更新"), office, holder)
    assert "条件限制" in new.content["remarks"] and "仅供研究" in new.content["remarks"]


@pytest.mark.both
def test_an_encumbrance_ends_by_itself(office, holder, settings):
    from shugang.kernel.testing import clock_at

    certificate = make_certificate(holder, office=office)
    until = clock.today() + timedelta(days=30)
    encumbrances.encumber(office.reviewer, certificate.number, {**SEIZURE, "until": until.isoformat()})
    row = Encumbrance.objects.get()
    assert list(burdens.standing(certificate.asset)) == [row] and encumbrances.end_due() == 0
    with clock_at(settings, row.until + timedelta(seconds=1)):
        assert list(burdens.standing(certificate.asset)) == []
        assert encumbrances.end_due() == 1 and encumbrances.end_due() == 0
    assert Case.objects.get(pk=row.case_id).state == "ended"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"kind": "theft"}, "invalid_form"), ({"until": "2020-01-01"}, "invalid_form"), ({"authority": ""}, "invalid_form"),
     ({"right": "OPERATE"}, "no_such_right"), ({}, "already_encumbered")],
)  # fmt: skip
def test_a_burden_that_cannot_be_is_refused(office, holder, changes, code):
    certificate = make_certificate(holder, office=office, rights=["HOLD"])
    if code == "already_encumbered":
        encumbrances.encumber(office.reviewer, certificate.number, SEIZURE)
    refused(code, encumbrances.encumber, office.reviewer, certificate.number, {**SEIZURE, **changes})


def test_only_the_registrar_of_the_certificate_places_a_burden(office, holder):
    certificate = make_certificate(holder, office=office)
    refused("not_found", encumbrances.encumber, make_registrar().reviewer, certificate.number, SEIZURE)
    refused("not_found", encumbrances.encumber, holder, certificate.number, SEIZURE)
    refused("forbidden", encumbrances.encumber, office.examiner, certificate.number, SEIZURE)


# Chains.


def licensed(certificate, holder, other, office, rights=("HOLD", "USE", "OPERATE")):
    until = (clock.today() + timedelta(days=300)).isoformat()
    return finish(hand_over(certificate, holder, other, "licence", rights=list(rights), until=until), office, other)


@pytest.mark.both
def test_what_comes_from_a_source_goes_and_returns_with_it(office, holder, other):
    third = make_actor(make_party("supplier"))
    source = make_certificate(holder, office=office, resale="yes")
    licence = licensed(source, holder, other, office)
    further = licensed(licence, other, third, office, ["USE"])
    engine.act(source.case.number, "suspend", office.reviewer, answers_for("suspend"))
    assert (state(licence), state(further)) == ("suspended", "suspended")
    assert licence.held_by == source.number and further.held_by == licence.number
    assert certificate_check.check(further.number).in_force is False
    refused("source_not_in_force", engine.act, further.case.number, "resume", office.reviewer, answers_for("resume"))
    engine.act(source.case.number, "resume", office.reviewer, answers_for("resume"))
    assert (state(licence), state(further)) == ("valid", "valid")
    engine.act(source.case.number, "revoke", office.reviewer, answers_for("revoke"))
    assert (state(licence), state(further)) == ("lapsed", "lapsed")
    assert certificate_check.check(further.number).differences == []


def test_what_the_registrar_suspended_is_not_freed_by_the_source(office, holder, other):
    source = make_certificate(holder, office=office)
    licence = licensed(source, holder, other, office)
    engine.act(licence.case.number, "suspend", office.reviewer, answers_for("suspend"))
    engine.act(source.case.number, "suspend", office.reviewer, answers_for("suspend"))
    engine.act(source.case.number, "resume", office.reviewer, answers_for("resume"))
    assert state(licence) == "suspended"
    engine.act(licence.case.number, "resume", office.reviewer, answers_for("resume"))
    assert state(licence) == "valid"


def test_fused_data_stands_on_every_source(office, holder):
    first, second = (
        make_certificate(holder, make_version(holder.party, 1), office),
        make_certificate(holder, make_version(holder.party, 2), office),
    )
    fused = make_certificate(
        holder, make_version(holder.party, 3), office, source_kind="derived", derivation="按站点融合并计算暴露量。",
        source_proof=make_material(holder), source_certificates=f"{first.number}，{second.number}",
    )  # fmt: skip
    assert fused.content["sources"] == sorted([first.number, second.number])
    for certificate in (first, second):
        engine.act(certificate.case.number, "suspend", office.reviewer, answers_for("suspend"))
    engine.act(first.case.number, "resume", office.reviewer, answers_for("resume"))
    assert state(fused) == "suspended" and fused.held_by == second.number
    engine.act(second.case.number, "resume", office.reviewer, answers_for("resume"))
    assert state(fused) == "valid"


def test_a_right_beyond_its_source_is_refused(office, holder, other):
    version = make_version(other.party, 5)
    source = make_certificate(holder, office=office, rights=["HOLD", "USE"])
    agreed = {
        "source_kind": "agreement",
        "source_proof": make_material(other),
        "consent": True,
        "consent_proof": make_material(other),
    }
    no = refused("invalid_form", make_application, other, version, office, source_certificates=source.number, **agreed)
    assert "经营权" in no.fields["rights"].zh
    strict = make_certificate(holder, make_version(holder.party, 8), office, resale="no")
    no = refused("invalid_form", make_application, other, version, office, source_certificates=strict.number, **agreed)
    assert "再许可" in no.fields["rights"].zh
    no = refused(
        "invalid_form", make_application, other, version, office, source_certificates="SJ0000000000000", **agreed
    )
    assert set(no.fields) == {"source_certificates"}
    held = make_certificate(holder, make_version(holder.party, 9), office, rights=["HOLD"])
    derived = {"source_kind": "derived", "derivation": "x", "source_proof": make_material(other)}
    assert (
        "使用权"
        in refused("invalid_form", make_application, other, version, office, source_certificates=held.number, **derived)
        .fields["rights"]
        .zh
    )


def test_a_derived_right_ends_no_later_than_its_source(office, holder):
    source = make_certificate(holder, make_version(holder.party, 1), office, validity_years="1")
    derived = make_certificate(
        holder, make_version(holder.party, 2), office, source_kind="derived", derivation="计算日均值。",
        source_proof=make_material(holder), source_certificates=source.number, validity_years="5",
    )  # fmt: skip
    assert derived.valid_until == source.valid_until


def test_a_licence_outlives_the_transfer_of_what_it_licenses(office, holder, other):
    third = make_actor(make_party("supplier"))
    source = make_certificate(holder, office=office)
    licence = licensed(source, holder, other, office, ["USE"])
    heir = finish(hand_over(source, holder, third, rights=["USE"]), office, third)
    assert state(source) == "replaced" and state(licence) == "valid"
    assert licence.asset.sources.get().certificate == heir
    engine.act(heir.case.number, "suspend", office.reviewer, answers_for("suspend"))
    assert state(licence) == "suspended"


def test_a_change_that_drops_a_right_ends_the_licence_of_it(office, holder, other):
    source = make_certificate(holder, office=office)
    kept, lost = licensed(source, holder, other, office, ["HOLD"]), None
    third = make_actor(make_party("supplier"))
    lost = licensed(source, holder, third, office, ["OPERATE"])
    new = finish(
        amending.amend(holder, source.number, "change", {"rights": ["HOLD", "USE"]}, "不再经营"), office, holder
    )
    assert (state(kept), state(lost)) == ("valid", "lapsed")
    assert kept.asset.sources.get().certificate == new


# The tables of both procedures, cell by cell.

WHO = ("handler", "finance", "counterparty", "examiner", "reviewer", "stranger", "nobody")
MAY = {
    "assets.joint": {"agree": {"counterparty"}, "decline": {"counterparty"}, "withdraw": {"handler"}},
    "assets.encumbrance": {"lift": {"reviewer"}},
}
ANSWERS = {
    "agree": {"declaration": True},
    "lift": {"document": "解除1号"},
    "decline": {"reason": "暂不"},
    "withdraw": {"reason": "改期"},
}
PATHS = {
    "assets.joint": {"offered": (), "agreed": ("counterparty:agree",), "declined": ("counterparty:decline",),
                     "withdrawn": ("handler:withdraw",), "expired": ("timer:expire",)},
    "assets.encumbrance": {"standing": (), "lifted": ("reviewer:lift",), "ended": ("timer:end",)},
}  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "at"),
    [(p, s.name) for p in (JOINT_APPLICATION, ENCUMBRANCE) for s in p.states],
    ids=lambda value: getattr(value, "code", str(value)),
)
def test_each_cell_of_the_table(office, holder, other, spec, at):
    actors = {
        "handler": holder, "finance": make_actor(holder.party, ("finance",)), "counterparty": other, "examiner": office.examiner,
        "reviewer": office.reviewer, "stranger": make_actor(make_party("supplier"), ("handler", "reviewer")), "nobody": make_actor(None),
    }  # fmt: skip

    def fresh():
        certificate = make_certificate(holder, make_version(holder.party, Case.objects.count() + 1), office)
        if spec is ENCUMBRANCE:
            until = (clock.today() + timedelta(days=9)).isoformat()
            case = encumbrances.encumber(office.reviewer, certificate.number, {**SEIZURE, "until": until})
        else:
            case = joint.offer(holder, certificate.number, "transfer", other.party.number, offer_form(holder))
        for path in PATHS[spec.code][at]:
            who, step = path.split(":")
            if who == "timer":
                engine.fire(case.number, step)
            else:
                engine.act(case.number, step, actors[who], ANSWERS[step])
        return Case.objects.get(pk=case.pk)

    standing = fresh()
    assert standing.state == at
    for step in spec.transitions:
        for who in WHO:
            allowed = expected(step, at, who, MAY[spec.code])
            if step.name == "agree" and allowed:
                assert fresh and TIMER not in step.by
                case = fresh()
                engine.act(case.number, "agree", other, ANSWERS["agree"])
                assert Case.objects.get(pk=case.pk).state == "agreed"
                continue
            assert_cell(fresh() if allowed else standing, step, actors[who], allowed, ANSWERS.get(step.name, {}))
    assert Certificate.objects.exists()
