"""Given a plane and its key, when it calls control, then only its own fresh, signed, first request is answered."""

import base64
import json
import time
import uuid
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shugang.delivery.plane.control import signed_headers as plane_headers
from shugang.delivery.planes import requests, services
from shugang.delivery.planes.models import Plane, PlaneNonce
from shugang.delivery.testing import make_grant, make_plane, make_records, make_supplier, signed_headers
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party
from shugang.policy.bundle import open_bundle

pytestmark = [pytest.mark.django_db, pytest.mark.both]
TARGET = "/plane/v1/bundle?revision=0"


def get(client, headers, target=TARGET):
    return client.get(target, headers=headers)


def post(client, plane, key, body, target="/plane/v1/journal", **changes):
    raw = json.dumps(body).encode()
    headers = signed_headers(plane, key, "POST", target, raw, **changes)
    return client.post(target, data=raw, content_type="application/json", headers=headers)


def test_a_plane_enrols_with_its_code_and_follows_its_bundle(client):
    plane, code = services.create_enrolment(SYSTEM, "平台节点", None)
    key = Ed25519PrivateKey.generate()
    body = {"code": code, "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(), "name": "n"}
    answer = client.post("/plane/v1/enrol", data=body, content_type="application/json").json()
    assert answer["plane"] == plane.number
    grant = make_grant()
    raw = get(client, plane_headers(key, plane.number, "GET", TARGET, b"")).content
    bundle = open_bundle(raw, Ed25519PublicKey.from_public_bytes(base64.b64decode(answer["platform_key"])))
    assert [g.id for g in bundle.grants] == [grant.number]
    assert Plane.objects.get().last_seen is not None
    again = client.post("/plane/v1/enrol", data=body, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (403, "bad_code")


def test_a_known_revision_gets_a_heartbeat(client):
    plane, key = make_plane()
    revision = Plane.objects.get().revision
    target = f"/plane/v1/bundle?revision={revision}"
    body = get(client, signed_headers(plane, key, "GET", target), target).content
    assert json.loads(body.split(b"\n", 2)[2])["grants"] is None


def test_a_journal_arrives(client):
    plane, key = make_plane()
    grant = make_grant()
    records = make_records([{"grant": grant.number}] * 3)
    assert post(client, plane, key, {"from_seq": 1, "records": records}).json() == {"acked_seq": 3}
    later = make_records([{"grant": grant.number}], 9)
    gap = post(client, plane, key, {"from_seq": 9, "records": later})
    assert (gap.status_code, gap.json()["fields"]) == (409, {"expected": "4"})


class TestRefusedRequests:
    @pytest.fixture
    def plane(self):
        return make_plane()

    def _check(self, client, headers, code, status=401, target=TARGET):
        before = (Event.objects.count(), Plane.objects.values_list("last_seen", flat=True).get())
        answer = get(client, headers, target)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert {"code", "message", "message_en", "fields"} == set(answer.json())
        assert (Event.objects.count(), Plane.objects.values_list("last_seen", flat=True).get()) == before

    def test_unknown_and_unsigned(self, client, plane):
        row, key = plane
        self._check(client, {**signed_headers(row, key, "GET", TARGET), "X-Plane": "PL-999999"}, "unknown_plane")
        self._check(client, {}, "unknown_plane")
        self._check(client, {"X-Plane": row.number}, "stale_request")

    @pytest.mark.parametrize("seconds", [-301, -4000, 302, 10**9])
    def test_another_time(self, client, plane, seconds):
        row, key = plane
        headers = signed_headers(row, key, "GET", TARGET, moment=str(int(time.time()) + seconds))
        self._check(client, headers, "stale_request")

    @pytest.mark.parametrize("moment", ["-5", "1e9", "", "١٢٣", "9" * 400])
    def test_a_time_that_is_none(self, client, plane, moment):
        row, key = plane
        headers = {**signed_headers(row, key, "GET", TARGET), "X-Time": moment}
        self._check(client, headers, "stale_request")

    def test_another_key_path_method_or_body(self, client, plane):
        row, key = plane
        self._check(client, signed_headers(row, Ed25519PrivateKey.generate(), "GET", TARGET), "bad_signature")
        self._check(client, signed_headers(row, key, "GET", "/plane/v1/bundle?revision=1"), "bad_signature")
        self._check(client, signed_headers(row, key, "POST", TARGET), "bad_signature")
        self._check(client, signed_headers(row, key, "GET", TARGET, b"x"), "bad_signature")
        self._check(client, {**signed_headers(row, key, "GET", TARGET), "X-Signature": "!"}, "bad_signature")

    def test_the_same_nonce_again(self, client, plane):
        row, key = plane
        body = json.dumps({"from_seq": 1, "records": []}).encode()

        def post(**changes):
            headers = signed_headers(row, key, "POST", "/plane/v1/journal", body, **changes)
            return headers, client.post("/plane/v1/journal", body, content_type="application/json", headers=headers)

        headers, first = post()
        assert first.status_code == 200
        for nonce in (headers["X-Nonce"], headers["X-Nonce"].upper(), "not-a-uuid"):
            _, again = post(nonce=nonce)
            assert (again.status_code, again.json()["code"]) == (401, "nonce_repeated")

    def test_a_poll_writes_nothing(self, client, plane):
        row, key = plane
        assert get(client, signed_headers(row, key, "GET", TARGET)).status_code == 200
        with CaptureQueriesContext(connection) as seen:
            assert get(client, signed_headers(row, key, "GET", TARGET)).status_code == 200
        assert [q["sql"] for q in seen if not q["sql"].startswith("SELECT")] == []

    def test_a_suspended_plane(self, client, plane):
        row, key = plane
        services.suspend_plane(SYSTEM, row.number, "核查")
        self._check(client, signed_headers(row, key, "GET", TARGET), "plane_suspended", 403)
        services.resume_plane(SYSTEM, row.number, "已核实")
        assert get(client, signed_headers(row, key, "GET", TARGET)).status_code == 200

    @pytest.mark.parametrize(
        "body", [[], {"from_seq": "1", "records": []}, {"from_seq": 1}, {"from_seq": True, "records": []}]
    )
    def test_a_body_of_another_shape(self, client, plane, body):
        answer = post(client, *plane, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_nonces_are_forgotten_only_when_their_time_is_past(client, monkeypatch):
    plane, _ = make_plane()
    now = clock.real_now()
    for age in (5, 9, 11):
        PlaneNonce.objects.create(plane=plane, nonce=str(uuid.uuid4()), at=now - timedelta(minutes=age))
    monkeypatch.setattr(requests, "_swept", 0.0)
    assert requests.forget_nonces() == 1 and PlaneNonce.objects.count() == 2


class TestEnrolment:
    def test_who_may_invite_a_plane(self):
        supplier, engineer = make_supplier()
        other, _ = make_supplier()
        operator = make_actor(make_party("operator"), ("engineer",))
        assert services.create_enrolment(engineer, "自有节点", supplier.pk)[0].party == supplier
        assert services.create_enrolment(operator, "平台", None)[0].party is None
        attempts = [
            (engineer, None),
            (engineer, other.pk),
            (operator, supplier.pk),
            (make_actor(supplier, ("finance",)), supplier.pk),
            (make_actor(make_party("buyer"), ("engineer",)), None),
        ]
        before = (Plane.objects.count(), Event.objects.count())
        for actor, party in attempts:
            with pytest.raises(Refusal, match="forbidden"):
                services.create_enrolment(actor, "节点", party)
        assert (Plane.objects.count(), Event.objects.count()) == before

    def test_a_code_expires(self, monkeypatch):
        _, code = services.create_enrolment(SYSTEM, "平台", None)
        Plane.objects.update(enrol_until=clock.real_now() - timedelta(seconds=1))
        with pytest.raises(Refusal, match="bad_code"):
            services.enrol(code, "x")
        assert Plane.objects.get().public_key == ""

    @pytest.mark.parametrize("key", ["", "x", base64.b64encode(b"1" * 31).decode()])
    def test_a_key_that_is_none_does_not_use_up_the_code(self, key):
        _, code = services.create_enrolment(SYSTEM, "平台", None)
        with pytest.raises(Refusal, match="bad_key"):
            services.enrol(code, key)
        assert Plane.objects.get().enrol_digest

    def test_one_key_one_plane(self):
        supplier, engineer = make_supplier()
        plane, _ = make_plane()
        _, code = services.create_enrolment(engineer, "自有", supplier.pk)
        with pytest.raises(Refusal, match="bad_key"):
            services.enrol(code, plane.public_key)
