"""The security review: core data never, important data with an assessment, personal data with a basis; and what re-opens it."""

from __future__ import annotations

import io
from datetime import timedelta

import duckdb
import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets.review import queries, services
from shugang.assets.review.anonymity import k_anonymity
from shugang.assets.review.models import SecurityReview
from shugang.assets.review.process import SECURITY_REVIEW
from shugang.assets.testing import SECURITY, load_profiles, make_graded, make_reviewed, make_version
from shugang.assets.thirdparty.services import withdraw_report
from shugang.assets.thirdparty.testing import make_agency, make_report
from shugang.delivery.testing import make_version as stored_version
from shugang.kernel import clock, engine, materials
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at, refused
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
IMPORTANT = {"object": "public", "degree": "serious", "pi_class": "", "sensitive": False}
CORE = {**IMPORTANT, "degree": "grave"}
PHONE = {"object": "person", "degree": "serious", "pi_class": "communication", "sensitive": False}
OPINION = {"opinion": "级别、依据和措施清楚。"}


class Room:
    def __init__(self):
        load_profiles()
        self.party, self.operator = make_party("supplier"), make_party("operator")
        self.handler, self.decider = make_actor(self.party), make_actor(self.operator, ("reviewer",))

    def version(self, personal=(), **cells):
        version = make_version(self.party, personal=personal)
        make_graded(self.handler, version, **cells)
        return version

    def apply(self, version, **changes):
        return services.apply_review(self.handler, version.dataset.number, self.operator, {**SECURITY, **changes})

    def file(self, text="报告", actor=None):
        return materials.store(actor or self.handler, "报告.txt", io.BytesIO(text.encode()))


@pytest.fixture
def room():
    return Room()


def says_no(code, act, *args, **kwargs):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, Event.objects.count()) == (code, before)
    return no.value


def test_general_data_pass(room):
    version = room.version()
    case = room.apply(version)
    assert queries.standing(version) is None
    engine.act(case.number, "pass", room.decider, OPINION)
    review = queries.standing(version)
    assert (review.level, review.personal, review.valid_until) == (2, [], None)
    assert queries.require_standing(version) == review
    assert [c["level"] for c in review.summary["columns"]] == [2, 2, 2]


def test_what_is_not_graded_cannot_be_reviewed(room):
    version = make_version(room.party)
    says_no("not_graded", room.apply, version)
    says_no("not_graded", queries.require_standing, version)


def test_core_data_are_refused(room):
    says_no("core_data", room.apply, room.version(pm25=CORE))


@pytest.mark.both
def test_the_table_itself_holds_no_passed_review_of_core_data(room):
    review = make_reviewed(room.handler, make_version(room.party))
    with pytest.raises(IntegrityError), transaction.atomic():
        SecurityReview.objects.filter(pk=review.pk).update(level=6)


def test_important_data_need_an_assessment_in_force(room):
    version = room.version(pm25=IMPORTANT)
    assert set(says_no("invalid_form", room.apply, version).fields) == {"risk_file", "risk_until"}
    gone = (clock.today() - timedelta(days=1)).isoformat()
    assert set(says_no("invalid_form", room.apply, version, risk_file=room.file(), risk_until=gone).fields) == {
        "risk_until"
    }
    others = materials.store(room.decider, "别人的.txt", io.BytesIO("别人的".encode()))
    until = (clock.today() + timedelta(days=30)).isoformat()
    assert set(says_no("invalid_form", room.apply, version, risk_file=others, risk_until=until).fields) == {"risk_file"}
    report = room.file()
    case = room.apply(version, risk_file=report, risk_until=until)
    engine.act(case.number, "pass", room.decider, OPINION)
    event = Event.objects.get(kind="assets.security_review.pass")
    assert event.payload["risk"] == report["sha256"] and event.payload["level"] == 5
    assert materials.open_material(report["material"], room.decider)[0].sha256 == report["sha256"]


def test_a_signed_risk_assessment_stands_in_for_the_file_until_it_is_withdrawn(room):
    # given important data, and a third party's assessment that is adverse
    version = room.version(pm25=IMPORTANT)
    number = version.dataset.number
    make_report(room.handler, number, "risk", score=None, level="high", result="adverse")
    assert set(says_no("invalid_form", room.apply, version).fields) == {"risk_file", "risk_until"}
    # when another one is favourable, then no file is asked for, and the review ends with the report
    agency = make_agency("risk")
    report = make_report(room.handler, number, "risk", agency, score=None, level="low")
    case = room.apply(version)
    engine.act(case.number, "pass", room.decider, OPINION)
    event = Event.objects.get(kind="assets.security_review.pass")
    assert event.payload["risk"] == report.digest and ("report", report.number) in {
        (r.kind, r.key) for r in event.refs.all()
    }
    review = queries.standing(version)
    assert review.valid_until.astimezone(clock.zone()).date() == report.valid_until + timedelta(days=1)
    # when it is withdrawn, then the review is open again
    withdraw_report(agency.signer, report.number, "方法有误。")
    assert queries.standing(version) is None and Case.objects.get(pk=case.pk).state == "reopened"


def test_an_assessment_that_ends_re_opens_it(room, settings):
    with clock_at(settings, clock.now()) as move:
        version = room.version(pm25=IMPORTANT)
        day = clock.today() + timedelta(days=3)
        case = room.apply(version, risk_file=room.file(), risk_until=day.isoformat())
        engine.act(case.number, "pass", room.decider, OPINION)
        until = queries.standing(version).valid_until
        move(until - timedelta(seconds=30))
        assert services.reopen_expired() == 0 and queries.standing(version)
        move(until + timedelta(seconds=2))
        assert services.reopen_expired() == 1 and services.reopen_expired() == 0
        assert queries.standing(version) is None and Case.objects.get(pk=case.pk).state == "reopened"
        assert "风险评估" in queries.why_reopened(SecurityReview.objects.get(case=case)).zh
        longer = (day + timedelta(days=90)).isoformat()
        form = {**SECURITY, "risk_file": room.file("新报告"), "risk_until": longer}
        engine.act(case.number, "resubmit", room.handler, form)
        engine.act(case.number, "pass", room.decider, OPINION)
        assert queries.standing(version)


def test_personal_data_need_a_basis(room):
    version = room.version(personal=("phone",), phone=PHONE)
    assert set(says_no("invalid_form", room.apply, version).fields) == {"personal_basis"}
    assert set(says_no("invalid_form", room.apply, version, personal_basis="law").fields) == {"basis_text"}
    consent = {"personal_basis": "consent", "basis_text": "注册时逐项勾选。"}
    assert set(says_no("invalid_form", room.apply, version, **consent).fields) == {"basis_file"}
    assert set(says_no("invalid_form", room.apply, version, personal_basis="anonymised").fields) == {"personal_basis"}
    case = room.apply(version, **consent, basis_file=room.file("同意书"))
    engine.act(case.number, "pass", room.decider, OPINION)
    assert queries.standing(version).personal == ["phone"]


def people(sizes):
    """A table whose groups over (city, year) have these sizes."""
    rows = [f"{group},{2000 + group},{n}" for group, size in enumerate(sizes) for n in range(size)]
    return "city,year,value\n" + "\n".join(rows) + "\n"


def test_anonymity_is_counted_and_becomes_a_material(room):
    version = stored_version(room.handler, people([6, 5, 4]))
    make_graded(room.handler, version, city={**PHONE, "pi_class": "location"})
    number = version.dataset.number
    says_no("no_such_column", services.check_anonymity, room.handler, number, ["street"])
    says_no("no_columns", services.check_anonymity, room.handler, number, [])
    weak = services.check_anonymity(room.handler, number, ["city", "year"])
    assert (weak.rows, weak.groups, weak.smallest, weak.below, weak.threshold) == (15, 3, 4, 4, 5)
    says_no("invalid_form", room.apply, version, personal_basis="anonymised")
    stored = materials.open_material(weak.material_id, room.handler)[1].read_text()
    assert '"smallest_group": 4' in stored and version.sha256 in stored


def test_data_shown_anonymous_need_no_other_basis(room):
    version = stored_version(room.handler, people([6, 5]))
    make_graded(room.handler, version, city={**PHONE, "pi_class": "location"})
    made = services.check_anonymity(room.handler, version.dataset.number, ["city", "year"])
    case = room.apply(version, personal_basis="anonymised")
    # the reviewer may open the check
    assert materials.open_material(made.material_id, room.decider)[0].pk == made.material_id
    engine.act(case.number, "pass", room.decider, OPINION)
    assert queries.standing(version)


def test_data_that_stay_with_their_holder_cannot_be_counted(room):
    says_no("not_hosted", services.check_anonymity, room.handler, room.version().dataset.number, ["at"])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(0, 2)), max_size=30), st.integers(1, 6))
def test_the_count_is_that_of_counting_by_hand(rows, k):
    from collections import Counter

    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (a VARCHAR, b INTEGER)")
        if rows:
            con.executemany("INSERT INTO t VALUES (?, ?)", rows)
        found = k_anonymity(con, "t", ["a", "b"], k)
    sizes = Counter(rows).values()
    assert (found.rows, found.groups, found.smallest) == (len(rows), len(sizes), min(sizes, default=0))
    assert found.below == sum(n for n in sizes if n < k)


def test_a_grade_that_rises_re_opens_it_and_one_that_does_not_leaves_it(room):
    version = room.version()
    review = make_reviewed(room.handler, version)
    make_graded(room.handler, version)
    assert queries.standing(version) == review
    make_graded(room.handler, version, pm25={**IMPORTANT, "object": "organisation"})
    review.refresh_from_db()
    assert queries.standing(version) is None and review.case.state == "reopened" and "3级" in review.reason
    assert "3级" in queries.why_reopened(review).zh and "level 3" in queries.why_reopened(review).en
    says_no("no_security_review", queries.require_standing, version)


def test_personal_information_found_later_re_opens_it_at_the_same_level(room):
    version = room.version()
    make_reviewed(room.handler, version)
    make_graded(room.handler, version, pm25={**PHONE, "degree": "general"})
    assert queries.standing(version) is None
    assert "pm25" in queries.why_reopened(SecurityReview.objects.get(version=version)).zh


def test_an_unchanged_version_stands_on_the_review_before(room):
    from shugang.assets.grading.tests.test_lineage import SAME, next_version

    version = room.version()
    review = make_reviewed(room.handler, version)
    later = next_version(room.handler, version, SAME)
    assert queries.standing(later) == review
    # and what a person finds in the later version counts for the review of the former
    make_graded(room.handler, later, pm25={**IMPORTANT, "object": "organisation"})
    assert queries.standing(later) is None and queries.standing(version) is None


def test_an_input_that_rises_re_opens_the_review_of_derived_data(room):
    from shugang.assets.grading.tests.test_lineage import derive

    source, derived = room.version(), make_version(room.party)
    derive(room.handler, derived, source)
    make_reviewed(room.handler, derived)
    assert queries.standing(derived)
    make_graded(room.handler, source, pm25=IMPORTANT)
    assert queries.standing(derived) is None


def test_who_belongs_to_the_holder_does_not_decide(room):
    case = room.apply(room.version())
    member = make_actor(room.operator, ("reviewer",))
    make_actor(room.party, ("finance",), person=member.person)
    assert refused(case, "pass", member, OPINION).code == "conflict_of_interest"
    assert refused(case, "pass", make_actor(make_party("operator"), ("reviewer",)), OPINION).code == "not_found"


def test_correction_and_refusal(room):
    version = room.version()
    case = room.apply(version)
    engine.act(case.number, "request_correction", room.decider, {"reason": "写明删除期限。"})
    says_no("already_reviewed", room.apply, version)
    engine.act(case.number, "resubmit", room.handler, {**SECURITY, "measures": "三十日内删除。"})
    assert SecurityReview.objects.get(case=case).form["measures"] == "三十日内删除。"
    engine.act(case.number, "refuse", room.decider, {"reason": "措施不足。"})
    assert room.apply(version).state == "submitted"  # a new one may be applied for


def test_the_grade_is_asked_again_at_the_decision(room):
    version = room.version()
    case = room.apply(version)
    make_graded(room.handler, version, pm25=CORE)
    assert refused(case, "pass", room.decider, OPINION).code == "core_data"


def test_the_table_names_who_acts():
    by = {t.name: {(r.capacity, r.duty) for r in t.by} for t in SECURITY_REVIEW.transitions}
    assert by["pass"] == by["refuse"] == {("operator", "reviewer")} and by["reopen"] == {("system", "timer")}
