"""Pages of the security review: the list, the application with its check of anonymity, one review, its correction."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import engine, paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..grading.services import own_version
from ..registration.http import desk_actor, once, posted, revision_of
from . import presenting, queries, services
from .form import APPLICATION
from .withdrawal import WITHDRAWAL, withdraw_basis


@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    state, search = request.GET.get("state", ""), request.GET.get("q", "").strip()[:60]
    rows = queries.reviews(actor, state if state in presenting.STATES else "")
    rows = rows.filter(queries.matching(search)) if search else rows
    page = paging.page(rows, request.GET.get("after", ""))
    return render(request, "assets/review_list.html", presenting.list_context(actor, page, state, search))


@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """Apply for the review of a dataset's newest version."""
    actor = desk_actor(request)
    version = own_version(actor, dataset)
    offices = [presenting.office_field()]
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request, [*offices, *APPLICATION.fields])
        form = {k: v for k, v in values.items() if k != "operator"}
        try:
            answer = once(request, [values], lambda: {
                "case": services.apply_review(actor, dataset, str(values["operator"]), form, version.version).number})  # fmt: skip
            messages.success(request, tx(Text("安全审查已提交。", "The security review is applied for.")))
            return redirect("security-review", number=answer["case"])
        except Refusal as no:
            refusal = no
    context = presenting.apply_context(version, actor, values, refusal, offices)
    return render(request, "assets/review_new.html", context, status=refusal.status if refusal else 200)


@require_POST
def check_page(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """Check anonymity over the chosen columns; the result stands on the application's page."""
    actor = desk_actor(request)
    columns = presenting.chosen_columns(request.POST)
    try:
        once(request, columns, lambda: {"smallest": services.check_anonymity(actor, dataset, columns).smallest})
        messages.success(request, tx(Text("匿名性检查已完成。", "Anonymity is checked.")))
        return redirect("security-review-new", dataset=dataset)
    except Refusal as refusal:
        version = own_version(actor, dataset)
        context = presenting.apply_context(version, actor, {}, refusal, [presenting.office_field()])
        return render(request, "assets/review_new.html", context, status=refusal.status)


@require_GET
def review_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    review = queries.get_review(number, actor)
    return render(request, "assets/review.html", presenting.review_context(review, actor))


@require_http_methods(["GET", "POST"])
def resubmit_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """A correction, or the review anew after it was re-opened: the form as it stands, to be mended."""
    actor = desk_actor(request)
    review = queries.get_review(number, actor)
    if "resubmit" not in {s.name for s in cases.steps_for(review.case, actor)}:
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    values, refusal = dict(review.form), None
    if request.method == "POST":
        values = posted(request, APPLICATION.fields, review.form)
        try:
            revision = revision_of(request)
            once(request, [values], lambda: {"r": engine.act(number, "resubmit", actor, values, revision).revision})
            messages.success(request, tx(Text("已提交，等待审查。", "Submitted; the operator will review it.")))
            return redirect("security-review", number=number)
        except Refusal as no:
            refusal = no
    context = presenting.apply_context(review.version, actor, values, refusal, []) | {
        "review": review,
        "rev": review.case.revision,
    }
    return render(request, "assets/review_new.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def withdraw_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """GET restates what follows; POST withdraws the basis."""
    actor = desk_actor(request)
    review, refusal = queries.get_review(number, actor), None
    values: dict[str, Any] = {}
    if actor.party_id != review.version.dataset.party_id:
        raise not_found(queries.REVIEW)
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in WITHDRAWAL.fields}
        try:
            once(request, [number, values], lambda: {"w": withdraw_basis(actor, number, values).pk})
            messages.success(
                request, tx(Text("已撤回，有关产品和授权已停止。", "Withdrawn; listings and grants have stopped."))
            )
            return redirect("security-review", number=number)
        except Refusal as no:
            refusal = no
    context = presenting.withdrawal_context(review, values, refusal)
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/security-reviews", list_page, name="security-reviews"),
    path("desk/security-reviews/new/<str:dataset>", new_page, name="security-review-new"),
    path("desk/security-reviews/new/<str:dataset>/anonymity", check_page, name="anonymity-check"),
    path("desk/security-reviews/<str:number>", review_page, name="security-review"),
    path("desk/security-reviews/<str:number>/withdraw-basis", withdraw_page, name="basis-withdrawal"),
    path("desk/security-reviews/<str:number>/resubmit", resubmit_page, name="security-review-resubmit"),
]
