"""Given terms that ask for deletion, when use has ended, then a signed statement is due, late or given, and both see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from shugang.delivery.deletions.models import DeletionStatement
from shugang.delivery.deletions.queries import deletion
from shugang.delivery.deletions.services import state_deletion
from shugang.delivery.grants.services import end_grant
from shugang.delivery.testing import make_grant, make_plane, make_terms
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_signer, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(params=["table", "api"])
def granted(request):
    make_plane()
    actions = ("read", "download") if request.param == "table" else ("read", "query")
    return make_grant(mode=request.param, terms=make_terms(actions=actions, delete_after_days=10))


@pytest.fixture
def signer(granted):
    return make_signer(granted.grantee)


def ended(grant):
    return end_grant(SYSTEM, grant.number, "合同终止")


def at(monkeypatch, **ahead):
    moment = clock.now() + timedelta(**ahead)
    monkeypatch.setattr(clock, "now", lambda: moment)


def refused(act, *args):
    before = (DeletionStatement.objects.count(), Event.objects.count())
    with pytest.raises(Refusal) as caught:
        act(*args)
    assert (DeletionStatement.objects.count(), Event.objects.count()) == before
    return caught.value.code


def test_stated_in_time_it_is_kept_signed_and_told(granted, signer):
    assert deletion(granted).state == "later"
    grant = ended(granted)
    assert deletion(grant).state == "due"
    # when the buyer signs
    row = state_deletion(signer, grant.number)
    # then it stands for good
    found = deletion(grant)
    assert (found.state, found.holds, found.statement.pk) == ("given", True, row.pk)
    told = Event.objects.get(kind="deletion.stated").payload
    assert (told["statement"], told["late"]) == (row.statement, False)
    assert refused(state_deletion, signer, grant.number) == "wrong_state"
    with pytest.raises(DatabaseError), transaction.atomic():
        DeletionStatement.objects.update(statement={})


def test_not_stated_in_time_it_shows_as_late_to_both(granted, signer, monkeypatch):
    grant = ended(granted)
    at(monkeypatch, days=12)
    assert deletion(grant).state == "late"
    for actor in (signer, make_actor(grant.supplier, ("handler",))):
        page = sign_in(Client(), actor).get(f"/desk/grants/{grant.number}").content.decode()
        assert "逾期未交" in page
    state_deletion(signer, grant.number)
    assert deletion(grant).state == "given_late"
    assert Event.objects.get(kind="deletion.stated").payload["late"] is True


def test_the_period_running_out_ends_use_as_well(granted, monkeypatch):
    at(monkeypatch, days=366)
    assert deletion(granted).state == "due"
    assert (deletion(granted).due - granted.valid_until).days == 11


def test_only_the_buyers_signer_and_only_once_use_has_ended(granted, signer):
    assert refused(state_deletion, signer, granted.number) == "wrong_state"
    grant = ended(granted)
    assert refused(state_deletion, make_signer(grant.supplier), grant.number) == "forbidden"
    assert refused(state_deletion, make_actor(grant.grantee, ("handler",)), grant.number) == "forbidden"
    assert refused(state_deletion, make_signer(make_grant().grantee), grant.number) == "not_found"


def test_terms_that_ask_for_none_are_owed_none():
    make_plane()
    grant = ended(make_grant())
    assert deletion(grant) is None
    assert refused(state_deletion, make_signer(grant.grantee), grant.number) == "not_asked"


def test_by_page_and_by_program(granted, signer):
    grant = ended(granted)
    client = sign_in(Client(), signer)
    address = f"/desk/grants/{grant.number}/deletion"
    assert "签署删除声明" in client.get(address).content.decode()
    asked = client.get(f"/api/v1/grants/{grant.number}/deletion").json()
    assert asked["state"] == "due" and len(asked["sha256"]) == 64
    assert client.post(address).status_code == 302
    told = client.get(f"/api/v1/grants/{grant.number}/deletion").json()
    assert (told["state"], told["holds"], told["sha256"]) == ("given", True, asked["sha256"])
    again = client.post(f"/api/v1/grants/{grant.number}/deletion", "{}", content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
