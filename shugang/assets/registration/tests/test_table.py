"""Both procedures, cell by cell: in every state, every step, by every actor."""

import pytest

from shugang.assets.registration.life import CERTIFICATE
from shugang.assets.registration.process import REGISTRATION
from shugang.assets.testing import (
    anchor,
    answers_for,
    assert_cell,
    expected,
    make_application,
    make_certificate,
    make_registrar,
    make_version,
    to_state,
)
from shugang.kernel import engine
from shugang.kernel.models import Case
from shugang.kernel.procedure import TIMER
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

    def fresh():
        case = make_application(actors["handler"], make_version(supplier), office)
        case = to_state(case, office, actors["handler"], state)
        if state == "certified":
            anchor()
        return Case.objects.get(pk=case.pk)

    standing = fresh()
    assert standing.state == state
    for step in REGISTRATION.transitions:
        for who in WHO:
            allowed = expected(step, state, who, MAY)
            assert_cell(fresh() if allowed else standing, step, actors[who], allowed, answers_for(step.name))


LIVES = {"valid": (), "suspended": ("suspend",), "cancelled": ("cancel",), "revoked": ("revoke",), "lapsed": ("lapse",),
         "replaced": ("replace",), "transferred": ("transfer_away",)}  # fmt: skip
TIMED = {step.name for step in CERTIFICATE.transitions if TIMER in step.by}


@pytest.mark.parametrize("state", [s.name for s in CERTIFICATE.states])
def test_certificate_in_state(state):
    office, supplier = make_registrar(), make_party("supplier")
    actors = people(supplier, office)

    def fresh():
        certificate = make_certificate(actors["handler"], make_version(supplier), office)
        for step in LIVES[state]:
            if step in TIMED:
                engine.fire(certificate.case.number, step)
            else:
                actor = actors["handler" if step == "cancel" else "reviewer"]
                engine.act(certificate.case.number, step, actor, answers_for(step))
        certificate.refresh_from_db()
        return certificate

    standing = fresh()
    assert standing.state == state
    for step in CERTIFICATE.transitions:
        for who in WHO:
            allowed = expected(step, state, who, MAY_CERTIFICATE)
            certificate = fresh() if allowed else standing
            assert_cell(certificate.case, step, actors[who], allowed, answers_for(step.name))
            certificate.refresh_from_db()
            assert certificate.state == (step.target if allowed else state)
