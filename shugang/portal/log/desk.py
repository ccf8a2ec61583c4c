"""The operator's desk for witnesses: who witnesses our log, and whose logs we witness."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from shugang.kernel import peers
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form, clean
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import queries

OPERATOR = Field("operator", "text", Text("对方运营机构", "Their operator"), max_length=120)
WITNESS = Form(
    1,
    (
        OPERATOR,
        Field(
            "vkey", "text", Text("对方的见证公钥", "Their witness key"),
            Text("对方“存证日志”页公布，请从另一渠道再核对一次", "From their log page; compare it by a second way"),
            max_length=400,
        ),
        Field(
            "url", "text", Text("对方的见证地址", "Their witness address"),
            Text("如 https://data.example.cn/witness", "Such as https://data.example.cn/witness"), max_length=200,
        ),
    ),
)  # fmt: skip
LOG = Form(
    1,
    (
        OPERATOR,
        Field(
            "vkey", "text", Text("对方的日志公钥", "Their log's key"),
            Text("对方 /log/vkey 的一行；对方换钥后请重新登记", "The line of their /log/vkey; register anew after they change it"),
            max_length=400,
        ),
    ),
)  # fmt: skip


@require_safe
@for_a_party
def list_page(request: HttpRequest) -> HttpResponse:
    peers.require(request.actor)  # type: ignore[attr-defined]
    return render(request, "portal/witnesses.html", queries.peers())


def _form(request: HttpRequest, form: Form, title: Text, act: Callable[..., Any]) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    peers.require(actor)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {field.name: request.POST.get(field.name, "") for field in form.fields}
        try:
            act(actor, **clean(form, values))
            messages.success(request, tx(Text("已登记。", "Registered.")))
            return redirect("witnesses")
        except Refusal as no:
            refusal = no
    context = {
        "title": title,
        "fields": form.fields,
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
    }
    return render(request, "portal/witness_form.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
@for_a_party
def new_witness(request: HttpRequest) -> HttpResponse:
    return _form(request, WITNESS, Text("登记见证方", "Register a witness"), peers.add_witness)


@require_http_methods(["GET", "POST"])
@for_a_party
def new_log(request: HttpRequest) -> HttpResponse:
    return _form(request, LOG, Text("见证一本日志", "Witness a log"), peers.witness_log)


@require_POST
@for_a_party
def drop_witness(request: HttpRequest, pk: int) -> HttpResponse:
    peers.drop_witness(request.actor, pk)  # type: ignore[attr-defined]
    return redirect("witnesses")


@require_POST
@for_a_party
def drop_log(request: HttpRequest, pk: int) -> HttpResponse:
    peers.stop_witnessing(request.actor, pk)  # type: ignore[attr-defined]
    return redirect("witnesses")


urlpatterns = [
    path("desk/witnesses", list_page, name="witnesses"),
    path("desk/witnesses/new", new_witness, name="witness-new"),
    path("desk/witnesses/<int:pk>/drop", drop_witness, name="witness-drop"),
    path("desk/witnesses/logs/new", new_log, name="witnessed-new"),
    path("desk/witnesses/logs/<int:pk>/drop", drop_log, name="witnessed-drop"),
]
