"""The REST twin: the same verbs, the same refusals, retries without a second effect."""

import json

import pytest
from django.test import Client

from shugang.assets.registration.models import DataAsset, Objection
from shugang.assets.testing import (
    OBJECTION,
    anchor,
    make_application,
    make_certificate,
    make_registrar,
    make_version,
    registration_form,
    to_state,
)
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True)]


def client_of(actor=None):
    client = Client()
    if actor is not None:
        client.force_login(actor.person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def post(client, path, body, **headers):
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def applicant():
    return make_actor(make_party("supplier"))


def test_applying_twice_with_one_key_applies_once(applicant, office):
    version = make_version(applicant.party)
    body = {"dataset": version.dataset.number, "registrar": office.party.number, "form": registration_form()}
    client = client_of(applicant)
    first = post(client, "/api/v1/registrations", body, idempotency_key="k1")
    again = post(client, "/api/v1/registrations", body, idempotency_key="k1")
    assert first.status_code == 200, first.content
    assert first.json() == again.json() and DataAsset.objects.count() == 1
    number = first.json()["asset"]
    got = client.get(f"/api/v1/assets/{number}").json()
    assert got["case"] == first.json()["case"] and len(got["rights"]) == 3
    assert [a["number"] for a in client.get("/api/v1/assets").json()["items"]] == [number]


def test_a_refusal_names_the_fields_in_both_languages(applicant, office):
    version = make_version(applicant.party)
    body = {"dataset": version.dataset.number, "registrar": office.party.number,
            "form": registration_form(source_kind="entrusted")}  # fmt: skip
    answer = post(client_of(applicant), "/api/v1/registrations", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_form"
    assert set(answer.json()["fields"]["source_kind"]) == {"message", "message_en"}
    assert not DataAsset.objects.exists()


def test_a_stranger_meets_404_and_a_visitor_401(applicant, office):
    case = make_application(applicant, make_version(applicant.party), office)
    number = case.registration.asset.number
    stranger = client_of(make_actor(make_party("supplier")))
    assert stranger.get(f"/api/v1/assets/{number}").status_code == 404
    assert stranger.get("/api/v1/assets").json()["items"] == []
    assert client_of().get(f"/api/v1/assets/{number}").status_code == 401
    version = make_version(applicant.party)
    body = {"dataset": version.dataset.number, "registrar": office.party.number, "form": registration_form()}
    assert post(stranger, "/api/v1/registrations", body).status_code == 404
    assert DataAsset.objects.count() == 1


def test_notices_and_verification_are_public_and_objecting_is_not(applicant, office):
    case = to_state(make_application(applicant, make_version(applicant.party), office), office, applicant, "notice")
    visitor = client_of()
    assert visitor.get("/api/v1/notices").json()["open"][0]["number"] == case.number
    assert {f["name"] for f in visitor.get("/api/v1/registrations/form").json()["fields"]} >= {"data_name", "rights"}
    assert visitor.get("/api/v1/notices/objection-form").json()["fields"][0]["name"] == "interest"
    assert post(visitor, f"/api/v1/notices/{case.number}/objections", OBJECTION).status_code == 401
    assert not Objection.objects.exists()
    buyer = client_of(make_actor(make_party("buyer")))
    assert post(buyer, f"/api/v1/notices/{case.number}/objections", OBJECTION).json()["state"] == "open"
    certificate = make_certificate(office=office)
    anchor()
    got = visitor.get(f"/api/v1/verify/{certificate.number}").json()
    assert (got["proof"], got["in_force"]) == ("logged", True)
    assert visitor.get("/api/v1/verify/NOTHING").status_code == 404
