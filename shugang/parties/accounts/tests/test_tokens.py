"""Access tokens: whom they act for, what they may do, how they end."""

from datetime import timedelta

import pytest
from django.test import Client

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.accounts.models import AccessToken
from shugang.parties.accounts.services import set_duties
from shugang.parties.accounts.tokens import find_token, make_token, revoke_token
from shugang.parties.testing import SYSTEM, make_actor, make_party, make_person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


@pytest.fixture
def actor():
    return make_actor(make_party("buyer"), ("manager", "analyst"), second_factor=False)


def ask(secret, path="/api/v1/me", method="get"):
    more = {"data": {}, "content_type": "application/json"} if method == "post" else {}
    return getattr(Client(), method)(path, headers={"Authorization": f"Bearer {secret}"}, **more)


def test_a_token_acts_for_its_person_and_party_and_keeps_no_secret(actor):
    token, secret = make_token(actor, "脚本")
    said = ask(secret).json()
    assert (said["person"], said["party"]["number"]) == (actor.person.username, actor.party.number)
    assert said["second_factor"] is False
    assert secret not in str(list(AccessToken.objects.values())) + str(list(Event.objects.values()))
    assert token.prefix == secret[:10]


def test_a_token_stays_with_its_party_when_the_person_joins_another(actor):
    _, secret = make_token(actor, "x")
    other = make_party("supplier")
    set_duties(SYSTEM, other, actor.person, ["manager"])
    set_duties(SYSTEM, actor.party, make_person(), ["manager"])
    set_duties(SYSTEM, actor.party, actor.person, [])
    assert ask(secret).status_code == 401


def test_a_read_only_token_changes_nothing(actor):
    _, secret = make_token(actor, "x", read_only=True)
    before = Event.objects.count()
    answer = ask(secret, "/api/v1/cases/RZ-2026-000001/steps/accept", "post")
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only_token")
    assert Event.objects.count() == before


def test_a_token_that_may_act_reaches_the_verb(actor):
    _, secret = make_token(actor, "x", read_only=False)
    answer = ask(secret, "/api/v1/cases/RZ-2026-000001/steps/accept", "post")
    assert answer.json()["code"] == "not_found"


def test_second_factor_steps_need_a_token_made_with_one_and_for_a_day_only(actor):
    with pytest.raises(Refusal) as no:
        make_token(actor, "x", 1, read_only=False, sensitive=True)
    assert no.value.code == "second_factor_required"
    strong = make_actor(make_party("buyer"), ("signer",))
    with pytest.raises(Refusal) as no:
        make_token(strong, "x", 2, read_only=False, sensitive=True)
    assert no.value.code == "invalid_form"
    assert not AccessToken.objects.exists()
    _, plain = make_token(strong, "x", 1, read_only=False)
    _, force = make_token(strong, "x", 1, read_only=False, sensitive=True)
    assert (ask(plain).json()["second_factor"], ask(force).json()["second_factor"]) == (False, True)


def test_a_token_ends_by_revocation_by_time_and_with_the_account(actor):
    token, secret = make_token(actor, "x")
    stranger = make_actor(make_party("regulator"), ("supervisor",))
    with pytest.raises(Refusal) as no:
        revoke_token(stranger, token.pk)
    assert no.value.code == "not_found" and find_token(secret)
    AccessToken.objects.update(expires_at=clock.real_now() - timedelta(seconds=1))
    assert ask(secret).status_code == 401
    AccessToken.objects.update(expires_at=clock.real_now() + timedelta(days=1))
    assert ask(secret).status_code == 200
    actor.person.authorised = False
    actor.person.save()
    assert ask(secret).status_code == 401
    actor.person.authorised = True
    actor.person.save()
    revoke_token(actor, token.pk)
    assert ask(secret).status_code == 401
    assert ask("sgt_forged").status_code == 401


def test_a_token_opens_no_page(actor):
    _, secret = make_token(actor, "x")
    answer = ask(secret, "/desk/people")
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_token_has_a_life_of_a_day_to_a_year(actor, days):
    with pytest.raises(Refusal):
        make_token(actor, "x", days)
    assert not AccessToken.objects.exists()
