"""Chains of derivation: an asset's rights come from certificates of its sources, go no further, and lapse with them.

A suspended source suspends what comes from it, a lost one makes it lapse; certificates tell each other by their events, so
the loss runs down the whole chain, and the market hears of every link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.policy.text import Text

from . import kinds
from .models import AssetSource, Certificate, DataAsset

_LOST = ("certificate.lapsed", "certificate.cancelled", "certificate.revoked")


def numbers(answers: Mapping[str, Any]) -> list[str]:
    """The certificate numbers of the answer, as typed between commas or spaces."""
    return [n.upper() for n in re.split(r"[\s,，、;；]+", str(answers.get("source_certificates") or "")) if n]


def public_sources(answers: Mapping[str, Any]) -> list[Certificate]:
    """The certificates named; certificates are public, so anybody may name any."""
    return list(Certificate.objects.filter(number__in=numbers(answers)).select_related("asset", "party").order_by("pk"))


def in_force(certificate: Certificate) -> bool:
    return certificate.state == Certificate.State.VALID and certificate.valid_until >= clock.now()


def wrong_answers(answers: Mapping[str, Any], actor: Actor, labels: Mapping[str, Text]) -> dict[str, Text]:
    """What the sources' certificates forbid: one that is not in force, and a right beyond its source."""
    found = public_sources(answers)
    missing = sorted(set(numbers(answers)) - {c.number for c in found if in_force(c)})
    if missing:
        return {"source_certificates": Text(
            f"没有现在有效的凭证{missing[0]}，请核对编号，或到“核验”页查看状态。",
            f"There is no certificate {missing[0]} in force. Please check the number, or its standing on the verification page.",
        )}  # fmt: skip
    wished = set(answers["rights"])
    for source in found:
        held = set(source.content["rights"])
        # Derived data may carry all three rights, but only who may use the source may make it.
        needed = {"USE"} if answers["source_kind"] == "derived" else wished
        if error := kinds.beyond(needed, held, labels):
            return {"rights": error}
        if (
            answers["source_kind"] != "derived"
            and "OPERATE" in wished
            and source.party_id != (actor.party_id or 0)
            and (source.content.get("limits", {}).get("resale") == "no")
        ):
            return {"rights": Text(
                f"来源凭证{source.number}不允许转售或再许可，不能据此登记经营权。",
                f"The source certificate {source.number} allows no resale, so it gives no right to trade.",
            )}  # fmt: skip
    return {}


def record(asset: DataAsset, sources: Iterable[Certificate]) -> None:
    asset.sources.all().delete()
    AssetSource.objects.bulk_create(AssetSource(asset=asset, certificate=c) for c in sources)


def first_end(asset: DataAsset) -> datetime | None:
    """The earliest end among the sources' certificates."""
    ends = list(asset.sources.order_by("certificate__valid_until").values_list("certificate__valid_until", flat=True))
    return ends[0] if ends else None


def all_in_force(asset: DataAsset, but: str = "") -> bool:
    rows = asset.sources.exclude(certificate__number=but).select_related("certificate")
    return all(in_force(row.certificate) for row in rows)


def _dependants(number: str, *states: str) -> list[Certificate]:
    """Living certificates of assets that come from this one, in id order (locks are always taken so)."""
    rows = Certificate.objects.filter(asset__sources__certificate__number=number, state__in=states)
    return list(rows.select_related("case", "asset").order_by("pk"))


def _number(event: Event) -> str:
    return next(r.key for r in event.refs.all() if r.kind == "certificate")


@on("certificate.suspended")
def source_suspended(event: Event) -> None:
    number = _number(event)
    for certificate in _dependants(number, "valid"):
        Certificate.objects.filter(pk=certificate.pk).update(held_by=number)
        engine.fire(certificate.case.number, "hold_by_source")


@on("certificate.resumed")
def source_resumed(event: Event) -> None:
    """What this source alone had suspended is valid again; where another source is not in force, that one holds it now."""
    number = _number(event)
    for certificate in _dependants(number, "suspended"):
        if certificate.held_by != number:
            continue
        others = certificate.asset.sources.exclude(certificate__number=number).select_related("certificate")
        holding = next((row.certificate.number for row in others if not in_force(row.certificate)), "")
        Certificate.objects.filter(pk=certificate.pk).update(held_by=holding)
        if not holding:
            engine.fire(certificate.case.number, "free_by_source")


def source_lost(event: Event) -> None:
    for certificate in _dependants(_number(event), "valid", "suspended"):
        engine.fire(certificate.case.number, "lose_source")


for _kind in _LOST:
    on(_kind)(source_lost)


def follow(previous: Certificate, heirs: list[Certificate]) -> None:
    """After a change, renewal or transfer, what came from `previous` comes from the heir that carries its rights; where
    none does, it lapses (a licence outlives a transfer of the licensed right)."""
    for row in AssetSource.objects.filter(certificate=previous).select_related("asset").order_by("pk"):
        needed = (
            {"USE"} if row.asset.source_kind == "derived" else set(row.asset.rights.values_list("right", flat=True))
        )
        heir = next((h for h in heirs if needed <= set(h.content["rights"])), None)
        if heir is not None:
            row.certificate = heir
            row.save(update_fields=["certificate"])
            continue
        for certificate in row.asset.certificates.filter(state__in=["valid", "suspended"]).select_related("case"):
            engine.fire(certificate.case.number, "lose_source")
