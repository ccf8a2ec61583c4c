"""A grading from the proposals to force: a person confirms each column, a second one reviews, and nothing else does it."""

from __future__ import annotations

import pytest

from shugang.assets.grading import queries, services
from shugang.assets.grading.models import Grading
from shugang.assets.grading.proposing import run_detections
from shugang.assets.testing import load_profiles, make_graded, make_version
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import refused
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
PHONE = {
    "object": "person",
    "degree": "serious",
    "pi_class": "communication",
    "sensitive": False,
    "reason": "联系电话。",
}


class Room:
    """A supplier with two people, and a version with a column that he marked as personal."""

    def __init__(self):
        load_profiles()
        self.party = make_party("supplier")
        self.handler, self.reviewer = make_actor(self.party), make_actor(self.party, ("reviewer",))
        self.version = make_version(self.party, personal=("phone",))

    def confirming(self):
        case = services.open_grading(self.handler, self.version.dataset.number)
        assert run_detections() == 1
        return Case.objects.get(pk=case.pk)


@pytest.fixture
def room():
    return Room()


def says_no(code, act, *args, **kwargs):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, Event.objects.count()) == (code, before)
    return no.value


def test_from_proposals_to_force(room):
    # given proposals for every column, with words and no value of the data
    case = room.confirming()
    rows = {c.column.name: c for c in queries.columns(case.grading, room.handler)}
    assert rows["phone"].proposal["cell"]["object"] == "person" and rows["phone"].level is None
    # when a person changes one, accepts the rest, and another reviews
    services.decide_column(room.handler, case.number, "phone", PHONE)
    services.accept_all(room.handler, case.number)
    engine.act(case.number, "submit", room.handler)
    engine.act(case.number, "approve", room.reviewer)
    # then it is in force at its strictest column, and the event says so
    grading = Grading.objects.get(case=case)
    assert (grading.state, grading.level, grading.reasons[0]["level"]) == ("in_force", 3, 3)
    assert "phone" in grading.reasons[0]["zh"]
    event = Event.objects.get(kind="grading.in_force")
    assert event.payload["level"] == 3 and ["phone", 3] in event.payload["columns"]
    assert queries.standing(room.version) == grading


def test_undecided_columns_hold_it_back(room):
    case = room.confirming()
    services.decide_column(room.handler, case.number, "phone", PHONE)
    assert refused(case, "submit", room.handler).code == "columns_undecided"


def test_acceptance_can_be_undone_but_for_what_was_decided_since(room):
    case = room.confirming()
    batch = services.accept_all(room.handler, case.number)
    services.decide_column(room.handler, case.number, "pm25", {**PHONE, "object": "organisation", "pi_class": ""})
    assert services.undo_acceptance(room.handler, case.number, batch) == 3
    left = {c.column.name: c.level for c in queries.columns(case.grading, room.handler)}
    assert left == {"station": None, "at": None, "pm25": 3, "phone": None}
    says_no("nothing_to_undo", services.undo_acceptance, room.handler, case.number, batch)
    says_no("nothing_to_undo", services.undo_acceptance, room.handler, case.number, "")


def test_who_decided_a_column_cannot_review(room):
    both = make_actor(room.party, ("handler", "reviewer"))
    case = room.confirming()
    services.decide_column(both, case.number, "phone", PHONE)
    services.accept_all(room.handler, case.number)
    engine.act(case.number, "submit", room.handler)
    assert refused(case, "approve", both).code == "conflict_of_interest"
    assert (
        refused(case, "approve", make_actor(room.party, ("reviewer",), second_factor=False)).code
        == "second_factor_required"
    )
    engine.act(case.number, "return", room.reviewer, {"reason": "phone写明用途。"})
    assert Case.objects.get(pk=case.pk).state == "confirming"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"object": "weather"}, "invalid_form"),
        ({"reason": ""}, "invalid_form"),
        ({"pi_class": "", "sensitive": True}, "invalid_form"),
        ({"degree": "none"}, "grade_too_low"),
        ({"degree": "general", "sensitive": True, "pi_class": "health"}, "grade_too_low"),
    ],
)
def test_a_wrong_decision_is_refused_and_changes_nothing(room, changes, code):
    case = room.confirming()
    says_no(code, services.decide_column, room.handler, case.number, "phone", {**PHONE, **changes})
    assert case.grading.columns.get(column__name="phone").level is None


def test_others_see_and_do_nothing(room):
    case = room.confirming()
    stranger = make_actor(make_party("supplier"))
    says_no("not_found", services.decide_column, stranger, case.number, "phone", PHONE)
    says_no("not_found", services.accept_all, stranger, case.number)
    says_no("not_found", services.open_grading, stranger, room.version.dataset.number)
    says_no("forbidden", services.accept_all, make_actor(room.party, ("finance",)), case.number)
    assert list(queries.gradings(stranger)) == []
    with pytest.raises(Refusal):
        queries.get_grading(case.number, stranger)


def test_columns_stand_still_once_submitted(room):
    case = room.confirming()
    services.accept_all(room.handler, case.number)
    engine.act(case.number, "submit", room.handler)
    says_no("wrong_state", services.decide_column, room.handler, case.number, "phone", PHONE)
    says_no("already_open", services.open_grading, room.handler, room.version.dataset.number)


def test_scale_counts_for_the_whole(room):
    case = room.confirming()
    says_no("scale_is_zero", services.state_facts, room.handler, case.number, {"scale": "0"})
    says_no("invalid_form", services.state_facts, room.handler, case.number, {"scale": "-5"})
    services.state_facts(room.handler, case.number, {"scale": "10000000"})
    services.accept_all(room.handler, case.number)
    engine.act(case.number, "submit", room.handler)
    engine.act(case.number, "approve", room.reviewer)
    assert Grading.objects.get(case=case).level == 5


def test_grading_again_replaces_the_former_and_needs_people_again(room):
    first = make_graded(room.handler, room.version)
    again = make_graded(room.handler, room.version, phone=PHONE)
    first.refresh_from_db()
    assert (first.state, first.case.state, again.state, again.level) == ("superseded", "superseded", "in_force", 3)
    assert Event.objects.filter(kind="grading.in_force").latest("id").payload["before"] == first.level
    assert [g.pk for g in queries.history(again, room.handler)] == [again.pk, first.pk]
