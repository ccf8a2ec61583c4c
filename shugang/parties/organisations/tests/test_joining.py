"""Joining through the pages, corrections, a second attempt, and what anyone may see of a party."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event, EventRef
from shugang.kernel.testing import clock_at, refused
from shugang.parties.accounts.models import Membership, Person
from shugang.parties.organisations.models import Party
from shugang.parties.organisations.services import apply_for_admission, change_contact, set_status
from shugang.parties.testing import actor_for, make_actor, make_party, make_person, sign_in
from shugang.policy.identifiers import make_uscc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both, pytest.mark.usefixtures("rules")]
FORM = {
    "name": "示例气象数据公司", "uscc": make_uscc("join"), "roles": ["supplier"], "legal_representative": "张三",
    "contact": "李四", "telephone": "10012345678", "address": "示例路1号",
}  # fmt: skip
ACCOUNT = {"username": "lisi", "display_name": "李四", "password": "correct-horse-battery"}


@pytest.fixture
def operator():
    return make_party("operator")


@pytest.fixture
def people(operator):
    return make_actor(operator, ("handler",)), make_actor(operator, ("handler", "reviewer"))


def applicant_of(case):
    party = Party.objects.get(case=case)
    return actor_for(Membership.objects.get(party=party, active=True).person, party, False)


def test_from_the_public_form_to_an_active_party(operator, people):
    handler, reviewer = people
    client = Client()
    page = client.post("/join", {**FORM, **ACCOUNT, "idempotency_key": "k1"})
    case = Case.objects.get()
    assert page.status_code == 200 and case.number in page.content.decode()
    client.post("/sign-in", {"login": "lisi", "password": ACCOUNT["password"]})
    assert case.number in client.get("/desk/party").content.decode()
    accept = sign_in(Client(), handler).post(f"/cases/{case.number}/accept", {"rev": case.revision})
    assert accept.status_code == 302
    engine.act(case.number, "approve", reviewer, {"identity_checked": True})
    assert client.get("/api/v1/me").json()["roles"] == ["supplier"]
    party = Party.objects.get(case=case)
    assert Client().get(f"/parties/{party.number}.json").json()["roles"] == ["supplier"]
    kinds = set(EventRef.objects.filter(kind="party", key=party.number).values_list("event__kind", flat=True))
    assert {"parties.onboarding.apply", "parties.onboarding.accept", "parties.onboarding.approve"} <= kinds


def test_a_double_click_applies_once(operator):
    for _ in range(2):
        page = Client().post("/join", {**FORM, **ACCOUNT, "idempotency_key": "same"})
        assert page.status_code == 200
    assert (Case.objects.count(), Person.objects.filter(username="lisi").count()) == (1, 1)


def test_a_wrong_form_leaves_no_account_and_keeps_the_typing(operator):
    page = Client().post("/join", {**FORM, **ACCOUNT, "uscc": FORM["uscc"][:17] + "!"})
    said = page.content.decode()
    assert page.status_code == 422 and "示例气象数据公司" in said and ACCOUNT["password"] not in said
    assert not Person.objects.filter(username="lisi").exists() and not Case.objects.exists()


def test_approval_needs_a_second_factor_and_another_person(operator, people):
    handler, reviewer = people
    case = apply_for_admission(make_person(), FORM, operator)
    engine.act(case.number, "accept", handler)
    weak = actor_for(reviewer.person, operator, second_factor=False)
    assert refused(case, "approve", weak, {"identity_checked": True}).code == "second_factor_required"
    assert refused(case, "approve", handler, {"identity_checked": True}).code == "forbidden"
    other = apply_for_admission(make_person(), {**FORM, "uscc": make_uscc("join2")}, operator)
    engine.act(other.number, "accept", reviewer)
    assert refused(other, "approve", reviewer, {"identity_checked": True}).code == "conflict_of_interest"


def test_a_correction_changes_what_was_wrong_and_nothing_else(operator, people):
    handler, reviewer = people
    case = apply_for_admission(make_person(), FORM, operator)
    engine.act(case.number, "return", handler, {"reason": "名称与执照不一致"})
    mine = applicant_of(case)
    bad = {"explanation": "已改", "uscc": "123"}
    assert refused(case, "resubmit", mine, bad).code == "uscc_check"
    taken = {"explanation": "已改", "uscc": make_party("buyer").uscc}
    assert refused(case, "resubmit", mine, taken).code == "party_exists"
    both = {"explanation": "已改", "roles": ["supplier", "reviewer"]}
    assert refused(case, "resubmit", mine, both).code == "roles_conflict"
    engine.act(
        case.number, "resubmit", mine, {"explanation": "已改", "name": "示例气象数据有限公司", "roles": ["buyer"]}
    )
    party = Party.objects.get(case=case)
    assert (party.name, party.address, party.uscc) == ("示例气象数据有限公司", "示例路1号", FORM["uscc"])
    engine.act(case.number, "accept", handler)
    engine.act(case.number, "approve", reviewer, {"identity_checked": True})
    assert Party.objects.get(case=case).roles == {"buyer"}


def test_a_missed_correction_lapses_and_the_code_is_free_again_for_other_people(operator, people, settings):
    case = apply_for_admission(make_person(), FORM, operator)
    engine.act(case.number, "return", people[0], {"reason": "请补英文名称"})
    squatter = applicant_of(case)
    with clock_at(settings, clock.now()) as move:
        move(clock.now() + timedelta(days=40))
        engine.tick()
    case.refresh_from_db()
    assert case.state == "lapsed"
    again = apply_for_admission(make_person("真正的经办"), FORM, operator)
    party = Party.objects.get(uscc=FORM["uscc"])
    assert (party.case, party.status) == (again, "draft")
    assert actor_for(squatter.person, party).party_id is None
    assert Membership.objects.get(party=party, active=True).person.display_name == "真正的经办"


def test_an_independent_reviewer_may_not_apply_as_supplier(operator):
    person = make_person()
    with pytest.raises(Refusal) as no:
        apply_for_admission(person, {**FORM, "roles": ["supplier", "reviewer"]}, operator)
    assert no.value.code == "roles_conflict"
    assert not Membership.objects.exists() and not Party.objects.filter(uscc=FORM["uscc"]).exists()


def test_a_draft_party_is_not_public_and_contact_data_never(operator):
    case = apply_for_admission(make_person(), FORM, operator)
    draft = Party.objects.get(case=case)
    assert Client().get(f"/parties/{draft.number}").status_code == 404
    party = make_party("supplier")
    Party.objects.filter(pk=party.pk).update(telephone="10087654321", contact="王五")
    for where in (f"/parties/{party.number}", f"/parties/{party.number}.json", f"/api/v1/parties/{party.number}"):
        said = Client().get(where).content.decode()
        assert party.number in said and "10087654321" not in said and "王五" not in said
    listed = Client().get("/api/v1/parties?role=supplier").json()["items"]
    assert [p["number"] for p in listed] == [party.number]
    assert Client().get("/parties.json?role=no-such").json()["items"] == []


def test_contact_data_are_changed_by_the_manager_alone(operator):
    party = make_party("buyer")
    given = {"contact": "王五", "telephone": "10011112222", "address": "新路2号", "business": ""}
    with pytest.raises(Refusal):
        change_contact(make_actor(party, ("handler",)), given)
    party.refresh_from_db()
    assert party.contact == ""
    client = sign_in(Client(), make_actor(party, ("manager",)))
    assert client.post("/desk/party", given).status_code == 302
    party.refresh_from_db()
    assert (party.contact, party.name) == ("王五", party.name)
    event = Event.objects.get(kind="party.contact_changed")
    assert "10011112222" not in json.dumps(event.payload)


def test_suspension_asks_for_a_reason_and_a_second_factor(operator):
    party, regulator = make_party("supplier"), make_party("regulator")
    weak = make_actor(regulator, ("supervisor",), second_factor=False)
    for actor, reason in ((weak, "核查"), (make_actor(regulator, ("supervisor",)), " ")):
        with pytest.raises(Refusal):
            set_status(actor, party.number, "suspended", reason)
        party.refresh_from_db()
        assert party.status == "active"
    client = sign_in(Client(), make_actor(operator, ("reviewer",)))
    assert client.get(f"/parties/{party.number}/suspend").status_code == 200
    assert client.post(f"/parties/{party.number}/suspend", {"reason": "来源存疑"}).status_code == 302
    assert "来源存疑" in Client().get(f"/parties/{party.number}").content.decode()
    assert client.post(f"/parties/{party.number}/resume", {"reason": "已查清"}).status_code == 302
    party.refresh_from_db()
    assert party.status == "active"
