"""The tables of grading and of the security review, cell by cell: in every state, every step, by every actor."""

from __future__ import annotations

import pytest

from shugang.assets.grading import services as grading
from shugang.assets.grading.process import GRADING
from shugang.assets.grading.proposing import run_detection
from shugang.assets.review.process import SECURITY_REVIEW
from shugang.assets.review.services import apply_review
from shugang.assets.testing import SECURITY, assert_cell, expected, load_profiles, make_graded, make_version
from shugang.kernel import engine
from shugang.kernel.models import Case
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
FORMS = {
    "return": {"reason": "写明依据。"},
    "withdraw": {"reason": "计划调整。"},
    "pass": {"opinion": "级别、依据和措施清楚。"},
    "request_correction": {"reason": "写明删除期限。"},
    "refuse": {"reason": "措施不足。"},
    "resubmit": SECURITY,
}
MAY_GRADE = {"submit": {"handler"}, "withdraw": {"handler"}, "approve": {"second"}, "return": {"second"}}
MAY_REVIEW = {
    **{step: {"decider"} for step in ("pass", "request_correction", "refuse")},
    "resubmit": {"handler"}, "withdraw": {"handler"},
}  # fmt: skip


class Cast:
    """The holder's two people, the operator's reviewer, and three who may do nothing here."""

    def __init__(self):
        load_profiles()
        self.party, self.operator = make_party("supplier"), make_party("operator")
        self.people = {
            "handler": make_actor(self.party),
            "second": make_actor(self.party, ("reviewer",)),
            "decider": make_actor(self.operator, ("reviewer",)),
            "weak": make_actor(self.party, ("reviewer",), second_factor=False),
            "clerk": make_actor(self.operator, ("handler", "finance")),
            "stranger": make_actor(make_party("supplier"), ("handler", "reviewer")),
        }

    def graded(self, state):
        """A grading that was led to `state` by real steps."""
        handler = self.people["handler"]
        case = grading.open_grading(handler, make_version(self.party).dataset.number)
        if state != "detecting" and state != "withdrawn":
            run_detection(case.grading.pk)
            grading.accept_all(handler, case.number)
        for step, who in {
            "withdrawn": [("withdraw", "handler")],
            "reviewing": [("submit", "handler")],
            "in_force": [("submit", "handler"), ("approve", "second")],
            "superseded": [("submit", "handler"), ("approve", "second")],
        }.get(state, []):
            engine.act(case.number, step, self.people[who], FORMS.get(step, {}))
        if state == "superseded":
            engine.fire(case.number, "supersede")
        return Case.objects.get(pk=case.pk)

    def reviewed(self, state):
        version = make_version(self.party)
        make_graded(self.people["handler"], version)
        case = apply_review(self.people["handler"], version.dataset.number, self.operator, SECURITY)
        steps = {"correcting": "request_correction", "passed": "pass", "reopened": "pass", "refused": "refuse"}
        if state in steps:
            engine.act(case.number, steps[state], self.people["decider"], FORMS[steps[state]])
        if state == "reopened":
            engine.fire(case.number, "reopen")
        if state == "withdrawn":
            engine.act(case.number, "withdraw", self.people["handler"], FORMS["withdraw"])
        return Case.objects.get(pk=case.pk)


def walk(people, spec, state, lead, may):
    standing = lead(state)
    assert standing.state == state
    for step in spec.transitions:
        for who, actor in people.items():
            allowed = expected(step, state, who, may)
            assert_cell(lead(state) if allowed else standing, step, actor, allowed, FORMS.get(step.name, {}))


@pytest.mark.parametrize("state", [s.name for s in GRADING.states])
def test_grading_in_state(state):
    cast = Cast()
    walk(cast.people, GRADING, state, cast.graded, MAY_GRADE)


@pytest.mark.parametrize("state", [s.name for s in SECURITY_REVIEW.states])
def test_security_review_in_state(state):
    cast = Cast()
    walk(cast.people, SECURITY_REVIEW, state, cast.reviewed, MAY_REVIEW)
