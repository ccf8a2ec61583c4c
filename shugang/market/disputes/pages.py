"""Disputes on the desk: the list, one dispute, and the acts that are no steps of its table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.assets.registration.http import posted
from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain

from ..http import form_state, member, once, status_of
from . import bundle, measures, queries, services
from .forms import CLAIM, EVIDENCE, KINDS, MEASURE, MEASURES, ORDERED, PROPOSAL
from .process import DISPUTE
from .settling import SETTLEMENT

HEADER = (
    Text("编号", "Number"), Text("合同", "Contract"), Text("申请方", "Claimant"), Text("被申请方", "Respondent"),
    Text("事项", "About"), Text("请求退款（元）", "Refund asked for (CNY)"), Text("状态", "State"), Text("提出", "Opened"),
)  # fmt: skip
REASON = Field("reason", "textarea", Text("理由", "Reason"), max_length=400)


@require_GET
def dispute_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    given = request.GET.get("outcome", "all")
    outcome = "" if given == "open" else given if given in queries.OUTCOMES and given else None
    rows = queries.disputes(actor, outcome)
    if request.GET.get("format") == "csv":
        lines = (
            [d.number, d.contract.number, d.claimant.name, d.respondent.name, KINDS[d.kind], fen_plain(d.claim_fen),
             queries.state_of(d)[0], d.opened_at.date()]
            for d in rows[:10_000]
        )  # fmt: skip
        return csv_response("disputes", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [(Text("全部", "All"), "?", outcome is None), (queries.OUTCOMES[""][0], "?outcome=open", outcome == ""),
                *((label, f"?outcome={name}", outcome == name) for name, (label, _) in queries.OUTCOMES.items() if name)]  # fmt: skip
    found = [{"row": d, "view": cases.view(d.case, actor), "kind": KINDS[d.kind]} for d in page.items]
    context = {"page": page, "rows": found, "segments": segments, "filtered": outcome is not None}
    return render(request, "market/dispute_list.html", context)


@require_http_methods(["GET", "POST"])
def new_dispute(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    number = request.GET.get("contract", "")
    contract = services.disputable(actor, number)
    form = CLAIM if actor.party_id in {contract.buyer_id, contract.supplier_id} else ORDERED
    lead = Text(f"合同{number}　{contract.product.name}。先由双方协商，不成的由平台调解，再不成的可申请仲裁。",
                f"Contract {number}, {contract.product.name_en or contract.product.name}. Negotiation first, then mediation by the "
                "platform, then arbitration.")  # fmt: skip
    return _form(
        request, Text("提出争议", "Open a dispute"), lead, form.fields, Text("提出", "Open"), f"/desk/contracts/{number}",
        lambda values: services.open_dispute(actor, number, values).number,
    )  # fmt: skip


def _form(
    request: HttpRequest, title: Text, lead: Text, fields: tuple[Field, ...], verb: Text, back: str,
    act: Callable[[dict[str, Any]], str], known: dict[str, Any] | None = None,
) -> HttpResponseBase:  # fmt: skip
    """A form over its own page; `act` returns the number of the dispute that is shown next."""
    values: dict[str, Any] = dict(known or {})
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            values = posted(request, fields)
            made = once(
                request, [values], lambda: {"number": act({k: v for k, v in values.items() if v not in ("", [])})}
            )
            return redirect("dispute", number=made["number"])
        except Refusal as no:
            if no.status == 404:
                raise
            refusal = no
    context = {"title": title, "lead": lead, "fields": fields, "values": values, "verb": verb, "back_url": back,
               **form_state(refusal)}  # fmt: skip
    return render(request, "market/dispute_form.html", context, status=status_of(refusal))


@require_GET
def dispute_page(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number, None)


def _page(request: HttpRequest, number: str, refusal: Refusal | None) -> HttpResponse:
    actor = member(request)
    dispute = queries.get_dispute(actor, number)
    view = cases.view(dispute.case, actor)
    proposal = queries.open_proposal(dispute)
    label, tone = queries.state_of(dispute)
    context = {
        "d": dispute, "case": dispute.case, "view": view, "state": label, "tone": tone, "contract": dispute.contract,
        "claim": queries.claim_rows(dispute), "kind": KINDS[dispute.kind], "measures": MEASURES,
        "clocks": list(dispute.case.clocks.filter(state="running").order_by("due_at")),
        "clock_labels": {c.name: c.label for c in DISPUTE.clocks}, "rows_measures": list(dispute.measures.order_by("pk")),
        "evidence": list(dispute.evidence.select_related("party", "material").order_by("position")),
        "decisions": queries.decisions(dispute), "may": queries.may(dispute, actor), "proposal": proposal,
        "proposal_view": cases.view(proposal, actor) if proposal and cases.Case.objects.visible_to(actor).filter(pk=proposal.pk).exists() else None,
        "settlement_states": {s.name: s for s in SETTLEMENT.states},
        "sides": actor.party_id in {dispute.contract.buyer_id, dispute.contract.supplier_id},
        "bundles": list(queries.bundles(dispute, actor)), **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/dispute.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def evidence(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    dispute = queries.get_dispute(actor, number)
    if not queries.may(dispute, actor)["evidence"] and request.method == "GET":
        raise measures.over(dispute)
    if request.method == "POST":
        services.check_may_file(actor, dispute)
    lead = Text(f"{number}　双方、调解方和仲裁机构都会看到。文件摘要写入存证日志，提交后不能撤换。",
                f"{number}: both sides, mediator and arbitrators see it. Its digest goes into the evidence log; it cannot be exchanged.")  # fmt: skip
    return _form(request, Text("提交证据", "File evidence"), lead, EVIDENCE.fields, Text("提交", "File"), f"/desk/disputes/{number}",
                 lambda values: services.file_evidence(actor, number, values).dispute.number)  # fmt: skip


@require_http_methods(["GET", "POST"])
def settle(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    queries.get_dispute(actor, number)
    lead = Text(f"{number}　双方的签署岗位都签署后争议了结，随即执行。", f"{number}: once the signers of both sides have signed, the dispute is over and this is carried out.")  # fmt: skip
    return _form(request, Text("提出和解方案", "Propose a settlement"), lead, PROPOSAL.fields, Text("提出", "Propose"),
                 f"/desk/disputes/{number}", lambda values: services.propose_settlement(actor, number, values).dispute.number,
                 {"access": "continue"})  # fmt: skip


@require_http_methods(["GET", "POST"])
def measure(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    dispute = queries.get_dispute(actor, number)
    if not queries.may(dispute, actor)["measure"]:
        raise not_found(Text("这个操作", "such step"))
    lead = Text(f"{number}　立即执行。暂停访问：需方的密钥在1秒内停止；暂停付款：款项留在存管银行，不分给供方。争议结束时自动解除。",
                f"{number}: at once. Access: the buyer's keys stop within a second. Funds: the money stays with the custodian. Lifted "
                "when the dispute ends.")  # fmt: skip
    return _form(request, Text("采取临时措施", "Order an interim measure"), lead, MEASURE.fields, Text("立即执行", "Order"),
                 f"/desk/disputes/{number}", lambda values: measures.order(actor, number, values).dispute.number)  # fmt: skip


@require_http_methods(["GET", "POST"])
def lift(request: HttpRequest, number: str, kind: str) -> HttpResponseBase:
    actor = member(request)
    dispute = queries.get_dispute(actor, number)
    if kind not in MEASURES or not queries.may(dispute, actor)["measure"]:
        raise not_found(Text("这个操作", "such step"))
    lead = Text(f"{number}　{MEASURES[kind].zh}：解除后立即恢复。", f"{number}: {MEASURES[kind].en}; it ends at once.")
    return _form(request, Text("解除临时措施", "Lift the measure"), lead, (REASON,), Text("解除", "Lift"), f"/desk/disputes/{number}",
                 lambda values: measures.lift(actor, number, kind, values.get("reason", "")).dispute.number)  # fmt: skip


@require_http_methods(["POST"])
def export(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    queries.get_dispute(actor, number)
    try:
        once(request, ["bundle"], lambda: {"pk": bundle.export_bundle(actor, number).pk})
    except Refusal as refusal:
        return _page(request, number, refusal)
    return redirect(f"/desk/disputes/{number}#bundles")


@require_GET
def download(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    actor = member(request)
    try:
        data = bundle.bundle_bytes(bundle.get_bundle(actor, number, pk))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, number, refusal)
    response = HttpResponse(data, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{number}-{pk}.zip"'
    return response


urlpatterns = [
    path("desk/disputes", dispute_list, name="disputes"),
    path("desk/disputes/new", new_dispute, name="new-dispute"),
    path("desk/disputes/<str:number>", dispute_page, name="dispute"),
    path("desk/disputes/<str:number>/bundles", export, name="dispute-export"),
    path("desk/disputes/<str:number>/bundles/<int:pk>.zip", download, name="dispute-bundle"),
    path("desk/disputes/<str:number>/evidence", evidence, name="dispute-evidence"),
    path("desk/disputes/<str:number>/settle", settle, name="dispute-settle"),
    path("desk/disputes/<str:number>/measures", measure, name="dispute-measure"),
    path("desk/disputes/<str:number>/measures/<str:kind>/lift", lift, name="dispute-lift"),
]
