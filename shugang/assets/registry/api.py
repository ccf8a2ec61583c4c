"""REST of the register: public reads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from . import pages, queries

router = Router(tags=["registry"])


@router.get("/registry", summary="Search certificates: q, state, right, industry, kind, profile", auth=None)
def search(
    request: HttpRequest, q: str = "", state: str = "", right: str = "", industry: str = "", kind: str = "", profile: str = "",
    after: str = "",
) -> dict[str, Any]:  # fmt: skip
    return pages.search_body(
        {"q": q, "state": state, "right": right, "industry": industry, "kind": kind, "profile": profile, "after": after}
    )


@router.get("/registry/revocations", summary="Certificates revoked, cancelled, suspended or lapsed", auth=None)
def revocations(request: HttpRequest, after: str = "") -> dict[str, Any]:
    return pages.revocations_body(after)


@router.get("/registry/statistics", summary="Open statistics of registration", auth=None)
def statistics(request: HttpRequest) -> dict[str, Any]:
    return queries.statistics_json()
