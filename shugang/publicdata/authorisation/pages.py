"""Authorised operation on the desk and in public: plans, calls, bids, scores, the agreement and its standing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import engine, paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field, Form
from shugang.market.contracts.amendment_pages import download
from shugang.market.http import form_state, member, once, revision_of, status_of, visitor
from shugang.market.products.kinds import FIELDS
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from . import caps, forms, guards, queries, services
from .process import BIDDING, OPERATION

_STATES = {s.name: s for s in OPERATION.states}
MODES = dict(forms.MODES)


@require_GET
def operation_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    page = paging.page(queries.operations(actor), request.GET.get("after", ""))
    context = {
        "page": page, "views": [(r, cases.view(r.case, actor)) for r in page.items], "fields": FIELDS,
        "may": bool(actor.roles & {"department", "data_office"}), "bids": list(queries.bids(actor).filter(applicant_id=actor.party_id)[:50]),
        "bid_states": {s.name: s for s in BIDDING.states},
    }  # fmt: skip
    return render(request, "publicdata/operations.html", context)


def _fill(
    request: HttpRequest, form: Form, words: dict[str, Any], act: Any, address: str, values: dict[str, Any]
) -> HttpResponseBase:
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in form.fields}
        try:
            made = once(request, values, lambda: {"number": act(values)})
            return redirect(address, number=made["number"])
        except Refusal as error:
            refusal = error
    context = {
        **words,
        "fields": list(form.fields),
        "values": values,
        "action_url": request.path,
        **form_state(refusal),
    }
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def new_plan(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    words = {
        "title": Text("提出授权运营实施方案", "Submit a plan of authorised operation"), "verb": Text("提交审定", "Submit"),
        "back_url": "/desk/operations",
        "effects": [
            ("shield-check", Text("审定前，数据须已通过安全审查", "The data must have passed its security review before approval")),
            ("speakerphone", Text("审定后公开征集运营机构，评审、公示后签协议", "Once approved a public call follows, then evaluation, notice, agreement")),
        ],
    }  # fmt: skip
    return _fill(request, forms.PLAN, words, lambda v: services.plan(actor, v).number, "operation", {"years": "3"})


def _context(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    row = queries.get_operation(actor, number)
    view = cases.view(row.case, actor)
    mine = actor.party_id in (row.implementer_id, row.authoriser_id)
    return {
        "row": row, "view": view, "mode": MODES[row.plan["mode"]], "field": FIELDS[row.plan["field"]], "resources": _resources(row), "caps": caps.shown(row),
        "bids": list(queries.bids(actor, row)) if mine else [], "bid_states": {s.name: s for s in BIDDING.states},
        "ranking": row.ranking if mine else [], "objections": queries.objections(actor, row) if mine else [],
        "grants": queries.grants(actor, row), "signatures": queries.signatures(row) if row.content else [],
        "scoring": next((s for s in view.steps if s.name == "score"), None),
    }  # fmt: skip


def _resources(row: Any) -> list[tuple[Any, str, bool]]:
    found = []
    for resource in row.resources.select_related("department", "dataset").order_by("id"):
        certificate = guards.registered(resource)
        found.append((resource, certificate.number if certificate else "", resource.state == "published"))
    return found


@require_GET
def operation_page(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "publicdata/operation.html", _context(request, number))


@require_http_methods(["GET", "POST"])
def score(request: HttpRequest, number: str) -> HttpResponseBase:
    """One number for each criterion of each bid."""
    actor = member(request)
    row = queries.get_operation(actor, number)
    if not any(s.name == "score" for s in cases.steps_for(row.case, actor)):
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    bids = list(guards.living_bids(row))
    fields = [
        Field(f"{b.number}:{code}", "int", Text(f"{b.applicant.name}：{label.zh}（0至{most}）", f"{b.applicant.name_en or b.applicant.name}: {label.en} (0–{most})"),
              minimum=0, maximum=most) for b in bids for code, label, most in forms.CRITERIA]  # fmt: skip
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in fields}
        scores: dict[str, dict[str, str]] = {b.number: {} for b in bids}
        for name, value in values.items():
            bid, _, code = name.partition(":")
            scores[bid][code] = value
        try:
            once(
                request,
                values,
                lambda: {
                    "revision": engine.act(number, "score", actor, {"scores": scores}, revision_of(request)).revision
                },
            )
            return redirect("operation", number=number)
        except Refusal as error:
            refusal = error
    context = {
        "title": Text("评分", "Score the bids"), "lead": row.case.title, "fields": fields, "values": values, "action_url": request.path,
        "effects": [("users", Text("至少三人各自评分，总分平均后排名", "At least three score; totals are averaged and ranked")),
                    ("ban", Text("与申请人有关的人员应当回避", "Whoever belongs to an applicant may not score"))],
        "verb": Text("提交评分", "Submit the scores"), "back_url": f"/desk/operations/{number}", "rev": row.case.revision, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_GET
def operation_json(request: HttpRequest, number: str) -> HttpResponse:
    """The exact bytes that were digested and signed."""
    row = queries.get_operation(member(request), number)
    if row.content is None:
        raise not_found(Text("这份协议", "agreement"))
    return download(canonical(row.content), f"{number}.json", "application/json")


@require_GET
def bid_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_bid(actor, number)
    rows = [(f.label, row.proposal.get(f.name, "")) for f in forms.BID.fields if f.kind != "bool"]
    return render(
        request, "publicdata/operation_bid.html", {"row": row, "view": cases.view(row.case, actor), "rows": rows}
    )


@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    page = paging.page(queries.public_operations(), request.GET.get("after", ""))
    return render(request, "publicdata/operation_calls.html", {"page": page, "states": _STATES, "fields": FIELDS})


@require_GET
def call(request: HttpRequest, number: str) -> HttpResponse:
    row, actor = queries.public_operation(number), visitor(request)
    clock = row.case.clocks.filter(state="running").order_by("due_at").first()
    leader = (
        row.bids.select_related("applicant").filter(case__number=row.ranking[0][0]).first() if row.ranking else None
    )
    context = {
        "row": row, "state": _STATES[row.case.state], "clock": clock, "mode": MODES[row.plan["mode"]], "field": FIELDS[row.plan["field"]],
        "resources": _resources(row), "caps": caps.shown(row), "leader": leader if row.case.state not in ("calling", "evaluating", "scored") else None,
        "develops": bool(actor.roles & {"supplier", "buyer"}), "acts": actor.party_id is not None,
    }  # fmt: skip
    return render(request, "publicdata/operation_call.html", context)


@require_http_methods(["GET", "POST"])
def bid(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = queries.public_operation(number)
    words = {
        "title": Text("申请授权运营", "Bid for the operation"), "lead": row.case.title, "verb": Text("提交申请", "Submit the bid"),
        "back_url": f"/operations/{number}",
        "effects": [("users", Text("至少三名评审人员各自评分", "At least three scorers score it")),
                    ("speakerphone", Text("结果公示，任何机构可以提异议", "The result is in public notice, and anybody may object"))],
    }  # fmt: skip
    return _fill(request, forms.BID, words, lambda v: services.bid(actor, number, v).number, "operation-bid", {})


@require_http_methods(["GET", "POST"])
def object_to(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    row = queries.public_operation(number)

    def act(values: dict[str, Any]) -> str:
        services.object_to(actor, number, values)
        return number

    words = {
        "title": Text("对结果提出异议", "Object to the result"), "lead": row.case.title, "verb": Text("提出异议", "Object"),
        "back_url": f"/operations/{number}",
        "effects": [("clock-pause", Text("公示停止计时，授权主体答复后继续或重新评审", "The notice stops; the authorising body answers, and it goes on or the bids are evaluated anew")),
                    ("eye-off", Text("异议人不公开", "Who objects is not shown in public"))],
    }  # fmt: skip
    return _fill(request, forms.OBJECTION, words, act, "operation-call", {})


urlpatterns = [
    path("desk/operations", operation_list, name="operations"),
    path("desk/operations/new", new_plan, name="new-operation"),
    path("desk/operations/<str:number>.json", operation_json, name="operation-json"),
    path("desk/operations/<str:number>", operation_page, name="operation"),
    path("desk/operations/<str:number>/score", score, name="operation-score"),
    path("desk/operation-bids/<str:number>", bid_page, name="operation-bid"),
    path("operations", calls, name="operation-calls"),
    path("operations/<str:number>", call, name="operation-call"),
    path("operations/<str:number>/bid", bid, name="operation-bid-new"),
    path("operations/<str:number>/objection", object_to, name="operation-objection"),
]
