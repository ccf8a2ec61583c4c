"""Interfaces and brokers that suppliers registered with the platform's plane: TLS verified, accounts sealed to it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shugang.delivery.plane.tests.peer import ROOT, free_port, grant, terms
from shugang.delivery.plane.tests.test_connections import reported, sealed
from shugang.delivery.plane.tests.test_proxy import FIELDS, ONE, SOURCE, Supplier
from shugang.delivery.plane.tests.test_stream import MOSQUITTO, Broker, Buyer
from shugang.delivery.plane.tests.test_stream import SOURCE as STREAM
from shugang.policy.connections import Account

pytestmark = pytest.mark.system


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate of 127.0.0.1 that the plane's system knows as an authority; its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "cert.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


class SecureSupplier(Supplier):
    """The same interface with TLS."""

    def __init__(self, certificate: Path) -> None:
        self.port, self._context = free_port(), ssl.create_default_context(cafile=certificate)
        command = [sys.executable, "-m", "shugang.delivery.plane.tests.supplier_api", str(self.port)]
        files = [str(certificate), str(certificate.with_name("key.pem"))]
        self.process = subprocess.Popen([*command, *files], cwd=ROOT)

    def calls(self) -> list[dict]:
        import urllib.request

        place = f"https://127.0.0.1:{self.port}/calls"
        with urllib.request.urlopen(place, timeout=10, context=self._context) as answer:
            return json.loads(answer.read())


@pytest.mark.timeout(180)
def test_a_registered_interface_is_called_with_its_sealed_account(make_plane, control, certificate, monkeypatch):
    upstream = SecureSupplier(certificate)
    upstream.wait()
    source = replace(SOURCE, connector="CN-000001")
    given = grant("g1", "companies", source, terms(FIELDS, ("query",)), ("k1",))
    url = f"https://127.0.0.1:{upstream.port}/base?auth=header&name=X-Api-Key"
    control.connections = (sealed(control, "CN-000001", Account("", "sec-ret"), url, check=1),)
    try:
        # given a platform that admits this network (its own address is private)
        plane = make_plane(given, networks="127.0.0.0/8")
        assert reported(plane, control, "CN-000001") == ""
        assert plane.get(ONE, "k1").json["data"][0]["name"] == "厦门象屿"
        assert upstream.calls()[-1]["headers"]["X-Api-Key"] == "sec-ret"
        # when the connection is taken away, then the product has no source
        control.connections = ()
        plane.at(control.set(given))
        assert plane.get(ONE, "k1").code == "source_unavailable"
        assert "sec-ret" not in (plane.folder / "log").read_text()
        # and one that does not admit the network dials nothing
        control.connections = (sealed(control, "CN-000001", Account("", "sec-ret"), url, check=2),)
        before = len(upstream.calls())
        assert make_plane(given).get(ONE, "k1").code == "source_unavailable"
        # nor one that does not know the certificate's authority
        monkeypatch.delenv("SSL_CERT_FILE")
        assert make_plane(given, networks="127.0.0.0/8").get(ONE, "k1").code == "source_unavailable"
        assert len(upstream.calls()) == before
    finally:
        upstream.process.terminate()
        upstream.process.wait(10)


@pytest.mark.skipif(MOSQUITTO is None, reason="Debian's mosquitto is not installed")
def test_a_registered_broker_is_subscribed_to_with_its_sealed_account(make_plane, control, certificate, tmp_path):
    (tmp_path / "broker").mkdir()
    secure, port = free_port(), free_port()
    broker = Broker(
        tmp_path / "broker",
        f"listener {secure} 127.0.0.1\ncertfile {certificate}\nkeyfile {certificate.with_name('key.pem')}\n",
    )
    url = f"mqtts://127.0.0.1:{secure}"
    control.connections = (sealed(control, "CN-000002", Account("plane", "plane-secret"), url, check=1),)
    given = grant(
        "g1", "states", replace(STREAM, connector="CN-000002"), terms(("n",)), ("k1",), outcomes={"delivered": True}
    )
    try:
        plane = make_plane(given, networks="127.0.0.0/8", mqtt_port=port)
        plane.mqtt_port = port
        assert reported(plane, control, "CN-000002") == ""
        buyer = Buyer(plane)
        assert buyer.granted == 1
        broker.say(1)
        assert buyer.until(1) == [{"n": 1}]
        # when the connection is taken away, then the stream ends and says why
        control.connections = ()
        plane.at(control.set(given))
        assert buyer.gone.wait(10)
        assert plane.shipped()[-1]["outcome"] == "source_unavailable"
        buyer.close()
    finally:
        broker.close()
