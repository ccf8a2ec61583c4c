"""The demander's pages: his demands, the form, one demand with its invitations and answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import form_state, member, once, revision_of, status_of
from ..matching import queries as matching
from ..products.kinds import SECTORS
from . import (
    broking,
    broking_pages,
    comparing,
    forms,
    funnel,
    guards,
    invitation_pages,
    inviting,
    public_pages,
    queries,
    services,
)
from .models import Demand
from .process import DEMAND

HEADER = (
    Text("编号", "Number"),
    Text("需求", "Demand"),
    Text("行业", "Sector"),
    Text("状态", "State"),
    Text("版本", "Version"),
)


@require_GET
def demand_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    known = {s.name: s for s in DEMAND.states}
    state = request.GET.get("state", "") if request.GET.get("state", "") in known else ""
    rows = queries.demands(actor, state)
    if request.GET.get("format") == "csv":
        return csv_response(
            "demands",
            HEADER,
            ([d.number, d.title, SECTORS[d.sector], known[d.state].label, d.version] for d in rows[:10_000]),
        )
    page = paging.page(rows, request.GET.get("after", ""))
    tally = queries.counts(actor)
    segments = [(Text("全部", "All"), "?", not state, sum(tally.values()))]
    segments += [
        (s.label, f"?state={s.name}", state == s.name, tally[s.name]) for s in DEMAND.states if tally.get(s.name)
    ]
    context = {
        "page": page, "segments": segments, "views": [(d, cases.view(d.case, actor)) for d in page.items], "sectors": SECTORS,
        "may": services.may_demand(actor), "actor": actor,
    }  # fmt: skip
    return render(request, "market/demand_list.html", context)


def _posted(request: HttpRequest) -> dict[str, Any]:
    return {
        f.name: request.POST.getlist(f.name) if f.kind == "multi" else request.POST.get(f.name, "")
        for f in forms.FORM.fields
    }


@require_http_methods(["GET", "POST"])
def new_demand(request: HttpRequest) -> HttpResponseBase:
    actor, mandate = member(request), request.GET.get("mandate", "")
    if mandate:
        broking.reader(actor, mandate, "demand")
    else:
        services.require_demander(actor)
    values: dict[str, Any] = {"visibility": "public"}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = _posted(request)
        try:
            if mandate:
                once(request, [values, mandate], lambda: {"number": services.post_for(actor, mandate, values).number})
                return redirect("mandate-work", number=mandate)
            made = once(request, values, lambda: {"number": services.draft(actor, values).number})
            return redirect("own-demand", number=made["number"])
        except Refusal as error:
            refusal = error
    return _form(request, None, values, refusal, mandate)


@require_http_methods(["GET", "POST"])
def edit_demand(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    demand = queries.get_demand(actor, number)
    if not {"revise", "amend", "amend_for_review"} & {s.name for s in cases.steps_for(demand.case, actor)}:
        return redirect("own-demand", number=number)
    values: dict[str, Any] = dict(demand.case.data)
    refusal: Refusal | None = None
    if request.method == "POST":
        values = _posted(request)
        try:
            once(
                request, values, lambda: {"number": services.revise(actor, number, values, revision_of(request)).number}
            )
            return redirect("own-demand", number=number)
        except Refusal as error:
            refusal = error
    return _form(request, demand, values, refusal)


def _form(
    request: HttpRequest, demand: Demand | None, values: dict[str, Any], refusal: Refusal | None, mandate: str = ""
) -> HttpResponse:
    context = {
        "demand": demand, "fields": forms.FORM.fields, "values": values, "rev": demand.case.revision if demand else None,
        "mandate": mandate, "published": demand is not None and demand.state == "published", **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/demand_edit.html", context, status=status_of(refusal))


@require_GET
def own_demand(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    demand = queries.get_demand(actor, number)
    view = cases.view(demand.case, actor)
    steps = {s.name: s for s in view.steps}
    for hidden in ("publish", "amend") if guards.reviews(demand.case) else ("submit", "amend_for_review"):
        steps.pop(hidden, None)
    mine = demand.party_id == actor.party_id
    invitations = [(i, cases.view(i.case, actor)) for i in queries.invitations_of(demand, actor)]
    if not guards.came_to_a_deal(demand):
        steps.pop("match", None)
    responses = comparing.offered_to(demand, actor)
    context = {
        "demand": demand, "view": view, "steps": steps, "mine": mine, "rows": forms.shown(demand.content),
        "columns": [(c["name"], c["meaning"]) for c in demand.content["columns"]], "versions": queries.versions(demand, actor),
        "invitations": invitations, "answered": any(i.answered_at for i, _ in invitations) or any(r.inquiry for r in responses),
        "responses": [(r, cases.view(r.case, actor)) for r in responses], "may": services.may_demand(actor) and mine,
        "matches": matching.of_demand(demand.pk, actor)[:5] if mine else [], "waits": matching.waits(number),
        "funnel": funnel.of_demand(demand).tiles() if mine and demand.published_at else [],
    }  # fmt: skip
    return render(request, "market/demand_own.html", context)


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, number: str) -> HttpResponseBase:
    """Invite one supplier; `?supplier=` comes from a match or a product."""
    actor, mandate = member(request), request.GET.get("mandate", "")
    acting = broking.reader(actor, mandate, "invite")
    services.require_demander(acting)
    demand = queries.get_demand(acting, number)
    back = f"/desk/mandates/{mandate}/work" if mandate else f"/desk/demands/{number}"
    suppliers = queries.public_suppliers().exclude(pk=demand.party_id)
    fields = [
        Field("supplier", "choice", Text("供方", "Supplier"), Text("有产品上架的在营供方", "Active suppliers with a listed product"),
              choices=tuple((p.number, Text(p.name, p.name_en or p.name)) for p in suppliers)),
        Field("message", "textarea", Text("给供方的话", "Message"), required=False, max_length=800),
    ]  # fmt: skip
    values = {"supplier": request.GET.get("supplier", ""), "message": ""}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in ("supplier", "message")}
        try:
            once(
                request,
                [values, mandate],
                lambda: {"case": inviting.invite(actor, number, values["supplier"], values["message"], mandate).number},
            )
            return redirect(back)
        except Refusal as error:
            refusal = error
    who = (
        Text("供方答复前看不到本机构名称", "The supplier does not see your name before it answers")
        if demand.anonymous
        else Text("供方看得到本机构名称", "The supplier sees your name")
    )
    context = {
        "title": Text("邀请供方报价", "Invite a supplier to quote"), "lead": demand.title, "fields": fields, "values": values,
        "effects": [
            ("clock-hour-4", Text("供方在期限内用一个产品答复，或谢绝并说明理由", "The supplier answers in time with a product, or declines with a reason")),
            ("messages", Text("答复后随即开始询价，用途和需求沿用本需求", "Its answer begins an inquiry with this demand's purpose and need")),
            ("eye", who),
        ],
        "action_url": request.get_full_path(), "verb": Text("发出邀请", "Send the invitation"), "back_url": back, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    invitation = queries.get_invitation(actor, number)
    back, refusal = f"/desk/demands/{invitation.demand.number}", None
    services.require_demander(actor)
    if request.method == "POST":
        try:
            once(request, number, lambda: {"state": inviting.cancel(actor, number).state})
            return redirect(back)
        except Refusal as error:
            refusal = error
    context = {
        "title": Text("取消邀请", "Cancel the invitation"), "lead": f"{invitation.supplier.name}　{invitation.demand.title}",
        "effects": [("x", Text("供方不能再答复；可以另行邀请", "The supplier can answer no more; you may invite again"))],
        "action_url": request.path, "verb": Text("取消邀请", "Cancel the invitation"), "back_url": back, "danger": True, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_GET
def answers(request: HttpRequest, number: str) -> HttpResponse:
    """The answers side by side, for the demander alone."""
    actor = member(request)
    demand = queries.get_demand(actor, number)
    found = comparing.answers(demand, actor)
    if request.GET.get("format") == "csv":
        labels = [label for label, _ in found[0].facts] if found else []
        header = (
            Text("产品", "Product"),
            Text("供方", "Supplier"),
            Text("状态", "State"),
            Text("价格", "Price"),
            *labels,
        )
        return csv_response(
            "answers",
            header,
            ([a.product.name, a.product.supplier.name, a.state, a.price, *(v for _, v in a.facts)] for a in found),
        )
    return render(request, "market/demand_answers.html", {"demand": demand, "answers": found})


urlpatterns = [
    path("desk/demands", demand_list, name="own-demands"),
    path("desk/demands/new", new_demand, name="new-demand"),
    path("desk/demands/<str:number>", own_demand, name="own-demand"),
    path("desk/demands/<str:number>/edit", edit_demand, name="edit-demand"),
    path("desk/demands/<str:number>/invite", invite, name="invite-supplier"),
    path("desk/demands/<str:number>/answers", answers, name="demand-answers"),
    path("desk/invitations/<str:number>/cancel", cancel, name="cancel-invitation"),
    *invitation_pages.urlpatterns,
    *broking_pages.urlpatterns,
    *public_pages.urlpatterns,
]
