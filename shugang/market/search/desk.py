"""A person's saved searches on his desk."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..http import form_state, member, status_of
from . import saved
from .facets import FACETS
from .finding import SORTS, Wanted


def words(wanted: Wanted) -> Text:
    """A search in words: what was typed and chosen."""
    labels = [(FACETS[n][0], FACETS[n][1].get(v) or Text(v, v)) for n, v in wanted.facets.items()]
    zh = [*([f"“{wanted.q}”"] if wanted.q else []), *(f"{a.zh}：{b.zh}" for a, b in labels)]
    en = [*([f"“{wanted.q}”"] if wanted.q else []), *(f"{a.en}: {b.en}" for a, b in labels)]
    if wanted.sort:
        zh.append(SORTS[wanted.sort][0].zh)
        en.append(SORTS[wanted.sort][0].en)
    return Text("，".join(zh), ", ".join(en))


@require_http_methods(["GET", "POST"])
def saved_searches(request: HttpRequest) -> HttpResponseBase:
    actor, refusal = member(request), None
    asked = request.POST if request.method == "POST" else request.GET
    if request.method == "POST":
        try:
            saved.save(actor, request.POST.get("name", ""), request.POST.get("query", ""))
            return redirect("saved-searches")
        except Refusal as caught:
            refusal = caught
    query = asked.get("query", "")[:600]
    wanted = saved.read(query)
    context = {
        "rows": [(k, words(k.wanted)) for k in saved.searches(actor)], "query": wanted.query(), "asked": words(wanted),
        "name": asked.get("name", "") or wanted.q, "limit": saved.LIMIT, **form_state(refusal),
    }  # fmt: skip
    return _page(request, context, status_of(refusal))


def _page(request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
    return render(request, "market/saved_searches.html", context, status=status)


@require_POST
def open_search(request: HttpRequest, pk: int) -> HttpResponse:
    row = saved.seen(member(request), pk)
    return redirect(f"{reverse('products')}?{row.query}")


@require_POST
def delete_search(request: HttpRequest, pk: int) -> HttpResponse:
    saved.delete(member(request), pk)
    return redirect("saved-searches")


urlpatterns = [
    path("desk/searches", saved_searches, name="saved-searches"),
    path("desk/searches/<int:pk>/open", open_search, name="open-search"),
    path("desk/searches/<int:pk>/delete", delete_search, name="delete-search"),
]
