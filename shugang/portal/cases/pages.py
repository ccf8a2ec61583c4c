"""The page of any case: what it is, where it stands, what happened, and the steps this person may take."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import engine, idempotency, materials, queries
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.procedure import Transition
from shugang.parties.keys.services import living_key
from shugang.policy.text import Text

from . import presenting

OWN_SIGNATURE = "own_signature"


@require_GET
def case_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    case = queries.get_case(number, actor)
    return render(request, "portal/case.html", presenting.case_context(case, actor))


@require_http_methods(["GET", "POST"])
def step_page(request: HttpRequest, number: str, step: str) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    case = queries.get_case(number, actor)
    transition = next((t for t in queries.steps_for(case, actor) if t.name == step), None)
    if transition is None:
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    if request.method == "GET":
        return _form(request, case, transition, presenting.known_answers(case, transition), None)
    values = _values(request, transition)
    try:
        revision = int(request.POST.get("rev") or case.revision)
        idempotency.once(
            actor,
            request.POST.get("idempotency_key"),
            idempotency.fingerprint(number, step, values),
            lambda: {"revision": engine.act(number, step, actor, values, revision).revision},
        )
    except Refusal as refusal:
        return _form(request, case, transition, values, refusal)
    return redirect(f"/cases/{number}?done={step}")


def _values(request: HttpRequest, transition: Transition) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in transition.form.fields:
        if field.kind == "file":
            upload = request.FILES.get(field.name)
            if upload is not None:
                values[field.name] = materials.store(request.actor, upload.name or "", upload.file)  # type: ignore
        elif field.kind == "multi":
            values[field.name] = request.POST.getlist(field.name)
        elif field.name in request.POST:
            values[field.name] = request.POST[field.name]
    return values


def _form(
    request: HttpRequest, case: Any, transition: Transition, values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    context = presenting.step_context(case, transition)
    context["fields"] = [f for f in context["fields"] if f.name != OWN_SIGNATURE or _signs_himself(request)]
    context |= {
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
        "rev": case.revision,
    }
    return render(request, "portal/step.html", context, status=refusal.status if refusal else 200)


def _signs_himself(request: HttpRequest) -> bool:
    """Whether the person keeps his key himself; else the platform signs for him and there is nothing to paste."""
    key = living_key(request.actor.person_id or 0)  # type: ignore[attr-defined]
    return key is not None and key.custody == "own"


@require_GET
def material(request: HttpRequest, pk: int) -> HttpResponse:
    """A material as a download: never rendered inline, whatever it claims to be."""
    row, where = materials.open_material(pk, request.actor)  # type: ignore[attr-defined]
    response = HttpResponse(where.read_bytes(), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="material-{row.pk}"'
    return response


urlpatterns = [
    path("cases/<str:number>", case_page, name="case"),
    path("cases/<str:number>/<str:step>", step_page, name="case-step"),
    path("materials/<int:pk>", material, name="material"),
]
