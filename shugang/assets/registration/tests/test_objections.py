"""Objections: who may, what they stop, how they end; and who may not decide."""

import pytest

from shugang.assets.registration import queries, services
from shugang.assets.registration.models import Certificate, DataAsset, Objection
from shugang.assets.testing import OBJECTION, answers_for, make_application, make_registrar, make_version, to_state
from shugang.kernel import engine
from shugang.kernel.actors import ANONYMOUS, SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.testing import refused, snapshot
from shugang.parties.accounts.services import set_duties
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def applicant():
    return make_actor(make_party("supplier"))


@pytest.fixture
def case(applicant, office):
    return make_application(applicant, make_version(applicant.party), office)


def denied(case, actor, code, form=OBJECTION):
    before = (snapshot(case), Objection.objects.count())
    with pytest.raises(Refusal) as no:
        services.file_objection(actor, case.number, form)
    assert no.value.code == code
    assert (snapshot(case), Objection.objects.count()) == before


def test_anyone_signed_in_may_object_and_the_notice_stops(case, office, applicant):
    case = to_state(case, office, applicant, "notice")
    objection = services.file_objection(make_actor(None), case.number, OBJECTION)
    case.refresh_from_db()
    assert (case.state, objection.state, objection.party) == ("objection", "open", None)
    assert case.events.filter(kind="objection.filed").count() == 1


def test_a_second_objection_joins_the_first(case, office, applicant):
    case = to_state(case, office, applicant, "objection")
    services.file_objection(make_actor(make_party("buyer")), case.number, OBJECTION)
    case.refresh_from_db()
    assert (case.state, Objection.objects.filter(state="open").count()) == ("objection", 2)


def test_a_visitor_has_to_sign_in(case, office, applicant):
    denied(to_state(case, office, applicant, "notice"), ANONYMOUS, "sign_in_required")


def test_nobody_objects_before_the_notice(case):
    denied(case, make_actor(make_party("buyer")), "not_found")


def test_nobody_objects_after_the_notice(case, office, applicant):
    denied(to_state(case, office, applicant, "deposited"), make_actor(make_party("buyer")), "notice_over")


def test_applicant_and_registrar_cannot_object(case, office, applicant):
    case = to_state(case, office, applicant, "notice")
    denied(case, applicant, "conflict_of_interest")
    denied(case, office.reviewer, "conflict_of_interest")


def test_reasons_are_required_and_one_person_objects_once(case, office, applicant):
    case = to_state(case, office, applicant, "notice")
    actor = make_actor(make_party("buyer"))
    denied(case, actor, "invalid_form", {"interest": "关系"})
    services.file_objection(actor, case.number, OBJECTION)
    denied(case, actor, "already_done")


def test_an_upheld_objection_refuses_the_registration(case, office, applicant):
    case = to_state(case, office, applicant, "objection")
    engine.act(case.number, "uphold_objection", office.reviewer, answers_for("uphold_objection"))
    case.refresh_from_db()
    assert (case.state, Objection.objects.get().state) == ("rejected", "upheld")
    assert DataAsset.objects.get().state == "refused"
    assert not Certificate.objects.exists()


def test_a_dismissed_objection_lets_the_notice_go_on_and_both_sides_read_why(case, office, applicant):
    case = to_state(case, office, applicant, "objection")
    engine.act(case.number, "dismiss_objection", office.reviewer, answers_for("dismiss_objection"))
    case.refresh_from_db()
    assert case.state == "notice"
    assert [o.resolution for o in queries.objections_of(case, applicant)] == [
        answers_for("dismiss_objection")["reason"]
    ]
    assert queries.objections_of(case, make_actor(make_party("buyer"))) == []


def test_the_examiner_does_not_decide_on_the_objection_to_his_own_examination(case, office, applicant):
    both = make_actor(office.party, ("examiner", "reviewer"))
    engine.act(case.number, "accept", office.accepter)
    engine.act(case.number, "pass_examination", both, answers_for("pass_examination"))
    services.file_objection(make_actor(None), case.number, OBJECTION)
    no = refused(case, "dismiss_objection", both, answers_for("dismiss_objection"))
    assert no.code == "conflict_of_interest"


@pytest.mark.parametrize("step", ["accept", "request_correction", "not_accept"])
def test_a_member_of_the_applicant_decides_nothing_for_the_registrar(case, office, applicant, step):
    set_duties(SYSTEM, applicant.party, office.accepter.person, ["handler"])
    assert refused(case, step, office.accepter, answers_for(step)).code == "conflict_of_interest"


def test_the_public_notice_shows_no_objector(case, office, applicant):
    case = to_state(case, office, applicant, "objection")
    [notice] = queries.public_notices()
    assert notice["state"] == "objection" and notice["working_days_left"] == 5
    assert OBJECTION["reasons"] not in str(notice)


def test_withheld_content_is_not_in_the_notice(office, applicant):
    case = make_application(
        applicant, make_version(applicant.party), office, nonpublication_reason="名称涉及未公开的合作方"
    )
    engine.act(case.number, "accept", office.accepter)
    engine.act(case.number, "pass_examination", office.examiner, {**answers_for("pass_examination"), "withhold": True})
    [notice] = queries.public_notices()
    assert "监测数据集" not in str(notice) and notice["applicant"] == applicant.party.name
