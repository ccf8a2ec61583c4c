"""Reads of inquiries: lists, one negotiation with every version, as words, JSON and a table to take away."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.events import iso
from shugang.policy.text import Text

from ..products import pricing
from .differing import Row, differences
from .models import Inquiry, PartyTie, Quotation

INQUIRY = Text("这次询价", "inquiry")
OFFER, PREVIOUS = Text("产品所提供", "the product's offer"), Text("前一版", "the version before")
SIDES: dict[str, Text] = {
    "supplier": Text("供方报价", "Supplier's quotation"),
    "buyer": Text("需方还价", "Buyer's counter-offer"),
}
EXPORT = (
    Text("版本", "Version"),
    Text("提出方", "By"),
    Text("时间", "Time"),
    Text("撤回时间", "Withdrawn"),
    Text("对照", "Compared with"),
    Text("条款", "Term"),
    Text("原", "Before"),
    Text("现", "After"),
    Text("给对方的话", "Message"),
)


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


def history(inquiry: Inquiry) -> list[dict[str, Any]]:
    """Versions, the newest first, each with all that changed against the one before and against the product's offer."""
    product = inquiry.product
    offered = previous = (product.terms, product.plan)
    found = []
    for row in reversed(versions(inquiry)):
        current = (row.read_terms(), row.read_plan())
        found.append(
            {
                "row": row,
                "diff": differences(previous, current, product.mode),
                "offer": differences(offered, current, product.mode),
                "price": pricing.headline(current[1]),
            }
        )
        previous = current
    return list(reversed(found))


def _changes(rows: list[Row]) -> list[dict[str, Any]]:
    return [
        {"term": label.to_json(), "old": old.to_json() if old else None, "new": new.to_json() if new else None}
        for label, old, new in rows
    ]


def summary(row: Inquiry) -> dict[str, Any]:
    return {
        "number": row.case.number, "product": row.product.number, "buyer": row.buyer.number, "supplier": row.supplier.number,
        "purpose": row.purpose, "need": row.need, "state": row.case.state, "revision": row.case.revision,
        "contract": getattr(getattr(row, "contract", None), "number", None),
    }  # fmt: skip


def negotiation(inquiry: Inquiry) -> dict[str, Any]:
    """The whole of it for programs: every version with terms, plan, message, and what it changes; the steps and deadlines."""
    product = inquiry.product
    clocks = inquiry.case.clocks.order_by("name")
    return {
        **summary(inquiry),
        "opened_at": iso(inquiry.opened_at),
        "offer": {"terms": product.offered_terms, "plan": product.price_plan},
        "deadlines": [{"name": c.name, "state": c.state, "due_at": iso(c.due_at)} for c in clocks],
        "versions": [
            {"version": h["row"].version, "side": h["row"].side, "terms": h["row"].terms, "plan": h["row"].plan,
             "message": h["row"].message, "digest": h["row"].digest, "made_at": h["row"].made_at,
             "withdrawn_at": h["row"].withdrawn_at, "price": h["price"].to_json(),
             "against_previous": _changes(h["diff"]), "against_offer": _changes(h["offer"])}
            for h in history(inquiry)
        ],
        "steps": [
            {"step": v.transition, "capacity": v.capacity, "at": iso(v.at), "reason": v.data.get("reason", "")}
            for v in inquiry.case.votes.order_by("id")
        ],
    }  # fmt: skip


def export(inquiry: Inquiry) -> list[list[Any]]:
    """The negotiation as a table, oldest first: one line a changed term, under both comparisons."""
    lines: list[list[Any]] = []
    for h in reversed(history(inquiry)):
        row = h["row"]
        head = [row.version, SIDES[row.side], iso(row.made_at), iso(row.withdrawn_at) if row.withdrawn_at else ""]
        compared = [(OFFER, h["offer"])] if row.version == 1 else [(PREVIOUS, h["diff"]), (OFFER, h["offer"])]
        for what, rows in compared:
            for label, old, new in rows:
                lines.append([*head, what, label, old or "—", new or "—", row.message])
            if not rows:
                lines.append([*head, what, Text("无差异", "no difference"), "", "", row.message])
    return lines


def ties(actor: Actor) -> QuerySet[PartyTie]:
    return PartyTie.objects.visible_to(actor).select_related("party", "other")
