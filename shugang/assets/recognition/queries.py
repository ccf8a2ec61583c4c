"""Reads of recognition."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor

from .models import Recognition


def recognitions(actor: Actor) -> QuerySet[Recognition]:
    return Recognition.objects.visible_to(actor).select_related(
        "case", "party", "registrar", "certificate", "dataset_version__dataset"
    )


def row_json(row: Recognition) -> dict[str, Any]:
    return {
        "case": row.case.number, "state": row.case.state, "number": row.number, "issuer": row.issuer, "method": row.method,
        "proved": row.proved, "checks": row.checks, "dataset": row.dataset_version.dataset.number,
        "version": row.dataset_version.version, "certificate": row.certificate.number if row.certificate else None,
    }  # fmt: skip
