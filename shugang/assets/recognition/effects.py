"""What recognition brings about: an asset with the foreign certificate's rights, in force without a second review."""

from __future__ import annotations

from datetime import date
from typing import Any

from shugang.kernel import workdays
from shugang.kernel.procedure import Context

from ..registration import effects, issuing, services
from ..registration.models import Registration
from .models import Recognition


def recognised(ctx: Context) -> None:
    row = Recognition.objects.select_related("party", "registrar", "dataset_version__dataset").get(case=ctx.case)
    facts = row.facts
    form = form_of(facts)
    asset = services.found_asset(row.party, row.dataset_version, form)
    registration = Registration.objects.create(
        case=ctx.case,
        asset=asset,
        registrar=row.registrar,
        form=form,
        kind="recognition",
        remarks=_remark(row),
        open=False,
    )
    effects.fill(asset, form)
    until = workdays.end_of(date.fromisoformat(facts["valid_until"]))
    extra = {"recognised": {"number": row.number, "issuer": row.issuer, "origin": row.origin, "log_index": row.log_index,
                            "method": row.method}}  # fmt: skip
    row.certificate = issuing.put_in_force(registration, asset, form, until, ctx.case, extra=extra)
    row.open = False
    row.save(update_fields=["certificate", "open"])
    ctx.refs += [("asset", asset.number), ("certificate", row.certificate.number), ("party", row.party.number)]
    ctx.outputs |= {"certificate": row.certificate.number, "recognised": row.number, "proved": row.proved}


def closed(ctx: Context) -> None:
    Recognition.objects.filter(case=ctx.case).update(open=False)


def _remark(row: Recognition) -> str:
    return f"采信自{row.issuer}核发的凭证{row.number}"[:400]


def form_of(facts: dict[str, Any]) -> dict[str, Any]:
    """The application form that the foreign certificate stands for."""
    form = {
        "data_name": facts["data_name"], "summary": facts["summary"], "industry": facts["industry"], "division": facts["division"],
        "source_kind": facts["source_kind"], "source_statement": "", "rights": sorted(facts["rights"]), "validity_years": 1,
        "right_until": facts["valid_until"], "right_limits": facts.get("limits", ""),
        "resale": facts.get("resale", "consent"), "export": facts.get("export", "consent"), "declaration": True,
    }  # fmt: skip
    return {k: v for k, v in form.items() if v != ""}
