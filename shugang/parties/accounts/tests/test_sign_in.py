"""Signing in through the pages: both factors, throttling, one-time links, redirects, demonstration accounts."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from shugang.kernel.models import Event
from shugang.parties.accounts import demo, services
from shugang.parties.accounts.models import Membership, Person
from shugang.parties.posts.models import Post
from shugang.parties.posts.services import appoint, reset_second_factor
from shugang.parties.testing import (
    SYSTEM,
    actor_for,
    make_actor,
    make_party,
    make_person,
    sign_in,
    totp_code,
    totp_secret,
)  # fmt: skip

pytestmark = [pytest.mark.django_db(transaction=True)]
PASSWORD = "a-long-test-password"


@pytest.fixture(autouse=True)
def not_a_demonstration(settings):
    settings.SHUGANG_DEMO = False


@pytest.fixture
def person():
    return make_actor(make_party("buyer"), ("manager", "signer"), second_factor=False).person


def enter(client, person, password=PASSWORD, **more):
    return client.post("/sign-in", {"login": person.username, "password": password, **more})


def me(client):
    return client.get("/api/v1/me").json()


def test_a_password_alone_signs_in_without_the_force_of_a_second_factor(person):
    client = Client()
    assert enter(client, person).headers["Location"] == "/desk"
    assert (me(client)["person"], me(client)["second_factor"]) == (person.username, False)
    assert Event.objects.filter(kind="sign_in.done", payload__person=person.username).count() == 1


def test_with_an_app_the_password_alone_does_not_sign_in(person):
    totp_secret(person)
    client = Client()
    assert enter(client, person).headers["Location"].startswith("/sign-in/code")
    assert client.get("/api/v1/me").status_code == 401
    wrong = client.post("/sign-in/code", {"code": "000000"})
    assert wrong.status_code == 200 and "验证码不对" in wrong.content.decode()
    assert client.get("/api/v1/me").status_code == 401
    assert client.post("/sign-in/code", {"code": totp_code(person)}).status_code == 302
    assert me(client)["second_factor"] is True
    assert Event.objects.filter(kind="sign_in.failed", payload__reason="code").count() == 1


def test_a_code_is_refused_the_second_time(person):
    code = totp_code(person)
    first, second = Client(), Client()
    enter(first, person)
    first.post("/sign-in/code", {"code": code})
    assert me(first)["second_factor"] is True
    enter(second, person)
    again = second.post("/sign-in/code", {"code": code})
    assert "已用过" in again.content.decode()
    assert second.get("/api/v1/me").status_code == 401


def test_a_recovery_code_works_once(person):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    totp_secret(person)
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    first, second = Client(), Client()
    for client in (first, second):
        enter(client, person)
        client.post("/sign-in/code", {"code": code})
    assert me(first)["second_factor"] is True
    assert second.get("/api/v1/me").status_code == 401


def test_failures_say_the_same_for_wrong_password_and_unknown_name(person):
    texts = []
    for login in (person.username, "nobody-here"):
        page = Client().post("/sign-in", {"login": login, "password": "wrong-password"})
        texts.append(re.search(r'class="sg-errs".*?</div>', page.content.decode(), re.S)[0])
    assert texts[0] == texts[1] and "用户名或密码不对" in texts[0]
    assert [e.payload["person"] for e in Event.objects.filter(kind="sign_in.failed")] == [person.username]


def test_after_five_failures_the_right_password_waits(person):
    client = Client()
    for _ in range(5):
        enter(client, person, "wrong-password")
    page = enter(client, person)
    assert "尝试次数过多" in page.content.decode()
    assert client.get("/api/v1/me").status_code == 401


def test_an_account_that_is_not_authorised_cannot_sign_in_nor_go_on(person):
    client = Client()
    enter(client, person)
    Person.objects.filter(pk=person.pk).update(authorised=False)
    assert client.get("/api/v1/me").status_code == 401
    assert client.get("/desk/people").status_code == 302
    refused = enter(Client(), person)
    assert "还没有获得授权" in refused.content.decode()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_open_redirect(person, target):
    client = Client()
    assert enter(client, person, next=target).headers["Location"] == "/desk"
    party = person.memberships.get().party
    back = client.post("/desk/acting", {"party": party.number, "next": target})
    assert back.headers["Location"] == "/desk"
    assert enter(Client(), person, next="/desk/party").headers["Location"] == "/desk/party"


def test_switching_the_acting_party_only_to_ones_own(person):
    client, other, foreign = Client(), make_party("supplier"), make_party("supplier")
    services.set_duties(SYSTEM, other, person, ["handler"])
    enter(client, person)
    assert client.post("/desk/acting", {"party": other.number}).status_code == 302
    assert me(client)["party"]["number"] == other.number
    assert client.post("/desk/acting", {"party": foreign.number}).status_code == 403
    assert me(client)["party"]["number"] == other.number


def test_setting_up_an_app_by_the_pages_and_confirming_this_session(person):
    client = Client()
    enter(client, person)
    asked = client.get("/desk/security/totp")
    assert asked.headers["Location"].startswith("/sign-in/confirm")
    client.post("/sign-in/confirm", {"password": PASSWORD, "next": "/desk/security/totp"})
    page = client.get("/desk/security/totp").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page and "<style" not in page and " style=" not in page
    secret = client.session["mfa.totp.secret"]
    from allauth.mfa.totp.internal import auth

    counter = next(iter(auth.yield_hotp_counters_from_time()))
    done = client.post("/desk/security/totp", {"code": auth.format_hotp_value(auth.hotp_value(secret, counter))})
    assert done.headers["Location"] == "/desk/security/recovery"
    assert (
        len(re.findall(r'<li class="sg-code">\d{8}</li>', client.get("/desk/security/recovery").content.decode())) == 10
    )
    assert me(client)["second_factor"] is False
    client.post("/sign-in/confirm-code", {"code": totp_code(person), "next": "/desk/security"})
    assert me(client)["second_factor"] is True
    stored = Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in stored


def test_a_reset_app_takes_the_force_from_running_sessions_at_once(person):
    holder = make_person()
    appoint(SYSTEM, holder, Post.SECURITY)
    client = sign_in(Client(), actor_for(person, None, True))
    assert me(client)["second_factor"] is True
    reset_second_factor(actor_for(holder, None, True), person.pk)
    assert me(client)["second_factor"] is False


def test_a_changed_password_ends_other_sessions(person):
    here, there = Client(), Client()
    enter(here, person)
    enter(there, person)
    wrong = here.post("/desk/security/password", {"old": "no", "password": "another-long-password"})
    assert wrong.status_code == 422 and there.get("/api/v1/me").status_code == 200
    here.post("/desk/security/password", {"old": PASSWORD, "password": "another-long-password"})
    assert here.get("/api/v1/me").status_code == 200
    assert there.get("/api/v1/me").status_code == 401


def test_a_link_works_once_on_the_page(person):
    link = services.invite(actor_for(person), ["analyst"], "小李").removeprefix("http://127.0.0.1:8600")
    given = {"username": "xiaoli", "password": "correct-horse-battery", "display_name": "小李"}
    assert "分析员" in Client().get(link).content.decode()
    assert Client().post(link, {**given, "password": "1234567890"}).status_code == 422
    assert Client().post(link, given).status_code == 200
    assert Client().post(link, {**given, "username": "other"}).status_code == 404
    assert Client().get(link).status_code == 404
    assert Membership.objects.filter(party=person.memberships.get().party).count() == 2


def test_somebody_with_an_account_joins_by_it():
    party = make_party("supplier")
    link = services.invite(make_actor(party, ("manager",)), ["signer"], "x").removeprefix("http://127.0.0.1:8600")
    guest = make_actor(make_party("buyer"), ("handler",), second_factor=False)
    client = sign_in(Client(), guest)
    assert client.post(f"{link}/accept").status_code == 302
    assert me(client)["party"]["number"] == party.number and me(client)["duties"] == ["signer"]
    assert client.post(f"{link}/accept").status_code == 404


def test_people_of_governing_parties_wait_for_authorisation():
    link = services.invite(make_actor(make_party("registrar"), ("manager",)), ["examiner"], "x")
    person = services.take_up(link.rsplit("/", 1)[1], "examiner1", "correct-horse-battery", "审查")
    assert not person.authorised
    assert actor_for(person, None, True).party_id is None


def test_demonstration_accounts_show_in_a_demonstration_only(settings):
    settings.SHUGANG_DEMO = True
    person = demo.make_demo_person("yanshi", "演示")
    services.set_duties(SYSTEM, make_party("buyer"), person, ["handler"])
    page = Client().get("/sign-in").content.decode()
    assert demo.current_code(person) in page and "yanshi" in page
    client = Client()
    enter(client, person, demo.PASSWORD)
    client.post("/sign-in/code", {"code": demo.current_code(person)})
    assert me(client)["second_factor"] is True
    settings.SHUGANG_DEMO = False
    page = Client().get("/sign-in").content.decode()
    assert "yanshi" not in page and demo.PASSWORD not in page
    assert "还没有获得授权" in enter(Client(), person, demo.PASSWORD).content.decode()
    assert client.get("/api/v1/me").status_code == 401
    with pytest.raises(RuntimeError):
        demo.current_code(person)


def test_codes_of_real_accounts_are_shown_to_nobody(settings, person):
    settings.SHUGANG_DEMO = True
    totp_secret(person)
    with pytest.raises(RuntimeError):
        demo.current_code(person)
    assert demo.demo_accounts() == []
