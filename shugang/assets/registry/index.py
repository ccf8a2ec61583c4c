"""What of a certificate can be found by words: written with its event."""

from __future__ import annotations

from shugang.kernel import textindex
from shugang.kernel.models import Event, SearchDocument
from shugang.kernel.reactions import on

from ..registration.industries import SECTIONS
from ..registration.models import Certificate

KIND = "certificate"


def put(certificate: Certificate) -> None:
    said = certificate.content
    section = SECTIONS[said["asset"]["industry"][0]][0]
    body = [
        said["asset"]["summary"], said["holder"]["name"], said["registrar"]["name"], section.zh, section.en,
        said["dataset"]["origin"], certificate.number, said["asset"]["number"],
    ]  # fmt: skip
    textindex.put(KIND, certificate.number, said["asset"]["name"], " ".join(body))


@on("certificate.issued")
def issued(event: Event) -> None:
    certificate = Certificate.objects.filter(number=event.payload["certificate"]["number"]).first()
    if certificate is not None:
        put(certificate)


def index_missing() -> int:
    """Index certificates that were issued before there was a register. Returns how many."""
    known = SearchDocument.objects.filter(kind=KIND).values("key")
    found = list(Certificate.objects.exclude(number__in=known).order_by("pk")[:200])
    for certificate in found:
        put(certificate)
    return len(found)
