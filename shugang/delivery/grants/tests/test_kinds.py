"""Kinds of keys: those that sign and those that are changed for tokens."""

import json

import pytest

from shugang.delivery.grants import services
from shugang.delivery.grants.models import Credential
from shugang.delivery.planes.bundles import signed_bundle
from shugang.delivery.testing import make_actor, make_grant, make_plane, make_terms
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.sealing import NotOpened, open_sealed

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def _issued(kind, mode="api"):
    plane, key = make_plane()
    grant = make_grant(mode=mode)
    row, secret = services.issue_credential(make_actor(grant.grantee, ("engineer",)), [grant.number], kind, "research")
    return plane, key, row, secret


def _carried(plane):
    body = json.loads(signed_bundle(plane).split(b"\n", 2)[2])
    return body["grants"][0]["credentials"][0]


def test_the_plane_and_nobody_else_learns_the_secret_of_a_signing_key():
    plane, key, row, secret = _issued("aksk")
    carried = _carried(plane)
    assert open_sealed(key, carried["sealed"], f"credential:{row.number}").decode() == secret
    with pytest.raises(NotOpened):
        open_sealed(key, carried["sealed"], "credential:MY-2026-999999")
    assert secret not in json.dumps(carried) and secret.encode() not in bytes(row.sealed_secret)
    assert secret not in json.dumps(list(Event.objects.values_list("payload", flat=True)))


@pytest.mark.parametrize(("kind", "mode"), [("oauth", "api"), ("oauth", "table"), ("api_key", "api")])
def test_other_kinds_keep_only_a_digest(kind, mode):
    plane, _, row, _ = _issued(kind, mode)
    assert row.sealed_secret is None and "sealed" not in _carried(plane)
    assert _carried(plane)["kind"] == kind


@pytest.mark.parametrize(("kind", "mode"), [("aksk", "table"), ("bearer", "api"), ("", "api"), ("root", "api")])
def test_a_kind_that_does_not_fit_is_not_issued(kind, mode):
    grant = make_grant(mode=mode)
    actor = make_actor(grant.grantee, ("engineer",))
    before = Credential.objects.count(), Event.objects.count()
    with pytest.raises(Refusal, match="wrong_kind"):
        services.issue_credential(actor, [grant.number], kind, "research")
    assert (Credential.objects.count(), Event.objects.count()) == before


def test_a_revoked_signing_key_is_told_as_revoked():
    plane, _, row, _ = _issued("aksk")
    services.revoke_credential(make_actor(row.party, ("manager",)), row.number)
    assert _carried(plane)["revoked"] is True


def test_the_database_refuses_a_signing_key_without_its_secret():
    from django.db import IntegrityError, transaction

    _, _, row, _ = _issued("aksk")
    with pytest.raises(IntegrityError), transaction.atomic():
        Credential.objects.filter(pk=row.pk).update(sealed_secret=None)


@pytest.mark.parametrize(("agreed", "stated"), [("isolated", ""), (None, "isolated"), ("isolated", "moon")])
def test_a_key_is_issued_only_with_the_statement_of_the_agreed_environment(agreed, stated):
    plane, _ = make_plane()
    grant = make_grant(mode="api", terms=make_terms(actions=("read", "query"), environment=agreed))
    actor = make_actor(grant.grantee, ("engineer",))
    before = Credential.objects.count(), Event.objects.count()
    with pytest.raises(Refusal, match="environment_denied"):
        services.issue_credential(actor, [grant.number], "api_key", "research", environment=stated)
    assert (Credential.objects.count(), Event.objects.count()) == before
    # when it is stated, then the plane and the log learn of it
    services.issue_credential(actor, [grant.number], "api_key", "research", environment=agreed or "")
    assert _carried(plane)["environment"] == agreed
    payload = Event.objects.filter(kind="credential.issued").latest("id").payload
    assert ("专用隔离环境" in payload["statement"]) == (agreed == "isolated")
