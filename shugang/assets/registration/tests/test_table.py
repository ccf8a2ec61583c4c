"""Both procedures, cell by cell: in every state, every step, by every actor."""

import pytest

from shugang.assets.registration.life import CERTIFICATE
from shugang.assets.registration.models import Certificate, Objection, Registration
from shugang.assets.registration.process import REGISTRATION
from shugang.assets.testing import (
    answers_for,
    assert_cell,
    expected,
    in_state,
    make_application,
    make_certificate,
    make_registrar,
    make_version,
)
from shugang.kernel import clock
from shugang.kernel.models import CaseVote
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

WHO = ("handler", "finance", "accepter", "examiner", "reviewer", "weak examiner", "stranger", "nobody")
EXAMINERS = {"accepter", "examiner"}
MAY = {
    "accept": EXAMINERS,
    "request_correction": EXAMINERS,
    "not_accept": EXAMINERS,
    # Who accepted is kept from the examination by `distinct_from`; here the accepter's vote stands.
    "request_supplement": {"examiner"},
    "extend": {"examiner"},
    "pass_examination": {"examiner"},
    "reject": {"examiner"},
    "dismiss_objection": {"reviewer"},
    "uphold_objection": {"reviewer"},
    "resubmit": {"handler"},
    "supplement": {"handler"},
    "withdraw": {"handler"},
}
MAY_CERTIFICATE = {
    "suspend": {"reviewer"}, "resume": {"reviewer"}, "revoke": {"reviewer"}, "cancel": {"handler"},
}  # fmt: skip


def people(supplier, office):
    return {
        "handler": make_actor(supplier),
        "finance": make_actor(supplier, ("finance",)),
        "accepter": office.accepter,
        "examiner": office.examiner,
        "reviewer": office.reviewer,
        "weak examiner": make_actor(office.party, ("examiner", "reviewer"), second_factor=False),
        "stranger": make_actor(make_party("supplier"), ("handler", "examiner", "reviewer")),
        "nobody": make_actor(None),
    }


@pytest.mark.parametrize("state", [s.name for s in REGISTRATION.states])
def test_registration_in_state(state):
    office, supplier = make_registrar(), make_party("supplier")
    actors = people(supplier, office)
    for step in REGISTRATION.transitions:
        for who in WHO:
            case = make_application(actors["handler"], make_version(supplier), office)
            CaseVote.objects.create(case=case, transition="accept", round=9, person_id=office.accepter.person_id,
                                    party_id=office.party.pk, capacity="registrar", at=clock.now())  # fmt: skip
            Registration.objects.filter(case=case).update(notice_from=clock.now())
            Objection.objects.create(case=case, person_id=1, interest="i", reasons="r", filed_at=clock.now())
            _without_form_votes(case)
            case = in_state_keeping_votes(case, state)
            assert_cell(case, step, actors[who], expected(step, state, who, MAY), answers_for(step.name))


def _without_form_votes(case):
    CaseVote.objects.filter(case=case).exclude(transition__in=["apply", "accept"]).delete()


def in_state_keeping_votes(case, state):
    type(case).objects.filter(pk=case.pk).update(state=state)
    return type(case).objects.get(pk=case.pk)


@pytest.mark.parametrize("state", [s.name for s in CERTIFICATE.states])
def test_certificate_in_state(state):
    office, supplier = make_registrar(), make_party("supplier")
    actors = people(supplier, office)
    for step in CERTIFICATE.transitions:
        for who in WHO:
            certificate = make_certificate(actors["handler"], make_version(supplier), office)
            Certificate.objects.filter(pk=certificate.pk).update(state=state)
            case = in_state(certificate.case, state)
            allowed = expected(step, state, who, MAY_CERTIFICATE)
            assert_cell(case, step, actors[who], allowed, answers_for(step.name))
            certificate.refresh_from_db()
            assert certificate.state == (step.target if allowed else state)
