"""Acknowledging on a page: what waits, what was signed, the statement with the buyer's own numbers."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import idempotency, paging
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.parties.gates import for_a_party
from shugang.parties.keys.services import living_key
from shugang.policy.text import Text

from ..grants.queries import get_grant
from . import queries, services
from . import statement as form
from .models import Acknowledgement

_COUNTED = form.COUNTS[1:]
FIELDS = (
    *(Field(name, "int", form.LABELS[name], minimum=0) for name in _COUNTED),
    Field(
        "remark", "textarea", Text("说明", "Remark"),
        Text("与平台数字不同时，写明您按什么计数。", "Where your numbers differ, say how you counted."), required=False,
    ),
)  # fmt: skip
OWN = Field(
    "own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
    Text("请对页面所示摘要签名后粘贴（Base64）；改过数字的，先提交一次取得新摘要。",
         "Sign the digest shown and paste it (base64); after a change of numbers, send once to get the new digest."),
    required=False, max_length=200,
)  # fmt: skip


@require_GET
@for_a_party
def list_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    page = paging.page(queries.acknowledgements(actor), request.GET.get("after", ""))
    context = {"waiting": queries.waiting(actor), "page": page, "may_sign": "signer" in actor.duties}
    return render(request, "delivery/acknowledgements.html", context)


@require_GET
@for_a_party
def one_page(request: HttpRequest, number: str) -> HttpResponse:
    row = queries.get_acknowledgement(request.actor, number)  # type: ignore[attr-defined]
    context = {
        "a": row, "s": row.statement, "holds": queries.holds(row), "differs": queries.compare(row), "labels": form.LABELS,
        "counts": form.COUNTS,
    }  # fmt: skip
    return render(request, "delivery/acknowledgement.html", context)


@require_http_methods(["GET", "POST"])
@for_a_party
def sign_page(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    grant = get_grant(actor, number)
    if grant.grantee_id != actor.party_id:
        raise services.not_the_buyer()
    ends = request.POST.get("last_seq", "")
    said = queries.proposal(actor, number, int(ends[:15]) if ends.isascii() and ends.isdigit() else None)
    values: dict[str, Any] = {name: said[name] for name in (*_COUNTED, "remark")}
    refusal: Refusal | None = None
    if request.method == "POST":
        values |= {field.name: request.POST.get(field.name, "").strip() for field in (*FIELDS, OWN)}
        try:
            said |= _numbers(values)
            return redirect("acknowledgement", _sign(request, actor, said, values["own_signature"]))
        except Refusal as error:
            refusal = error
    context = {
        "grant": grant, "s": said, "fields": FIELDS, "own": OWN if _own_custody(actor) else None, "values": values,
        "labels": form.LABELS, "sha256": form.digest(said), "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None, "key": str(uuid.uuid4()),
        "context": f"acknowledgement:{grant.number}:{said['first_seq']}",
    }  # fmt: skip
    return render(request, "delivery/acknowledge.html", context, status=refusal.status if refusal else 200)


def _own_custody(actor: Actor) -> bool:
    key = living_key(actor.person_id or 0)
    return key is not None and key.custody == "own"


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """The buyer's own numbers. Raises Refusal `invalid_form`."""
    wrong = {n: Text("请填写整数。", "Please give a whole number.") for n in _COUNTED if not _whole(values[n])}
    if wrong:
        raise Refusal("invalid_form", Text("请更正标出的各项。", "Please correct the marked fields."), 422, wrong)
    return {**{name: int(values[name]) for name in _COUNTED}, "remark": values["remark"].replace("\r\n", " ")[:400]}


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _sign(request: HttpRequest, actor: Actor, said: dict[str, Any], own_signature: str) -> str:
    def run() -> dict[str, Any]:
        row: Acknowledgement = services.acknowledge(actor, said, own_signature)
        return {"number": row.number}

    print_of = idempotency.fingerprint(request.path, said)
    return str(idempotency.once(actor, request.POST.get("idempotency_key"), print_of, run)["number"])


urlpatterns = [
    path("desk/acknowledgements", list_page, name="acknowledgements"),
    path("desk/acknowledgements/<str:number>", one_page, name="acknowledgement"),
    path("desk/grants/<str:number>/acknowledge", sign_page, name="acknowledge"),
]
