"""What the steps of an appraisal bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import date
from typing import Any

from shugang.evidence.hashing import commitment, new_salt
from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit, iso
from shugang.kernel.numbering import yearly_number
from shugang.kernel.procedure import Context
from shugang.parties.models import Party

from ..registration.models import DataAsset
from ..registration.queries import valid_certificate
from ..thirdparty import signing
from ..thirdparty.models import SignedReport
from . import validity
from .guards import KIND, appraisal_of, last_paper, qualified, rules_of, signing_context, statement_of
from .models import Appraisal, WorkingPaper

STATE_BY_EVENT = {
    "appraisal.issued": "issued",
    "appraisal.superseded": "superseded",
    "appraisal.revoked": "revoked",
    "appraisal.lapsed": "lapsed",
}


def refs_of(appraisal: Appraisal) -> list[tuple[str, str]]:
    asset = appraisal.asset
    refs = [
        ("case", appraisal.case.number),
        ("asset", asset.number),
        ("dataset", asset.dataset_version.dataset.number),
        ("party", appraisal.client.number),
        ("party", appraisal.appraiser.number),
    ]
    return [*refs, ("appraisal", appraisal.number)] if appraisal.number else refs


def opened(ctx: Context) -> None:
    """Tie the new case to asset and parties that `services.engage` checked in the same transaction."""
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    number = next((key for kind, key in ctx.refs if kind == "asset"), None)
    asset = DataAsset.objects.filter(number=number, state=DataAsset.State.REGISTERED).first()
    if asset is None:
        raise ValueError("an appraisal is opened by services.engage only")
    old = ctx.data.get("supersedes")
    Appraisal.objects.create(
        case=ctx.case, asset=asset, client_id=held["client"], holder=asset.party, appraiser_id=held["appraiser"],
        form=ctx.data, base_date=date.fromisoformat(ctx.data["base_date"]),
        supersedes=Appraisal.objects.get(number=old) if old else None,
    )  # fmt: skip


def told(ctx: Context) -> None:
    ctx.refs += refs_of(appraisal_of(ctx))


def reopened(ctx: Context) -> None:
    """Back to the paper: a signature under the former state binds nobody; its event stays."""
    appraisal = appraisal_of(ctx)
    appraisal.signatures.all().delete()
    ctx.refs += refs_of(appraisal)


def _party(party: Party) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "uscc": party.uscc}


def content_of(appraisal: Appraisal, number: str, conclusion: str, paper_digest: str) -> dict[str, Any]:
    """What the report's event commits to: organisations and days, no person, and the value only as a commitment."""
    asset, version = appraisal.asset, appraisal.asset.dataset_version
    certificate = valid_certificate(asset)
    assert certificate is not None and appraisal.issued_at is not None and appraisal.valid_until is not None
    assert appraisal.case.profile is not None and appraisal.archive_until is not None
    return {
        "number": number,
        "case": appraisal.case.number,
        "asset": {"number": asset.number, "name": asset.name},
        "dataset": {"number": version.dataset.number, "version": version.version, "sha256": version.sha256,
                    "schema_digest": version.schema_digest},
        "certificate": certificate.number,
        "holder": _party(appraisal.holder),
        "client": _party(appraisal.client),
        "appraiser": _party(appraisal.appraiser),
        "purpose": appraisal.form["purpose"],
        "value_type": appraisal.form["value_type"],
        "statutory": appraisal.form["statutory"],
        "base_date": appraisal.base_date.isoformat(),
        "issued_at": iso(appraisal.issued_at),
        "valid_until": iso(appraisal.valid_until),
        "archive_until": appraisal.archive_until.isoformat(),
        "filing": qualified(appraisal.appraiser_id).number,
        "signers": appraisal.signatures.count(),
        "paper_digest": paper_digest,
        "value_commitment": conclusion,
        "supersedes": appraisal.supersedes.number if appraisal.supersedes else None,
        "profile": f"{appraisal.case.profile.code} v{appraisal.case.profile.version}",
    }  # fmt: skip


def issued(ctx: Context) -> None:
    """Both have signed: number, validity, archive term, and the event by which the report takes effect."""
    appraisal = appraisal_of(ctx)
    paper = last_paper(appraisal)
    assert paper is not None
    rules = rules_of(ctx.case)
    years = rules["archive_years_statutory" if appraisal.form["statutory"] else "archive_years"]
    appraisal.number = yearly_number("PB", clock.today().year)
    appraisal.issued_at = clock.now()
    appraisal.valid_until = validity.valid_until(appraisal.base_date, int(rules["validity_months"]), clock.zone())
    appraisal.archive_until = validity.archive_until(clock.today(), int(years))
    salt = new_salt()
    value = {"appraisal": appraisal.number, "value_fen": str(paper.result["conclusion"]["value_fen"])}
    appraisal.salt = salt
    appraisal.content = content_of(appraisal, appraisal.number, commitment(value, salt).sha256.hex(), paper.digest)
    refs = refs_of(appraisal)
    appraisal.event = emit("appraisal.issued", SYSTEM, refs, {"appraisal": appraisal.content}, ctx.case)
    appraisal.report = _keep(ctx, appraisal, paper)
    appraisal.save()
    ctx.refs += refs
    ctx.outputs["appraisal"] = appraisal.number
    old = appraisal.supersedes
    if old is not None and old.case.state == "issued":
        engine.fire(old.case.number, "supersede")


def _keep(ctx: Context, appraisal: Appraisal, paper: WorkingPaper) -> SignedReport:
    """The signed statement among the third parties' reports, where other procedures look for a standing appraisal."""
    assert appraisal.valid_until is not None
    return signing.keep_report(
        ctx.actor, [s.signature for s in appraisal.signatures.order_by("pk")], kind=KIND, result="favourable",
        agency=appraisal.appraiser, client=appraisal.client, case=ctx.case, content=statement_of(appraisal, paper),
        context=signing_context(ctx.case.number), version=appraisal.asset.dataset_version, standing=True,
        about=("asset", appraisal.asset.number), valid_until=appraisal.valid_until.astimezone(clock.zone()).date(),
    )  # fmt: skip


def _ends(ctx: Context, kind: str) -> None:
    appraisal = appraisal_of(ctx)
    if appraisal.report is not None and kind != "appraisal.lapsed":
        state = SignedReport.State.WITHDRAWN if kind == "appraisal.revoked" else SignedReport.State.SUPERSEDED
        signing.end(appraisal.report, state, ctx.data.get("reason", ""), ctx.actor)
    refs = refs_of(appraisal)
    ctx.refs += refs
    emit(kind, ctx.actor, refs, {"state": STATE_BY_EVENT[kind], **ctx.data}, ctx.case)


def revoked(ctx: Context) -> None:
    _ends(ctx, "appraisal.revoked")


def superseded(ctx: Context) -> None:
    _ends(ctx, "appraisal.superseded")


def lapsed(ctx: Context) -> None:
    _ends(ctx, "appraisal.lapsed")
