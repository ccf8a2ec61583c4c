"""Without a certificate there is no listing and no use: what the registry decides takes effect here at once."""

from __future__ import annotations

from shugang.delivery.grants.services import resume_by_basis, suspend_by_basis
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.policy.text import Text

from ..products.models import DataProduct
from .services import BASIS, hold, release

REASONS: dict[str, Text] = {
    "certificate.suspended": Text("登记凭证已暂停", "the certificate is suspended"),
    "certificate.lapsed": Text("登记凭证已到期", "the certificate has lapsed"),
    "certificate.cancelled": Text("登记凭证已注销", "the certificate is cancelled"),
    "certificate.revoked": Text("登记凭证已撤销", "the certificate is revoked"),
}


def _products(certificate: str, state: str) -> list[DataProduct]:
    rows = DataProduct.objects.select_for_update(of=("self",)).filter(certificate__number=certificate, state=state)
    return list(rows.order_by("id"))


def _certificate(event: Event) -> str:
    return next((r.key for r in event.refs.all() if r.kind == "certificate"), "")


def basis_lost(event: Event) -> None:
    """Suspend the listings on the certificate and every grant that stands on it, in the transaction of the event."""
    number = _certificate(event)
    reason = REASONS[event.kind].zh
    for product in _products(number, DataProduct.State.LISTED):
        hold(product, BASIS, reason)
        emit("listing.suspended", SYSTEM, product.event_refs(), {"reason": reason, "held_by": BASIS})
    suspend_by_basis(SYSTEM, BASIS, number, reason)


def basis_restored(event: Event) -> None:
    """Lift exactly what the certificate had suspended; orders and agreements stay in force."""
    number = _certificate(event)
    for product in _products(number, DataProduct.State.SUSPENDED):
        if product.held_by == BASIS:
            release(product)
            emit("listing.resumed", SYSTEM, product.event_refs(), {"reason": "certificate.resumed"})
    resume_by_basis(SYSTEM, BASIS, number)


for _kind in REASONS:
    on(_kind)(basis_lost)
on("certificate.resumed")(basis_restored)
