"""What happens to the certificate that a registration stands on: replaced, handed over in whole or in part, licensed."""

from __future__ import annotations

from collections.abc import Iterable

from shugang.kernel import engine

from . import derivation, effects, issuing
from .models import Certificate, DataAsset, Registration


def sources(registration: Registration) -> Iterable[Certificate]:
    """Where the rights of a newly founded asset come from: a licence from the licensor's certificate; what is
    transferred from wherever the transferor had it; otherwise from the certificates named in the form."""
    previous = registration.previous
    if registration.kind == "licence":
        assert previous is not None
        return [previous]
    if registration.kind == "transfer":
        assert previous is not None
        return [row.certificate for row in previous.asset.sources.select_related("certificate").order_by("pk")]
    return derivation.public_sources(registration.form)


STANDING = ("valid", "suspended")


def lock(certificate: Certificate) -> Certificate:
    return (
        Certificate.objects.select_for_update().select_related("case", "asset", "registration").get(pk=certificate.pk)
    )


def _retire(previous: Certificate, step: str) -> None:
    """Take the place of a certificate that still stands; one that lapsed meanwhile keeps its own end."""
    if previous.state in STANDING:
        engine.fire(previous.case.number, step)


def replace(registration: Registration) -> Certificate:
    """Change, correction, renewal: a new certificate on the same asset in place of the old one."""
    assert registration.previous is not None and registration.amends is not None
    previous, asset = lock(registration.previous), registration.amends
    _retire(previous, "replace")
    effects.fill(asset, registration.form)
    made = issuing.put_in_force(
        registration, asset, registration.form, issuing.end_of(registration), registration.case, previous
    )
    Registration.objects.filter(previous=previous, open=True).update(previous=made)
    derivation.follow(previous, [made])
    return made


def hand_over(registration: Registration, received: Certificate) -> None:
    """转让: the transferor keeps nothing of what was transferred; what is left stands on an adjusted certificate."""
    assert registration.previous is not None
    previous = lock(registration.previous)
    asset = previous.asset
    left = sorted(set(previous.content["rights"]) - set(registration.form["rights"]))
    heirs = [received]
    if not left or previous.state not in STANDING:
        _retire(previous, "transfer_away")
        asset.rights.all().delete()
        asset.state = DataAsset.State.TRANSFERRED
        asset.save(update_fields=["state"])
    else:
        _retire(previous, "replace")
        gone = {f"{r.lower()}_until" for r in registration.form["rights"]}
        form = {k: v for k, v in previous.registration.form.items() if k not in gone} | {"rights": left}
        heirs.append(
            issuing.put_in_force(previous.registration, asset, form, previous.valid_until, registration.case, previous)
        )
    derivation.follow(previous, heirs)
