"""What anybody may see: public notices and verification. Page and JSON twin say the same."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.evidence import scan
from shugang.kernel import paging, sequencer
from shugang.kernel.errors import Refusal, not_found
from shugang.parties.http import actor_of
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import certificate_check, documents, queries, sealing, verify
from .http import new_key, once, posted
from .objections import OBJECTION, file_objection, why_not


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    finished = paging.page(queries.public_finished_notices(), request.GET.get("after", ""))
    context = {
        "open": queries.public_open_notices(),
        "finished": queries.public_notice_rows(finished.items),
        "page": finished,
    }
    return render(request, "assets/notices.html", context)


@require_GET
def notices_json(request: HttpRequest) -> JsonResponse:
    finished = paging.page(queries.public_finished_notices(), request.GET.get("after", ""))
    body = {
        "open": queries.public_notices(),
        "finished": [queries.notice_json(n) for n in queries.public_notice_rows(finished.items)],
        "next": finished.next,
    }
    return _json(body)


def _json(body: dict[str, Any], status: int = 200) -> JsonResponse:
    return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})


@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest, number: str) -> HttpResponseBase:
    """One notice, and the form of an objection while it is open."""
    actor = actor_of(request)
    found = queries.public_notice(number)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            values = {k: v for k, v in posted(request, OBJECTION.fields).items() if v not in ("", None)}
            once(request, [values], lambda: {"objection": file_objection(actor, number, values).pk})
            said = Text("异议已收到，公示停止计时。登记机构调查后会给出结论。",
                        "The objection is received and the notice clock has stopped. The registrar will investigate.")  # fmt: skip
            messages.success(request, tx(said))
            return redirect("notice", number=number)
        except Refusal as no:
            refusal = no
    context = {
        "notice": found,
        "fields": list(OBJECTION.fields),
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "signed_in": actor.person_id is not None,
        "refused": why_not(actor, number) if found.state in queries.OPEN_STATES else None,
        "can_object": found.state in queries.OPEN_STATES,
        "key": new_key(),
    }
    return render(request, "assets/notice.html", context, status=refusal.status if refusal else 200)


@require_GET
def verify_form(request: HttpRequest) -> HttpResponseBase:
    """One field. A number that exists leads to its page; for another the page says what to look at."""
    typed = request.GET.get("number", "").strip()[:60]
    if not typed:
        return render(request, "assets/verify_form.html", {"typed": "", "meant": None})
    number = verify.normalise(typed)
    if verify.find(number):
        return redirect("verify-number", number=number)
    return render(request, "assets/verify_form.html", {"typed": typed, "meant": verify.lookalike(typed)}, status=404)


@require_GET
def verify_number(request: HttpRequest, number: str) -> HttpResponse:
    found = verify.find(verify.normalise(number))
    if found is None:
        missing = {"typed": number[:60], "meant": verify.lookalike(number)}
        return render(request, "assets/verify_form.html", missing, status=404)
    context = {
        "found": found,
        "evidence": certificate_check.anchor_facts(found.event),
        "vkey": sequencer.vkey(),
        "code": _code(found),
        "paper": found.pdf is not None and found.proof != verify.MISMATCH,
        "proof_states": {e.pk: sequencer.proof_state(e) for _, e in found.history},
    }
    return render(request, "assets/verify.html", context)


def _code(found: verify.Verification) -> str:
    """What the QR code holds: the link and the proof without its content; "" while there is none."""
    if found.event is None or found.proof in (verify.PENDING, verify.MISMATCH):
        return ""
    receipt = sequencer.receipt_for(found.event, show_content=False)
    return scan.pack(documents.verify_url(found.number), receipt) if receipt else ""


def _known(number: str) -> verify.Verification:
    found = verify.find(verify.normalise(number))
    if found is None:
        raise not_found(Text("这个编号的凭证", "document of this number"))
    return found


@require_GET
def verify_json(request: HttpRequest, number: str) -> JsonResponse:
    return _json(queries.verification_json(_known(number)))


@require_GET
def verify_pdf(request: HttpRequest, number: str) -> HttpResponse:
    found = _known(number)
    data = found.pdf() if found.pdf and found.proof != verify.MISMATCH else None
    if data is None:
        raise Refusal(
            "not_issued_yet",
            Text(
                "凭证文件还没有出具，或与存证记录不符。凭证自存证之时已生效，文件在检查点签名后自动生成，请稍后再试。",
                "The paper is not issued yet, or does not match the record. The certificate is in effect from its deposit; "
                "the paper follows the signed checkpoint. Please try again shortly.",
            ),
            404,
        )
    response = HttpResponse(data, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return response


@require_GET
def verify_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The JSON receipt as a download."""
    found = _known(number)
    receipt = verify.receipt(found)
    if receipt is None:
        raise Refusal(
            "not_anchored",
            Text("这条记录还在等待检查点，或核验不符，现在没有回执。请稍后再试。",
                 "This record awaits its checkpoint, or does not verify: there is no receipt now. Please try again shortly."),
            404,
        )  # fmt: skip
    response = HttpResponse(json.dumps(receipt, ensure_ascii=False, indent=1), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.number}-receipt.json"'
    return response


@require_GET
def platform_certificate(request: HttpRequest) -> HttpResponse:
    """The public certificate of the platform's PDF signature."""
    response = HttpResponse(sealing.certificate_pem(), content_type="application/x-pem-file")
    response.headers["Content-Disposition"] = 'attachment; filename="platform-certificate.pem"'
    return response


urlpatterns = [
    path("notices", notices, name="notices"),
    path("notices.json", notices_json, name="notices-json"),
    path("notices/<str:number>", notice, name="notice"),
    path("verify", verify_form, name="verify"),
    path("verify/platform-certificate.pem", platform_certificate, name="verify-platform-certificate"),
    path("verify/<str:number>.json", verify_json, name="verify-json"),
    path("verify/<str:number>.pdf", verify_pdf, name="verify-pdf"),
    path("verify/<str:number>/receipt", verify_receipt, name="verify-receipt"),
    path("verify/<str:number>", verify_number, name="verify-number"),
]
