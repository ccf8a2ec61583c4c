"""Given an event, when it is committed, then exactly whom it concerns is told once, and only while he may see it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from shugang.kernel import clock, engine, periodic
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import Told, emit, emit_many
from shugang.parties.accounts.models import AccessToken, Membership
from shugang.parties.notices import queries, rules, services, writing
from shugang.parties.notices.models import Notice
from shugang.parties.organisations.services import apply_for_admission, set_status
from shugang.parties.testing import make_actor, make_party, make_person, sign_in
from shugang.policy.identifiers import make_uscc
from shugang.policy.text import Text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]


@pytest.fixture
def world() -> Any:
    """An application that waits for the operator's handler; three of the operator's people and one applicant."""
    operator = make_party("operator")
    duties = {"first": ("handler",), "second": ("handler", "reviewer"), "money": ("finance",)}
    people = {name: make_actor(operator, held) for name, held in duties.items()}
    form = {
        "name": "示例环境数据公司", "uscc": make_uscc("notices"), "roles": ["supplier"], "legal_representative": "张三",
        "contact": "李四", "telephone": "10012345678", "address": "示例路1号",
    }  # fmt: skip
    applicant = make_person("申请人")
    case = apply_for_admission(applicant, form, operator)
    return SimpleNamespace(operator=operator, case=case, applicant=applicant, **people)


def codes(actor: Any) -> list[str]:
    return list(queries.mine(actor).order_by("pk").values_list("code", flat=True))


def applicant_of(world: Any) -> Any:
    from shugang.parties.accounts.actor import actor_for

    return actor_for(world.applicant, None, True)


def test_who_can_take_the_next_step_is_told_and_nobody_else(world):
    assert codes(world.first) == codes(world.second) == ["case.awaits"]
    assert codes(world.money) == codes(applicant_of(world)) == []
    notice = queries.mine(world.first).get()
    assert notice.zh == f"“机构入驻”{world.case.number}等待办理：受理、退回补正"
    assert (notice.ref_kind, notice.ref_key, notice.group) == ("case", world.case.number, "tasks")


def test_who_took_an_earlier_step_is_not_asked_for_what_another_must_do(world):
    engine.act(world.case.number, "accept", world.second)
    # The reviewer accepted himself: by the rule of recusal he may not approve, and returning is his own act's sequel.
    assert codes(world.second) == ["case.awaits"]
    assert codes(world.first) == ["case.awaits", "case.awaits"]


def test_the_end_of_a_case_is_told_to_who_took_part(world):
    reviewer = make_actor(world.operator, ("reviewer",))
    engine.act(world.case.number, "accept", world.first)
    engine.act(world.case.number, "approve", reviewer, {"identity_checked": True})
    assert "case.closed" in codes(world.first)
    assert "case.closed" not in codes(world.second) and "case.closed" not in codes(reviewer)
    assert "case.closed" in codes(applicant_of(world))


def test_a_step_that_is_rolled_back_tells_nobody(world):
    before = Notice.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        engine.act(world.case.number, "accept", world.first)
        assert Notice.objects.count() > before
        raise RuntimeError
    assert Notice.objects.count() == before


def test_a_deadline_that_comes_near_is_told_once_and_again_when_it_moves(world):
    now = clock.now()
    row = world.case.clocks.get(name="accept")
    row.due_at, row.days = now + timedelta(days=1), 3
    row.save()
    assert writing.near_clocks(now) == 2  # both handlers
    assert writing.near_clocks(now + timedelta(hours=1)) == 0
    row.due_at = now + timedelta(days=2)
    row.save()
    assert writing.near_clocks(now) == 2
    assert codes(world.first).count("clock.near") == 2


def test_a_token_near_its_end_is_told_to_its_holder_once(world):
    def token(days: int, digest: str) -> None:
        AccessToken.objects.create(
            person=world.first.person, party=world.operator, digest=digest, prefix="sgt_", label="脚本",
            created_at=clock.now() - timedelta(days=90), expires_at=clock.now() + timedelta(days=days),
        )  # fmt: skip

    token(5, "a"), token(50, "b")
    assert (writing.watch(clock.now()), writing.watch(clock.now())) == (1, 0)
    assert codes(world.first)[-1] == "token.expiring"


def test_the_job_asks_once_an_hour(world, settings):
    job = periodic.Hourly(writing.near)
    asked = []
    rules.register_watch("test.counting", lambda now: asked.append(now) or iter(()))
    try:
        job(), job()
        settings.SHUGANG_DEMO = True
        clock.move_to(clock.now() + timedelta(hours=2))
        job()
    finally:
        rules._watches.pop("test.counting")
    assert len(asked) == 2


def test_a_party_that_is_suspended_hears_of_it(world):
    party = make_party("buyer")
    manager = make_actor(party, ("manager",))
    set_status(make_actor(world.operator, ("reviewer",)), party.number, "suspended", "核查中，暂停办理。")
    assert codes(manager) == ["party.suspended"]


def test_what_one_may_no_longer_see_shows_neither_words_nor_number(world):
    notice = queries.mine(world.first)
    assert queries.shown(notice, world.first.person, world.first)[0].title == "示例环境数据公司"
    world.case.parties.filter(capacity="operator").delete()
    line = queries.shown(notice, world.first.person, world.first)[0]
    assert (line.allowed, line.address, line.title) == (False, "", "")
    page = sign_in_client(world.first).get("/desk/messages").content.decode()
    assert world.case.number not in page and "您已无权查看" in page


def test_who_has_left_the_party_sees_nothing_of_it(world):
    notice = queries.mine(world.first).get()
    Membership.objects.filter(person=world.first.person).update(active=False)
    assert queries.shown([notice], world.first.person)[0].allowed is False


def sign_in_client(actor: Any) -> Any:
    from django.test import Client

    return sign_in(Client(), actor)


def test_the_bell_counts_the_unread_and_each_is_marked_by_its_reader_alone(world):
    client, notice = sign_in_client(world.first), queries.mine(world.first).get()
    assert "消息 1" in client.get("/desk/messages").content.decode()
    with pytest.raises(Refusal):
        services.mark_read(world.second, notice.pk)
    assert queries.unread(world.first) == 1
    answer = client.post(f"/desk/messages/{notice.pk}/read")
    assert answer.headers["Location"] == f"/cases/{world.case.number}"
    assert (queries.unread(world.first), queries.unread(world.second)) == (0, 1)
    assert services.mark_read(world.second) == 1 and queries.unread(world.second) == 0


def test_the_bell_costs_one_question(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        queries.unread(world.first)


def test_the_list_filters_exports_and_says_what_to_do_when_empty(world):
    client = sign_in_client(world.first)
    assert world.case.number in client.get("/desk/messages?group=tasks&unread=1").content.decode()
    assert "没有符合的通知" in client.get("/desk/messages?group=money").content.decode()
    assert world.case.number in client.get("/desk/messages.csv").content.decode("utf-8-sig")
    assert "还没有通知" in sign_in_client(world.money).get("/desk/messages").content.decode()
    found = client.get("/api/v1/messages?unread=true").json()
    assert (found["unread"], found["items"][0]["object"]) == (1, world.case.number)


def test_a_rule_of_a_wing_reaches_the_side_that_it_names(world):
    buyer, seller = make_actor(make_party("buyer"), ("finance",)), make_actor(make_party("supplier"), ("finance",))
    rules.register_sides("thing", lambda number: {"buyer": buyer.party_id or 0})
    rule = rules.Rule("thing.done", "money", Text("{number}已办", "{number} is done"),
                      (rules.Side("thing", "buyer", ("finance",)),), of="thing")  # fmt: skip
    rules.register(rule)
    try:
        emit("thing.done", SYSTEM, [("thing", "T-1")])
    finally:
        rules._rules.pop("thing.done"), rules._sides.pop("thing")
    assert (codes(buyer), codes(seller)) == (["thing.done"], [])


def test_what_happened_to_many_at_once_is_told_to_each_and_asks_no_more_questions_than_one(
    django_assert_max_num_queries,
):
    """Given things of two parties and one of nobody, when all are done at once, then each owner is told of his own."""
    owners = [make_actor(make_party("buyer"), ("finance",)) for _ in range(2)]
    asked: list[list[str]] = []

    def sides(numbers: Any) -> dict[str, dict[str, int]]:
        asked.append(list(numbers))
        return {n: {"owner": owners[int(n) % 2].party_id or 0} for n in numbers if n != "99"}

    rules.register_many_sides("thing", sides)
    rules.register(rules.Rule("thing.done", "money", Text("{number}已办", "{number} is done"),
                              (rules.Side("thing", "owner", ("finance",)),), of="thing"))  # fmt: skip
    told = [Told("thing.done", [("thing", str(n))]) for n in (*range(20), 99)]
    try:
        with django_assert_max_num_queries(8):
            emit_many(SYSTEM, told)
    finally:
        rules._rules.pop("thing.done"), rules._many_sides.pop("thing")
    assert asked == [[*map(str, range(20)), "99"]]
    for nth, owner in enumerate(owners):
        mine = queries.mine(owner).order_by("pk").values_list("ref_key", "event_id")
        assert [key for key, _ in mine] == [str(n) for n in range(nth, 20, 2)]
        assert len({event for _, event in mine}) == 10
    assert Notice.objects.filter(code="thing.done").count() == 20


@pytest.mark.parametrize("rule", rules.all_rules(), ids=lambda r: f"{r.code}-{r.text.en[:40]}")
def test_every_rule_fills_its_words(rule):
    facts: dict[str, Any] = dict.fromkeys(("procedure", "state", "step", "clock", "days", "day", "percent"), "x")
    said = writing.Said(rule, {rule.of: "N-1"}, "k", facts, None)
    assert "{" not in said.zh + said.en and (("N-1" in said.zh) == ("{number}" in rule.text.zh))
