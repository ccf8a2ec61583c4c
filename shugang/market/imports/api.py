"""Many products at once through the API: send a sheet, read what is wrong, create the drafts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import File, Router
from ninja.files import UploadedFile

from ..http import member
from . import services, sheet
from .models import ProductSheet

router = Router(tags=["products"])


def _told(found: ProductSheet) -> dict[str, Any]:
    rows = [
        {k: row[k] for k in ("line", "result", "product", "wrong")} | {"code": row["values"].get("code", "")}
        for row in found.rows
    ]
    return {
        "id": found.pk,
        "file": found.file_name,
        "done_at": found.done_at and found.done_at.isoformat(),
        "rows": rows,
    }


@router.post(
    "/product-sheets",
    summary="Check a sheet of products (.xlsx or .csv, the template's columns); nothing is created yet",
)
def upload(request: HttpRequest, file: UploadedFile = File(...)) -> dict[str, Any]:
    content = file.read(sheet.MAX_BYTES + 1)
    return _told(services.upload(member(request), file.name or "", content))


@router.get("/product-sheets/{pk}", summary="A sheet: each row with its mistakes or its draft")
def one(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _told(services.own_sheet(member(request), pk))


@router.post(
    "/product-sheets/{pk}/run", summary="Create the drafts of the rows without a mistake; again, it changes nothing"
)
def run(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _told(services.run(member(request), pk))
