"""Given an endpoint of a party and a real https server, when something concerns the party, then exactly that is pushed."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction
from django.test import Client

from shugang.delivery.webhooks import sending, services
from shugang.delivery.webhooks.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from shugang.delivery.webhooks.signing import public_key
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.profiles import load_profiles
from shugang.parties.notices import rules
from shugang.parties.notices.models import Notice
from shugang.parties.testing import make_actor, make_party, sign_in
from shugang.policy.text import Text

pytestmark = pytest.mark.django_db


class Server:
    """Answers `answer` (a status), or nothing for `wait` seconds; keeps what came."""

    def __init__(self) -> None:
        self.answer, self.wait = 200, 0.0
        self.came: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
                time.sleep(outer.wait)
                self.send_response(outer.answer)
                if outer.answer == 302:
                    self.send_header("Location", f"https://127.0.0.1:{outer.port}/elsewhere")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._http.server_port

    def start(self, folder: Any) -> ssl.SSLContext:
        certificate, key = _certificate(folder)
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(certificate, key)
        self._http.socket = own.wrap_socket(self._http.socket, server_side=True)
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return ssl.create_default_context(cafile=certificate)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _certificate(folder: Any) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "k.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return str(folder / "c.pem"), str(folder / "k.pem")


@pytest.fixture(scope="module")
def running(tmp_path_factory: Any) -> Iterator[tuple[Server, ssl.SSLContext]]:
    server = Server()
    trust = server.start(tmp_path_factory.mktemp("tls"))
    yield server, trust
    server.stop()


@pytest.fixture
def server(running: tuple[Server, ssl.SSLContext], settings: Any, monkeypatch: Any) -> Server:
    from shugang.commands.setup import profile_files

    load_profiles(profile_files())
    found, trust = running
    monkeypatch.setattr(sending, "tls", trust)
    settings.SHUGANG_ALLOWED_NETWORKS = ("127.0.0.0/8",)
    found.answer, found.wait, found.came = 200, 0.0, []
    return found


@pytest.fixture
def keeper() -> Any:
    return make_actor(make_party("buyer"), ("engineer",))


@pytest.fixture
def endpoint(server: Server, keeper: Any) -> tuple[WebhookEndpoint, str]:
    return services.add_endpoint(keeper, f"https://127.0.0.1:{server.port}/hook", "我方系统")


@pytest.fixture
def bill(keeper: Any) -> Iterator[Any]:
    """`bill()`: something happens that concerns the keeper's party, and that it may see."""
    rules.register_sides("party-thing", lambda number: {"buyer": keeper.party_id})
    rules.register(
        rules.Rule(
            "thing.done",
            "money",
            Text("{number}", "{number}"),
            (rules.Side("party-thing", "buyer", ("finance",)),),
            of="party-thing",
        )
    )
    kept = list(rules._reading)
    seen = {"on": True}
    rules.register_reading(
        lambda actor, pairs: {p: f"/things/{p[1]}" for p in pairs if seen["on"] and actor.party_id == keeper.party_id}
    )

    def happen(number: str = "T-1") -> None:
        with transaction.atomic():
            emit("thing.done", SYSTEM, [("party-thing", number), ("party", "P-secret")], {"total_fen": 123})

    happen.seen = seen  # type: ignore[attr-defined]
    yield happen
    rules._rules.pop("thing.done"), rules._sides.pop("party-thing")
    rules._reading[:] = kept


def due() -> None:
    WebhookMessage.objects.update(next_at=clock.real_now())


def verify(secret: str, headers: dict[str, str], body: bytes) -> list[str]:
    """The versions of the signatures that fit, as a receiver checks them (written apart from the code under test)."""
    content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    wanted = base64.b64encode(hmac.new(base64.b64decode(secret[6:]), content, hashlib.sha256).digest()).decode()
    return [v for v, _, s in (p.partition(",") for p in headers["webhook-signature"].split()) if s == wanted]


def test_what_concerns_the_party_is_pushed_and_signed(server, endpoint, bill, keeper):
    row, secret = endpoint
    bill()
    assert (sending.work(), sending.work()) == (1, 0)
    ((headers, body),) = server.came
    said = json.loads(body)
    assert said["type"] == "thing.done" and set(said) == {"type", "timestamp", "data"}
    assert said["data"]["object"] == {"kind": "party-thing", "number": "T-1"}
    assert said["data"]["party"] == keeper.party.number and said["data"]["link"].endswith("/things/T-1")
    assert "P-secret" not in body.decode() and "123" not in str(said["data"]["object"]) and "total" not in body.decode()
    assert verify(secret, headers, body) == ["v1"] and verify("whsec_" + "A" * 44, headers, body) == []
    assert headers["webhook-id"].startswith("msg_") and abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    v1a = next(s[4:] for s in headers["webhook-signature"].split() if s.startswith("v1a,"))
    raw = base64.b64decode(public_key(sending.seed(row)).removeprefix("whpk_"))
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(v1a), content)
    assert WebhookMessage.objects.get().state == "delivered"


def test_the_vector_of_the_standard():
    from shugang.delivery.webhooks.signing import hmac_signature, signed_content

    content = signed_content("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert (
        hmac_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", content)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_only_wanted_types_and_only_the_partys_own(server, endpoint, bill, keeper):
    row, _ = endpoint
    services.change_types(keeper, row.number, ["bill.issued"])
    services.add_endpoint(make_actor(make_party("buyer"), ("manager",)), row.url, "别人的系统")
    bill()
    assert not WebhookMessage.objects.exists()


def test_a_step_that_is_rolled_back_pushes_nothing(endpoint, bill):
    with pytest.raises(RuntimeError), transaction.atomic():
        bill()
        assert WebhookMessage.objects.count() == 1
        raise RuntimeError
    assert WebhookMessage.objects.count() == 0


def test_failures_go_by_the_table_and_then_disable_the_endpoint_with_a_notice(server, endpoint, bill, keeper):
    row, server.answer = endpoint[0], 500
    bill()
    waited, ids = [], set()
    for _ in range(10):
        due()
        before = clock.real_now()
        assert sending.work() == 0
        message = WebhookMessage.objects.get()
        waited.append(round((message.next_at - before).total_seconds()))
        ids.add(server.came[-1][0]["webhook-id"])
        WebhookEndpoint.objects.update(failing_since=before - dt.timedelta(days=3))
    assert waited[:9] == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400] and len(ids) == 1
    row.refresh_from_db()
    assert (message.state, row.state, WebhookAttempt.objects.count()) == ("failed", "disabled", 10)
    assert Notice.objects.filter(code="webhook.disabled", person=keeper.person).count() == 1
    bill("T-2")
    assert WebhookMessage.objects.count() == 1  # nothing more for a disabled endpoint
    server.answer = 204
    services.enable(keeper, row.number), services.send_again(keeper, row.number, message.message_id)
    assert sending.work() == 1 and server.came[-1][0]["webhook-id"] in ids


def test_gone_disables_at_once(server, endpoint, bill):
    server.answer = 410
    bill(), sending.work()
    assert WebhookEndpoint.objects.get().state == "disabled"


def test_a_redirect_is_not_followed(server, endpoint, bill):
    server.answer = 302
    bill(), sending.work()
    assert len(server.came) == 1 and WebhookAttempt.objects.get().status == 302


def test_who_never_answers_holds_up_nobody(server, endpoint, bill, keeper, monkeypatch):
    monkeypatch.setattr(sending, "SECONDS", 0.5)
    services.add_endpoint(keeper, "https://127.0.0.1:9/closed", "没有人听")
    server.wait = 1.5
    for n in range(6):
        bill(f"T-{n}")
    began = time.monotonic()
    assert sending.work() == 0 and time.monotonic() - began < 1.4
    assert WebhookAttempt.objects.count() == 8  # four of each endpoint
    assert set(WebhookAttempt.objects.values_list("error", flat=True)) == {"TimeoutError", "ClientConnectorError"}
    due(), sending.work()
    assert WebhookAttempt.objects.count() == 10  # one of each that is failing
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_crash_between_sending_and_noting_repeats_under_the_same_id(server, endpoint, bill, monkeypatch):
    bill()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sending, "_note", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        sending.work()
    assert sending.work() == 0  # leased
    due()
    assert sending.work() == 1
    assert len({headers["webhook-id"] for headers, _ in server.came}) == 1 and len(server.came) == 2


def test_both_secrets_sign_during_the_grace(server, endpoint, bill, keeper):
    row, old = endpoint
    _, new = services.rotate_secret(keeper, row.number)
    bill(), sending.work()
    headers, body = server.came[-1]
    assert verify(old, headers, body) == verify(new, headers, body) == ["v1"]
    WebhookEndpoint.objects.update(former_until=clock.real_now())
    bill("T-2"), sending.work()
    assert (verify(old, *server.came[-1]), verify(new, *server.came[-1])) == ([], ["v1"])


def test_the_secret_is_sealed_and_shown_once(server, keeper):
    client = sign_in(Client(), keeper)
    form = {"label": "系统", "url": f"https://127.0.0.1:{server.port}/hook", "types": "bill.issued"}
    page = client.post("/desk/webhooks", form).content.decode()
    secret = page.split('id="secret">')[1].split("<")[0]
    row = WebhookEndpoint.objects.get()
    assert secret.startswith("whsec_") and secret.encode() not in bytes(row.sealed_secret)
    for address in ("/desk/webhooks", f"/desk/webhooks/{row.number}", "/api/v1/webhooks"):
        assert secret not in client.get(address).content.decode()


def test_what_the_party_may_no_longer_see_is_not_sent(server, endpoint, bill):
    bill()
    bill.seen["on"] = False
    assert sending.work() == 0 and server.came == [] and WebhookMessage.objects.get().state == "dropped"


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://127.0.0.1/x", "address_refused"), ("https://10.0.0.1/x", "address_refused"), ("https://u:p@a.example/", "address_refused"),
     ("https://169.254.169.254/latest", "address_refused"), ("https://2130706433/", "address_refused"), ("", "address_refused")],
)  # fmt: skip
def test_where_we_may_not_dial_is_refused(server, keeper, url, code):
    with pytest.raises(Refusal) as no:
        services.add_endpoint(keeper, url, "x")
    assert no.value.code == code and not WebhookEndpoint.objects.exists()


def test_an_address_that_is_no_longer_admitted_is_not_dialled(server, endpoint, bill, settings):
    bill()
    settings.SHUGANG_ALLOWED_NETWORKS = ()
    assert sending.work() == 0 and server.came == []
    assert WebhookAttempt.objects.get().error == "address refused"


def test_only_the_partys_manager_or_engineer_keeps_endpoints(server, endpoint, keeper):
    row, url = endpoint[0], endpoint[0].url
    for actor in (make_actor(keeper.party, ("handler",)), make_actor(make_party("supplier"), ("engineer",))):
        with pytest.raises(Refusal) as no:
            services.rotate_secret(actor, row.number)
        assert no.value.code in {"forbidden", "not_found"}
    for n in range(4):
        services.add_endpoint(keeper, url, f"第{n}个")
    with pytest.raises(Refusal) as no:
        services.add_endpoint(keeper, url, "第六个")
    assert no.value.code == "too_many"


def test_a_test_message_is_logged_and_old_ones_are_pruned(server, endpoint, keeper):
    row = endpoint[0]
    client = sign_in(Client(), keeper)
    assert client.post(f"/desk/webhooks/{row.number}/ping").status_code == 302
    assert sending.work() == 1 and json.loads(server.came[0][1])["type"] == "webhook.ping"
    page = client.get(f"/desk/webhooks/{row.number}").content.decode()
    assert "webhook.ping" in page and "<div>200<" in page
    assert "webhook.ping" in client.get(f"/desk/webhooks/{row.number}.csv").content.decode("utf-8-sig")
    WebhookMessage.objects.update(next_at=clock.real_now() - dt.timedelta(days=31))
    assert (sending.prune(clock.real_now()), WebhookMessage.objects.count()) == (1, 0)
    assert client.post(f"/desk/webhooks/{row.number}/remove").status_code == 302
    assert bytes(WebhookEndpoint.objects.get().sealed_secret) == b""
