"""The one place where a third party's report comes into being and ends: signed, standing, superseded, withdrawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.events import emit
from shugang.kernel.models import Case
from shugang.kernel.numbering import yearly_number
from shugang.parties.keys.services import sign_digest
from shugang.parties.models import Party
from shugang.policy.codec import canonical

from .models import SignedReport


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON, RFC 8785."""
    return hashlib.sha256(canonical(content)).hexdigest()


def sign_report(
    actor: Actor,
    *,
    kind: str,
    result: str,
    agency: Party,
    client: Party,
    case: Case,
    content: Mapping[str, Any],
    context: str,
    version: DatasetVersion | None = None,
    about: tuple[str, str] = ("", ""),
    file: Mapping[str, Any] | None = None,
    own_signature: str = "",
    standing: bool = False,
    public: bool = False,
    valid_until: date | None = None,
) -> SignedReport:
    """Sign `content` for the acting signer's party and keep it; call it in the transaction of a step.

    `about` is (kind, number) of the object. `standing`: whether it counts at once, or only after its inspection.
    Raises what `parties.keys.services.sign_digest` refuses.
    """
    signature = sign_digest(actor, digest_of(content), context, own_signature)
    return keep_report(
        actor, [signature], kind=kind, result=result, agency=agency, client=client, case=case, content=content,
        context=context, version=version, about=about, file=file, standing=standing, public=public, valid_until=valid_until,
    )  # fmt: skip


def keep_report(
    actor: Actor,
    signatures: list[dict[str, Any]],
    *,
    kind: str,
    result: str,
    agency: Party,
    client: Party,
    case: Case,
    content: Mapping[str, Any],
    context: str,
    version: DatasetVersion | None = None,
    about: tuple[str, str] = ("", ""),
    file: Mapping[str, Any] | None = None,
    standing: bool = False,
    public: bool = False,
    valid_until: date | None = None,
) -> SignedReport:
    """Keep what several people signed one after the other: each signature covers the same content and context."""
    said = digest_of(content)
    report = SignedReport.objects.create(
        number=yearly_number("BGS", clock.today().year),
        kind=kind,
        result=result,
        agency=agency,
        client=client,
        case=case,
        version=version,
        object_kind=about[0],
        object_number=about[1],
        content=dict(content),
        digest=said,
        context=context,
        signatures=signatures,
        file=dict(file) if file else None,
        file_sha256=file["sha256"] if file else "",
        state=SignedReport.State.STANDING if standing else SignedReport.State.DELIVERED,
        public=public,
        valid_until=valid_until,
        signed_at=clock.now(),
        stands_since=clock.now() if standing else None,
    )
    payload = {
        "kind": kind,
        "result": result,
        "digest": said,
        "file_sha256": report.file_sha256,
        "signatures": signatures,
    }
    emit("report.signed", actor, report.event_refs(), payload, case)
    return report


def let_stand(report: SignedReport) -> None:
    """Accepted, or not objected to in time: procedures may rest on it from now on."""
    report.state, report.stands_since = SignedReport.State.STANDING, clock.now()
    report.save(update_fields=["state", "stands_since"])
    emit("report.standing", SYSTEM, report.event_refs(), {"kind": report.kind, "result": report.result}, report.case)


def end(report: SignedReport, state: str, reason: str, actor: Actor = SYSTEM) -> None:
    """Supersede or withdraw; the rooms above react to `report.superseded` and `report.withdrawn`."""
    report.state, report.state_reason, report.ended_at = state, reason[:400], clock.now()
    report.save(update_fields=["state", "state_reason", "ended_at"])
    emit(f"report.{state}", actor, report.event_refs(), {"kind": report.kind, "reason": reason}, report.case)
