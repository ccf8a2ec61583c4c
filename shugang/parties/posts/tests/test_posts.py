"""The three administrators: every act belongs to one of them, and the database keeps them apart."""

import threading

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.accounts.models import Membership, Person
from shugang.parties.accounts.services import set_duties, take_up
from shugang.parties.organisations.models import Party
from shugang.parties.organisations.services import found_party
from shugang.parties.posts import services
from shugang.parties.posts.models import Post
from shugang.parties.testing import SYSTEM, actor_for, make_actor, make_party, make_person, sign_in
from shugang.policy.identifiers import make_uscc

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
FACTS = {"name": "示例登记中心", "name_en": "Sample registrar", "uscc": make_uscc("posts")}


def holder(post, second_factor=True):
    person = make_person()
    services.appoint(SYSTEM, person, post)
    return actor_for(person, None, second_factor)


def other_holder():
    person = make_person()
    services.appoint(SYSTEM, person, Post.AUDIT)
    return person.pk


ACTS = {
    "create_account": (Post.SYSTEM, lambda a, p: services.create_account(a, "newcomer", "新人")),
    "found_party": (Post.SYSTEM, lambda a, p: found_party(a, FACTS, ["registrar"])),
    "invite_first_manager": (Post.SYSTEM, lambda a, p: services.invite_first_manager(a, make_party("operator").number)),
    "authorise": (Post.SECURITY, lambda a, p: services.authorise(a, p, False)),
    "appoint": (Post.SECURITY, lambda a, p: services.appoint_by_id(a, p, Post.AUDIT)),
    "dismiss": (Post.SECURITY, lambda a, p: services.dismiss(a, other_holder())),
    "reset_password": (Post.SECURITY, lambda a, p: services.reset_password(a, p)),
    "reset_second_factor": (Post.SECURITY, lambda a, p: services.reset_second_factor(a, p)),
    "review_auditors": (Post.SECURITY, lambda a, p: services.review_auditors(a)),
    "read_audit": (Post.AUDIT, lambda a, p: services.read_audit(a, {})),
    "export_audit": (Post.AUDIT, lambda a, p: services.export_audit(a, {})),
}


def everything():
    people = list(Person.objects.order_by("pk").values_list("pk", "authorised", "password"))
    return (
        people[:2],
        list(Post.objects.filter(person_id=people[1][0])),
        Event.objects.exclude(kind="post.given").count(),
    )


@pytest.mark.parametrize("post", [Post.SYSTEM, Post.SECURITY, Post.AUDIT])
@pytest.mark.parametrize("act", ACTS)
def test_each_act_belongs_to_one_post(act, post):
    owner, do = ACTS[act]
    actor, target = holder(post), make_person().pk
    if act == "dismiss":
        other_holder()
    if owner == post:
        do(actor, target)
        assert Event.objects.filter(person_id=actor.person_id).exists()
        return
    before = everything()
    with pytest.raises(Refusal) as no:
        do(actor, target)
    assert no.value.code == "forbidden" and everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_no_act_without_second_factor_nor_by_people_of_parties(act):
    owner, do = ACTS[act]
    target = make_person().pk
    weak = holder(owner, second_factor=False)
    if act == "dismiss":
        other_holder()
    before = everything()
    with pytest.raises(Refusal) as no:
        do(weak, target)
    assert no.value.code == "second_factor_required"
    with pytest.raises(Refusal) as no:
        do(make_actor(None), target)
    assert no.value.code == "forbidden" and everything()[2] == before[2]


def test_the_database_keeps_posts_and_memberships_apart():
    person, member = holder(Post.SYSTEM).person, make_person()
    party = make_party("buyer")
    facts = {"duties": ["handler"], "created_at": clock.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(person=person, party=party, **facts)
    left = Membership.objects.create(person=person, party=party, active=False, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=left.pk).update(active=True)
    set_duties(SYSTEM, party, member, ["handler"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(person=member, post=Post.AUDIT, since=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(person=person).update(post="ROOT")


many_writers = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer at a time; only PostgreSQL can race here"
)


def together(*acts):
    """Run the acts at once, each in its own connection; returns which of them succeeded."""
    start, done = threading.Barrier(len(acts)), []

    def run(act):
        try:
            start.wait()
            act()
            done.append(act)
        except (Refusal, IntegrityError):
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


@many_writers
def test_of_a_post_and_a_membership_given_at_once_only_one_stands():
    party = make_party("buyer")
    for _ in range(5):
        person = make_person()
        done = together(
            lambda p=person: Post.objects.create(person=p, post=Post.AUDIT, since=clock.now()),
            lambda p=person: Membership.objects.create(person=p, party=party, duties=["x"], created_at=clock.now()),
        )
        assert len(done) == 1
        assert Post.objects.filter(person=person).count() + Membership.objects.filter(person=person).count() == 1


@many_writers
def test_of_two_who_use_one_link_at_once_only_one_gets_in():
    _, link = services.create_account(holder(Post.SYSTEM), "sunjiu", "孙九")
    secret = link.rsplit("/", 1)[1]
    done = together(*(lambda n=n: take_up(secret, "", f"correct-horse-{n}", "") for n in range(3)))
    assert len(done) == 1


def test_an_account_is_inert_until_the_other_administrator_authorises_it():
    person, link = services.create_account(holder(Post.SYSTEM), "zhaoqi", "赵七")
    take_up(link.rsplit("/", 1)[1], "", "correct-horse-battery", "")
    page = Client().post("/sign-in", {"login": "zhaoqi", "password": "correct-horse-battery"})
    assert page.status_code == 200 and "还没有获得授权" in page.content.decode()
    services.authorise(holder(Post.SECURITY), person.pk, True)
    page = Client().post("/sign-in", {"login": "zhaoqi", "password": "correct-horse-battery"})
    assert page.status_code == 302


def test_nobody_decides_on_himself_and_the_last_holder_stays():
    security, only = holder(Post.SECURITY), holder(Post.AUDIT)
    for act in (lambda: services.authorise(security, security.person_id, False),
                lambda: services.reset_second_factor(security, security.person_id)):  # fmt: skip
        with pytest.raises(Refusal) as no:
            act()
        assert no.value.code == "forbidden"
    with pytest.raises(Refusal) as no:
        services.dismiss(security, only.person_id)
    assert no.value.code == "last_holder" and Post.objects.filter(post=Post.AUDIT).count() == 1


def test_a_stopped_administrator_has_no_post_at_his_next_act():
    auditor = holder(Post.AUDIT)
    services.authorise(holder(Post.SECURITY), auditor.person_id, False)
    again = actor_for(Person.objects.get(pk=auditor.person_id), None, True)
    assert again.posts == frozenset()
    with pytest.raises(Refusal):
        services.read_audit(again, {})


def test_trading_parties_are_not_founded():
    for roles in (["supplier"], ["operator", "buyer"], []):
        with pytest.raises(Refusal):
            found_party(holder(Post.SYSTEM), FACTS, roles)
    assert not Party.objects.exists()


def test_the_first_manager_comes_once():
    system, party = holder(Post.SYSTEM), make_party("registrar")
    old = services.invite_first_manager(system, party.number).rsplit("/", 1)[1]
    new = services.invite_first_manager(system, party.number).rsplit("/", 1)[1]
    with pytest.raises(Refusal):
        take_up(old, "first", "correct-horse-battery", "甲")
    take_up(new, "second", "correct-horse-battery", "乙")
    with pytest.raises(Refusal) as no:
        services.invite_first_manager(system, party.number)
    assert no.value.code == "has_manager"
    with pytest.raises(Refusal):
        services.invite_first_manager(system, make_party("buyer").number)


DESKS = {
    Post.SYSTEM: "/desk/admin/system",
    Post.SECURITY: "/desk/admin/security",
    Post.AUDIT: "/desk/admin/audit",
}


@pytest.mark.parametrize("post", DESKS)
def test_no_one_sees_two_desks(post):
    client = sign_in(Client(), holder(post))
    assert client.get("/desk/admin").headers["Location"] == DESKS[post]
    seen = {where for where in DESKS.values() if client.get(where).status_code == 200}
    assert seen == {DESKS[post]}
    assert client.get("/desk/party").status_code == 403
    assert client.get("/desk/people").status_code == 403


def test_reading_the_audit_list_leaves_its_own_trace_and_shows_no_content():
    make_actor(make_party("buyer"), ("handler",))
    auditor = holder(Post.AUDIT)
    secret = "price-in-a-payload"
    with transaction.atomic():
        from shugang.kernel.events import emit

        emit("quotation.made", SYSTEM, [("contract", "HT-2026-000001")], {"person": secret, "price": secret})
    client = sign_in(Client(), auditor)
    page = client.get("/desk/admin/audit?kind=quotation").content.decode()
    assert "HT-2026-000001" in page and secret not in page
    exported = client.get("/desk/admin/audit.csv").content.decode()
    assert "HT-2026-000001" in exported and secret not in exported
    mine = Event.objects.filter(person_id=auditor.person_id).values_list("kind", flat=True)
    assert set(mine) == {"audit.read", "audit.exported"}
    reviewed = services.review_auditors(holder(Post.SECURITY))
    assert reviewed.total == 2
    assert client.get("/desk/admin/audit?since=tomorrow").status_code == 422


def test_the_audit_list_finds_sign_ins_good_and_bad_by_user_name():
    person = make_actor(make_party("buyer"), ("handler",), second_factor=False).person
    for password in ("wrong-password", "a-long-test-password"):
        Client().post("/sign-in", {"login": person.username, "password": password})
    found = services.read_audit(holder(Post.AUDIT), {"person": person.username, "kind": "sign_in"}).items
    assert [(e.kind, e.person_id) for e in found] == [("sign_in.done", person.pk), ("sign_in.failed", None)]


def test_the_security_desk_restates_and_then_acts():
    security, person = holder(Post.SECURITY), make_person()
    client = sign_in(Client(), security)
    where = f"/desk/admin/security/{person.pk}/stop"
    assert client.get(where).status_code == 200
    person.refresh_from_db()
    assert person.authorised
    assert client.post(where).status_code == 302
    person.refresh_from_db()
    assert not person.authorised
    page = client.post(f"/desk/admin/security/{person.pk}/reset-password").content.decode()
    assert "/invited/" in page
    assert client.get(f"/desk/admin/security/{person.pk}/promote").status_code == 404


def test_the_system_desk_makes_accounts_and_parties():
    client = sign_in(Client(), holder(Post.SYSTEM))
    assert (
        "/invited/"
        in client.post("/desk/admin/system/accounts", {"username": "wuba", "display_name": "吴八"}).content.decode()
    )
    again = client.post("/desk/admin/system/accounts", {"username": "wuba", "display_name": "吴八"})
    assert again.status_code == 409 and "已被使用" in again.content.decode()
    wrong = client.post("/desk/admin/system/parties", {**FACTS, "uscc": "1", "roles": ["operator"]})
    assert wrong.status_code == 422 and "18 位" in wrong.content.decode()
    assert client.post("/desk/admin/system/parties", {**FACTS, "roles": ["operator"]}).status_code == 200
    assert Party.objects.get().is_operator
