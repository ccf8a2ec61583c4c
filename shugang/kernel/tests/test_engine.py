"""The engine on a small procedure: who may, when, what the clocks do, what a refusal leaves behind."""

from datetime import UTC, datetime, timedelta

import pytest

from shugang.kernel import clock, engine, procedure, queries
from shugang.kernel.actors import PlainActor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form
from shugang.kernel.models import Case, CaseClock, Event, RuleProfile
from shugang.kernel.procedure import EACH, TIMER, ClockSpec, Procedure, Role, State, Transition
from shugang.kernel.testing import clock_at, refused, snapshot, wrong_cells
from shugang.policy.text import Text

pytestmark = [pytest.mark.django_db, pytest.mark.both]
T = Text("试", "test")
APPLICANT, REGISTRAR = 11, 22


def _boom(context):
    raise RuntimeError("effect failed")


TOY = Procedure(
    code="kernel.toy",
    label=Text("试验事项", "Toy"),
    number_prefix="TOY",
    profile="toy",
    opening=Transition(
        "apply",
        T,
        (),
        "submitted",
        (Role("applicant", "handler"),),
        Form(1, (Field("reason", "text", T, max_length=10),)),
        starts=("accept",),
    ),
    states=(
        State("submitted", T),
        State("accepted", T),
        State("notice", T),
        State("done", T, "ok", True),
        State("lapsed", T, "off", True),
    ),
    clocks=(
        ClockSpec("accept", T, "accept", on_expiry="silent"),
        ClockSpec("examine", T, "examine"),
        ClockSpec("notice", T, "notice", on_expiry="finish"),
    ),
    transitions=(
        Transition(
            "accept",
            T,
            ("submitted",),
            "accepted",
            (Role("registrar", "handler"),),
            stops=("accept",),
            starts=("examine",),
        ),
        Transition("silent", T, ("submitted",), "accepted", (TIMER,), starts=("examine",)),
        Transition(
            "examine",
            T,
            ("accepted",),
            "notice",
            (Role("registrar", "examiner"),),
            distinct_from=("accept",),
            pauses=("examine",),
            starts=("notice",),
        ),
        Transition("finish", T, ("notice",), "done", (TIMER,)),
        Transition(
            "agree",
            T,
            ("accepted",),
            "done",
            (Role("applicant", "handler"), Role("registrar", "handler")),
            quorum=EACH,
        ),
        Transition("explode", T, ("submitted",), "lapsed", (Role("applicant", "handler"),), effect=_boom),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def known():
    """The toy is known to this module only: other tests go through every procedure of the trade."""
    procedure.register(TOY)
    yield
    del procedure._registry[TOY.code]


def person(number, party, *duties, second=True):
    return PlainActor(number, party, frozenset(), frozenset(duties), frozenset(), second, f"person {number}")


ANNA = person(1, APPLICANT, "handler")
RUI = person(2, REGISTRAR, "handler", "examiner")
EVA = person(3, REGISTRAR, "examiner")
STRANGER = person(9, 99, "handler", "examiner")


@pytest.fixture
def case(settings):
    RuleProfile.objects.create(
        code="toy",
        version=1,
        title_zh="t",
        title_en="t",
        effective_from="2020-01-01",
        data={"clocks": {"accept": 3, "examine": 10, "notice": 5}},
        digest="x",
    )
    # The Friday before the long holiday of October 2026 (1–7 October, make-up days around it).
    with clock_at(settings, datetime(2026, 9, 25, 1, tzinfo=UTC)):
        yield engine.open_case(
            "kernel.toy", ANNA, [("applicant", APPLICANT), ("registrar", REGISTRAR)], "试验", {"reason": "因为"}
        )


def test_a_step_moves_the_case_and_leaves_an_event(case):
    moved = engine.act(case.number, "accept", RUI)
    assert (moved.state, moved.revision) == ("accepted", case.revision + 1)
    event = Event.objects.order_by("-id").first()
    assert event.kind == "kernel.toy.accept"
    assert event.payload["from"] == "submitted"
    assert [(r.kind, r.key) for r in event.refs.all()] == [("case", case.number)]


def test_a_stranger_meets_not_found_and_changes_nothing(case):
    assert refused(case, "accept", STRANGER).code == "not_found"
    with pytest.raises(Refusal) as no:
        queries.get_case(case.number, STRANGER)
    assert no.value.code == "not_found"


def test_the_other_side_may_not_take_the_registrars_step(case):
    assert refused(case, "accept", ANNA).code == "forbidden"


@pytest.mark.parametrize(("state", "step"), wrong_cells(TOY), ids=lambda x: getattr(x, "name", x))
def test_no_step_outside_its_states(case, state, step):
    Case.objects.filter(pk=case.pk).update(state=state)
    for actor in (ANNA, RUI, EVA):
        assert refused(case, step.name, actor).code == "wrong_state"


def test_who_accepted_may_not_examine(case):
    engine.act(case.number, "accept", RUI)
    assert refused(case, "examine", RUI).code == "conflict_of_interest"
    assert engine.act(case.number, "examine", EVA).state == "notice"


def test_an_examiner_without_second_factor_is_refused(case):
    engine.act(case.number, "accept", RUI)
    assert refused(case, "examine", person(4, REGISTRAR, "examiner", second=False)).code == "second_factor_required"


def test_a_stale_page_is_refused(case):
    before = snapshot(case)
    with pytest.raises(Refusal) as stale:
        engine.act(case.number, "accept", RUI, revision=case.revision - 1)
    assert stale.value.code == "stale_version"
    assert snapshot(case) == before


def test_a_form_is_checked_whole_and_unknown_fields_are_refused(case):
    with pytest.raises(Refusal) as no:
        engine.open_case("kernel.toy", ANNA, [("applicant", APPLICANT)], "x", {"reason": "字" * 11, "extra": 1})
    assert set(no.value.fields) == {"reason", "extra"}
    assert Case.objects.count() == 1


def test_an_effect_that_fails_undoes_the_step(case):
    before = snapshot(case)
    with pytest.raises(RuntimeError):
        engine.act(case.number, "explode", ANNA)
    assert snapshot(case) == before


def test_silence_is_acceptance_on_the_first_working_day_after(case):
    # 25 September is a Friday; 3 working days later is Wednesday 30 September.
    due = case.clocks.get(name="accept").due_at
    assert due.astimezone(clock.zone()).date().isoformat() == "2026-09-30"
    assert engine.tick(due) == 0
    assert engine.tick(due + timedelta(seconds=1)) == 1
    assert Case.objects.get(pk=case.pk).state == "accepted"
    assert engine.tick(due + timedelta(days=1)) == 0


def test_the_notice_stops_the_examination_clock_and_its_end_finishes_the_case(case):
    engine.act(case.number, "accept", RUI)
    engine.act(case.number, "examine", EVA)
    assert case.clocks.get(name="examine").state == CaseClock.State.PAUSED
    assert case.clocks.get(name="examine").remaining == 10
    notice = case.clocks.get(name="notice")
    assert notice.due_at.astimezone(clock.zone()).date() > datetime(2026, 9, 30).date()
    engine.tick(notice.due_at + timedelta(seconds=1))
    done = Case.objects.get(pk=case.pk)
    assert done.state == "done" and done.closed_at is not None
    assert not done.clocks.filter(state=CaseClock.State.RUNNING).exists()


def test_each_side_has_to_agree_and_nobody_twice(case):
    engine.act(case.number, "accept", RUI)
    assert engine.act(case.number, "agree", ANNA).state == "accepted"
    assert refused(case, "agree", ANNA).code == "already_done"
    assert [v.case.number for v in queries.inbox(RUI)] == [case.number]
    assert engine.act(case.number, "agree", RUI).state == "done"


def test_the_inbox_shows_only_what_this_person_can_do(case):
    assert [s.name for s in queries.inbox(RUI)[0].steps] == ["accept"]
    assert queries.inbox(EVA) == []
    assert [queries.inbox_count(a) for a in (RUI, EVA, STRANGER)] == [1, 0, 0]
    assert [v.case.number for v in queries.waiting(EVA)] == [case.number]
    assert queries.inbox(STRANGER) == [] == queries.waiting(STRANGER)
