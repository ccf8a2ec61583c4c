"""Error pages in both languages: what happened, why, what to do, and a small code to quote.

Wire in the root URL configuration: `handler400 = "shugang.ui.errors.bad_request"`, `handler403 = …forbidden`,
`handler404 = …not_found`, `handler500 = …server_error`. Verbs' refusals use `page()`.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from shugang.policy.text import Text
from shugang.ui.jinja import tx

log = logging.getLogger("shugang.ui")
# Shown when a view gives no words of its own.
CODES = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    500: "internal",
}
STATUSES = frozenset(CODES)


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.path.endswith(".json")


def page(
    request: HttpRequest,
    status: int,
    *,
    title: Text | None = None,
    message: Text | None = None,
    action: Text | None = None,
    action_url: str = "",
    code: str = "",
    **extra: Any,
) -> HttpResponseBase:
    """An error answer: JSON for programs, a fragment for htmx, else a page. Absent words are the status's own."""
    code = code or CODES[status]
    if wants_json(request):
        zh, en = (tx(message), message.en) if message else (code, code)
        said: dict[str, Any] = {"code": code, "message": zh, "message_en": en, "fields": {}}
        return JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})
    fragment = request.headers.get("HX-Request") == "true"
    context = {
        "error_title": title,
        "error_message": message,
        "error_action": action,
        "error_url": action_url,
        "error_code": code,
        "fragment": fragment,
        **extra,
    }
    return render(request, f"{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    return page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Draws a page that needs no database, no menu and no session: any of them may be what failed."""
    number = f"E-{secrets.token_hex(2).upper()}"
    log.error("internal error %s at %s", number, request.path, exc_info=True)
    if wants_json(request):
        return JsonResponse({"code": CODES[500], "number": number}, status=500)
    return render(None, "500.html", {"number": number}, status=500)
