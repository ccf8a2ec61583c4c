"""Trade vouchers of the acting party, with the opening of the amount's commitment."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging

from ..http import member
from .models import TradeVoucher

router = Router(tags=["vouchers"])


@router.get("/vouchers", summary="Trade vouchers of the acting party, newest first")
def vouchers(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(TradeVoucher.objects.visible_to(member(request)), after)
    items = [
        {"number": v.number, "bill": v.bill, "content": v.content, "digest": v.digest, "amount": v.amount,
         "amount_salt": bytes(v.amount_salt).hex(), "issued_at": v.issued_at}
        for v in found.items
    ]  # fmt: skip
    return {"items": items, "next": found.next, "total": found.total}
