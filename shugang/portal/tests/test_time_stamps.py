"""Time stamps from a real authority: OpenSSL's `ts`, behind a small server; and one that lies."""

import subprocess
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import transaction
from django.test import Client

from shugang.kernel import clock, sequencer, timestamps
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.models import Checkpoint, TimeStamp
from shugang.kernel.timestamps import Unstamped
from shugang.portal.log import tsa

pytestmark = pytest.mark.django_db
CONFIG = """
[tsa]
default_tsa = t
[t]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A root, a certificate for time stamping, and `openssl ts -reply`; it sends its signer's certificate alone."""
    folder = tmp_path_factory.mktemp("tsa")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    (folder / "ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    for name, subject in (("root", "/CN=Test Root"), ("tsa", "/CN=Test TSA")):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
    root = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
    (folder / "root.ext").write_text(root)
    openssl(
        "x509",
        "-req",
        "-in",
        "root.csr",
        "-signkey",
        "root.key",
        "-days",
        "30",
        "-extfile",
        "root.ext",
        "-out",
        "root.pem",
    )
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30",
            "-extfile", "ext", "-out", "tsa.pem")  # fmt: skip

    class Reply(BaseHTTPRequestHandler):
        spoil = None

        def do_POST(self):
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            openssl("ts", "-reply", "-queryfile", "query", "-config", "tsa.cnf", "-section", "t", "-out", "reply")
            body = (folder / "reply").read_bytes()
            status, body = Reply.spoil(body) if Reply.spoil else (200, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Reply)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/tsr", Reply
    server.shutdown()


@pytest.fixture(autouse=True)
def trusted(settings, authority, monkeypatch):
    folder, url, reply = authority
    settings.SHUGANG_TSA_URL, settings.SHUGANG_TSA_CERTIFICATES = url, str(folder / "root.pem")
    settings.SHUGANG_ALLOWED_NETWORKS = ("127.0.0.0/8",)
    monkeypatch.setattr(timestamps, "_not_before", 0.0)
    reply.spoil = None


def tell():
    with transaction.atomic():
        emit("kernel.test", SYSTEM, [], {})
    sequencer.run_once()


def test_the_newest_checkpoint_is_stamped_and_a_stranger_verifies_it(authority, tmp_path):
    tell()
    row = tsa.stamp_due()
    assert row.size == 1 and abs((row.at - clock.real_now()).total_seconds()) < 60
    # Then OpenSSL verifies what is published, and nothing else
    for part in ("tsr", "checkpoint"):
        (tmp_path / part).write_bytes(Client().get(f"/log/stamps/1.{part}").content)
    command = ["openssl", "ts", "-verify", "-data", "checkpoint", "-in", "tsr", "-CAfile", authority[0] / "root.pem"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    assert (tmp_path / "checkpoint").read_text() == Checkpoint.objects.get(size=1).text
    (tmp_path / "checkpoint").write_text("another\n")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0
    assert "/log/stamps/1.tsr" in Client().get("/log").content.decode()
    assert Client().get("/log/stamps/2.tsr").status_code == 404


def test_one_stamp_an_interval_and_none_where_nothing_is_new(settings):
    assert tsa.stamp_due() is None
    tell()
    assert tsa.stamp_due() and tsa.stamp_due() is None
    tell()
    assert tsa.stamp_due() is None
    settings.SHUGANG_TSA_SECONDS = 0
    assert tsa.stamp_due().size == 2
    settings.SHUGANG_TSA_URL = ""
    tell()
    assert tsa.stamp_due() is None


def _flipped(body):
    return 200, body[:-20] + bytes([body[-20] ^ 1]) + body[-19:]


SPOILED = {
    "an error": lambda body: (500, b""),
    "no token": lambda body: (200, b"hello"),
    "a broken signature": _flipped,
    "cut short": lambda body: (200, body[:-1]),
    "too much": lambda body: (200, bytes(100_000)),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_token_that_does_not_verify_is_not_kept(authority, how):
    tell()
    authority[2].spoil = lambda body: SPOILED[how](body)
    assert tsa.stamp_due() is None and not TimeStamp.objects.exists()


def test_a_token_of_another_question_is_refused(authority):
    token = tsa.Rfc3161().stamp(b"one thing").token
    trusted = tsa.certificates(str(authority[0] / "root.pem"))
    assert tsa.verify(token, b"one thing", trusted)
    with pytest.raises(Unstamped):
        tsa.verify(token, b"another thing", trusted)
    authority[2].spoil = lambda body: (200, token)  # an old answer given again: its nonce is not ours
    with pytest.raises(Unstamped):
        tsa.Rfc3161().stamp(b"one thing")


def test_an_authority_that_is_not_trusted_or_not_allowed_is_refused(settings, tmp_path, authority):
    tell()
    openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", "k", "-out", "c.pem", "-subj", "/CN=Other", "-days", "2"]  # fmt: skip
    subprocess.run(openssl, cwd=tmp_path, check=True, capture_output=True)
    for certificates in (str(tmp_path / "c.pem"), "", str(tmp_path / "none.pem")):
        settings.SHUGANG_TSA_CERTIFICATES = certificates
        with pytest.raises(Unstamped):
            tsa.Rfc3161().stamp(b"x")
    settings.SHUGANG_TSA_CERTIFICATES = str(authority[0] / "root.pem")
    settings.SHUGANG_ALLOWED_NETWORKS = ()
    with pytest.raises(Unstamped, match="private"):
        tsa.Rfc3161().stamp(b"x")


def test_after_a_failure_it_waits_and_a_long_silence_is_an_alarm(authority):
    from shugang.commands import doctor

    tell()
    authority[2].spoil = lambda body: (500, b"")
    assert tsa.stamp_due() is None
    authority[2].spoil = None
    assert tsa.stamp_due() is None and not doctor._time_stamps()
    Checkpoint.objects.update(at=clock.real_now() - timedelta(hours=3))
    assert len(doctor._time_stamps()) == 1
