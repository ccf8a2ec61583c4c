"""REST of appraisal and book cost: the same verbs and reads as the pages. Steps go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import clock, paging
from shugang.kernel.errors import Refusal
from shugang.kernel.profiles import current_profile
from shugang.parties.http import actor_of, once
from shugang.policy.text import Text

from . import book_services, queries, services
from .book_form import BOOK
from .form import ENGAGEMENT, PAPER
from .models import Appraisal
from .pages import paper_json

router = Router(tags=["valuation"])


class Engagement(Schema):
    """`form` follows `GET /appraisals/forms`; `appraiser` is a party number."""

    asset: str
    appraiser: str
    form: dict[str, Any]


class Paper(Schema):
    """`answers` follow `GET /appraisals/forms`; `version` is the version that was changed (0 for the first)."""

    answers: dict[str, Any]
    version: int | None = None


class Trial(Schema):
    answers: dict[str, Any]
    base_date: date


class Sheet(Schema):
    answers: dict[str, Any]
    version: int | None = None


def _row(a: Appraisal) -> dict[str, Any]:
    return {
        "case": a.case.number, "report": a.number, "asset": a.asset.number, "client": a.client.number,
        "appraiser": a.appraiser.number, "state": a.case.state, "base_date": a.base_date, "issued_at": a.issued_at,
        "valid_until": a.valid_until, "archive_until": a.archive_until,
    }  # fmt: skip


@router.get("/appraisals", summary="Appraisals that the acting party ordered or makes")
def appraisals(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.appraisals(actor_of(request)), after)
    return {"items": [_row(a) for a in page.items], "next": page.next, "total": page.total}


@router.get("/appraisals/forms", summary="The forms of an engagement, a working paper and a cost sheet", auth=None)
def forms(request: HttpRequest) -> dict[str, Any]:
    return {"engagement": ENGAGEMENT.schema(), "paper": PAPER.schema(), "book": BOOK.schema()}


@router.post("/appraisals/trial", summary="Compute a working paper without saving anything")
def trial(request: HttpRequest, body: Trial) -> dict[str, Any]:
    if body.base_date > clock.today():
        wrong = Text("评估基准日不能晚于今天。", "The base date may not be later than today.")
        raise Refusal("invalid_form", wrong, 422, {"base_date": wrong})
    _, result = services.computed(body.answers, body.base_date, current_profile("valuation", clock.today()).data)
    return result


@router.get("/appraisals/{number}", summary="One appraisal by its case, with its paper where the reader may see it")
def appraisal(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request)
    found = queries.get_appraisal(number, actor)
    paper = queries.paper_of(found, actor)
    signatures = queries.signatures_of(found, actor)
    return {
        **_row(found),
        "form": found.form,
        "paper": paper_json(found, paper) if paper else None,
        "signatures": [{"name": s.name, "qualification": s.qualification, "digest": s.digest, "signed_at": s.signed_at} for s in signatures],
        "pdf_sha256": found.pdf_sha256 or None,
    }  # fmt: skip


@router.post("/appraisals", summary="Engage an appraiser; send Idempotency-Key to make retries safe")
def engage(request: HttpRequest, body: Engagement) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        case = services.engage(actor, body.asset, body.appraiser, body.form)
        return {"case": case.number, "state": case.state}

    return once(request, [body.dict()], run)


@router.put("/appraisals/{number}/paper", summary="Save a new version of the working paper")
def save_paper(request: HttpRequest, number: str, body: Paper) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        paper = services.save_paper(actor, number, body.answers, body.version)
        return {"version": paper.version, "digest": paper.digest, "result": paper.result}

    return once(request, [body.dict()], run)


@router.get("/book-costs", summary="Cost sheets of the acting party")
def sheets(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.sheets(actor_of(request)), after)
    return {
        "items": [{"number": s.number, "title": s.title} for s in page.items],
        "next": page.next,
        "total": page.total,
    }


@router.get("/book-costs/{number}", summary="One cost sheet: answers, each line's treatment, the disclosure table")
def sheet(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request)
    found = queries.get_sheet(number, actor)
    last = queries.last_version(found, actor)
    return {"number": found.number, "title": found.title, "version": last.version, "digest": last.digest, "form": last.form,
            "result": last.result}  # fmt: skip


@router.post("/book-costs", summary="Open a cost sheet")
def open_sheet(request: HttpRequest, body: Sheet) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body.dict()], lambda: {"number": book_services.open_sheet(actor, body.answers).number})


@router.put("/book-costs/{number}", summary="Save a new version of a cost sheet")
def save_sheet(request: HttpRequest, number: str, body: Sheet) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        saved = book_services.save_sheet(actor, number, body.answers, body.version)
        return {"version": saved.version, "digest": saved.digest, "result": saved.result}

    return once(request, [body.dict()], run)
