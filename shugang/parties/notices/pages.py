"""The list behind the bell, the settings, the links of letters, and the system administrator's look at the mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..entries import Entry
from ..gates import safe_next, signed_in
from ..posts.models import Post
from ..posts.services import require_post
from . import letters, queries, services
from .rules import GROUPS

EMAIL = Entry("email", "text", Text("邮箱地址", "E-mail address"), max_length=254, autocomplete="email")
HOW = (("once", Text("立即", "At once")), ("daily", Text("每天一封", "Daily digest")), ("never", Text("不发", "None")))
EXPORTED = 5000


def _filtered(request: HttpRequest) -> tuple[str, bool]:
    return request.GET.get("group", ""), request.GET.get("unread", "") == "1"


@never_cache
@require_GET
@signed_in
def notices(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    group, only_unread = _filtered(request)
    page = paging.page(queries.notices(actor, group, only_unread), request.GET.get("after", ""))
    context = {
        "lines": queries.shown(page.items, actor.person, actor), "page": page, "groups": GROUPS, "filtered": bool(group or only_unread),
        "unread": queries.unread(actor),
        "chips": [(Text("全部", "All"), "/desk/messages", not group and not only_unread),
                  (Text("未读", "Unread"), "/desk/messages?unread=1", only_unread),
                  *((label, f"/desk/messages?group={name}", group == name) for name, label in GROUPS.items())],
    }  # fmt: skip
    return render(request, "parties/notices_list.html", context)


@require_GET
@signed_in
def notices_csv(request: HttpRequest) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    rows = queries.notices(actor, *_filtered(request)).order_by("-pk")[:EXPORTED]
    lines = queries.shown(rows, actor.person, actor)
    header = [Text("时间（UTC）", "Time (UTC)"), Text("类别", "Group"), Text("通知", "Notice"), Text("编号", "Number"),
              Text("已读时间（UTC）", "Read (UTC)")]  # fmt: skip
    return csv_response("notices", header, (
        [n.notice.at.isoformat(), GROUPS.get(n.notice.group, ""), Text(n.notice.zh, n.notice.en), n.notice.ref_key,
         n.notice.read_at.isoformat() if n.notice.read_at else ""]
        for n in lines if n.allowed
    ))  # fmt: skip


@require_POST
@signed_in
def read_all(request: HttpRequest) -> HttpResponse:
    services.mark_read(request.actor)  # type: ignore[attr-defined]
    return redirect(safe_next(request, "/desk/messages"))


@require_POST
@signed_in
def read_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks as read and goes where the notice leads, if its reader may still go there."""
    actor = request.actor  # type: ignore[attr-defined]
    services.mark_read(actor, pk)
    line = queries.shown(queries.mine(actor).filter(pk=pk), actor.person, actor)[0]
    return redirect(
        line.address if line.allowed and "stay" not in request.POST else safe_next(request, "/desk/messages")
    )


def _settings(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    person = request.actor.person  # type: ignore[attr-defined]
    context = {
        "entries": (EMAIL,), "fields": choice_fields(), "values": queries.choices([person.pk])[person.pk],
        "addresses": queries.own_addresses(person), "errors": {}, "general": None, "at": "", "sent_to": "", **more,
    }  # fmt: skip
    return render(request, "parties/notices_settings.html", context, status=status)


def choice_fields() -> list[Field]:
    """One question a group; what may not be refused offers no “never”."""
    required = queries.required_groups()
    kept = Text("这类通知按规则必须告知，不能关闭。", "The rules require these; they cannot be switched off.")
    return [
        Field(g, "choice", label, kept if g in required else None, choices=HOW[:2] if g in required else HOW)
        for g, label in GROUPS.items()
    ]


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def notice_settings(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _settings(request)
    wanted = {group: request.POST[group] for group in GROUPS if request.POST.get(group)}
    try:
        services.choose(request.actor, wanted)  # type: ignore[attr-defined]
    except Refusal as refusal:
        return _settings(
            request, refusal.status, values=wanted, errors=refusal.fields, general=refusal.message, at="choose"
        )
    return redirect("message-settings")


@never_cache
@require_POST
@signed_in
def new_address(request: HttpRequest) -> HttpResponse:
    try:
        letter = services.add_address(request.actor, request.POST.get("email", ""))  # type: ignore[attr-defined]
    except Refusal as refusal:
        general = None if refusal.fields else refusal.message
        return _settings(request, refusal.status, errors=refusal.fields, general=general, at="address")
    return _settings(request, sent_to=letter.address)


@require_POST
@signed_in
def drop_address(request: HttpRequest, pk: int) -> HttpResponse:
    services.remove_address(request.actor, pk)  # type: ignore[attr-defined]
    return redirect("message-settings")


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST confirms: programs that open every link of a letter confirm nothing."""
    if request.method == "POST":
        services.verify_address(request.actor, token)  # type: ignore[attr-defined]
        return redirect("message-settings")
    context = {
        "title": Text("确认邮箱地址", "Confirm the address"), "verb": Text("确认", "Confirm"), "action_url": request.path,
        "effects": [("mail", Text("平台从此可以把通知发到这个地址", "Notices may be sent to this address from now on"))],
        "back_url": "/desk/messages/settings",
    }  # fmt: skip
    return render(request, "ui/confirm.html", context)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """List-Unsubscribe: no sign-in, the signed link is the permission; POST is the one click of RFC 8058."""
    if request.method == "POST":
        groups = services.stop(token)
        done = True
    else:
        _, groups = letters.stopping(token)
        done = False
        if not groups:
            raise Refusal("link_invalid", Text("链接无效。", "The link is not valid."), 404)
    return render(request, "parties/notices_stop.html", {"groups": [GROUPS[g] for g in groups], "done": done})


@require_GET
@signed_in
def mail(request: HttpRequest) -> HttpResponse:
    require_post(request.actor, Post.SYSTEM)  # type: ignore[attr-defined]
    page = paging.page(queries.letters_in_trouble(), request.GET.get("after", ""))
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    context = {"page": page, "backend": backend, "host": settings.EMAIL_HOST if backend == "smtp" else "",
               "sender": settings.DEFAULT_FROM_EMAIL}  # fmt: skip
    return render(request, "parties/notices_mail.html", context)


@require_POST
@signed_in
def mail_again(request: HttpRequest, pk: int) -> HttpResponse:
    services.send_again(request.actor, pk)  # type: ignore[attr-defined]
    return redirect("admin-mail")


urlpatterns = [
    path("desk/messages", notices, name="messages"),
    path("desk/messages.csv", notices_csv, name="messages-csv"),
    path("desk/messages/read", read_all, name="messages-read"),
    path("desk/messages/<int:pk>/read", read_one, name="message-read"),
    path("desk/messages/settings", notice_settings, name="message-settings"),
    path("desk/messages/addresses", new_address, name="message-address"),
    path("desk/messages/addresses/<int:pk>/remove", drop_address, name="message-address-remove"),
    path("desk/messages/verify/<str:token>", verify, name="message-verify"),
    path("messages/stop/<str:token>", stop, name="message-stop"),
    path("desk/admin/system/mail", mail, name="admin-mail"),
    path("desk/admin/system/mail/<int:pk>/again", mail_again, name="admin-mail-again"),
]
