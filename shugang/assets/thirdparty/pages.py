"""Pages of the desk: services, orders and reports. The public pages stand in `public_pages.py`."""

from __future__ import annotations

from collections.abc import Callable
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

from ..registration.http import desk_actor, new_key, once, posted
from . import guards, presenting, public_pages, queries, services
from .forms import OFFER, ORDER

REASON = Field("reason", "textarea", Text("理由", "Reason"), max_length=400)


def _rows(page: paging.Page, actor: Any) -> list[dict[str, Any]]:
    return [{"row": row, "view": cases.view(row.case, actor), "kind": presenting.known(row.kind)} for row in page.items]


@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    page = paging.page(queries.offers(actor), request.GET.get("after", ""))
    context = {"page": page, "rows": _rows(page, actor), "offers": "reviewer" in actor.roles}
    return render(request, "assets/service_list.html", context)


@require_http_methods(["GET", "POST"])
def new_service(request: HttpRequest) -> HttpResponseBase:
    actor = desk_actor(request)
    services.require_agency(actor)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            values = posted(request, OFFER.fields)
            made = once(request, [values], lambda: {"case": services.apply_offer(actor, values).number})
            return redirect("own-service", number=made["case"])
        except Refusal as no:
            refusal = no
    lead = Text("服务经运营机构两人审核后公开。资质到期当天仍有效，次日自动暂停。",
                "Two people of the operator review it. It is suspended by itself on the day after its qualification ends.")  # fmt: skip
    kinds = [(k.label, k.qualification, k.report) for k in guards.kinds().values()]
    context = {"title": Text("公开一项服务", "List a service"), "lead": lead, "fields": presenting.offer_fields(), "values": values,
               "verb": Text("提交申请", "Submit"), "back_url": "/desk/services", "kinds": kinds, **_form_state(refusal)}  # fmt: skip
    return render(request, "assets/service_form.html", context, status=refusal.status if refusal else 200)


def _form_state(refusal: Refusal | None) -> dict[str, Any]:
    return {
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": new_key(),
    }


@require_GET
def own_service(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    return render(request, "assets/service_own.html", presenting.offer_context(queries.get_offer(actor, number), actor))


@require_http_methods(["GET", "POST"])
def new_order(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    services.require_client(actor)
    offer = queries.public_offer(number)
    values: dict[str, Any] = {
        name: request.GET[name] for name in ("object_kind", "object_number") if name in request.GET
    }
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            values = posted(request, ORDER.fields)
            made = once(request, [values], lambda: {"case": services.place_order(actor, number, values).number})
            return redirect("order", number=made["case"])
        except Refusal as no:
            refusal = no
    lead = Text(
        f"{offer.agency.name}　{offer.title}",
        f"{offer.agency.name_en or offer.agency.name}: {offer.title_en or offer.title}",
    )
    context = {"title": Text("委托服务", "Order a service"), "lead": lead, "fields": ORDER.fields, "values": values,
               "verb": Text("提交委托", "Submit the order"), "back_url": f"/services/{number}", "kinds": [], **_form_state(refusal)}  # fmt: skip
    return render(request, "assets/service_form.html", context, status=refusal.status if refusal else 200)


@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    page = paging.page(queries.orders(actor), request.GET.get("after", ""))
    return render(request, "assets/order_list.html", {"page": page, "rows": _rows(page, actor)})


@require_GET
def order(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    return render(request, "assets/order.html", presenting.order_context(queries.get_order(actor, number), actor))


@require_GET
def report_list(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    kind = request.GET.get("kind", "")
    rows = queries.reports(actor, kind if kind in guards.kinds() else "")
    page = paging.page(rows, request.GET.get("after", ""))
    context = {
        "page": page,
        "rows": [presenting.report_row(r) for r in page.items],
        "kind": kind,
        "kinds": guards.kinds(),
    }
    return render(request, "assets/report_list.html", context)


def _confirm(
    request: HttpRequest,
    number: str,
    title: Text,
    effects: list[tuple[str, Text]],
    act: Callable[[str], Any],
    asks: bool,
) -> HttpResponseBase:
    """A verb on a report: the page that restates it, or the act."""
    actor, refusal, reason = desk_actor(request), None, request.POST.get("reason", "")
    report, _ = queries.readable_report(actor, number)
    if request.method == "POST":
        try:
            once(request, [reason], lambda: {"state": act(reason).state})
            return redirect("report", number=number)
        except Refusal as no:
            refusal = no
    label = presenting.known(report.kind)
    context = {
        "title": title, "lead": Text(f"{label.zh}　{number}", f"{label.en} {number}"), "effects": effects,
        "fields": [REASON] if asks else [], "values": {"reason": reason}, "action_url": request.path, "verb": title,
        "back_url": f"/reports/{number}", "danger": asks, **_form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    report = services.report_of_client(actor, number)
    public = not report.public
    if public:
        title, effect = (
            Text("公开报告结论", "Publish the conclusion"),
            Text(
                "任何人凭编号可见委托方、对象、结论和摘要；报告文件不公开",
                "Anybody sees client, object, result and conclusion; the file stays closed",
            ),
        )
    else:
        title, effect = (
            Text("不再公开", "No longer public"),
            Text("公众只能核对编号、摘要和签名", "The public may only check number, digest and signature"),
        )
    return _confirm(request, number, title, [("world" if public else "eye-off", effect)],
                    lambda _: services.publish_report(actor, number, public), False)  # fmt: skip


@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    services.require_withdrawal(actor, number)
    effects = [
        (
            "shield-x",
            Text(
                "报告即刻失效，采用它的程序随即得知",
                "The report stops standing, and procedures that used it learn of it",
            ),
        ),
        ("chart-bar", Text("计入机构的事实评级", "It counts in the facts about the agency")),
    ]
    return _confirm(request, number, Text("撤回报告", "Withdraw the report"), effects,
                    lambda reason: services.withdraw_report(actor, number, reason), True)  # fmt: skip


urlpatterns = [
    path("desk/services", service_list, name="own-services"),
    path("desk/services/new", new_service, name="new-service"),
    path("desk/services/<str:number>", own_service, name="own-service"),
    path("services/<str:number>/order", new_order, name="new-order"),
    path("desk/orders", order_list, name="orders"),
    path("desk/orders/<str:number>", order, name="order"),
    path("desk/reports", report_list, name="reports"),
    path("desk/reports/<str:number>/publish", publish, name="publish-report"),
    path("desk/reports/<str:number>/withdraw", withdraw, name="withdraw-report"),
    *public_pages.urlpatterns,
]
