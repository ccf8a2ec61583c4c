"""The supplier's pages: invitations received, and answering one with a product."""

from __future__ import annotations

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
from ..products import pricing
from . import broking, inviting, queries
from .invitations import INVITATION
from .public_pages import body

HEADER = (Text("编号", "Number"), Text("需求", "Demand"), Text("需方", "Buyer"), Text("状态", "State"))


@require_GET
def invitation_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    known = {s.name: s for s in INVITATION.states}
    state = request.GET.get("state", "") if request.GET.get("state", "") in known else ""
    rows = queries.invitations(actor, state)
    if request.GET.get("format") == "csv":
        return csv_response("invitations", HEADER, (
            [i.number, i.demand.title, queries.public_name(i.demand, actor), known[i.case.state].label] for i in rows[:10_000]))  # fmt: skip
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [
        (Text("全部", "All"), "?", not state),
        *((s.label, f"?state={s.name}", state == s.name) for s in INVITATION.states[:3]),
    ]
    views = [(i, cases.view(i.case, actor), queries.public_name(i.demand, actor)) for i in page.items]
    return render(request, "market/invitation_list.html", {"page": page, "segments": segments, "views": views})


@require_http_methods(["GET", "POST"])
def invitation_page(request: HttpRequest, number: str) -> HttpResponseBase:
    me, mandate = member(request), request.GET.get("mandate", "")
    actor = broking.reader(me, mandate, "answer")
    invitation = queries.get_invitation(actor, number)
    if (
        invitation.demand.party_id == actor.party_id
        and invitation.supplier_id != actor.party_id
        and request.method == "GET"
    ):
        return redirect("own-demand", number=invitation.demand.number)
    view = cases.view(invitation.case, actor)
    steps = {s.name: s for s in view.steps if not mandate or s.name == "answer"}
    products = queries.answerable(invitation) if "answer" in steps else []
    product = Field("product", "choice", Text("用哪个产品答复", "Which product"),
                    choices=tuple((p.number, Text(f"{p.name}，{pricing.headline(p.plan).zh}", f"{p.name_en or p.name}, {pricing.headline(p.plan).en}")) for p in products))  # fmt: skip
    fields = [product, Field("message", "textarea", Text("给需方的话", "Message"), required=False, max_length=800)]
    values = {name: request.POST.get(name, "") for name in ("product", "message")}
    if request.method == "GET" and len(products) == 1:
        values["product"] = products[0].number
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            once(
                request,
                [values, mandate],
                lambda: {
                    "state": inviting.answer(
                        me, number, values["product"], values["message"], revision_of(request), mandate
                    ).state
                },
            )
            if mandate:
                return redirect("mandate-work", number=mandate)
            inquiry = queries.get_invitation(actor, number).inquiry
            return redirect("inquiry", number=inquiry.number if inquiry else number)
        except Refusal as error:
            refusal = error
    context = {
        **body(invitation.demand), "invitation": invitation, "view": view, "mandate": mandate, "steps": steps, "products": products, "fields": fields,
        "values": values, "rev": invitation.case.revision, "name": queries.public_name(invitation.demand, actor), **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/invitation.html", context, status=status_of(refusal))


urlpatterns = [
    path("desk/invitations", invitation_list, name="invitations"),
    path("desk/invitations/<str:number>", invitation_page, name="invitation"),
]
