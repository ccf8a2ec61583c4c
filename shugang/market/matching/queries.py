"""Reads of matches: all of a demand for its owner, and the demands that a supplier's products meet."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.policy.text import Text

from .models import Match, MatchTask
from .score import LABELS


def of_demand(demand_pk: int, actor: Actor, passes: bool = True) -> list[Match]:
    """The current matches of the actor's own demand, the best first; with `passes` false those that a filter stopped."""
    rows = Match.objects.visible_to(actor).filter(
        demand_id=demand_pk, demand__party_id=actor.party_id or 0, current=True, passes=passes
    )
    return list(rows.select_related("product__supplier", "rules").order_by("-score", "product__number"))


def for_supplier(actor: Actor) -> QuerySet[Match]:
    """Open demands that the acting supplier's products meet."""
    rows = Match.objects.visible_to(actor).filter(product__supplier_id=actor.party_id or 0)
    return rows.exclude(demand__party_id=actor.party_id or 0).select_related(
        "product", "demand__case", "demand__party", "rules"
    )


def waits(number: str) -> bool:
    """Whether the demand is still to be compared."""
    return MatchTask.objects.filter(kind="demand", number=number).exists()


def lines(match: Match) -> list[dict[str, Any]]:
    """The parts as a page shows them: label, percent, weight in percent of all parts asked, and why."""
    whole = sum(line["weight"] for line in match.lines) or 1
    return [
        {"label": LABELS[line["name"]], "percent": round(line["value"] / 100), "share": round(100 * line["weight"] / whole),
         "why": Text(line["zh"], line["en"])}
        for line in match.lines
    ]  # fmt: skip


def reasons(match: Match) -> list[Text]:
    return [Text(r["zh"], r["en"]) for r in match.refusals]


def as_json(match: Match) -> dict[str, Any]:
    return {
        "product": match.product.number, "product_name": match.product.name, "demand": match.demand.case.number,
        "demand_version": match.demand_version, "score": match.score, "passes": match.passes, "parts": match.lines,
        "refusals": match.refusals, "digest": match.digest, "rules": f"{match.rules.code}-{match.rules.version}",
        "made_at": match.made_at.isoformat(),
    }  # fmt: skip
