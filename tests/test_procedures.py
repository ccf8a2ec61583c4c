"""Every procedure's table, generated: whatever stands outside it is refused and changes nothing; whatever stands in it
has words, an event, and somebody who may take it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.conf import settings as _settings
from django.db import transaction

from shugang.kernel import clock, engine, procedure
from shugang.kernel.actors import SYSTEM, PlainActor
from shugang.kernel.forms import EMPTY
from shugang.kernel.models import Case, CaseParty, Event
from shugang.kernel.numbering import yearly_number
from shugang.kernel.procedure import EACH, TIMER, Procedure, Transition
from shugang.kernel.profiles import current_profile
from shugang.kernel.testing import by_people, refused, wrong_cells
from shugang.parties.accounts.models import DUTIES

pytestmark = [pytest.mark.django_db, pytest.mark.both]
assert _settings.INSTALLED_APPS  # the wings' procedures register when the applications load
PROCEDURES = procedure.all_procedures()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PARTY = 1001


def ids(value: object) -> str:
    return value.code if isinstance(value, Procedure) else getattr(value, "name", str(value))


procedures = pytest.mark.parametrize("spec", PROCEDURES, ids=ids)


@pytest.fixture(autouse=True)
def _profiles(db):
    from shugang.commands.setup import profile_files
    from shugang.kernel.profiles import load_profiles

    load_profiles(profile_files())


def almighty(spec: Procedure) -> PlainActor:
    """Somebody of the one party that has every capacity of the case, with every duty and a second factor."""
    return PlainActor(7, PARTY, frozenset(), DUTIES | {"timer"}, frozenset(), True, "almighty")


def case_in(spec: Procedure, state: str) -> Case:
    """A case of the procedure that stands in `state`, whatever led there."""
    now = clock.now()
    case = Case.objects.create(
        procedure=spec.code, number=yearly_number(spec.number_prefix, clock.today().year), title="示例", state=state,
        profile=current_profile(spec.profile, clock.today()) if spec.profile else None, opened_at=now, changed_at=now,
    )  # fmt: skip
    for capacity in {role.capacity for step in spec.all_steps() for role in step.by} - {"system"}:
        CaseParty.objects.create(case=case, party_id=PARTY, capacity=capacity)
    return case


@contextmanager
def undone(*cell: object) -> Iterator[None]:
    """One cell of a table, rolled back; what goes wrong in it names it."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    except (AssertionError, engine.Refusal) as error:
        raise AssertionError(f"{' '.join(map(str, cell))}: {error}") from error


@procedures
def test_a_step_outside_the_table_is_refused(spec):
    for state, step in wrong_cells(spec):
        with undone(state, step.name):
            assert refused(case_in(spec, state), step.name, almighty(spec)).code == "wrong_state"


@procedures
def test_the_system_takes_no_step_outside_the_table(spec):
    for state, step in wrong_cells(spec):
        with undone(state, step.name):
            case, before = case_in(spec, state), Event.objects.count()
            with pytest.raises(engine.Refusal):
                engine.fire(case.number, step.name)
            assert (Case.objects.get(pk=case.pk).state, Event.objects.count()) == (state, before)


@procedures
def test_a_step_of_the_clock_is_nobodys(spec):
    for step in (t for t in spec.transitions if TIMER in t.by and len(t.by) == 1):
        for state in step.sources:
            with undone(state, step.name):
                refused(case_in(spec, state), step.name, almighty(spec))


@procedures
def test_a_step_is_refused_to_who_lacks_its_duty_or_stands_outside(spec):
    for step in by_people(spec):
        for state in step.sources:
            with undone(state, step.name):
                case = case_in(spec, state)
                named = {role.duty for role in step.by}
                colleague = PlainActor(8, PARTY, frozenset(), DUTIES - named, frozenset(), True, "colleague")
                assert refused(case, step.name, colleague).code in {"forbidden", "not_found"}
                outsider = PlainActor(9, PARTY + 1, frozenset(), DUTIES, frozenset(), True, "outsider")
                assert refused(case, step.name, outsider).code == "not_found"


@pytest.fixture
def bare(monkeypatch):
    """Puts a procedure's table into force without guards, effects and forms: what is left is the table itself."""

    def strip(spec: Procedure) -> Procedure:
        steps = tuple(replace(t, guard=None, effect=None, form=EMPTY) for t in spec.transitions)
        table = replace(spec, transitions=steps)
        monkeypatch.setitem(procedure._registry, spec.code, table)
        return table

    return strip


def _start(case: Case, name: str, state: str) -> None:
    now = clock.now()
    case.clocks.create(name=name, state=state, started_at=now, days=3, unit="wd", due_at=now, remaining=3)


@procedures
def test_a_step_of_the_table_moves_the_case_and_leaves_its_event(bare, spec):
    table = bare(spec)
    for step in table.transitions:
        for state in step.sources:
            with undone(state, step.name):
                _is_taken(table, state, step)


def _is_taken(spec: Procedure, state: str, step: Transition) -> None:
    case = case_in(spec, state)
    for name in {*step.stops, *step.pauses} - set(step.resumes):
        _start(case, name, "running")
    for name in step.resumes:
        _start(case, name, "paused")
    if TIMER in step.by:
        engine.fire(case.number, step.name)
    else:
        voters = step.by if step.quorum == EACH else step.by[:1] * int(step.quorum)
        for person, role in enumerate(voters, start=20):
            actor = PlainActor(
                person, PARTY + (person - 20), frozenset(), frozenset({role.duty}), frozenset(), True, "x"
            )
            CaseParty.objects.filter(case=case, capacity=role.capacity).update(party_id=actor.party_id)
            engine.act(case.number, step.name, actor)
    case.refresh_from_db()
    assert case.state == step.target
    event = Event.objects.filter(case=case).latest("id")
    assert event.kind == spec.event_kind(step.name) and event.payload["to"] == step.target
    clocks = dict(case.clocks.values_list("name", "state"))
    final = spec.state(step.target).final
    assert all(clocks[name] in ({"stopped"} if final else {"running"}) for name in {*step.starts, *step.resumes})
    assert all(clocks[name] == "stopped" for name in step.stops)


@procedures
def test_final_states_have_no_steps_and_every_other_state_has_a_way_on(spec):
    for state in spec.states:
        leaving = [t for t in spec.transitions if state.name in t.sources]
        assert bool(leaving) != state.final, state.name


@procedures
def test_every_word_stands_in_both_languages(spec):
    texts = [
        spec.label,
        *(s.label for s in spec.states),
        *(c.label for c in spec.clocks),
        *(t for _, t in spec.capacities),
    ]
    for step in spec.all_steps():
        texts += [step.label, *(t for t in (step.confirm, step.done) if t)]
        for field in step.form.fields:
            texts += [
                field.label,
                *(t for _, t in field.choices),
                *([field.hint] if field.hint and field.hint.zh else []),
            ]
        texts.append(procedure.event_label(spec.event_kind(step.name)) or engine.CASE)
    for text in texts:
        assert CHINESE.search(text.zh) or text.zh == text.en, text
        assert text.en and not CHINESE.search(text.en), text
        assert "!" not in text.en and "！" not in text.zh, text


@procedures
def test_capacities_duties_and_days_are_known(spec):
    capacities = {name for name, _ in spec.capacities}
    profile = current_profile(spec.profile, clock.today()).data["clocks"] if spec.profile else {}
    for step in spec.all_steps():
        for role in step.by:
            if role == TIMER:
                continue
            assert role.capacity in capacities, (step.name, role.capacity)
            assert role.duty in DUTIES | {"timer"}, (step.name, role.duty)
        assert set(step.distinct_from) <= {t.name for t in spec.all_steps()}
        assert step.quorum == EACH or int(step.quorum) >= 1
    for watch in spec.clocks:
        assert int(profile[watch.days_key]) > 0


@procedures
def test_what_a_clock_expires_into_can_be_taken_wherever_it_runs(spec):
    """A clock that is started leads on from the state that its step leads to."""
    for watch in spec.clocks:
        if watch.on_expiry is None:
            continue
        step = spec.transition(watch.on_expiry)
        assert step is not None and TIMER in step.by
        for starter in spec.all_steps():
            if watch.name in starter.starts:
                assert starter.target in step.sources, (watch.name, starter.name)


@procedures
def test_danger_and_sensitive_steps_say_what_they_do(spec):
    """Steps that cannot be undone restate their effect, or ask for the reason."""
    for step in spec.transitions:
        if step.danger:
            assert step.confirm or any(f.name in {"reason", "opinion"} for f in step.form.fields) or _leaves(spec, step)


def _leaves(spec: Procedure, step: Transition) -> bool:
    """A withdrawal by the applicant: the state that it leads to says everything."""
    return spec.state(step.target).final


def test_there_are_procedures_of_every_trading_wing():
    codes = {p.code.split(".")[0] for p in PROCEDURES}
    assert {"parties", "assets", "market"} <= codes
    assert SYSTEM.roles == {"system"}
