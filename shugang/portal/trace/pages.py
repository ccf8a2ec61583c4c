"""The trace page: verdict first, then phases, then every step with its proof state; uses folded per day."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from shugang.policy.text import Text

from .. import objects
from ..cases.presenting import line
from ..reading import Reader
from . import queries

# Which phase an event belongs to, by the beginning of its kind; the order is the chain's.
PHASES: tuple[tuple[str, Text, tuple[str, ...]], ...] = (
    ("data", Text("数据", "Data"), ("dataset.", "plane.")),
    ("registration", Text("登记", "Registration"), ("assets.", "certificate.", "asset.")),
    ("listing", Text("上架", "Listing"), ("product.", "market.listing", "listing.", "opinion.")),
    ("trade", Text("磋商", "Negotiation"), ("market.trade", "quotation.")),
    ("contract", Text("合同", "Contract"), ("market.contract", "contract.")),
    ("grant", Text("授权", "Grant"), ("grant.", "credential.")),
    ("settlement", Text("结算", "Settlement"), ("charge.", "bill.", "payout.", "ledger.")),
    ("voucher", Text("凭证", "Voucher"), ("voucher.",)),
)


def _phases(lines: list[dict[str, Any]], uses: int) -> list[dict[str, Any]]:
    found = []
    for key, label, prefixes in PHASES:
        mine = [item for item in lines if item["event"].kind.startswith(prefixes)]
        if mine:
            found.append(
                {
                    "label": label,
                    "state": "ok",
                    "detail": Text(f"{len(mine)}步", f"{len(mine)} steps"),
                    "url": f"#p-{key}",
                }
            )
        elif key == "settlement" and uses:
            found.append(
                {
                    "label": Text("使用", "Use"),
                    "state": "ok",
                    "detail": Text(f"{uses}次", f"{uses} uses"),
                    "url": "#uses",
                }
            )
        else:
            found.append({"label": label, "state": "wait", "detail": "", "url": ""})
    return found


@require_safe
def trace(request: HttpRequest, kind: str, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    subject = queries.subject(kind, number, actor)
    events = queries.history(subject, actor)
    used = queries.uses(subject, actor)
    wrong = {e.pk for e in queries.summary(events, used)["wrong"]}
    reader = Reader(actor, events)
    lines = [line(e, reader) for e in events]
    for item in lines:
        if item["event"].pk in wrong:
            item["state"] = "mismatch"
    context = {
        "subject": subject, "label": objects.label(kind), "address": objects.address(kind, number), "lines": lines,
        "uses": used, "summary": queries.summary(events, used), "phases": _phases(lines, sum(u["n"] for u in used)),
    }  # fmt: skip
    return render(request, "portal/trace.html", context)


@require_safe
def trace_json(request: HttpRequest, kind: str, number: str) -> JsonResponse:
    actor = request.actor  # type: ignore[attr-defined]
    subject = queries.subject(kind, number, actor)
    rows = [
        {"at": e.at.isoformat(), "kind": e.kind, "actor": e.actor_label, "log_index": e.log_index, "sha256": e.sha256,
         "sm3": e.sm3, "refs": [[r.kind, r.key] for r in e.refs.all()]}
        for e in queries.history(subject, actor)
    ]  # fmt: skip
    uses = [{**u, "day": str(u["day"]), "at": u["at"].isoformat()} for u in queries.uses(subject, actor)]
    return JsonResponse(
        {"kind": kind, "number": number, "events": rows, "uses": uses}, json_dumps_params={"ensure_ascii": False}
    )


urlpatterns = [
    path("trace/<str:kind>/<str:number>.json", trace_json, name="trace-json"),
    path("trace/<str:kind>/<str:number>", trace, name="trace"),
]
