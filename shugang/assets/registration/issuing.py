"""Issuing a certificate: its number, its content, its event. Runs in the step `deposit` of the registration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shugang.kernel import clock, engine, workdays
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit, iso
from shugang.kernel.models import Case

from . import burdens, certificate_number, derivation
from .models import AssetRight, Certificate, DataAsset, Registration
from .rights import RIGHTS
from .ruleset import AMENDMENTS, JOINT


def content_of(
    registration: Registration,
    number: str,
    issued_at: datetime,
    valid_until: datetime,
    asset: DataAsset,
    form: dict[str, Any],
) -> dict[str, Any]:
    """What the certificate says and its event commits to: organisations only, never a person. JSON, no floats."""
    profile = registration.case.profile
    assert profile is not None
    version = asset.dataset_version
    said = {
        "number": number,
        "registration": registration.case.number,
        "kind": registration.kind,
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
        "right_ends": {r: form[f"{r.lower()}_until"] for r in sorted(form["rights"]) if form.get(f"{r.lower()}_until")},
        "right_limits": form.get("right_limits", ""),
        "limits": {
            k: form[k] for k in ("limit_buyers", "limit_environment", "limit_region", "resale", "export") if k in form
        },
        "sources": sorted(asset.sources.values_list("certificate__number", flat=True)),
        "remarks": "；".join(
            t for t in (registration.remarks, form.get("encumbrances", ""), burdens.line(asset).zh) if t
        ),
        "issued_at": iso(issued_at),
        "valid_until": iso(valid_until),
        "profile": f"{profile.code} v{profile.version}",
    }
    return said


def _party(party: Any) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "uscc": party.uscc}


def issue(registration: Registration) -> Certificate:
    """The certificate of a registration whose notice has ended without an open objection."""
    from . import succession

    asset, form = registration.subject, registration.form
    if registration.kind in AMENDMENTS:
        return succession.replace(registration)
    derivation.record(asset, succession.sources(registration))
    certificate = put_in_force(registration, asset, form, end_of(registration), registration.case)
    if registration.kind == "transfer":
        succession.hand_over(registration, certificate)
    return certificate


def end_of(registration: Registration) -> datetime:
    """The years asked for from the deposit, and never beyond the right itself, its authorisation, sources or predecessor."""
    form, today, previous = registration.form, clock.today(), registration.previous
    ends = [date.fromisoformat(form[k]) for k in ("right_until", "authorised_until") if form.get(k)]
    # A right that ended while the application was under way still lasts through the day of deposit, then lapses.
    until = max(min(ends), today) if ends else None
    found = certificate_number.valid_until(today, form["validity_years"], until)
    if registration.kind in ("change", "correction"):
        assert previous is not None
        found = min(previous.valid_until, workdays.end_of(until)) if until else previous.valid_until
    elif registration.kind in JOINT:
        assert previous is not None
        found = min(found, previous.valid_until)
    first = derivation.first_end(registration.subject)
    found = min(found, first) if first else found
    # A predecessor or source that ended meanwhile leaves the day of deposit, as a right does.
    return max(found, workdays.end_of(today))


def put_in_force(
    registration: Registration,
    asset: DataAsset,
    form: dict[str, Any],
    valid_until: datetime,
    parent: Case,
    previous: Certificate | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Certificate:
    """存证: rights, standing case and certificate of an asset, by one form; `previous` is what it takes the place of."""
    from .life import refs_of, standing_for

    now = clock.now()
    assert registration.case.profile is not None
    rules = registration.case.profile.data
    number = certificate_number.next_certificate_number(rules["certificate_number"], clock.today())
    content = content_of(registration, number, now, valid_until, asset, form)
    content |= extra or {}
    if previous is not None:
        content["previous"] = previous.number
    set_rights(asset, form, now, valid_until)
    asset.state = DataAsset.State.REGISTERED
    asset.save(update_fields=["state"])
    life = engine.open_case(
        "assets.certificate",
        standing_for(registration.registrar_id),
        [("registrar", registration.registrar_id), ("holder", asset.party_id)],
        asset.name,
        refs=[("certificate", number), ("asset", asset.number)],
        parent=parent,
    )
    certificate = Certificate.objects.create(
        number=number, case=life, asset=asset, party=asset.party, registrar=registration.registrar,
        registration=registration, issued_at=now, valid_until=valid_until, content=content,
    )  # fmt: skip
    refs = [*refs_of(certificate), ("case", parent.number)]
    certificate.event = emit("certificate.issued", SYSTEM, refs, {"certificate": content}, parent)
    certificate.save(update_fields=["event"])
    return certificate


def set_rights(asset: DataAsset, form: dict[str, Any], since: datetime | None, until: datetime | None) -> None:
    """The rights of the asset's party as the form states them, each with its own end."""
    asset.rights.all().delete()
    AssetRight.objects.bulk_create(
        AssetRight(asset=asset, party=asset.party, right=right, limits=form.get("right_limits", ""),
                   valid_from=since, valid_until=_right_end(form, right, until))
        for right in RIGHTS if right in form["rights"]
    )  # fmt: skip


def _right_end(form: dict[str, Any], right: str, until: datetime | None) -> datetime | None:
    own = form.get(f"{right.lower()}_until")
    if until is None or not own:
        return until
    return min(until, workdays.end_of(date.fromisoformat(own)))
