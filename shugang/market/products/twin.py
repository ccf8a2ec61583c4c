"""The JSON twin of a product page; programs get the same through the API."""

from __future__ import annotations

from typing import Any

from shugang.assets import standing
from shugang.delivery.datasets.standing import Fact
from shugang.policy.terms import PURPOSES, describe, digest
from shugang.policy.text import Text

from ..pricing import ceilings
from ..pricing.asking import shown_estimates
from . import pricing, sheet, trust
from .kinds import STATES
from .known import read_of
from .models import DataProduct


def public_json(product: DataProduct) -> dict[str, Any]:
    """All that the page shows."""
    read = read_of(product)
    return {
        **brief_json(product, read.columns), "level": read.grading.level if read.grading else None,
        "trust": [_fact_json(fact) for fact in trust.public_trust(product, read)],
        "warnings": [{"zh": f.warning.zh, "en": f.warning.en} for f in read.told if f.warning],
        "quality": [{"dimension": d.zh, "dimension_en": d.en, "hundredths_of_percent": score} for d, score in standing.dimensions(read.quality)],
        "sheet": sheet.as_json(sheet.parts(product, read)),
    }  # fmt: skip


def brief_json(product: DataProduct, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """The offer itself, as it stands in lists too."""
    label, _ = STATES[product.state]
    version, plan = product.dataset_version, product.plan
    return {
        "number": product.number, "name": product.name, "name_en": product.name_en, "summary": product.summary,
        "state": product.state, "state_label": label.zh, "type": product.type, "sector": product.sector, "mode": product.mode,
        "supplier": {"number": product.supplier.number, "name": product.supplier.name, "uscc": product.supplier.uscc},
        "dataset": {
            "number": version.dataset.number, "version": version.version, "sha256": version.sha256, "rows": version.rows,
            "bytes": version.bytes, "published_at": version.created_at.isoformat(), "origin": version.dataset.origin,
            "licence": version.dataset.licence,
        },
        "certificate": product.certificate.number if product.certificate else None,
        "purposes": [{"code": p, "label": PURPOSES[p].zh, "label_en": PURPOSES[p].en} for p in product.purposes],
        "price": {"plan": plan.to_json(), "headline": pricing.headline(plan).zh, "ceilings": ceilings.as_json(product)},
        "estimates": [
            {"model": e.model.number, "version": e.model.version, "basis": e.model.basis, "low_e8": e.low_e8, "high_e8": e.high_e8,
             "made_at": e.made_at.isoformat()} for e in shown_estimates(product)
        ],
        "terms": product.offered_terms, "terms_digest": digest(product.terms),
        "guarantees": [
            {"term": line.key, "value": line.value.zh, "value_en": line.value.en, "guarantee": line.guarantee}
            for line in describe(product.terms, product.mode)
        ],
        "columns": [{k: v for k, v in c.items() if k != "mask"} | {"masked": c["mask"] is not None} for c in columns],
        "spec": product.spec, "sample": product.sample, "trial_size": product.trial_size,
        "listed_at": product.listed_at.isoformat() if product.listed_at else None,
    }  # fmt: skip


def _fact_json(fact: Fact) -> dict[str, Any]:
    value = fact.value if isinstance(fact.value, Text) else Text(fact.value, fact.value)
    return {
        "fact": fact.label.zh, "fact_en": fact.label.en, "value": value.zh, "value_en": value.en, "detail": fact.detail.zh,
        "detail_en": fact.detail.en, "proof": fact.proof or None, "log_index": fact.place, "url": fact.url or None,
    }  # fmt: skip
