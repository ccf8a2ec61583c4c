"""The buyer's download: purpose stated first, then an address of some minutes for this person."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from shugang.delivery.grants.models import Credential
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.planes.bundles import signed_bundle
from shugang.delivery.testing import make_actor, make_grant, make_plane, make_terms
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import sign_in

pytestmark = pytest.mark.django_db


def made(mode="file", **changes):
    plane, _ = make_plane()
    grant = make_grant(mode=mode, **changes)
    actor = make_actor(grant.grantee, ("engineer",))
    return plane, grant, actor, sign_in(Client(), actor)


def test_the_purpose_is_stated_and_the_address_lives_for_minutes():
    plane, grant, actor, client = made()
    place = f"/desk/grants/{grant.number}/download"
    assert place in client.get(f"/desk/grants/{grant.number}").content.decode()
    assert client.get(place).status_code == 200
    for refused in ({"format": "csv"}, {"agree": "1", "format": "exe"}):
        assert client.post(place, refused).status_code == 422
    assert not Credential.objects.exists()
    page = client.post(place, {"agree": "1", "format": "csv-gb18030", "idempotency_key": "k1"})
    (url,) = re.findall(r'href="(http[^"]*/download/v1/[^"]*)"', page.content.decode())
    assert url.startswith(f"{plane.url}/download/v1/{grant.product}?format=csv-gb18030&amp;ticket=sg_")
    assert page["Cache-Control"].find("no-store") >= 0
    row = Credential.objects.get()
    assert (row.kind, row.person_id, row.purpose) == ("link", actor.person_id, "research")
    assert row.expires_at - clock.now() <= timedelta(minutes=15)
    issued = Event.objects.get(kind="credential.issued").payload
    assert "model_validation" not in issued["statement"] and issued["credential_kind"] == "link"
    assert url.partition("ticket=")[2] not in json.dumps(list(Event.objects.values_list("payload", flat=True)))
    # pressed twice: no second key, and the first one is not shown again
    again = client.post(place, {"agree": "1", "format": "csv-gb18030", "idempotency_key": "k1"})
    assert "ticket=" not in again.content.decode() and Credential.objects.count() == 1
    carried = json.loads(signed_bundle(plane).split(b"\n", 2)[2])["grants"][0]
    assert (carried["mode"], carried["source"]["type"], carried["credentials"][0]["kind"]) == ("file", "file", "link")


def test_only_files_are_downloaded_and_only_by_the_grantee():
    _, grant, _, _ = made()
    other = sign_in(Client(), make_actor(grant.supplier, ("engineer",)))
    assert other.get(f"/desk/grants/{grant.number}/download").status_code == 403
    table = make_grant(mode="table")
    client = sign_in(Client(), make_actor(table.grantee, ("engineer",)))
    assert client.get(f"/desk/grants/{table.number}/download").status_code == 404
    with pytest.raises(Refusal, match="wrong_kind"):
        issue_credential(make_actor(table.grantee, ("engineer",)), [table.number], "link", "research")


def test_the_environment_is_stated_with_the_purpose():
    _, grant, _, client = made(terms=make_terms(environment="isolated"))
    page = client.post(f"/desk/grants/{grant.number}/download", {"agree": "1", "format": "csv"})
    assert page.status_code == 200 and Credential.objects.get().environment == "isolated"


def test_a_program_gets_the_addresses():
    _, grant, _, client = made()
    body = {"grants": [grant.number], "kind": "link", "purpose": "research", "format": "xlsx"}
    answer = client.post("/api/v1/credentials", json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["urls"] == [
        f"{grant.plane.url}/download/v1/{grant.product}?format=xlsx&ticket={answer.json()['secret']}"
    ]


@pytest.mark.parametrize("kind", ["bearer", "oauth"])
def test_the_profile_of_a_shared_table_is_offered_with_its_key(kind):
    _, grant, _, client = made("table")
    page = client.post(f"/desk/grants/{grant.number}/key", {"agree": "1", "kind": kind}).content.decode()
    assert f'download="{grant.number}.share"' in page
