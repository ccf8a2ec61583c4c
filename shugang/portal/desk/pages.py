"""The desk: what waits for this person, over all procedures, and what waits on others."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import clock, paging, queries, workdays
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from . import tiles


def _signed_in(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.person_id is None:
        raise Refusal("sign_in_required", Text("请先登录再进入工作台。", "Please sign in to reach your desk."), 403)
    return actor


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    if request.actor.person_id is None:  # type: ignore[attr-defined]
        return redirect(f"/sign-in?next={request.path}")
    actor = _signed_in(request)
    if actor.party_id is None and actor.posts:
        return redirect("/desk/admin")
    views = queries.inbox(actor)
    chosen = request.GET.get("procedure", "")
    counts: dict[str, int] = {}
    for v in views:
        counts[v.procedure.code] = counts.get(v.procedure.code, 0) + 1
    labels = {v.procedure.code: v.procedure.label for v in views}
    today = clock.today()
    context = {
        "views": [v for v in views if not chosen or v.procedure.code == chosen],
        "segments": [(labels[c], c, n) for c, n in counts.items()],
        "chosen": chosen,
        "total": len(views),
        "tiles": tiles.for_actor(actor, views),
        "today": today,
        "working_day": workdays.calendar().is_working_day(today),
        "waiting_count": len(queries.waiting(actor)),
    }
    return render(request, "portal/desk.html", context)


@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    actor = _signed_in(request)
    page = paging.page(queries.closed(actor), request.GET.get("after", ""))
    context = {
        "waiting": queries.waiting(actor),
        "closed": [queries.view(c, actor) for c in page.items],
        "page": page,
    }
    return render(request, "portal/waiting.html", context)


urlpatterns = [
    path("desk", desk, name="desk"),
    path("desk/waiting", waiting, name="desk-waiting"),
]
