"""Disclosure through the API: figures and rules, for everybody; comments for signed-in parties."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from ..http import member, once_api
from . import rules, statistics
from .models import PlatformRule

router = Router(tags=["disclosure"])


class TextIn(Schema):
    text: str


class RuleIn(Schema):
    form: dict[str, Any]


@router.get(
    "/disclosure", auth=None, summary="Market figures in aggregate; null where a figure stands over too few parties"
)
def figures(request: HttpRequest) -> dict[str, Any]:
    """Amounts as bands in 分 (`from` included, `below` not), prices as bands in 1e-8 元."""
    said = statistics.public_figures()
    return {
        "k": said["k"], "listings": said["listings"],
        "tables": {name: [{"months": x.months, "total": x.total, "cells": dict(x.cells)} for x in lines] for name, lines in said["tables"].items()},
        "amounts": [{"months": m, "from": low, "below": high} for m, low, high in said["amounts"]],
        "prices": said["prices"], "vouchers": [{"months": m, "count": n} for m, n in said["vouchers"]],
    }  # fmt: skip


def _rule(row: PlatformRule) -> dict[str, Any]:
    return {
        "number": row.number, "code": row.code, "version": row.version, "title": row.title, "title_en": row.title_en, "sha256": row.sha256,
        "published_on": row.published_on, "comments_until": row.comments_until, "effective_on": row.effective_on,
        "withdrawn_on": row.withdrawn_on, "state": rules.state_of(row)[0].en,
    }  # fmt: skip


@router.get("/rules", auth=None, summary="The platform's rules, every version")
def rule_list(request: HttpRequest) -> dict[str, Any]:
    return {"items": [_rule(r) for r in rules.public_rules()]}


@router.get("/rules/{number}", auth=None, summary="One version: full text, reason, comments and answers")
def rule(request: HttpRequest, number: str) -> dict[str, Any]:
    row = rules.public_rule(number)
    said = [
        {"party": c.party.number, "text": c.text, "said_at": c.said_at, "reply": c.reply}
        for c in row.comments.select_related("party").order_by("said_at")
    ]
    return {**_rule(row), "text": row.text, "text_en": row.text_en, "reason": row.reason, "comments": said}


@router.post("/rules", summary="Publish a version with its notice (operator's reviewer)")
def publish(request: HttpRequest, said: RuleIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": rules.publish_rule(actor, said.form).number})


@router.post("/rules/{number}/comments", summary="Comment for the acting party; said again, it replaces the first")
def comment(request: HttpRequest, number: str, said: TextIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": rules.comment(actor, number, said.text).rule.number})
