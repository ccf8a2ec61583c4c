"""Usage: a chart by day and outcome, every record behind it, the same as CSV."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import clock, paging, sequencer
from shugang.kernel.events import iso
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from .. import words
from ..grants import queries as grants
from . import queries

DAYS = 30


def _filters(request: HttpRequest) -> dict[str, Any]:
    charged = {"yes": True, "no": False}.get(request.GET.get("charged", ""))
    return {"grant": request.GET.get("grant", ""), "outcome": request.GET.get("outcome", ""), "charged": charged}


def _chart(rows: list[Any], first: date) -> dict[str, Any]:
    """Calls a day by outcome, answered ones first; at most four series, the rest together."""
    totals: dict[str, dict[date, int]] = {}
    for row in rows:
        name = row["outcome"] if row["state"] in ("answered", "aborted") else "refused"
        counts = totals.setdefault(name, {})
        counts[row["day"]] = counts.get(row["day"], 0) + row["calls"]
    days = [first + timedelta(days=i) for i in range(DAYS)]
    ranked = sorted(totals, key=lambda n: (n == "refused", -sum(totals[n].values())))[:4]
    refused = words.USE_STATES["refused"][1]
    return {
        "type": "bar",
        "unit": tx(Text("次", "calls")),
        "x": [f"{d.month}-{d.day:02d}" for d in days],
        "series": [
            {
                "name": tx(refused if name == "refused" else words.word(name)),
                "stack": "all",
                "data": [totals[name].get(d, 0) for d in days],
            }
            for name in ranked
        ],
    }


@require_GET
@for_a_party
def usage_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    chosen = _filters(request)
    visible = grants.grants(actor)
    numbers = [chosen["grant"]] if chosen["grant"] else list(visible.values_list("number", flat=True))
    numbers = list(visible.filter(number__in=numbers).values_list("number", flat=True))
    first = clock.today() - timedelta(days=DAYS - 1)
    start = datetime.combine(first, time(), tzinfo=clock.zone())
    rows = queries.usage_by_day(numbers, start, clock.now() + timedelta(days=1))
    page = paging.page(queries.usage(actor, **chosen), request.GET.get("after", ""), 50)
    context = {
        "page": page,
        "chart": _chart(rows, first),
        "calls": sum(r["calls"] for r in rows if r["state"] in ("answered", "aborted")),
        "charged": sum(r["calls"] for r in rows if r["charged"]),
        "refused": sum(r["calls"] for r in rows if r["state"] == "refused"),
        "rows": sum(r["rows_"] for r in rows),
        "days": DAYS,
        "grants": list(visible.order_by("-id").values_list("number", "product")[:100]),
        "grant": chosen["grant"],
        "charged_choice": request.GET.get("charged", ""),
        "word": words.word,
        "charge_word": words.charge_word,
        "states": words.USE_STATES,
    }
    return render(request, "delivery/usage.html", context)


@require_GET
@for_a_party
def usage_csv(request: HttpRequest) -> HttpResponseBase:
    header = [
        Text("时间", "Time"), Text("授权", "Grant"), Text("请求编号", "Request id"), Text("密钥", "Key"),
        Text("结果", "Outcome"), Text("计费", "Charge"), Text("行数", "Rows"), Text("字节", "Bytes"),
        Text("状态", "State"), Text("记录哈希", "Record hash"),
    ]  # fmt: skip
    found = queries.usage(request.actor, **_filters(request)).order_by("id")  # type: ignore[attr-defined]
    rows = (
        [iso(r.at), r.grant_number, r.request_id, r.credential, words.word(r.outcome),
         words.charge_word(r.charged, r.charge_reason), r.rows, r.bytes, words.USE_STATES[r.state][1], r.hash]
        for r in found.iterator(chunk_size=2000)
    )  # fmt: skip
    return csv_response("usage", header, rows)


@require_GET
@for_a_party
def record_page(request: HttpRequest, plane: str, seq: int) -> HttpResponse:
    """One use, as the plane recorded it, as control found it, and where it stands in the log."""
    found = queries.get_record(request.actor, plane, seq)  # type: ignore[attr-defined]
    context = {
        "record": found,
        "state": words.USE_STATES[found.state],
        "outcome": words.word(found.outcome),
        "charge": words.charge_word(found.charged, found.charge_reason),
        "proof": sequencer.proof_state(found),
        "stated": found.stated_record(),
    }
    return render(request, "delivery/usage_record.html", context)


urlpatterns = [
    path("desk/usage", usage_page, name="usage"),
    path("desk/usage.csv", usage_csv, name="usage-csv"),
    path("desk/usage/<str:plane>/<int:seq>", record_page, name="usage-record"),
]
