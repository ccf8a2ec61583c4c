"""What the catalogue suspends or withdraws can be used no longer; what it resumes can be used again, other holds aside."""

from __future__ import annotations

import pytest

from shugang.delivery.grants.services import suspend_grant
from shugang.delivery.planes.bundles import compile_bundle
from shugang.kernel import engine
from shugang.kernel.actors import SYSTEM
from shugang.publicdata.catalogue import services as catalogue
from shugang.publicdata.sharing.testing import City, granted, make_city

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def stand(city: City, kind: str) -> None:
    number = catalogue.propose_standing(city.handler, city.resource.number, kind, "因故").number
    engine.act(number, "submit", city.handler)
    engine.act(number, "sign", city.officer)
    engine.act(number, "approve", city.reviewer)


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.VAR_DIR = tmp_path / "var"
    return make_city()


def served(grant) -> bool:
    """Whether the plane's next bundle still lets it in."""
    return any(g.id == grant.number and g.state == "active" for g in compile_bundle(grant.plane).grants)


def test_suspension_and_withdrawal_reach_the_grants_and_resumption_lifts_them(city):
    grant = granted(city).grant
    assert served(grant)
    stand(city, "suspension")
    grant.refresh_from_db()
    assert (grant.state, served(grant)) == ("suspended", False) and city.resource.number in grant.reason
    stand(city, "resumption")
    grant.refresh_from_db()
    assert (grant.state, served(grant)) == ("active", True)
    stand(city, "withdrawal")
    grant.refresh_from_db()
    assert (grant.state, served(grant)) == ("suspended", False)


def test_another_hold_outlasts_the_resumption(city):
    grant = granted(city).grant
    stand(city, "suspension")
    suspend_grant(SYSTEM, grant.number, "另一项决定。", "decision", "")
    stand(city, "resumption")
    grant.refresh_from_db()
    assert (grant.state, grant.reason) == ("suspended", "另一项决定。")
