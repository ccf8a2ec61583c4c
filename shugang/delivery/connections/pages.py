"""Stores and databases: the list, and a page for each act."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import EMPTY, Field, Form, clean
from shugang.parties.gates import for_a_party
from shugang.policy.connections import Account
from shugang.policy.pushes import words
from shugang.policy.text import Text

from .. import gates
from ..connectors.forms import form_page
from ..words import word
from . import services
from .pushes import PUSH_STATES, pushes
from .queries import PURPOSES, STATES, address, connection, connections, health

_USER = Field(
    "user", "text", Text("账号", "Account"), Text("数据库用户，或存储的访问密钥ID", "Database user, or access key id"),
    required=False, max_length=400,
)  # fmt: skip
_PASSWORD = Field(
    "password", "password", Text("口令", "Password"),
    Text("填写后立即加密给数据服务节点，平台无法读出，也不再显示",
         "Sealed to the data plane at once; the platform cannot read it and never shows it"),
    required=False, max_length=400,
)  # fmt: skip
_SCHEDULE = Field(
    "schedule", "text", Text("推送计划", "Schedule of pushes"),
    Text("只用于接收地址：version（有新版本即推送）、daily 02:00（每天）、weekly 1 02:00（每周一）；留空则只在请求时推送",
         "For destinations: version (each new version at once), daily 02:00, weekly 1 02:00 (Mondays), or empty"),
    required=False, max_length=20,
)  # fmt: skip
NEW = Form(
    1,
    (
        Field("purpose", "choice", Text("用途", "Purpose"), choices=tuple(PURPOSES.items())),
        Field("name", "text", Text("名称", "Name"), max_length=80),
        Field(
            "url", "text", Text("地址", "Address"),
            Text("如 mysql://db.example.com/sales、s3+https://oss.example.com/bucket/prefix?region=cn-east-3、"
                 "https://api.example.com/base?auth=header&name=X-Api-Key、mqtts://broker.example.com",
                 "Such as mysql://db.example.com/sales, s3+https://oss.example.com/bucket/prefix?region=cn-east-3, "
                 "https://api.example.com/base?auth=header&name=X-Api-Key or mqtts://broker.example.com"),
            max_length=600,
        ),
        _USER,
        _PASSWORD,
        Field(
            "tables", "json", Text("表（JSON）", "Tables (JSON)"),
            Text('存储作为来源时填写，如 {"visits": "visits/2026-*.csv"}',
                 'For a store that is a source, such as {"visits": "visits/2026-*.csv"}'),
            required=False, max_length=8000,
        ),
        _SCHEDULE,
    ),
)  # fmt: skip
SCHEDULE = Form(1, (_SCHEDULE,))
ACCOUNT = Form(1, (_USER, _PASSWORD))
APPROVE = {
    "title": Text("核准连接", "Approve the connection"),
    "verb": Text("核准", "Approve"),
    "effects": [
        ("plug-connected", Text("平台的数据服务节点可以连接这个地址。", "The platform's plane may dial this address.")),
        ("eye-off", Text("账号已加密给节点，运营方看不到。", "The account is sealed to the plane; the operator cannot see it.")),
    ],
    "danger": False,
}  # fmt: skip
REMOVE = {
    "title": Text("移除连接", "Remove the connection"),
    "verb": Text("移除", "Remove"),
    "effects": [
        ("player-pause", Text("用到它的查询和推送随即停止。", "Queries and pushes that use it stop at once.")),
        ("key", Text("账号被删除，恢复须重新登记。", "The account is deleted; to use it again, register it anew.")),
    ],
    "danger": True,
}  # fmt: skip


@require_GET
@for_a_party
def list_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    rows = [(row, address(row), health(row)) for row in connections(actor)]
    context = {
        "rows": rows,
        "states": STATES,
        "purposes": PURPOSES,
        "schedule": words,
        "own": actor.party_id,
        "may_register": gates.is_supplying(actor) or ("buyer" in actor.roles and bool(actor.duties & gates.USE_DUTIES)),
        "may_approve": gates.may_enrol(actor, None),
    }
    return render(request, "delivery/connections_list.html", context)


@require_http_methods(["GET", "POST"])
@for_a_party
def new_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    if not gates.is_supplying(actor):
        gates.require_use(actor)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in NEW.fields}
        try:
            answers = clean(NEW, values)
            tables = answers.get("tables") or {}
            if not isinstance(tables, dict) or not all(isinstance(v, str) for v in tables.values()):
                raise Refusal("bad_tables", Text("表须写作名称与路径。", "Tables are names with paths."), 422)
            account = Account(answers.get("user", ""), answers.get("password", ""))
            services.register_connection(
                actor,
                answers["purpose"],
                answers["name"],
                answers["url"],
                account,
                tables,
                answers.get("schedule") or "",
            )
            return redirect("connections")
        except Refusal as no:
            refusal = no
    context = {
        "title": Text("登记存储或数据库", "Register a store or database"),
        "verb": Text("登记", "Register"),
        "back": reverse("connections"),
    }
    return form_page(request, "delivery/connections_form.html", NEW, values, refusal, **context)


@require_http_methods(["GET", "POST"])
@for_a_party
def account_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    row = connection(actor, number)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            answers = clean(ACCOUNT, {f.name: request.POST.get(f.name, "") for f in ACCOUNT.fields})
            services.change_account(actor, number, Account(answers.get("user", ""), answers.get("password", "")))
            return redirect("connections")
        except Refusal as no:
            refusal = no
    context = {
        "title": Text(f"更换{row.name}的账号", f"Another account for {row.name}"),
        "verb": Text("更换", "Change"),
        "back": reverse("connections"),
    }
    return form_page(request, "delivery/connections_form.html", ACCOUNT, {}, refusal, **context)


@require_http_methods(["GET", "POST"])
@for_a_party
def schedule_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    row = connection(actor, number)
    if row.party_id != actor.party_id:
        raise not_found(services.CONNECTION)
    values: dict[str, Any] = {"schedule": row.schedule}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in SCHEDULE.fields}
        try:
            services.set_schedule(actor, number, clean(SCHEDULE, values).get("schedule") or "")
            return redirect("connection-pushes", number)
        except Refusal as no:
            refusal = no
    context = {
        "title": Text(f"{row.name}的推送计划", f"Schedule of pushes to {row.name}"),
        "verb": Text("保存", "Save"),
        "back": reverse("connections"),
    }
    return form_page(request, "delivery/connections_form.html", SCHEDULE, values, refusal, **context)


@require_GET
@for_a_party
def pushes_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    row = connection(actor, number)
    context = {
        "row": row,
        "pushes": pushes(actor, row),
        "states": PUSH_STATES,
        "word": word,
        "schedule": words(row.schedule),
        "may_change": row.party_id == actor.party_id
        and row.state != "removed"
        and bool(actor.duties & gates.USE_DUTIES),
    }
    return render(request, "delivery/connections_pushes.html", context)


@require_POST
@for_a_party
def test_page(request: HttpRequest, number: str) -> HttpResponse:
    services.try_connection(request.actor, number)  # type: ignore[attr-defined]
    return redirect("connections")


def _confirmed(request: HttpRequest, number: str, act: dict[str, Any], verb: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    row = connection(actor, number)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            verb(actor, number)
            return redirect("connections")
        except Refusal as no:
            refusal = no
    context = {
        **act,
        "rows": [
            (Text("连接", "Connection"), f"{row.name} {number}"),
            (Text("登记方", "Registered by"), row.party.name),
            (Text("地址", "Address"), row.url),
        ],
        "action_url": request.path,
        "back_url": reverse("connections"),
    }
    return form_page(request, "ui/confirm.html", EMPTY, {}, refusal, **context)


@require_http_methods(["GET", "POST"])
@for_a_party
def approve_page(request: HttpRequest, number: str) -> HttpResponse:
    gates.require_enrol(request.actor, None)  # type: ignore[attr-defined]
    return _confirmed(request, number, APPROVE, services.approve_connection)


@require_http_methods(["GET", "POST"])
@for_a_party
def remove_page(request: HttpRequest, number: str) -> HttpResponse:
    return _confirmed(request, number, REMOVE, services.remove_connection)


urlpatterns = [
    path("desk/connections", list_page, name="connections"),
    path("desk/connections/new", new_page, name="connection-new"),
    path("desk/connections/<str:number>/account", account_page, name="connection-account"),
    path("desk/connections/<str:number>/schedule", schedule_page, name="connection-schedule"),
    path("desk/connections/<str:number>/pushes", pushes_page, name="connection-pushes"),
    path("desk/connections/<str:number>/test", test_page, name="connection-test"),
    path("desk/connections/<str:number>/approve", approve_page, name="connection-approve"),
    path("desk/connections/<str:number>/remove", remove_page, name="connection-remove"),
]
