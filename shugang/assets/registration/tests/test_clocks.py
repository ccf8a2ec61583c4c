"""The clocks of a registration over the long holiday of October 2026.

By the published calendar 1–7 October 2026 are rest days; 20 September and 10 October (weekend) are worked.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from shugang.assets.registration import services
from shugang.assets.registration.models import Certificate, Registration
from shugang.assets.testing import OBJECTION, answers_for, make_application, make_registrar, make_version
from shugang.kernel import clock, engine
from shugang.kernel.models import Case, CaseClock
from shugang.kernel.testing import clock_at, refused
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
MONDAY = datetime(2026, 9, 28, 2, tzinfo=UTC)  # 10:00 in the city
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(settings):
    with clock_at(settings, MONDAY) as move:
        office = make_registrar()
        applicant = make_actor(make_party("supplier"))
        case = make_application(applicant, make_version(applicant.party), office)
        yield case, office, applicant, move


def day(moment):
    return moment.astimezone(clock.zone()).date()


def row(case, name):
    return case.clocks.get(name=name)


def act(case, step, actor):
    return engine.act(case.number, step, actor, answers_for(step))


def test_silence_over_the_holiday_is_acceptance_on_the_first_working_day_after(world):
    case, _, _, move = world
    # 29 and 30 September, then 8 October.
    assert day(row(case, "acceptance").due_at) == date(2026, 10, 8)
    move(row(case, "acceptance").due_at - MINUTE)
    assert engine.tick() == 0
    # The worker comes back on Saturday 10 October (a make-up day); the law's day is Friday the 9th.
    move(datetime(2026, 10, 10, 3, tzinfo=UTC))
    assert engine.tick() == 1
    case.refresh_from_db()
    assert case.state == "accepted"
    assert Registration.objects.get(case=case).accepted_on == date(2026, 10, 9)
    # Ten working days from the 9th: 10, 12–16, 19–22 October.
    assert day(row(case, "examination").due_at) == date(2026, 10, 22)


def test_an_answer_in_time_stops_the_acceptance_clock(world):
    case, office, _, move = world
    act(case, "accept", office.accepter)
    move(MONDAY + timedelta(days=20))
    engine.tick()
    case.refresh_from_db()
    assert case.state == "accepted"
    assert row(case, "acceptance").state == CaseClock.State.STOPPED


def test_a_correction_stops_the_clock_and_a_missed_deadline_counts_as_never_filed(world):
    case, office, applicant, move = world
    act(case, "request_correction", office.accepter)
    assert row(case, "acceptance").state == CaseClock.State.STOPPED
    due = row(case, "correction").due_at
    # Ten working days: 29, 30 September, 8, 9, 10, 12–16 October.
    assert day(due) == date(2026, 10, 16)
    move(due + timedelta(seconds=1))
    engine.tick()
    case.refresh_from_db()
    assert case.state == "not_filed" and case.closed_at is not None
    assert Registration.objects.get(case=case).asset.state == "withdrawn"
    assert refused(case, "resubmit", applicant, answers_for("resubmit")).code == "wrong_state"


def test_a_correction_in_time_starts_a_new_acceptance_and_is_asked_only_once(world):
    case, office, applicant, _ = world
    act(case, "request_correction", office.accepter)
    act(case, "resubmit", applicant)
    assert row(case, "acceptance").state == CaseClock.State.RUNNING
    registration = Registration.objects.get(case=case)
    assert registration.form["region"] == "北京市海淀区12个站点"
    case.refresh_from_db()
    assert case.data["region"] == "北京市海淀区12个站点"
    assert (
        refused(case, "request_correction", office.accepter, answers_for("request_correction")).code
        == "already_notified"
    )


def test_a_correction_that_breaks_the_rules_is_refused(world):
    case, office, applicant, _ = world
    act(case, "request_correction", office.accepter)
    form = {**answers_for("resubmit"), "source_kind": "crawled"}
    assert "rights" in refused(case, "resubmit", applicant, form).fields


def test_a_supplement_pauses_the_examination(world):
    case, office, applicant, move = world
    act(case, "accept", office.accepter)
    move(datetime(2026, 9, 30, 2, tzinfo=UTC))
    act(case, "request_supplement", office.examiner)
    paused = row(case, "examination")
    assert (paused.state, paused.remaining) == (CaseClock.State.PAUSED, 8)
    move(datetime(2026, 10, 9, 2, tzinfo=UTC))
    act(case, "supplement", applicant)
    # Eight left from the 9th: 10, 12–16, 19, 20 October.
    assert day(row(case, "examination").due_at) == date(2026, 10, 20)


def test_the_examination_is_extended_once(world):
    case, office, _, _ = world
    act(case, "accept", office.accepter)
    before = row(case, "examination").due_at
    act(case, "extend", office.examiner)
    after = row(case, "examination")
    assert after.days == 20 and after.due_at > before
    assert refused(case, "extend", office.examiner, answers_for("extend")).code == "already_extended"


def test_an_overdue_examination_is_told_and_can_still_be_decided(world):
    case, office, _, move = world
    act(case, "accept", office.accepter)
    move(row(case, "examination").due_at + timedelta(seconds=1))
    assert engine.tick() == 1
    assert case.events.filter(kind="clock.expired").count() == 1
    assert act(case, "pass_examination", office.examiner).state == "notice"


def test_the_notice_runs_five_working_days_and_ends_in_evidence(world):
    case, office, _, move = world
    act(case, "accept", office.accepter)
    move(datetime(2026, 9, 30, 2, tzinfo=UTC))
    act(case, "pass_examination", office.examiner)
    assert row(case, "examination").state == CaseClock.State.PAUSED
    due = row(case, "notice").due_at
    assert day(due) == date(2026, 10, 13)  # 8, 9, 10, 12, 13 October
    move(due - MINUTE)
    assert engine.tick() == 0
    move(due + timedelta(seconds=1))
    assert engine.tick() == 1
    case.refresh_from_db()
    assert case.state == "deposited"
    certificate = Certificate.objects.get(asset__registration__case=case)
    assert (certificate.state, day(certificate.issued_at)) == ("valid", date(2026, 10, 14))
    assert day(certificate.valid_until) == date(2031, 10, 13)


def test_an_objection_stops_the_notice_and_its_dismissal_resumes_what_was_left(world):
    case, office, _, move = world
    act(case, "accept", office.accepter)
    move(datetime(2026, 9, 29, 2, tzinfo=UTC))
    act(case, "pass_examination", office.examiner)
    assert day(row(case, "notice").due_at) == date(2026, 10, 12)  # 30 September, 8, 9, 10, 12 October
    move(datetime(2026, 10, 8, 2, tzinfo=UTC))
    services.file_objection(make_actor(make_party("buyer")), case.number, OBJECTION)
    assert (row(case, "notice").state, row(case, "notice").remaining) == (CaseClock.State.PAUSED, 3)
    assert day(row(case, "objection").due_at) == date(2026, 10, 21)  # 9, 10, 12–16, 19–21 October
    move(datetime(2026, 10, 19, 2, tzinfo=UTC))
    assert engine.tick() == 0
    act(case, "dismiss_objection", office.reviewer)
    assert day(row(case, "notice").due_at) == date(2026, 10, 22)  # 20, 21, 22 October
    assert row(case, "objection").state == CaseClock.State.STOPPED


def test_a_case_keeps_the_rules_it_began_under(world):
    from shugang.kernel.models import RuleProfile

    case, office, _, _ = world
    old = case.profile
    data = {**old.data, "clocks": {**old.data["clocks"], "examination": 30}}
    RuleProfile.objects.create(code=old.code, version=9, title_zh="t", title_en="t", effective_from="2025-01-01",
                               data=data, digest="x")  # fmt: skip
    act(case, "accept", office.accepter)
    assert row(case, "examination").days == 10
    assert Case.objects.get(pk=case.pk).profile == old
