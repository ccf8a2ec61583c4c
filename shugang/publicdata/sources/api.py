"""REST of one source. Steps of a claim go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.parties.http import actor_of, once

from . import queries, services
from .models import REGION

router = Router(tags=["sources"])


class Claim(Schema):
    """The answers of `publicdata.designation`'s opening form."""

    form: dict[str, Any]


class About(Schema):
    """An element in a region, and why: the purpose of a reference, the reason of a collection."""

    element: str
    region: str = REGION
    reason: str


class End(About):
    on: date


@router.get("/sources", summary="The register: which department is the source of which element", auth=None)
def register(request: HttpRequest, q: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.public_sources(q), after)
    return {"items": [queries.source_json(r) for r in page.items], "next": page.next, "total": page.total}


@router.get(
    "/sources/{region}/{element}", summary="One element: source, references, catalogue items, history", auth=None
)
def element(request: HttpRequest, region: str, element: str) -> dict[str, Any]:
    return queries.element_json(queries.public_element(element, region))


@router.post("/sources/claims", summary="Claim to be the source of an element")
def claim(request: HttpRequest, body: Claim) -> dict[str, Any]:
    return once(
        request, [body.model_dump_json()], lambda: {"case": services.claim_source(actor_of(request), body.form).number}
    )


@router.post("/sources/references", summary="Register that the datum held comes from the source")
def refer(request: HttpRequest, body: About) -> dict[str, Any]:
    return once(
        request,
        [body.model_dump_json()],
        lambda: {
            "element": services.register_reference(
                actor_of(request), body.element, body.region, body.reason
            ).source.element
        },
    )


@router.post("/sources/collections", summary="Ask to collect a datum; refused with a pointer where it can be shared")
def collect(request: HttpRequest, body: About) -> dict[str, Any]:
    def run() -> dict[str, Any]:
        made = services.request_collection(actor_of(request), body.element, body.region, body.reason)
        return {"number": made.number, "ground": made.ground}

    return once(request, [body.model_dump_json()], run)


@router.post("/sources/ends", summary="The data office ends a source's lead")
def end(request: HttpRequest, body: End) -> dict[str, Any]:
    return once(
        request,
        [body.model_dump_json()],
        lambda: queries.source_json(
            services.end_source(actor_of(request), body.element, body.region, body.on, body.reason)
        ),
    )
