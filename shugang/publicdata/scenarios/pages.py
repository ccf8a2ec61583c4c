"""Scenarios on the desk: classes, applications, calls and the annual report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Form
from shugang.market.contracts.amendment_pages import download
from shugang.market.http import form_state, member, once, status_of
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text
from shugang.ui.workbooks import XLSX

from ..granting import MODES
from . import forms, public_pages, queries, report, services
from .kinds import CLASSES, SUBJECTS
from .models import ClassApproval


def fill(
    request: HttpRequest,
    form: Form,
    words: dict[str, Any],
    act: Any,
    address: str,
    values: dict[str, Any] | None = None,
) -> HttpResponseBase:
    """A form page: shown, or sent and led on to `address`."""
    values, refusal = dict(values or {}), None
    if request.method == "POST":
        values = {
            f.name: request.POST.getlist(f.name) if f.kind == "multi" else request.POST.get(f.name, "")
            for f in form.fields
        }
        try:
            made = once(request, values, lambda: {"number": act(values)})
            return redirect(address, number=made["number"])
        except Refusal as error:
            refusal = error
    context = {
        **words,
        "fields": list(form.fields),
        "values": values,
        "action_url": request.get_full_path(),
        **form_state(refusal),
    }
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


def facts_of(row: ClassApproval) -> list[tuple[Text, Any]]:
    """What an approval is keyed to, in words."""
    subjects = [SUBJECTS[s] for s in row.subjects]
    aggregates = Text(
        f"只给统计结果，每组不少于{row.min_group}条", f"aggregates only, at least {row.min_group} rows a group"
    )
    return [
        (Text("场景类别", "Class of scenario"), CLASSES[row.scenario_class]),
        (Text("适用的应用", "Uses"), row.uses),
        (Text("主体类别", "Kinds of subjects"), Text("、".join(s.zh for s in subjects), ", ".join(s.en for s in subjects))),
        (Text("用途", "Purpose"), PURPOSES[row.purpose]),
        (Text("提供方式", "Way of supply"), MODES[row.mode]),
        (Text("输出限制", "Output"), aggregates if row.min_group else Text("可看授权的信息项", "the granted items may be seen")),
        (Text("每次使用最长", "Longest use"), Text(f"{row.most_days}天", f"{row.most_days} days")),
        (Text("所依授权运营", "Authorised operation"), row.operation.number if row.operation else "—"),
    ]  # fmt: skip


@require_GET
def class_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    page = paging.page(queries.classes(actor), request.GET.get("after", ""))
    context = {
        "page": page, "views": [(r, cases.view(r.case, actor)) for r in page.items], "classes": CLASSES,
        "may": "data_office" in actor.roles and "handler" in actor.duties,
    }  # fmt: skip
    return render(request, "publicdata/scenario_classes.html", context)


@require_http_methods(["GET", "POST"])
def new_class(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    services.require_office(actor)
    words = {
        "title": Text("提出场景类别审定", "Propose the approval of a class"), "verb": Text("提交", "Submit"), "back_url": "/desk/scenario-classes",
        "effects": [
            ("signature", Text("先由每个提供部门的首席数据官签署，再由主管部门审定", "Each department's chief data officer signs, then the data office decides")),
            ("checklist", Text("审定后，同类别、同数据、同主体的申请只做简化审查", "Then applications of the same class, data and kind of subject get a simplified review")),
        ],
    }  # fmt: skip
    return fill(
        request,
        forms.CLASS,
        words,
        lambda v: services.propose_class(actor, v).number,
        "scenario-class",
        {"most_days": "365"},
    )


@require_GET
def class_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_class(actor, number)
    context = {
        "row": row, "view": cases.view(row.case, actor), "facts": facts_of(row), "resources": public_pages.data_of(row),
        "uses": [(u, cases.view(u.case, actor)) for u in queries.uses(actor, row)[:200]],
        "grants": queries.grants_of(actor, "scenario_class", number),
    }  # fmt: skip
    return render(request, "publicdata/scenario_class.html", context)


@require_GET
def use_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    page = paging.page(queries.uses(actor), request.GET.get("after", ""))
    context = {
        "page": page, "views": [(r, cases.view(r.case, actor)) for r in page.items], "classes": CLASSES,
        "may": bool(actor.roles & {"supplier", "buyer"}),
    }  # fmt: skip
    return render(request, "publicdata/scenario_uses.html", context)


@require_http_methods(["GET", "POST"])
def new_use(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    number = request.GET.get("approval", "")
    found = queries.public_classes().filter(case__number=number).first() if number else None
    values = {"approval": number, "days": str(min(found.most_days, 365) if found else 180),
              "scenario_class": found.scenario_class if found else ""}  # fmt: skip
    words = {
        "title": Text("申请场景应用", "Apply with a scenario"), "lead": found.case.title if found else "", "verb": Text("提交申请", "Submit"),
        "back_url": "/desk/scenarios",
        "effects": [
            ("checklist", Text("在审定范围内的只做简化审查；超出的当即告知超出哪一条", "Inside the approval a simplified review follows; what lies outside is refused at once, with the rule named")),
            ("key", Text("每次使用单独签发授权，用途不能改变", "Each use has its own grant, for the approved purpose")),
        ],
    }  # fmt: skip
    return fill(request, forms.USE, words, lambda v: services.apply(actor, v).number, "scenario-use", values)


@require_GET
def use_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_use(actor, number)
    context = {
        "row": row, "view": cases.view(row.case, actor), "facts": facts_of(row.approval), "grants": queries.grants_of(actor, "scenario", number),
        "mine": row.applicant_id == actor.party_id, "takes_part": row.case.parties.filter(party_id=actor.party_id or 0).exists(),
        "joint": queries.joint(actor, row),
        "sees_bundle": row.bundle is not None and row.applicant_id == actor.party_id,
    }  # fmt: skip
    return render(request, "publicdata/scenario_use.html", context)


@require_GET
def call_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    page = paging.page(queries.calls(actor), request.GET.get("after", ""))
    context = {
        "page": page, "views": [(r, cases.view(r.case, actor)) for r in page.items], "classes": CLASSES,
        "may": "data_office" in actor.roles and "handler" in actor.duties,
    }  # fmt: skip
    return render(request, "publicdata/scenario_call_list.html", context)


@require_http_methods(["GET", "POST"])
def new_call(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    services.require_office(actor)
    words = {
        "title": Text("公开征集应用场景", "Call for scenarios"), "verb": Text("发布征集", "Publish"), "back_url": "/desk/scenario-calls",
        "effects": [("speakerphone", Text("征集随即公开，任何机构可以应征", "The call is public at once; anybody may answer"))],
    }  # fmt: skip
    return fill(request, forms.CALL, words, lambda v: services.publish_call(actor, v).number, "scenario-call")


@require_GET
def call_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_call(actor, number)
    context = {
        "row": row, "view": cases.view(row.case, actor), "label": CLASSES[row.scenario_class], "proposals": queries.proposals(actor, row),
        "may": row.office_id == actor.party_id,
    }  # fmt: skip
    return render(request, "publicdata/scenario_call.html", context)


@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, number: str, pk: int) -> HttpResponseBase:
    actor = member(request)
    row = queries.get_call(actor, number)
    found = queries.proposals(actor, row).filter(pk=pk).first()
    if found is None:
        raise not_found(Text("这项应征", "proposal"))

    def act(values: dict[str, Any]) -> str:
        services.answer(actor, pk, values)
        return number

    words = {
        "title": Text("答复应征", "Answer the proposal"), "lead": f"{found.title}　{found.party.name}", "rows": [(Text("场景说明", "Description"), found.text)],
        "verb": Text("答复", "Answer"), "back_url": f"/desk/scenario-calls/{number}",
        "effects": [("send", Text("应征方看得到答复；采纳的可以据此提出审定", "Whoever proposed it reads the answer; what is adopted may become a class"))],
    }  # fmt: skip
    return fill(request, forms.ANSWER, words, act, "scenario-call")


@require_GET
def annual_report(request: HttpRequest) -> HttpResponse:
    report.require_reader(member(request))
    found = report.public_report(report.year_of(request.GET.get("year", "")))
    if request.GET.get("format") == "xlsx":
        return download(report.sheets(found), f"annual-report-{found.year}.xlsx", XLSX)
    return render(
        request,
        "publicdata/annual_report.html",
        {"report": found, "tables": report.tables(found), "title": report.TITLE},
    )


@require_GET
def annual_report_pdf(request: HttpRequest) -> HttpResponse:
    report.require_reader(member(request))
    found = report.public_report(report.year_of(request.GET.get("year", "")))
    return download(report.pdf(found), f"annual-report-{found.year}.pdf", "application/pdf")


urlpatterns = [
    path("desk/scenario-classes", class_list, name="scenario-classes"),
    path("desk/scenario-classes/new", new_class, name="new-scenario-class"),
    path("desk/scenario-classes/<str:number>", class_page, name="scenario-class"),
    path("desk/scenarios", use_list, name="scenario-uses"),
    path("desk/scenarios/new", new_use, name="new-scenario-use"),
    path("desk/scenarios/<str:number>", use_page, name="scenario-use"),
    path("desk/scenario-calls", call_list, name="scenario-calls"),
    path("desk/scenario-calls/new", new_call, name="new-scenario-call"),
    path("desk/scenario-calls/<str:number>", call_page, name="scenario-call"),
    path("desk/scenario-calls/<str:number>/<int:pk>", answer, name="scenario-answer"),
    path("desk/public-report", annual_report, name="public-report"),
    path("desk/public-report.pdf", annual_report_pdf, name="public-report-pdf"),
    *public_pages.urlpatterns,
]
