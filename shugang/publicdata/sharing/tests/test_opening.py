"""Open data: signed, checked, downloadable by anybody, every download under a grant and metered; and stopped at once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from shugang.assets import testing as assets
from shugang.delivery.models import Credential, Grant
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.testing import make_records
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.testing import refused
from shugang.parties.models import Party
from shugang.publicdata.sharing import opening_services, queries
from shugang.publicdata.sharing.models import Opening
from shugang.publicdata.sharing.public import NUMBER, make_link
from shugang.publicdata.sharing.testing import STREETS, City, make_city, opened

pytestmark = [pytest.mark.django_db]
FORM = {"licence": "可自由使用，须注明来源", "attribution": "示例民政局"}


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.VAR_DIR = tmp_path / "var"
    return make_city()


def test_nothing_opens_without_signature_and_security_review(city):
    row = opening_services.propose(city.handler, {"resource": city.resource.number, **FORM})
    assert refused(row.case, "approve", city.reviewer).code == "wrong_state"
    assert refused(row.case, "sign", city.handler).code == "forbidden"
    engine.act(row.number, "sign", city.officer)
    assert refused(row.case, "approve", city.reviewer).code == "not_graded"
    assert not Grant.objects.exists()
    assets.make_reviewed(city.handler, city.version)
    engine.act(row.number, "approve", city.reviewer)
    grant = Opening.objects.get(pk=row.pk).grant
    assert grant.grantee.number == NUMBER and not grant.grantee.roles and grant.terms["attribution"] == "示例民政局"
    with pytest.raises(Refusal) as error:
        opening_services.propose(city.handler, {"resource": city.resource.number, **FORM})
    assert error.value.code == "open_already"


def test_only_what_the_catalogue_opens_to_all_may_be_opened(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    city = make_city(opening="refused")
    with pytest.raises(Refusal) as error:
        opening_services.propose(city.handler, {"resource": city.resource.number, **FORM})
    assert error.value.code == "not_open"
    with pytest.raises(Refusal) as error:
        opening_services.propose(city.asker, {"resource": city.resource.number, **FORM})
    assert error.value.code == "invalid_form"


def test_anybody_gets_a_link_for_one_download_and_nobody_acts_for_the_public(city):
    row = opened(city)
    client = Client()
    page = client.get(f"/open-data/{row.number}")
    assert page.status_code == 200 and "常住人口" in page.content.decode()
    answer = client.post(f"/open-data/{row.number}/download", {"format": "csv"})
    assert (
        answer.status_code == 200 and "ticket=sg_" in answer.content.decode() and "no-store" in answer["Cache-Control"]
    )
    made = client.post(
        f"/api/v1/open-data/{row.number}/links", json.dumps({"format": "xlsx"}), content_type="application/json"
    )
    assert made.status_code == 200 and "format=xlsx" in made.json()["url"]
    keys = Credential.objects.filter(party__number=NUMBER)
    assert keys.count() == 2 and all(k.kind == "link" for k in keys)
    assert all(k.expires_at - clock.now() < timedelta(minutes=16) for k in keys)
    person = keys[0].person
    assert not person.stands and not person.has_usable_password() and not person.memberships.exists()
    assert NUMBER not in client.get("/parties").content.decode()


def test_links_have_a_limit_and_dead_ones_are_forgotten(city, monkeypatch):
    from shugang.publicdata.sharing import public

    row = opened(city)
    limits = {"links_a_minute": 2, "links_a_day": 100}
    monkeypatch.setattr(public, "current_profile", lambda *_: type("P", (), {"data": limits}))
    for _ in range(2):
        make_link(row.number)
    with pytest.raises(Refusal) as error:
        make_link(row.number)
    assert error.value.code == "busy" and Credential.objects.count() == 2
    past = clock.now() - timedelta(hours=3)
    Credential.objects.update(created_at=past, expires_at=past)
    make_link(row.number)
    assert row.grant.credentials.count() == 1
    with pytest.raises(Refusal) as error:
        make_link(row.number, "exe")
    assert error.value.code == "bad_format"


def test_suspending_stops_links_and_closing_ends_the_grant(city):
    row = opened(city)
    engine.act(row.number, "suspend", city.officer, {"reason": "核对数据。"})
    with pytest.raises(Refusal) as error:
        make_link(row.number)
    assert error.value.code == "not_found" and Grant.objects.get(pk=row.grant_id).state == "suspended"
    engine.act(row.number, "resume", city.officer)
    make_link(row.number)
    engine.act(row.number, "close", city.reviewer, {"reason": "不再更新。"})
    assert Grant.objects.get(pk=row.grant_id).state == "ended" and not Opening.objects.get(pk=row.pk).living


def test_a_review_that_is_opened_again_holds_what_is_open(city):
    from shugang.assets.review.models import SecurityReview
    from shugang.assets.review.reactions import reopen

    row = opened(city)
    reopen(SecurityReview.objects.get(version=city.version), "级别上升")
    grant = Grant.objects.get(pk=row.grant_id)
    assert grant.state == "suspended" and grant.holds.get(lifted_at=None).kind == "security_review"


@pytest.mark.system
def test_a_download_on_a_running_plane_is_metered_without_a_name(city, tmp_path):
    from shugang.delivery.metering.services import fold_journal
    from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess
    from shugang.delivery.vault.receiving import vault_root

    row = opened(city)
    path = "/download/" + make_link(row.number)["url"].partition("/download/")[2]
    control = FakeControl()
    plane = PlaneProcess(control, tmp_path / "plane", vault_root())
    try:
        plane.start()
        plane.at(control.set(*compile_bundle(row.grant.plane).grants))
        answer = plane.get(path)
        assert answer.status == 200 and answer.body.decode().splitlines()[1] == STREETS.splitlines()[1]
        records = plane.shipped()
    finally:
        plane.kill()
        control.close()
    fold_journal(row.grant.plane, 1, records)
    assert queries.public_downloads(row) == {"n": 1, "rows": 40, "bytes": len(answer.body)}
    assert Party.objects.get(number=NUMBER).memberships.count() == 0


def test_counted_downloads_are_those_of_this_opening(city):
    row = opened(city)
    assert queries.public_downloads(row)["n"] == 0
    assert make_records([{"grant": row.grant.number}])
