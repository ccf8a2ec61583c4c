"""Stopping and resuming a plane: each is restated with its effects before it is done."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field, Form, clean
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text

from .. import gates, words
from ..planes.queries import PlaneView, planes
from ..planes.services import resume_plane, suspend_plane
from .forms import form_page

REASON = Form(
    1,
    (Field("reason", "textarea", Text("原因", "Reason"), Text("记入存证", "Kept as evidence"), max_length=400),),
)
SUSPEND = {
    "title": Text("停用节点", "Suspend the plane"),
    "verb": Text("停用", "Suspend"),
    "effects": [
        ("player-pause", Text("节点不再得到授权，租期到时停止供数。", "It gets no more grants and stops when its lease ends.")),
        ("file-text", Text("已发生的使用照常入账。", "What was used before is still recorded.")),
        ("user", Text("只有运营方可以恢复。", "Only the operator can resume it.")),
    ],
    "danger": True,
}  # fmt: skip
RESUME = {
    "title": Text("恢复节点", "Resume the plane"),
    "verb": Text("恢复", "Resume"),
    "effects": [
        ("player-play", Text("节点重新得到授权，随即恢复供数。", "It gets its grants again and serves at once.")),
        ("alert-triangle", Text("如因用量日志前后不一而停用，请先查清。",
                                "If it told two stories about its uses, find out why first.")),
    ],
    "danger": False,
}  # fmt: skip


def _found(actor: Any, number: str) -> PlaneView:
    view = next((v for v in planes(actor) if v.plane.number == number), None)
    if view is None:
        raise not_found(gates.PLANE)
    return view


def _page(request: HttpRequest, number: str, act: dict[str, Any], verb: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    view = _found(actor, number)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {"reason": request.POST.get("reason", "")}
        try:
            verb(actor, number, clean(REASON, values)["reason"])
            return redirect("connectors")
        except Refusal as no:
            refusal = no
    context = {
        **act,
        "rows": [
            (Text("节点", "Plane"), f"{view.plane.name} {number}"),
            (Text("状态", "State"), words.PLANE_STATES[view.plane.state][1]),
            (Text("在用授权", "Grants"), str(view.grants)),
        ],
        "action_url": request.path,
        "back_url": reverse("connectors"),
    }
    return form_page(request, "ui/confirm.html", REASON, values, refusal, **context)


@require_http_methods(["GET", "POST"])
@for_a_party
def suspend_page(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number, SUSPEND, suspend_plane)


@require_http_methods(["GET", "POST"])
@for_a_party
def resume_page(request: HttpRequest, number: str) -> HttpResponse:
    gates.require_enrol(request.actor, None)  # type: ignore[attr-defined]
    return _page(request, number, RESUME, resume_plane)


urlpatterns = [
    path("desk/connectors/<str:number>/suspend", suspend_page, name="plane-suspend"),
    path("desk/connectors/<str:number>/resume", resume_page, name="plane-resume"),
]
