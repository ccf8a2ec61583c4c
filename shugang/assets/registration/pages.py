"""Pages of the desk: assets, the step form, one asset, corrections. The public pages stand in `public_pages.py`."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import engine, paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from . import drafting, presenting, public_pages, queries, services, standing_pages, words
from .form import FIRST_REGISTRATION, topic
from .http import desk_actor, new_key, once, posted, revision_of
from .ruleset import DEFAULT

HEADER = (Text("资产编号", "Asset"), Text("数据名称", "Name"), Text("权利人", "Holder"), Text("数据集", "Dataset"),
          Text("状态", "State"), Text("申请日期", "Applied on"))  # fmt: skip


@require_GET
def asset_list(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    state = request.GET.get("state", "")
    search = request.GET.get("q", "").strip()[:60]
    rows = queries.assets(actor, state if state in words.STATES else "")
    if search:
        rows = rows.filter(queries.matching(search))
    if request.GET.get("format") == "csv":
        return csv_response("assets", HEADER, (_csv(a) for a in rows.order_by("-pk")[:10_000]))
    page = paging.page(rows, request.GET.get("after", ""))
    context = presenting.list_context(actor, page, state, search)
    return render(request, "assets/registration_list.html", context)


def _csv(asset: Any) -> list[Any]:
    label, _ = words.STATES[asset.state]
    version = asset.dataset_version
    return [asset.number, asset.name, asset.party.name, f"{version.dataset.number} v{version.version}", label,
            asset.created_at.date()]  # fmt: skip


@require_GET
def new_application(request: HttpRequest) -> HttpResponse:
    """Choose the dataset to register."""
    actor = desk_actor(request)
    context = {"datasets": queries.registrable(actor), "drafts": queries.drafts(actor)}
    return render(request, "assets/registration_new.html", context)


@require_GET
def task_list(request: HttpRequest, dataset: str) -> HttpResponse:
    actor = desk_actor(request)
    row = services.own_dataset(actor, dataset)
    given, saved = drafting.current(actor, row)
    context = {
        "dataset": row,
        "tasks": drafting.task_list(row, given, saved),
        "version": row.latest,
        "days": drafting.rules()["clocks"],
    }
    return render(request, "assets/registration_tasks.html", context)


@require_http_methods(["GET", "POST"])
def topic_page(request: HttpRequest, dataset: str, key: str) -> HttpResponseBase:
    actor = desk_actor(request)
    row = services.own_dataset(actor, dataset)
    asked = topic(key)
    if asked is None:
        raise not_found(Text("这一步", "such step"))
    given, _ = drafting.current(actor, row)
    errors: dict[str, Text] = {}
    if request.method == "POST":
        values = posted(request, asked.fields, given)
        given = {**given, **values}
        errors = drafting.topic_errors(asked, values, given)
        services.save_draft(actor, dataset, key, values, not errors)
        if "later" in request.POST or not errors:
            messages.success(request, tx(Text("填写已保存。", "What you entered is saved.")))
            return redirect("asset-new-tasks", dataset=dataset)
    context = {"dataset": row, "topic": asked, "values": given, "errors": errors, "version": row.latest}
    return render(request, "assets/registration_topic.html", context, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
def check_page(request: HttpRequest, dataset: str) -> HttpResponseBase:
    """Everything once more, what becomes public, and the declaration's submission."""
    actor = desk_actor(request)
    row = services.own_dataset(actor, dataset)
    given, _ = drafting.current(actor, row)
    refusal: Refusal | None = None
    if request.method == "POST":
        form, registrar = drafting.complete(given), request.POST.get("registrar", "")
        profile = request.POST.get("profile") or DEFAULT
        try:
            answer = once(
                request,
                [form, registrar, profile],
                lambda: {"case": services.apply_registration(actor, dataset, registrar, form, profile=profile).number},
            )
            return redirect("asset-applied", number=answer["case"])
        except Refusal as no:
            refusal = no
    context = presenting.check_context(actor, row, given, refusal, new_key())
    return render(request, "assets/registration_check.html", context, status=refusal.status if refusal else 200)


@require_GET
def applied(request: HttpRequest, number: str) -> HttpResponse:
    case = cases.get_case(number, desk_actor(request))
    return render(request, "ui/result.html", presenting.applied_context(case))


@require_GET
def asset_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    asset = queries.get_asset(number, actor)
    return render(request, "assets/registration_asset.html", presenting.asset_context(asset, actor))


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, number: str, step: str) -> HttpResponseBase:
    """Submit a correction or a supplement: the whole form, as it stands, to be mended."""
    actor = desk_actor(request)
    asset = queries.get_asset(number, actor)
    registration = asset.registration
    case = registration.case
    if step not in {s.name for s in cases.steps_for(case, actor)} & {"resubmit", "supplement"}:
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    values, refusal = dict(registration.form), None
    if request.method == "POST":
        values = posted(request, FIRST_REGISTRATION.fields, registration.form)
        form = drafting.complete(values)
        try:
            revision = revision_of(request)
            once(request, [form], lambda: {"r": engine.act(case.number, step, actor, form, revision).revision})
            messages.success(
                request, tx(Text("已提交，等待登记机构审核。", "Submitted; the registrar will look at it."))
            )
            return redirect("asset", number=number)
        except Refusal as no:
            refusal = no
    context = presenting.correct_context(asset, step, values, refusal, new_key())
    return render(request, "assets/registration_correct.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/assets", asset_list, name="assets"),
    path("desk/assets/new", new_application, name="asset-new"),
    path("desk/assets/new/<str:dataset>", task_list, name="asset-new-tasks"),
    path("desk/assets/new/<str:dataset>/check", check_page, name="asset-new-check"),
    path("desk/assets/new/<str:dataset>/<str:key>", topic_page, name="asset-new-topic"),
    path("desk/assets/applied/<str:number>", applied, name="asset-applied"),
    path("desk/assets/<str:number>", asset_page, name="asset"),
    path("desk/assets/<str:number>/<str:step>", correct, name="asset-correct"),
    *standing_pages.urlpatterns,
    *public_pages.urlpatterns,
]
