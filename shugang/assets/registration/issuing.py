"""Issuing a certificate: its number, its content, its event. Runs in the step `deposit` of the registration."""

from __future__ import annotations

from datetime import date
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit, iso

from . import certificate_number
from .models import Certificate, DataAsset, Registration


def content_of(registration: Registration, number: str, issued_at: Any, valid_until: Any) -> dict[str, Any]:
    """What the certificate says and its event commits to: organisations only, never a person. JSON, no floats."""
    asset, form = registration.asset, registration.form
    profile = registration.case.profile
    assert profile is not None
    version = asset.dataset_version
    return {
        "number": number,
        "registration": registration.case.number,
        "asset": {
            "number": asset.number,
            "name": asset.name,
            "summary": asset.summary,
            "industry": f"{asset.industry}{asset.division:02d}",
            "source_kind": asset.source_kind,
        },
        "dataset": {
            "number": version.dataset.number,
            "version": version.version,
            "sha256": version.sha256,
            "schema_digest": version.schema_digest,
            "origin": version.dataset.origin,
            "licence": version.dataset.licence,
        },
        "holder": _party(asset.party),
        "registrar": _party(registration.registrar),
        "rights": sorted(form["rights"]),
        "right_limits": form.get("right_limits", ""),
        "limits": {
            k: form[k] for k in ("limit_buyers", "limit_environment", "limit_region", "resale", "export") if k in form
        },
        "remarks": "；".join(t for t in (registration.remarks, form.get("encumbrances", "")) if t),
        "issued_at": iso(issued_at),
        "valid_until": iso(valid_until),
        "profile": f"{profile.code} v{profile.version}",
    }


def _party(party: Any) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "uscc": party.uscc}


def issue(registration: Registration) -> Certificate:
    """The certificate of a registration whose notice has ended without an open objection."""
    from .life import refs_of, standing_for

    case, asset, now = registration.case, registration.asset, clock.now()
    assert case.profile is not None
    form, rules = registration.form, case.profile.data
    until = date.fromisoformat(form["right_until"]) if form.get("right_until") else None
    # A right that ended while the application was under way still lasts through the day of deposit, then lapses.
    until = max(until, clock.today()) if until else None
    valid_until = certificate_number.valid_until(clock.today(), form["validity_years"], until)
    number = certificate_number.next_certificate_number(rules["certificate_number"], clock.today())
    content = content_of(registration, number, now, valid_until)
    asset.rights.update(valid_from=now, valid_until=valid_until)
    asset.state = DataAsset.State.REGISTERED
    asset.save(update_fields=["state"])
    life = engine.open_case(
        "assets.certificate",
        standing_for(registration.registrar_id),
        [("registrar", registration.registrar_id), ("holder", asset.party_id)],
        asset.name,
        refs=[("certificate", number), ("asset", asset.number)],
        parent=case,
    )
    certificate = Certificate.objects.create(
        number=number, case=life, asset=asset, party=asset.party, registrar=registration.registrar,
        issued_at=now, valid_until=valid_until, content=content,
    )  # fmt: skip
    refs = [*refs_of(certificate), ("case", case.number)]
    certificate.event = emit("certificate.issued", SYSTEM, refs, {"certificate": content}, case)
    certificate.save(update_fields=["event"])
    return certificate
