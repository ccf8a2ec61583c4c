"""Given a plane's public address, when the platform asks whether it answers, then it dials only where it may."""

import http.server
import threading

import pytest

from shugang.delivery.connectors.probe import probe
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_plane, make_supplier
from shugang.kernel.errors import Refusal

pytestmark = pytest.mark.django_db


class Site(http.server.BaseHTTPRequestHandler):
    status = 200
    asked = []

    def do_GET(self):
        self.asked.append((self.path, self.headers["Host"]))
        self.send_response(self.status)
        self.send_header("Location", "http://169.254.169.254/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Site.asked, Site.status = [], 200
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def supplier(site):
    party, actor = make_supplier()
    plane, _ = make_plane(party)
    Plane.objects.filter(pk=plane.pk).update(url=f"http://127.0.0.1:{site}")
    return actor, plane


def test_a_private_address_is_refused_without_dialling(supplier):
    with pytest.raises(Refusal, match="address_refused"):
        probe(supplier[0], supplier[1].number)
    assert Site.asked == []


def test_an_admitted_address_is_asked_for_its_health(supplier, settings):
    settings.SHUGANG_ALLOWED_NETWORKS = ("127.0.0.0/8",)
    assert probe(supplier[0], supplier[1].number) is True
    assert [path for path, _ in Site.asked] == ["/healthz"]


def test_a_redirect_is_not_followed(supplier, settings):
    settings.SHUGANG_ALLOWED_NETWORKS = ("127.0.0.0/8",)
    Site.status = 302
    assert probe(supplier[0], supplier[1].number) is False
    assert len(Site.asked) == 1


def test_silence_is_no_answer(supplier, settings, site):
    settings.SHUGANG_ALLOWED_NETWORKS = ("127.0.0.0/8",)
    Plane.objects.filter(pk=supplier[1].pk).update(url="http://127.0.0.1:1")
    assert probe(supplier[0], supplier[1].number) is False


def test_a_plane_of_others_is_not_found(supplier):
    with pytest.raises(Refusal, match="not_found"):
        probe(make_supplier()[1], supplier[1].number)
