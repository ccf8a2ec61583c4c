"""REST of the security review. Steps of a case go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.parties.http import actor_of, once

from . import queries, services
from .form import APPLICATION
from .withdrawal import withdraw_basis

router = Router(tags=["security reviews"])


class Application(Schema):
    """`form` follows `GET /security-reviews/form`; `operator` is a party number."""

    dataset: str
    operator: str
    form: dict[str, Any]
    version: int | None = None


class Check(Schema):
    """The columns by which a person could be found again."""

    dataset: str
    columns: list[str]
    version: int | None = None


class Withdrawal(Schema):
    """`batch` "": the whole basis. No names or other personal information in `reason`."""

    reason: str
    batch: str = ""
    confirmed: bool = False


@router.get("/security-reviews/form", summary="The form of an application", auth=None)
def form(request: HttpRequest) -> dict[str, Any]:
    return APPLICATION.schema()


@router.get("/security-reviews", summary="Security reviews that the acting party takes part in, newest first")
def reviews(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.reviews(actor_of(request), state), after)
    items = [
        {"number": r.case.number, "state": r.case.state, "dataset": r.version.dataset.number,
         "version": r.version.version, "level": r.level} for r in page.items
    ]  # fmt: skip
    return {"items": items, "next": page.next, "total": page.total}


@router.post("/security-reviews", summary="Apply for a security review; send Idempotency-Key to make retries safe")
def apply(request: HttpRequest, body: Application) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body.dict()], lambda: {
        "number": services.apply_review(actor, body.dataset, body.operator, body.form, body.version).number})  # fmt: skip


@router.get("/security-reviews/{number}", summary="One security review with its form and what was graded")
def review(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.as_json(queries.get_review(number, actor_of(request)))


@router.post(
    "/security-reviews/{number}/basis-withdrawal",
    summary="The basis of personal information is withdrawn; listings and grants stop at once",
)
def withdraw(request: HttpRequest, number: str, body: Withdrawal) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [number, body.dict()], lambda: {
        "withdrawal": withdraw_basis(actor, number, body.dict()).pk,
        "state": queries.get_review(number, actor).state})  # fmt: skip


@router.post("/anonymity-checks", summary="Count the groups over columns of a hosted version (k-anonymity)")
def check(request: HttpRequest, body: Check) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        made = services.check_anonymity(actor, body.dataset, body.columns, body.version)
        return {"rows": made.rows, "groups": made.groups, "smallest_group": made.smallest, "rows_below": made.below,
                "threshold": made.threshold, "material": made.material_id}  # fmt: skip

    return once(request, [body.dict()], run)
