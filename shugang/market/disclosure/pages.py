"""Disclosure for everybody: market figures with charts, and the platform's rules; publishing rules on the desk."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from shugang.assets.registration.http import posted
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.exports import csv_response
from shugang.ui.formats import e8, fen

from ..guidance.deals import words as per
from ..http import form_state, member, once, status_of, visitor
from ..products.kinds import TYPES
from . import rules, statistics

HEADER = (Text("表", "Table"), Text("期间", "Months"), Text("类别", "Category"), Text("数", "Figure"))
HIDDEN = Text("不公开", "hidden")


def _band(low: int | None, high: int | None) -> Text:
    if low is None:
        return Text(f"{fen(high or 0)}以下", f"below {fen(high or 0)}")
    if high is None:
        return Text(f"{fen(low)}及以上", f"{fen(low)} and above")
    return Text(f"{fen(low)}至{fen(high)}", f"{fen(low)} to {fen(high)}")


def _table(name: str, lines: list[statistics.Line]) -> dict[str, Any]:
    columns = list(lines[0].cells) if lines else []
    return {
        "name": name, "label": statistics.DIMENSIONS[name][0], "columns": [statistics.words(name, c) for c in columns],
        "lines": [(x.months, [x.cells[c] for c in columns], x.total) for x in lines],
    }  # fmt: skip


def _chart(lines: list[statistics.Line]) -> tuple[dict[str, Any], Text] | None:
    """Deals by group of months."""
    if len(lines) < 2:
        return None
    name = "Deals" if language.is_english() else "成交"
    data = {"type": "bar", "x": [x.months for x in lines], "series": [{"name": name, "data": [x.total for x in lines]}]}
    return data, Text(
        f"按期间的成交数，共{sum(x.total for x in lines)}笔", f"Deals by months, {sum(x.total for x in lines)} in all"
    )


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    said = statistics.public_figures()
    if request.GET.get("format") == "csv":
        rows = [[statistics.DIMENSIONS[name][0], x.months, statistics.words(name, c), HIDDEN if v is None else v]
                for name, lines in said["tables"].items() for x in lines for c, v in x.cells.items()]  # fmt: skip
        rows += [[Text("出账金额", "Billed"), months, "", _band(low, high)] for months, low, high in said["amounts"]]
        return csv_response("disclosure", HEADER, rows)
    context = {
        "k": said["k"], "tables": [_table(name, lines) for name, lines in said["tables"].items()],
        "amounts": [(months, _band(low, high)) for months, low, high in said["amounts"]],
        "prices": [(TYPES.get(p["type"], p["type"]), per(p["measure"]), f"{e8(p['low_e8'])} ~ {e8(p['high_e8'])}", p["n"]) for p in said["prices"]],
        "vouchers": said["vouchers"], "listings": said["listings"], "chart": _chart(said["tables"]["sector"]),
    }  # fmt: skip
    return render(request, "market/disclosure.html", context)


@require_safe
def figures_json(request: HttpRequest) -> JsonResponse:
    from .api import figures as said

    return JsonResponse(said(request), json_dumps_params={"ensure_ascii": False})


@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    rows = [(r, *rules.state_of(r)) for r in rules.public_rules()]
    if request.GET.get("format") == "csv":
        header = (
            Text("编号", "Number"),
            Text("标题", "Title"),
            Text("公示", "Published"),
            Text("生效", "In force from"),
            Text("状态", "State"),
        )
        return csv_response(
            "rules",
            header,
            ([r.number, Text(r.title, r.title_en), r.published_on, r.effective_on, s] for r, s, _ in rows),
        )
    return render(request, "market/rules.html", {"rows": rows, "may_publish": rules.may_publish(visitor(request))})


@require_http_methods(["GET", "POST"])
def rule_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """The text, its history, comments; a POST is a party's comment."""
    rule, refusal = rules.public_rule(number), None
    actor, text = visitor(request), request.POST.get("text", "")
    if request.method == "POST":
        actor = member(request)
        try:
            once(request, [text], lambda: {"pk": rules.comment(actor, number, text).pk})
            return redirect("rule", number=number)
        except Refusal as no:
            refusal = no
    return _rule(request, rule, refusal, text)


def _rule(request: HttpRequest, rule: rules.PlatformRule, refusal: Refusal | None, text: str = "") -> HttpResponse:
    actor = visitor(request)
    state, tone = rules.state_of(rule)
    context = {
        "rule": rule, "state": state, "tone": tone, "history": [(r, *rules.state_of(r)) for r in rules.public_rules().filter(code=rule.code)],
        "comments": list(rule.comments.select_related("party").order_by("said_at")), "open": tone == "run" and state.en == "Open to comment",
        "member": actor.party_id is not None, "may_publish": rules.may_publish(actor), "text": text, **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/rule.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def new_rule(request: HttpRequest) -> HttpResponseBase:
    actor = member(request)
    if not rules.may_publish(actor):
        raise not_found(Text("这个页面", "page"))
    values: dict[str, Any] = {"effective_on": rules.earliest().isoformat(), "code": request.GET.get("code", "")}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            values = posted(request, rules.DOCUMENT.fields)
            made = once(request, [values], lambda: {"number": rules.publish_rule(actor, values).number})
            return redirect("rule", number=made["number"])
        except Refusal as no:
            refusal = no
    context = {
        "title": Text("公示平台规则", "Publish a rule"), "fields": rules.DOCUMENT.fields, "values": values, "verb": Text("公示", "Publish"),
        "lead": Text(f"公示后不能修改，只能在生效前撤回或公示新版本。最早{rules.earliest()}生效。",
                     f"Once published it is never edited, only withdrawn before it holds. Earliest effect: {rules.earliest()}."),
        "back_url": "/rules", **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/dispute_form.html", context, status=status_of(refusal))


@require_http_methods(["POST"])
def withdraw(request: HttpRequest, number: str) -> HttpResponseBase:
    actor, reason = member(request), request.POST.get("reason", "")
    try:
        once(request, [reason], lambda: {"number": rules.withdraw_rule(actor, number, reason).number})
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _rule(request, rules.public_rule(number), refusal)
    return redirect("rule", number=number)


@require_http_methods(["POST"])
def answer(request: HttpRequest, number: str, party: str) -> HttpResponseBase:
    actor, text = member(request), request.POST.get("text", "")
    try:
        once(request, [text], lambda: {"pk": rules.reply(actor, number, party, text).pk})
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _rule(request, rules.public_rule(number), refusal)
    return redirect("rule", number=number)


urlpatterns = [
    path("disclosure", figures, name="disclosure"),
    path("disclosure.json", figures_json, name="disclosure-json"),
    path("rules", rule_list, name="rules"),
    path("rules/<str:number>", rule_page, name="rule"),
    path("desk/rules/new", new_rule, name="new-rule"),
    path("desk/rules/<str:number>/withdraw", withdraw, name="rule-withdraw"),
    path("desk/rules/<str:number>/comments/<str:party>", answer, name="rule-answer"),
]
