"""Reads of inquiries: lists, one negotiation, and the differences between its versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms, describe
from shugang.policy.text import Text

from ..products import pricing
from .models import Inquiry, Quotation

INQUIRY = Text("这次询价", "inquiry")


def inquiries(actor: Actor, state: str = "") -> QuerySet[Inquiry]:
    rows = Inquiry.objects.visible_to(actor).select_related("case", "product", "buyer", "supplier")
    return rows.filter(case__state=state) if state else rows


def get_inquiry(actor: Actor, number: str) -> Inquiry:
    found = (
        Inquiry.objects.visible_to(actor)
        .select_related("case", "product__supplier", "product__dataset_version__dataset", "buyer", "supplier")
        .filter(case__number=number)
        .first()
    )
    if found is None:
        raise not_found(INQUIRY)
    return found


def versions(inquiry: Inquiry) -> list[Quotation]:
    """Every version, the newest first."""
    return list(inquiry.quotations.order_by("-version"))


def _join(values: Iterable[Text]) -> Text:
    found = list(values)
    return Text("；".join(t.zh for t in found), "; ".join(t.en for t in found))


def _facts(terms: Terms, plan: PricePlan, mode: str) -> dict[str, tuple[Text, Text]]:
    """Key → (label, value in words) of terms and price; several lines of one term are joined."""
    grouped: dict[str, tuple[Text, list[Text]]] = {}
    for line in describe(terms, mode):
        key = line.key.split(".")[0]
        grouped.setdefault(key, (line.label, []))[1].append(line.value)
    found = {key: (label, _join(values)) for key, (label, values) in grouped.items()}
    for label, value in pricing.rows(plan, mode):
        found[f"price:{label.en}"] = (label, value)
    return found


def differences(
    old: tuple[Terms, PricePlan], new: tuple[Terms, PricePlan], mode: str
) -> list[tuple[Text, Text | None, Text | None]]:
    """(term, old, new) for what differs, in words; None where a side has no such term."""
    before, after = _facts(*old, mode), _facts(*new, mode)
    keys = [*before, *(k for k in after if k not in before)]
    rows = []
    for key in keys:
        a, b = before.get(key), after.get(key)
        if (a and a[1]) != (b and b[1]):
            label = a[0] if a else after[key][0]
            rows.append((label, a[1] if a else None, b[1] if b else None))
    return rows


def history(inquiry: Inquiry) -> list[dict[str, Any]]:
    """Versions with what changed against the one before, or against the product's offer for the first."""
    product = inquiry.product
    previous = (product.terms, product.plan)
    found = []
    for row in reversed(versions(inquiry)):
        current = (row.read_terms(), row.read_plan())
        found.append(
            {"row": row, "diff": differences(previous, current, product.mode), "price": pricing.headline(current[1])}
        )
        previous = current
    return list(reversed(found))
