"""REST of recognition. Steps of a case go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency, paging
from shugang.parties.http import actor_of

from . import queries, services
from .form import SUBMIT

router = Router(tags=["recognition"])


class Submission(Schema):
    """`form` follows `GET /recognitions/form`; `registrar` is a party number."""

    dataset: str
    registrar: str
    form: dict[str, Any]
    version: int | None = None


@router.get("/recognitions", summary="Certificates from elsewhere that the acting party submitted or checks")
def recognitions(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.recognitions(actor_of(request)), after)
    return {"items": [queries.row_json(r) for r in page.items], "next": page.next, "total": page.total}


@router.get("/recognitions/form", summary="The form of a recognition", auth=None)
def form(request: HttpRequest) -> dict[str, Any]:
    return SUBMIT.schema()


@router.post("/recognitions", summary="Submit a certificate from elsewhere; a full proof is recognised at once")
def submit(request: HttpRequest, body: Submission) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        case = services.submit(actor, body.dataset, body.registrar, body.form, body.version)
        return queries.row_json(case.recognition)

    key = request.headers.get("Idempotency-Key")
    return idempotency.once(actor, key, idempotency.fingerprint(request.path, body.dict()), run)
