"""Does a plane answer at the address that its buyers are given? Asked by the platform, so guarded and small."""

from __future__ import annotations

import http.client
import socket
import ssl

from django.conf import settings

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text

from ..gates import PLANE
from ..planes.models import Plane
from .guard import Pinned, dial

SECONDS = 3.0
MAX_BYTES = 4096


class _PinnedConnection(http.client.HTTPSConnection):
    """Dials the checked address; the certificate must still be the name's."""

    def __init__(self, where: Pinned) -> None:
        super().__init__(where.origin.host, where.origin.port, timeout=SECONDS, context=ssl.create_default_context())
        self._where = where

    def connect(self) -> None:
        plain = socket.create_connection((self._where.address, self._where.origin.port), SECONDS)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._where.origin.host)


def allowed_networks() -> tuple[str, ...]:
    """CIDRs that the operator admits (setting SHUGANG_ALLOWED_NETWORKS), for an intranet or a demonstration."""
    return tuple(getattr(settings, "SHUGANG_ALLOWED_NETWORKS", ()))


def probe(actor: Actor, number: str) -> bool:
    """Whether the plane's public address answers `/healthz`.

    Raises Refusal `not_found`, `address_refused`, `no_address`.
    """
    plane = Plane.objects.visible_to(actor).filter(number=number).first()
    if plane is None:
        raise not_found(PLANE)
    if not plane.url:
        raise Refusal("no_address", Text("这个节点没有登记对外地址。", "This plane has no public address."), 422)
    return _answers(dial(f"{plane.url}/healthz", allowed_networks()))


def _answers(where: Pinned) -> bool:
    connection = (
        _PinnedConnection(where)
        if where.origin.scheme == "https"
        else http.client.HTTPConnection(where.address, where.origin.port, timeout=SECONDS)
    )
    try:
        connection.request("GET", where.origin.path, headers={"Host": where.origin.pair})
        answer = connection.getresponse()
        answer.read(MAX_BYTES)
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
