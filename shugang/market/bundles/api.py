"""Projects with several suppliers through the API; single steps (propose, consent, accept, cancel) are those of the case."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging

from ..http import member, once_api
from . import queries, services

router = Router(tags=["projects"])


class ProjectIn(Schema):
    """`products`: numbers, one a supplier."""

    title: str
    purpose: str
    need: str
    products: list[str]


class SignaturesIn(Schema):
    """Contract number → base64 signature, for keys in own custody; empty where the platform keeps the key."""

    own_signatures: dict[str, str] = {}


@router.get("/bundles", summary="Projects of the acting party, newest first")
def bundles(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    actor = member(request)
    found = paging.page(queries.bundles(actor, state), after)
    return {"items": [queries.bundle_json(actor, b) for b in found.items], "next": found.next, "total": found.total}


@router.get("/bundles/{number}", summary="One project: who takes part, how far each is, the shares")
def bundle(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return queries.bundle_json(actor, queries.get_bundle(actor, number))


@router.post("/bundles", summary="Begin a project: an inquiry of every supplier, all or none")
def begin(request: HttpRequest, said: ProjectIn) -> dict[str, Any]:
    actor, form = member(request), {**said.dict(), "products": "\n".join(said.products)}
    return once_api(request, form, lambda: {"number": services.open_bundle(actor, form).number})


@router.post(
    "/bundles/{number}/signatures", summary="The buyer signs every contract at once; they take effect together"
)
def sign(request: HttpRequest, number: str, said: SignaturesIn) -> dict[str, Any]:
    actor = member(request)

    def act() -> dict[str, Any]:
        return queries.bundle_json(actor, services.sign_all(actor, number, said.own_signatures))

    return once_api(request, said.dict(), act)
