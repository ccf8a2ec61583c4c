"""Admission of a party, and the exclusions that the database itself holds."""

import pytest
from django.db import IntegrityError, transaction

from shugang.kernel import engine, queries
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.procedure import get
from shugang.kernel.testing import refused, wrong_cells
from shugang.parties.accounts.models import Membership
from shugang.parties.accounts.services import set_duties
from shugang.parties.organisations.models import Party
from shugang.parties.organisations.services import apply_for_admission, set_status
from shugang.parties.posts.models import Post
from shugang.parties.posts.services import appoint
from shugang.parties.testing import make_actor, make_party, make_person
from shugang.policy.identifiers import make_uscc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


@pytest.fixture(autouse=True)
def rules():
    from shugang.commands.setup import profile_files
    from shugang.kernel.profiles import load_profiles

    load_profiles(profile_files())


@pytest.fixture
def operator():
    return make_party("operator")


@pytest.fixture
def form():
    return {
        "name": "示例环境数据公司",
        "uscc": make_uscc("env"),
        "roles": ["supplier"],
        "legal_representative": "张三",
        "contact": "李四",
        "telephone": "10012345678",
        "address": "示例路1号",
    }


@pytest.fixture
def case(operator, form):
    return apply_for_admission(make_person("申请人"), form, operator)


def test_a_party_is_admitted_by_two_people(case, operator):
    accepter, reviewer = make_actor(operator, ("handler",)), make_actor(operator, ("reviewer",))
    engine.act(case.number, "accept", accepter)
    engine.act(case.number, "approve", reviewer, {"identity_checked": True})
    party = Party.objects.get(case=case)
    assert (party.status, party.roles) == ("active", {"supplier"})


def test_who_accepted_may_not_approve(case, operator):
    both = make_actor(operator, ("handler", "reviewer"))
    engine.act(case.number, "accept", both)
    assert refused(case, "approve", both).code == "conflict_of_interest"


@pytest.mark.parametrize(("state", "step"), wrong_cells(get("parties.onboarding")), ids=lambda x: getattr(x, "name", x))
def test_no_step_outside_its_state(case, operator, state, step):
    Case.objects.filter(pk=case.pk).update(state=state)
    assert refused(case, step.name, make_actor(operator, ("handler", "reviewer"))).code == "wrong_state"


def test_a_draft_party_has_no_role_and_sees_only_its_own_case(case):
    party = Party.objects.get(case=case)
    assert party.roles == frozenset()
    stranger = make_actor(make_party("buyer"))
    with pytest.raises(Refusal):
        queries.get_case(case.number, stranger)


@pytest.mark.parametrize("place", [0, 7, 16, 17])
def test_a_wrong_credit_code_is_refused_with_the_sentence_and_leaves_nothing(operator, form, place):
    code = form["uscc"]
    form["uscc"] = code[:place] + ("Q" if code[place] != "Q" else "R") + code[place + 1 :]
    before = (Party.objects.count(), Event.objects.count())
    person = make_person()
    with pytest.raises(Refusal) as no:
        apply_for_admission(person, form, operator)
    assert set(no.value.fields) == {"uscc"}
    assert (Party.objects.count(), Event.objects.count()) == before
    assert not Membership.objects.filter(person=person).exists()


def test_the_same_code_cannot_apply_twice(case, operator, form):
    with pytest.raises(Refusal) as no:
        apply_for_admission(make_person(), form, operator)
    assert no.value.code == "party_exists"


@pytest.mark.parametrize(
    "roles",
    [
        ("operator", "supplier"),
        ("registrar", "supplier"),
        ("registrar", "buyer"),
        ("regulator", "buyer"),
        ("regulator", "operator"),
        ("reviewer", "supplier"),
        ("reviewer", "registrar"),
    ],
)
def test_the_database_forbids_roles_that_exclude_each_other(roles):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_party(*roles)


def test_one_person_holds_one_post_by_constraint():
    person = make_person()
    appoint(SYSTEM, person, Post.SYSTEM)
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(person=person, post=Post.AUDIT, since="2026-01-01T00:00:00Z")


def test_an_administrator_gets_no_membership_and_a_member_no_post():
    holder, member, party = make_person(), make_person(), make_party("buyer")
    appoint(SYSTEM, holder, Post.SECURITY)
    with pytest.raises(Refusal) as no:
        set_duties(SYSTEM, party, holder, ["handler"])
    assert no.value.code == "administrator"
    assert not Membership.objects.filter(person=holder).exists()
    set_duties(SYSTEM, party, member, ["handler"])
    with pytest.raises(Refusal) as no:
        appoint(SYSTEM, member, Post.AUDIT)
    assert no.value.code == "administrator"
    assert not Post.objects.filter(person=member).exists()


def test_only_the_venue_or_the_regulator_suspends_a_party():
    party = make_party("supplier")
    with pytest.raises(Refusal):
        set_status(make_actor(make_party("buyer"), ("manager", "reviewer")), party.number, "suspended", "x")
    assert Party.objects.get(pk=party.pk).status == "active"
    set_status(make_actor(make_party("regulator"), ("supervisor",)), party.number, "suspended", "线索核查")
    assert Party.objects.get(pk=party.pk).roles == frozenset()
