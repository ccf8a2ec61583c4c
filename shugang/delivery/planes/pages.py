"""The wire between planes and control, `/plane/v1/…`: signed requests, JSON answers (never pages)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..connections.services import report
from ..metering import books
from ..metering.services import fold_journal
from .bundles import signed_bundle
from .requests import authenticate
from .services import enrol, platform_key

View = Callable[[HttpRequest], HttpResponse]
BAD_REQUEST = Text("请求内容不完整或格式有误。", "The request is incomplete or malformed.")


def _wire(view: View) -> View:
    """Refusals as JSON; no cookies are involved, so there is no cross-site request to guard against."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except RequestDataTooBig:
            return _refused(Refusal("request_too_large", Text("请求内容过大。", "The request is too large."), 413))
        except Refusal as refusal:
            return _refused(refusal)

    return answer


def _refused(refusal: Refusal) -> JsonResponse:
    fields = {name: text.en for name, text in refusal.fields.items()}
    body = {
        "code": refusal.code,
        "message": refusal.message.zh,
        "message_en": refusal.message.en,
        "fields": fields,
    }
    return JsonResponse(body, status=refusal.status)


def _body(request: HttpRequest, **kinds: type) -> list[Any]:
    """The named values of the JSON body, each of its kind. Raises Refusal `bad_request`."""
    try:
        data = json.loads(request.body)
        values = [data[name] for name in kinds]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refusal("bad_request", BAD_REQUEST) from None
    for value, kind in zip(values, kinds.values(), strict=True):
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Refusal("bad_request", BAD_REQUEST)
    return values


@_wire
@require_POST
def enrol_view(request: HttpRequest) -> HttpResponse:
    code, public_key, name = _body(request, code=str, public_key=str, name=str)
    plane = enrol(code, public_key, name)
    return JsonResponse({"plane": plane.number, "platform_key": platform_key()})


@_wire
@require_GET
def bundle_view(request: HttpRequest) -> HttpResponse:
    plane = authenticate(request)
    known = request.GET.get("revision", "0")
    if not known.isascii() or not known.isdigit():
        raise Refusal("bad_request", BAD_REQUEST)
    response = HttpResponse(signed_bundle(plane, int(known[:18])), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


@_wire
@require_POST
def journal_view(request: HttpRequest) -> HttpResponse:
    plane = authenticate(request)
    from_seq, records = _body(request, from_seq=int, records=list)
    return JsonResponse({"acked_seq": fold_journal(plane, from_seq, records)})


@_wire
@require_POST
def connections_view(request: HttpRequest) -> HttpResponse:
    plane = authenticate(request)
    (results,) = _body(request, results=list)
    return JsonResponse({"taken": report(plane, [r for r in results[:100] if isinstance(r, dict)])})


@_wire
@require_POST
def books_view(request: HttpRequest) -> HttpResponse:
    plane = authenticate(request)
    seq, head, sums = _body(request, seq=int, head=str, sums=dict)
    return JsonResponse({"seq": books.receive(plane, seq, head, sums).seq})


urlpatterns = [
    path("plane/v1/enrol", enrol_view, name="plane-enrol"),
    path("plane/v1/bundle", bundle_view, name="plane-bundle"),
    path("plane/v1/connections", connections_view, name="plane-connections"),
    path("plane/v1/journal", journal_view, name="plane-journal"),
    path("plane/v1/books", books_view, name="plane-books"),
]
