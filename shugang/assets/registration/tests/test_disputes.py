"""Objection after the issue: notify, agree or contest, conclude."""

from datetime import UTC, datetime, timedelta

import pytest

from shugang.assets.registration import disputes, encumbrances
from shugang.assets.registration.disputes import DISPUTE
from shugang.assets.testing import (
    OBJECTION,
    answers_for,
    assert_cell,
    expected,
    make_certificate,
    make_registrar,
    make_version,
)
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
SAID = {"reason": "经核对，时段不同。"}
AGREE = {"outcome": "cancel", "statement": "登记有误。"}


@pytest.fixture(autouse=True)
def move(settings):
    with clock_at(settings, datetime(2026, 7, 6, 2, tzinfo=UTC)) as move:
        yield move


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def holder():
    return make_actor(make_party("supplier"))


@pytest.fixture
def objector():
    return make_actor(make_party("buyer"))


def refused(code, act, *args):
    before = (Case.objects.count(), Event.objects.count())
    with pytest.raises(Refusal) as caught:
        act(*args)
    assert caught.value.code == code and (Case.objects.count(), Event.objects.count()) == before


def test_the_holder_agrees_and_the_certificate_is_cancelled(office, holder, objector):
    certificate = make_certificate(holder, office=office)
    case = disputes.dispute(objector, certificate.number, OBJECTION)
    assert case.clocks.get(name="notification").days == 5
    refused("already_done", disputes.dispute, objector, certificate.number, OBJECTION)
    second = disputes.dispute(make_actor(make_party("buyer")), certificate.number, OBJECTION)
    engine.act(case.number, "notify", office.examiner)
    engine.act(case.number, "agree", holder, AGREE)
    certificate.refresh_from_db()
    second.refresh_from_db()
    case.refresh_from_db()
    # another objection to what no longer stands has nothing left to decide
    assert (certificate.state, case.state, second.state) == ("cancelled", "agreed", "moot")


def test_silence_of_the_holder_leads_to_a_conclusion_by_another_person(office, holder, objector, move):
    case = disputes.dispute(objector, make_certificate(holder, office=office).number, OBJECTION)
    engine.act(case.number, "notify", office.examiner)
    move(case.clocks.get(name="answer").due_at + timedelta(seconds=1))
    engine.tick()
    case.refresh_from_db()
    assert case.state == "contested" and case.clocks.get(name="objection").state == "running"
    assert engine.act(case.number, "refer", office.reviewer, SAID).state == "referred"


def test_who_may_object(office, holder, objector):
    certificate = make_certificate(holder, office=office)
    refused("conflict_of_interest", disputes.dispute, holder, certificate.number, OBJECTION)
    refused("conflict_of_interest", disputes.dispute, office.examiner, certificate.number, OBJECTION)
    refused("not_found", disputes.dispute, objector, "SJ0000000000000", OBJECTION)
    refused("invalid_form", disputes.dispute, objector, certificate.number, {})
    engine.act(certificate.case.number, "revoke", office.reviewer, answers_for("revoke"))
    refused("wrong_state", disputes.dispute, objector, certificate.number, OBJECTION)


def test_a_seized_certificate_is_not_cancelled_by_agreement(office, holder, objector):
    certificate = make_certificate(holder, office=office)
    case = disputes.dispute(objector, certificate.number, OBJECTION)
    engine.act(case.number, "notify", office.examiner)
    encumbrances.encumber(
        office.reviewer, certificate.number, {"kind": "seizure", "authority": "示例法院", "document": "1号"}
    )
    refused("encumbered", engine.act, case.number, "agree", holder, AGREE)
    assert engine.act(case.number, "agree", holder, {**AGREE, "outcome": "change"}).state == "agreed"


MAY = {"notify": {"examiner"}, "not_accept": {"examiner"}, "agree": {"holder"}, "contest": {"holder"}, "dismiss": {"reviewer"},
       "refer": {"reviewer"}, "withdraw": {"objector"}}  # fmt: skip
ANSWERS = {"agree": {**AGREE, "outcome": "change"}} | dict.fromkeys(
    ["not_accept", "contest", "dismiss", "refer", "withdraw"], SAID
)
PATHS = {
    "filed": (), "notified": ("notify",), "contested": ("notify", "contest"), "agreed": ("notify", "agree"),
    "dismissed": ("notify", "contest", "dismiss"), "referred": ("notify", "contest", "refer"), "not_accepted": ("not_accept",),
    "withdrawn": ("withdraw",), "moot": ("t:lose_object",),
}  # fmt: skip


def test_each_cell_of_the_table(office, holder):
    assert {s.name for s in DISPUTE.states} == set(PATHS)
    certificate = make_certificate(holder, make_version(holder.party), office)
    for at, path in PATHS.items():
        actors = {
            "objector": make_actor(make_party("buyer")), "holder": holder, "examiner": office.examiner, "reviewer": office.reviewer,
            "finance": make_actor(holder.party, ("finance",)),
            "stranger": make_actor(make_party("supplier"), ("handler", "examiner", "reviewer")),
        }  # fmt: skip

        def fresh(path=path, actors=actors):
            objector = actors["objector"] = make_actor(make_party("buyer"))
            case = disputes.dispute(objector, certificate.number, OBJECTION)
            for step in path:
                if step.startswith("t:"):
                    engine.fire(case.number, step[2:])
                else:
                    engine.act(case.number, step, actors[next(iter(MAY[step]))], ANSWERS.get(step, {}))
            return Case.objects.get(pk=case.pk)

        standing = fresh()
        assert standing.state == at
        for step in DISPUTE.transitions:
            for who in list(actors):
                allowed = expected(step, at, who, MAY)
                case = fresh() if allowed else standing
                assert_cell(case, step, actors[who], allowed, ANSWERS.get(step.name, {}))
                standing = fresh() if allowed else standing
