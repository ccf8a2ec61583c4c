"""Suspending a party reaches its grants in the same transaction, and only its own."""

import pytest

from shugang.delivery.grants.models import Grant
from shugang.delivery.grants.services import end_grant, suspend_grant
from shugang.delivery.testing import make_grant
from shugang.kernel.actors import SYSTEM
from shugang.parties.organisations.services import set_status
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def regulator():
    return make_actor(make_party("regulator"), ("supervisor",))


def state(grant):
    return Grant.objects.get(pk=grant.pk).state


def test_grants_given_and_held_are_suspended_and_come_back(regulator):
    mine, other = make_grant(), make_grant()
    for party in (mine.supplier, mine.grantee):
        set_status(regulator, party.number, "suspended", "线索核查")
        assert (state(mine), state(other)) == ("suspended", "active")
        set_status(regulator, party.number, "active", "核查完毕")
        assert state(mine) == "active"


def test_another_hold_keeps_the_grant_suspended(regulator):
    grant = make_grant()
    suspend_grant(SYSTEM, grant.number, "另案")
    set_status(regulator, grant.supplier.number, "suspended", "线索核查")
    set_status(regulator, grant.supplier.number, "active", "核查完毕")
    assert state(grant) == "suspended"


def test_an_ended_grant_stays_ended(regulator):
    grant = make_grant()
    end_grant(SYSTEM, grant.number, "已终止")
    set_status(regulator, grant.supplier.number, "suspended", "线索核查")
    set_status(regulator, grant.supplier.number, "active", "核查完毕")
    assert state(grant) == "ended"
