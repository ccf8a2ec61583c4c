"""Sharing on the desk: the list, a new request, one request; openings likewise. Steps are taken on the case's own pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.delivery.models import Grant
from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.market.http import form_state, member, once, status_of
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..catalogue import queries as catalogue
from ..granting import MODES
from . import forms, opening_services, public_pages, queries, services
from .opening_process import OPENING
from .process import SHARING

HEADER = (
    Text("编号", "Number"),
    Text("目录", "Resource"),
    Text("申请方", "Applicant"),
    Text("提供部门", "Department"),
    Text("用途", "Purpose"),
    Text("状态", "State"),
    Text("授权", "Grant"),
)


def sees_grant(grant: Grant | None, actor: Actor) -> bool:
    """Whether the grant's own page is the reader's to open: its two parties', and the supervisor's."""
    return grant is not None and Grant.objects.visible_to(actor).filter(pk=grant.pk).exists()


_STATES = {s.name: s for s in SHARING.states}
RULES = dict(forms.REFUSALS)


@require_GET
def request_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in _STATES else ""
    rows = queries.requests(actor, state)
    if request.GET.get("format") == "csv":
        return csv_response("sharing", HEADER, (
            [r.number, r.resource.name, r.applicant.name, r.provider.name, PURPOSES[r.purpose], _STATES[r.case.state].label,
             r.grant.number if r.grant else ""] for r in rows[:10_000]))  # fmt: skip
    page, tally = paging.page(rows, request.GET.get("after", "")), queries.counts(actor)
    segments = [(Text("全部", "All"), "?", not state, sum(tally.values()))]
    segments += [(s.label, f"?state={n}", state == n, tally[n]) for n, s in _STATES.items() if tally.get(n)]
    context = {
        "page": page, "segments": segments, "views": [(r, cases.view(r.case, actor)) for r in page.items],
        "may": bool(actor.roles & {"department", "buyer", "supplier"}), "purposes": PURPOSES,
    }  # fmt: skip
    return render(request, "publicdata/sharing_list.html", context)


def _item_field(number: str, way: str) -> tuple[Field | None, Any]:
    """The items of the resource to tick, where the page was opened from one."""
    found = catalogue.published().filter(number=number).first() if number else None
    if found is None:
        return None, None
    offered = [i for i in found.items.order_by("position") if (getattr(i, way) or getattr(found, way)) != "refused"]
    field = Field("items", "multi", Text("信息项", "Items"), Text("不选为全部可以提供的信息项。", "All that may be given if none is ticked."),
                  required=False, choices=tuple((i.name, Text(i.name, i.name_en or i.name)) for i in offered))  # fmt: skip
    return field, found


def _form(
    request: HttpRequest, form: forms.Form, way: str, words: dict[str, Any], act: Any, address: str
) -> HttpResponseBase:
    number = request.POST.get("resource", "") or request.GET.get("resource", "")
    ticked, found = _item_field(number, way)
    fields = [ticked if f.name == "items" and ticked else f for f in form.fields]
    values: dict[str, Any] = {"resource": number, "days": "365"}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {
            f.name: request.POST.getlist(f.name) if f.kind == "multi" else request.POST.get(f.name, "") for f in fields
        }
        try:
            made = once(request, values, lambda: {"number": act(member(request), values).number})
            return redirect(address, number=made["number"])
        except Refusal as error:
            refusal = error
    context = {
        **words, "lead": f"{found.name}　{found.department.name}" if found else "", "fields": fields, "values": values,
        "action_url": request.get_full_path(), **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def new_request(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    words = {
        "title": Text("申请共享数据", "Ask for data"), "verb": Text("提交申请", "Submit"), "back_url": "/desk/sharing",
        "effects": [
            ("clock-hour-4", Text("主管部门先审核：无条件共享的当即开通，有条件的转提供部门答复", "The data office checks first: unconditional is granted at once, conditional goes to the department")),
            ("key", Text("同意后签发授权，只能用于所写的用途", "Once agreed a grant is issued for the stated purpose alone")),
            ("eye", Text("每次使用都有记录", "Every use is recorded")),
        ],
    }  # fmt: skip
    way = "sharing" if "department" in actor.roles else "opening"
    return _form(request, forms.REQUEST, way, words, services.ask, "sharing-request")


@require_GET
def request_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_request(actor, number)
    refusal = dict(row.refusal) if row.refusal else {}
    signed = bool(refusal.get("signature")) and verify_signature(
        refusal["signature"], refusal["sha256"], f"sharing-refusal:{row.number}"
    )
    context = {
        "row": row, "view": cases.view(row.case, actor), "purpose": PURPOSES[row.purpose], "mode": MODES[row.mode],
        "refusal": refusal, "ground": RULES.get(refusal.get("rule", ""), ""), "signed": signed,
        "holder": row.grant is not None and row.grant.grantee_id == actor.party_id, "sees_grant": sees_grant(row.grant, actor),
    }  # fmt: skip
    return render(request, "publicdata/sharing.html", context)


@require_GET
def opening_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    page = paging.page(queries.openings(actor), request.GET.get("after", ""))
    context = {
        "page": page, "views": [(r, cases.view(r.case, actor)) for r in page.items], "may": "department" in actor.roles,
    }  # fmt: skip
    return render(request, "publicdata/openings.html", context)


@require_http_methods(["GET", "POST"])
def new_opening(request: HttpRequest) -> HttpResponseBase:
    member(request)
    words = {
        "title": Text("向社会开放数据", "Open data to everybody"), "verb": Text("提交首席数据官签发", "Submit to the chief data officer"),
        "back_url": "/desk/openings",
        "effects": [
            ("signature", Text("首席数据官签发，主管部门审核后开放", "Signed by the chief data officer, checked by the data office, then open")),
            ("download", Text("任何人不用登录即可下载，每次下载都计量", "Anybody downloads without signing in; every download is metered")),
            ("shield", Text("数据须先通过安全审查", "The data must have passed its security review")),
        ],
    }  # fmt: skip
    return _form(request, forms.OPEN, "opening", words, opening_services.propose, "opening")


@require_GET
def opening_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_opening(actor, number)
    used = queries.public_downloads(row) if row.grant else {"n": 0, "rows": 0, "bytes": 0}
    context = {
        "row": row,
        "view": cases.view(row.case, actor),
        "used": used,
        "state": OPENING.state(row.case.state),
        "sees_grant": sees_grant(row.grant, actor),
    }
    return render(request, "publicdata/opening.html", context)


urlpatterns = [
    path("desk/sharing", request_list, name="sharing-requests"),
    path("desk/sharing/new", new_request, name="new-sharing-request"),
    path("desk/sharing/<str:number>", request_page, name="sharing-request"),
    path("desk/openings", opening_list, name="openings"),
    path("desk/openings/new", new_opening, name="new-opening"),
    path("desk/openings/<str:number>", opening_page, name="opening"),
    *public_pages.urlpatterns,
]
