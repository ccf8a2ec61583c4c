"""Cases through the API: the inbox, one case, one step. Forms are described by the procedure itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router

from shugang.kernel import engine, idempotency, paging, queries
from shugang.kernel.models import Case

router = Router(tags=["cases"])


def _summary(view: queries.CaseView) -> dict[str, Any]:
    case = view.case
    return {
        "number": case.number,
        "procedure": case.procedure,
        "title": case.title,
        "state": case.state,
        "state_label": view.state.label.zh,
        "revision": case.revision,
        "opened_at": case.opened_at,
        "due_at": view.clock.due_at if view.clock else None,
        "working_days_left": view.days_left,
        "steps": [
            {"name": s.name, "label": s.label.zh, "label_en": s.label.en, "form": s.form.schema()} for s in view.steps
        ],
    }


@router.get("/inbox", summary="What waits for the caller, most urgent first")
def inbox(request: HttpRequest) -> dict[str, Any]:
    return {"items": [_summary(v) for v in queries.inbox(request.actor)]}  # type: ignore[attr-defined]


@router.get("/cases", summary="Cases of the acting party, newest first")
def cases(request: HttpRequest, after: str = "") -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    found = paging.page(Case.objects.visible_to(actor), after)
    return {"items": [_summary(queries.view(c, actor)) for c in found.items], "next": found.next, "total": found.total}


@router.get("/cases/{number}", summary="One case with its form answers and the steps open to the caller")
def case(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_case(number, actor)
    return {**_summary(queries.view(found, actor)), "data": found.data}


@router.post("/cases/{number}/steps/{step}", summary="Take a step; send Idempotency-Key to make retries safe")
def act(
    request: HttpRequest, number: str, step: str, data: dict[str, Any] = Body(default={}), revision: int | None = None
) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]

    def run() -> dict[str, Any]:
        moved = engine.act(number, step, actor, data, revision)
        return {"number": moved.number, "state": moved.state, "revision": moved.revision}

    return idempotency.once(
        actor, request.headers.get("Idempotency-Key"), idempotency.fingerprint(number, step, data, revision), run
    )
