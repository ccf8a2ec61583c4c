"""Connections: planes and their one-time codes, and the query that a supplier offers over his own source."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import idempotency
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.forms import Field, Form, clean
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text

from .. import gates, words
from ..datasets.queries import get_dataset
from ..planes.queries import planes
from ..planes.services import create_enrolment
from . import interface_pages, trust
from .forms import form_page
from .guard import web_origin
from .probe import probe
from .services import declare_connected_version

ENROL = Form(
    1,
    (
        Field("name", "text", Text("节点名称", "Name"), max_length=80),
        Field(
            "url", "text", Text("对外地址", "Public address"),
            Text("需方调用的地址，如 https://data.example.com", "Where buyers call, such as https://data.example.com"),
            max_length=200,
        ),
    ),
)  # fmt: skip
QUERY = Form(
    1,
    (
        Field(
            "connector", "text", Text("连接名", "Connector"),
            Text("您节点设置中 [connectors.名称] 的名称，或在平台登记的来源编号",
                 "As named in your plane's settings, [connectors.NAME], or the number of a source registered here"),
            max_length=60,
        ),
        Field(
            "dialect", "choice", Text("来源类型", "Kind of source"),
            choices=(
                ("postgres", Text("PostgreSQL", "PostgreSQL")),
                ("mysql", Text("MySQL、MariaDB", "MySQL, MariaDB")),
                ("sqlite", Text("SQLite", "SQLite")),
                ("duckdb", Text("文件夹或S3存储中的文件", "Files in a folder or an S3 store")),
            ),
        ),
        Field(
            "template", "code", Text("查询语句", "Query"),
            Text("一条只读的SELECT，参数写作 :名称", "One SELECT; parameters are written :name"), max_length=4000,
        ),
        Field(
            "params", "json", Text("参数（JSON）", "Parameters (JSON)"),
            Text('如 [{"name": "city", "type": "VARCHAR", "required": true}]',
                 'Such as [{"name": "city", "type": "VARCHAR", "required": true}]'), max_length=4000,
        ),
        Field(
            "columns", "json", Text("返回字段（JSON）", "Columns (JSON)"),
            Text('如 [{"name": "city", "type": "VARCHAR", "comment": "城市"}]',
                 'Such as [{"name": "beds", "type": "INTEGER"}]'), max_length=20000,
        ),
    ),
)  # fmt: skip


@require_GET
@for_a_party
def list_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    context = {"planes": planes(actor), "states": words.PLANE_STATES, "may_enrol": _scope(actor) is not False}
    context["may_resume"] = gates.may_enrol(actor, None)
    return render(request, "delivery/connectors_list.html", context)


def _scope(actor: Any) -> int | bool | None:
    """The party id that the actor may enrol for, None for the platform, False for nobody."""
    if gates.may_enrol(actor, None):
        return None
    return actor.party_id if gates.may_enrol(actor, actor.party_id) else False


@never_cache
@require_http_methods(["GET", "POST"])
@for_a_party
def enrol_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    scope = _scope(actor)
    if scope is False:
        gates.require_enrol(actor, actor.party_id)
        raise forbidden("您的岗位不能接入节点。", "Your duty may not enrol a plane.")
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in ENROL.fields}
        try:
            answers = clean(ENROL, values)
            web_origin(answers["url"])
            plane, code = create_enrolment(actor, answers["name"], scope, answers["url"])
            context = {"plane": plane, "code": code, "control": settings.SHUGANG_PUBLIC_URL}
            return render(request, "delivery/connectors_code.html", context)
        except Refusal as no:
            refusal = no
    return form_page(request, "delivery/connectors_enrol.html", ENROL, values, refusal)


@require_POST
@for_a_party
def probe_page(request: HttpRequest, number: str) -> HttpResponse:
    answers = probe(request.actor, number)  # type: ignore[attr-defined]
    return redirect(f"/desk/connectors?checked={number}&up={int(answers)}")


@require_http_methods(["GET", "POST"])
@for_a_party
def query_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    gates.require_supply(actor)
    dataset = get_dataset(actor, number)
    values: dict[str, Any] = {"params": "[]", "columns": "[]", "dialect": "postgres"}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in QUERY.fields}
        try:
            _declare(request, number, values)
            return redirect("dataset", number)
        except Refusal as no:
            refusal = no
    return form_page(request, "delivery/connectors_query.html", QUERY, values, refusal, dataset=dataset)


def _declare(request: HttpRequest, number: str, values: dict[str, Any]) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    answers = clean(QUERY, {**values, "params": values["params"] or "[]"})
    lists = [json.loads(a) if isinstance(a, str) else a for a in (answers.get("params", []), answers["columns"])]
    if not all(isinstance(a, list) and all(isinstance(item, dict) for item in a) for a in lists):
        raise Refusal(
            "bad_columns", Text("参数和返回字段须是JSON列表。", "Parameters and columns are JSON lists."), 422
        )

    def run() -> dict[str, Any]:
        version = declare_connected_version(
            actor, number, answers["connector"], answers["template"], lists[0], lists[1], answers["dialect"]
        )
        return {"version": version.version}

    key = request.POST.get("idempotency_key")
    idempotency.once(actor, key, idempotency.fingerprint("query", number, values), run)


urlpatterns = [
    path("desk/connectors", list_page, name="connectors"),
    path("desk/connectors/new", enrol_page, name="connector-new"),
    path("desk/connectors/<str:number>/check", probe_page, name="connector-check"),
    path("desk/datasets/<str:number>/query", query_page, name="dataset-query"),
    *interface_pages.urlpatterns,
    *trust.urlpatterns,
]
