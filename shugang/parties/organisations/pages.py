"""Joining, the page of one's own organisation, and the public page of any."""

from __future__ import annotations

import uuid
from typing import Any

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import respond_429
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import idempotency, paging
from shugang.kernel import queries as cases
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..accounts.models import Person
from ..accounts.services import acting_choices, make_person
from ..entries import DISPLAY_NAME, NEW_PASSWORD, USERNAME
from ..gates import for_a_party
from . import queries, services
from .models import ROLE_LABELS, Party
from .process import APPLICATION

ACCOUNT = (USERNAME, DISPLAY_NAME, NEW_PASSWORD)
STATUS_LABELS: dict[str, tuple[str, Text]] = {
    Party.Status.DRAFT: ("run", Text("申请中", "Applying")),
    Party.Status.ACTIVE: ("ok", Text("已入驻", "Admitted")),
    Party.Status.SUSPENDED: ("bad", Text("已暂停", "Suspended")),
    Party.Status.EXITED: ("off", Text("未入驻", "Not admitted")),
}


def role_words(party: Party) -> Text:
    labels = [ROLE_LABELS[r] for r in ROLE_LABELS if getattr(party, f"is_{r}")]
    return Text("、".join(x.zh for x in labels) or "—", ", ".join(x.en for x in labels) or "—")


def _answers(request: HttpRequest) -> dict[str, Any]:
    values: dict[str, Any] = {f.name: request.POST.get(f.name, "") for f in APPLICATION.fields}
    values["roles"] = request.POST.getlist("roles")
    return values


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """The public application: an account for the first person, and the organisation."""
    person = request.user if isinstance(request.user, Person) else None
    context: dict[str, Any] = {
        "account": () if person else ACCOUNT, "fields": APPLICATION.fields, "values": {}, "errors": {},
        "general": None, "key": str(uuid.uuid4()),
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "parties/organisations_join.html", context)
    if not ratelimit.consume(request, action="signup"):
        return respond_429(request)
    answers = _answers(request)
    try:
        done = _apply(request, person, answers)
    except Refusal as refusal:
        shown = answers | {e.name: request.POST.get(e.name, "") for e in (USERNAME, DISPLAY_NAME)}
        context |= {"values": shown, "errors": refusal.fields, "general": None if refusal.fields else refusal.message}
        return render(request, "parties/organisations_join.html", context, status=refusal.status)
    return render(request, "parties/organisations_joined.html", {**done, "signed_in": person is not None})


def _apply(request: HttpRequest, person: Person | None, answers: dict[str, Any]) -> dict[str, Any]:
    operator = queries.the_operator()
    username = request.POST.get("username", "")

    def act() -> dict[str, Any]:
        who = person or make_person(username, request.POST.get("password", ""), request.POST.get("display_name", ""))
        case = services.apply_for_admission(who, answers, operator)
        due = case.clocks.get(name="accept").due_at
        return {"number": case.number, "operator": operator.name, "due": due.date().isoformat()}

    hashed = idempotency.fingerprint("join", username, answers)
    return idempotency.once(request.actor, request.POST.get("idempotency_key"), hashed, act)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@for_a_party
def own(request: HttpRequest) -> HttpResponse:
    """机构与资质: what the organisation is admitted as, its contact data, its admission case."""
    actor = request.actor  # type: ignore[attr-defined]
    party = queries.own_party(actor)
    contact = {f.name: getattr(party, f.name) for f in services.CONTACT.fields}
    context: dict[str, Any] = {
        "party": party, "status": STATUS_LABELS[party.status], "roles": role_words(party),
        "events": list(queries.standing_events(party)[:20]), "choices": acting_choices(actor.person),
        "manages": "manager" in actor.duties, "fields": services.CONTACT.fields, "values": contact, "errors": {},
        "general": None, "key": str(uuid.uuid4()), "case": _own_case(party, actor),
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "parties/organisations_own.html", context)
    given = {f.name: request.POST.get(f.name, "") for f in services.CONTACT.fields}
    try:
        idempotency.once(
            actor, request.POST.get("idempotency_key"), idempotency.fingerprint("contact", given),
            lambda: {"number": services.change_contact(actor, given).number},
        )  # fmt: skip
    except Refusal as refusal:
        general = None if refusal.fields else refusal.message
        context |= {"values": given, "errors": refusal.fields, "general": general}
        return render(request, "parties/organisations_own.html", context, status=refusal.status)
    return redirect("party")


def _own_case(party: Party, actor: Any) -> Any:
    return cases.view(cases.get_case(party.case.number, actor), actor) if party.case else None


def facts(party: Party) -> dict[str, Any]:
    """What the public page and its JSON twin say."""
    return {
        "number": party.number, "name": party.name, "name_en": party.name_en, "uscc": party.uscc,
        "roles": [r for r in ROLE_LABELS if getattr(party, f"is_{r}")], "status": party.status,
        "admitted_at": party.admitted_at, "business": party.business,
    }  # fmt: skip


@require_GET
def directory(request: HttpRequest) -> HttpResponse:
    """Everybody who may trade, review, register or supervise here."""
    role = request.GET.get("role", "")
    page = paging.page(queries.public_parties(role), request.GET.get("after", ""))
    context = {
        "page": page, "rows": [(p, role_words(p)) for p in page.items], "role": role, "role_labels": ROLE_LABELS,
        "json_url": "/parties.json" + (f"?role={role}" if role in ROLE_LABELS else ""),
    }  # fmt: skip
    return render(request, "parties/organisations_directory.html", context)


@require_GET
def directory_json(request: HttpRequest) -> HttpResponse:
    page = paging.page(queries.public_parties(request.GET.get("role", "")), request.GET.get("after", ""))
    said = {"items": [facts(p) for p in page.items], "next": page.next, "total": page.total}
    return JsonResponse(said, json_dumps_params={"ensure_ascii": False})


@require_GET
def public(request: HttpRequest, number: str) -> HttpResponse:
    party = queries.public_party(number)
    actor = request.actor  # type: ignore[attr-defined]
    context = {
        "party": party, "status": STATUS_LABELS[party.status], "roles": role_words(party),
        "events": list(queries.standing_events(party)[:20]), "json_url": f"/parties/{number}.json",
        "decides": services.may_set_status(actor) and party.pk != actor.party_id,
    }  # fmt: skip
    return render(request, "parties/organisations_public.html", context)


@require_GET
def public_json(request: HttpRequest, number: str) -> HttpResponse:
    return JsonResponse(facts(queries.public_party(number)), json_dumps_params={"ensure_ascii": False})


@require_http_methods(["GET", "POST"])
@for_a_party
def standing(request: HttpRequest, number: str, act: str) -> HttpResponse:
    """Suspending or resuming a party, restated before it is done."""
    actor = request.actor  # type: ignore[attr-defined]
    party = queries.public_party(number)
    stop = act == "suspend"
    title = Text("暂停机构", "Suspend the party") if stop else Text("恢复机构", "Resume the party")
    effect = (
        Text("该机构立即失去办理资格，已有授权按规则暂停", "The party may not act; its grants follow by rule")
        if stop else Text("该机构恢复原有身份", "The party has its roles again")
    )  # fmt: skip
    context: dict[str, Any] = {
        "title": title, "lead": None, "rows": [(Text("机构", "Party"), party.name)],
        "effects": [("info-circle", effect), ("anchor", Text("这一步写入存证日志", "This is written to the log"))],
        "fields": [services.REASON], "values": {}, "errors": {}, "general": None, "action_url": request.path,
        "verb": title, "back_url": f"/parties/{number}", "danger": stop, "key": str(uuid.uuid4()),
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "ui/confirm.html", context)
    reason = request.POST.get("reason", "")
    target = Party.Status.SUSPENDED if stop else Party.Status.ACTIVE
    try:
        idempotency.once(
            actor, request.POST.get("idempotency_key"), idempotency.fingerprint(act, number, reason),
            lambda: {"status": services.set_status(actor, number, target, reason).status},
        )  # fmt: skip
    except Refusal as refusal:
        general = None if refusal.fields else refusal.message
        context |= {"values": {"reason": reason}, "errors": refusal.fields, "general": general}
        return render(request, "ui/confirm.html", context, status=refusal.status)
    return redirect("party-public", number)


urlpatterns = [
    path("join", join, name="join"),
    path("parties", directory, name="parties"),
    path("parties.json", directory_json, name="parties-json"),
    path("parties/<str:number>.json", public_json, name="party-public-json"),
    path("parties/<str:number>", public, name="party-public"),
    path("parties/<str:number>/suspend", standing, {"act": "suspend"}, name="party-suspend"),
    path("parties/<str:number>/resume", standing, {"act": "resume"}, name="party-resume"),
    path("desk/party", own, name="party"),
]
