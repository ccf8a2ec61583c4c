"""Harvesting through the API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.market.http import member, once_api

from . import pages, services

router = Router(tags=["public data"])


class HarvestIn(Schema, extra="forbid"):
    """What the other catalogue does not say is what stands here, for every entry."""

    url: str
    protocol: Literal["ckan", "dcat"] = "ckan"
    classification: str
    theme: str
    update_cycle: str
    sharing: str
    sharing_method: str = ""
    opening: str
    condition: str = ""


@router.post(
    "/public-data-harvests", summary="Read another catalogue by CKAN or DCAT-AP: all its entries become drafts, or none"
)
def harvest(request: HttpRequest, said: HarvestIn) -> dict[str, Any]:
    actor = member(request)
    made = once_api(request, said.dict(), lambda: {"pk": services.harvest(actor, said.dict()).pk})
    return pages.as_json(services.get_harvest(actor, made["pk"]))


@router.get("/public-data-harvests/{pk}", summary="One harvest: what it drafted, or every mistake by row")
def one_harvest(request: HttpRequest, pk: int) -> dict[str, Any]:
    return pages.as_json(services.get_harvest(member(request), pk))
