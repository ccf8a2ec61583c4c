"""The parties' own view of a voucher: the paper with the amount, and the opening of its commitment."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text

from ..http import member
from . import documents
from .models import TradeVoucher

VOUCHER = Text("这张交易凭证", "trade voucher")


def _own(request: HttpRequest, number: str) -> TradeVoucher:
    rows = TradeVoucher.objects.visible_to(member(request)).select_related("event", "contract")
    found = rows.filter(number=number).first()
    if found is None:
        raise not_found(VOUCHER)
    return found


@require_GET
def voucher_pdf(request: HttpRequest, number: str) -> HttpResponse:
    made = documents.pdf(_own(request, number), with_amount=True)
    if made is None:
        raise Refusal(
            "pending",
            Text("凭证正在锚定，几秒后即可下载。", "The voucher is being anchored; please try again in a few seconds."),
            409,
        )
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return response


@require_GET
def voucher_json(request: HttpRequest, number: str) -> HttpResponse:
    """Content, amount and salt: SHA-256(salt ‖ RFC 8785(amount)) is the public commitment."""
    row = _own(request, number)
    body = {**row.content, "amount": row.amount, "amount_salt": bytes(row.amount_salt).hex()}
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("desk/vouchers/<str:number>.pdf", voucher_pdf, name="voucher-pdf"),
    path("desk/vouchers/<str:number>.json", voucher_json, name="voucher-json"),
]
