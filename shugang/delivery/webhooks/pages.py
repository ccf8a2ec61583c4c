"""Webhook endpoints: the list, a new one with its secret shown once, and the log of each."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from . import queries, services
from .models import WebhookMessage
from .sending import seed
from .signing import public_key

STATES = {
    "pending": ("run", Text("等待发送", "Waiting")),
    "delivered": ("ok", Text("已送达", "Delivered")),
    "failed": ("bad", Text("未送达", "Not delivered")),
    "dropped": ("off", Text("不再发送", "Dropped")),
}
EXPORTED = 5000


def fields() -> list[Field]:
    return [
        Field("label", "text", Text("名称", "Name"), max_length=80),
        Field("url", "text", Text("地址", "Address"), Text("以 https:// 开头", "It begins with https://"), max_length=400),
        Field("types", "text", Text("事件类型", "Event types"),
              Text("用空格隔开，如 bill.issued grant.suspended；不填为全部", "Separated by spaces, such as bill.issued grant.suspended; all if left empty"),
              required=False, max_length=2000),
    ]  # fmt: skip


def _list(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    context = {
        "rows": list(queries.endpoints(actor)), "fields": fields(), "values": {}, "errors": {}, "general": None,
        "may_keep": services.may_keep(actor), "secret": "", "types": services.known_types(), **more,
    }  # fmt: skip
    return render(request, "delivery/webhooks_list.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@for_a_party
def webhooks(request: HttpRequest) -> HttpResponse:
    """POST adds one and shows its secret on the answer itself: the only time."""
    if request.method == "GET":
        return _list(request)
    values = {f.name: request.POST.get(f.name, "") for f in fields()}
    try:
        row, secret = services.add_endpoint(request.actor, values["url"], values["label"], values["types"].split())  # type: ignore[attr-defined]
    except Refusal as refusal:
        general = None if refusal.fields else refusal.message
        return _list(request, refusal.status, values=values, errors=refusal.fields, general=general)
    return _list(request, secret=secret, secret_of=row)


def _page(request: HttpRequest, number: str, **more: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.endpoint(actor, number)
    state = request.GET.get("state", "")
    page = paging.page(queries.messages(actor, number, state), request.GET.get("after", ""))
    here = f"/desk/webhooks/{number}"
    chips = [
        (Text("全部", "All"), here, not state),
        *((label, f"{here}?state={s}", state == s) for s, (_, label) in STATES.items()),
    ]
    context = {
        "row": row, "page": page, "states": STATES, "chips": chips, "may_keep": services.may_keep(actor),
        "public_key": public_key(seed(row)), "secret": "", "filtered": bool(state), **more,
    }  # fmt: skip
    return render(request, "delivery/webhooks_one.html", context)


@never_cache
@require_GET
@for_a_party
def webhook(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number)


@require_GET
@for_a_party
def webhook_csv(request: HttpRequest, number: str) -> HttpResponseBase:
    rows = queries.messages(request.actor, number, request.GET.get("state", "")).order_by("-pk")[:EXPORTED]  # type: ignore[attr-defined]
    header = [Text("消息编号", "Message id"), Text("事件类型", "Type"), Text("对象", "Object"), Text("时间（UTC）", "Time (UTC)"),
              Text("状态", "State"), Text("次数", "Tries"), Text("最近答复", "Last answer")]  # fmt: skip
    return csv_response(
        "webhook",
        header,
        (
            [m.message_id, m.code, m.ref_key, m.at.isoformat(), STATES[m.state][1], m.tries, last_answer(m)]
            for m in rows
        ),
    )


def last_answer(message: WebhookMessage) -> str:
    found = max(message.attempts.all(), key=lambda a: a.pk, default=None)
    return "" if found is None else f"{found.status or found.error}"


@never_cache
@require_POST
@for_a_party
def rotate(request: HttpRequest, number: str) -> HttpResponse:
    """A new secret, shown on the answer itself: the only time."""
    _, secret = services.rotate_secret(request.actor, number)  # type: ignore[attr-defined]
    return _page(request, number, secret=secret)


@require_POST
@for_a_party
def ping(request: HttpRequest, number: str) -> HttpResponse:
    services.ping(request.actor, number)  # type: ignore[attr-defined]
    return redirect("webhook", number)


@require_POST
@for_a_party
def enable(request: HttpRequest, number: str) -> HttpResponse:
    services.enable(request.actor, number)  # type: ignore[attr-defined]
    return redirect("webhook", number)


@require_POST
@for_a_party
def types(request: HttpRequest, number: str) -> HttpResponse:
    services.change_types(request.actor, number, request.POST.get("types", "").split())  # type: ignore[attr-defined]
    return redirect("webhook", number)


@require_POST
@for_a_party
def again(request: HttpRequest, number: str, message_id: str) -> HttpResponse:
    services.send_again(request.actor, number, message_id)  # type: ignore[attr-defined]
    return redirect("webhook", number)


@never_cache
@require_http_methods(["GET", "POST"])
@for_a_party
def remove(request: HttpRequest, number: str) -> HttpResponse:
    """GET restates what it does; POST does it."""
    row = queries.endpoint(request.actor, number)  # type: ignore[attr-defined]
    if request.method == "POST":
        services.remove(request.actor, number)  # type: ignore[attr-defined]
        return redirect("webhooks")
    context = {
        "title": Text("移除推送端点", "Remove the endpoint"), "verb": Text("移除", "Remove"), "danger": True,
        "rows": [(Text("端点", "Endpoint"), f"{row.label} {row.number}"), (Text("地址", "Address"), row.url)],
        "effects": [("player-stop", Text("不再推送，等待中的消息不再发送", "Nothing more is pushed; what waits is dropped")),
                    ("key", Text("密钥被删除，重新启用须另建端点", "Its secret is deleted; to go on, add a new endpoint"))],
        "action_url": request.path, "back_url": f"/desk/webhooks/{number}",
    }  # fmt: skip
    return render(request, "ui/confirm.html", context)


urlpatterns = [
    path("desk/webhooks", webhooks, name="webhooks"),
    path("desk/webhooks/<str:number>.csv", webhook_csv, name="webhook-csv"),
    path("desk/webhooks/<str:number>", webhook, name="webhook"),
    path("desk/webhooks/<str:number>/secret", rotate, name="webhook-secret"),
    path("desk/webhooks/<str:number>/ping", ping, name="webhook-ping"),
    path("desk/webhooks/<str:number>/enable", enable, name="webhook-enable"),
    path("desk/webhooks/<str:number>/types", types, name="webhook-types"),
    path("desk/webhooks/<str:number>/messages/<str:message_id>/again", again, name="webhook-again"),
    path("desk/webhooks/<str:number>/remove", remove, name="webhook-remove"),
]
