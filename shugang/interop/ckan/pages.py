"""One address a version of the API, the action's name at its end; GET with a query, or POST with a JSON object."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ..entries import absolute
from .actions import ACTIONS
from .errors import CkanError, Forbidden, Invalid

LARGEST = 64 * 1024
_WRITING = ("_create", "_update", "_delete", "_patch", "_purge", "_revise")


class _Unknown(CkanError):
    status = 400


def _asked(request: HttpRequest) -> dict[str, Any]:
    if request.method == "GET":
        return {name: values[0] if len(values) == 1 else values for name, values in request.GET.lists()}
    if int(request.headers.get("Content-Length") or 0) > LARGEST or len(request.body) > LARGEST:
        raise Invalid(f"The request is larger than {LARGEST} bytes")
    try:
        found = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise _Unknown("Bad request - JSON Error: Error decoding JSON data.") from None
    if not isinstance(found, dict):
        raise _Unknown("Bad request - JSON Error: Request data JSON decoded to something that is no object.")
    return found


def _answer(status: int, body: dict[str, Any]) -> HttpResponse:
    text = json.dumps(body, ensure_ascii=False)
    # A catalogue that is public may be read by any page (CKAN's cors.origin_allow_all); no cookie opens anything here.
    return HttpResponse(
        text,
        status=status,
        content_type="application/json; charset=utf-8",
        headers={"Access-Control-Allow-Origin": "*"},
    )


@csrf_exempt  # nothing here writes
@require_http_methods(["GET", "POST"])
def action(request: HttpRequest, name: str) -> HttpResponse:
    help_ = absolute(f"/api/3/action/help_show?name={name if name in ACTIONS else ''}")
    try:
        act = ACTIONS.get(name)
        if act is None:
            if name.endswith(_WRITING):
                raise Forbidden(
                    "Access denied: this catalogue is read by everybody and written on the platform's own pages"
                )
            raise _Unknown(f"Bad request - Action name not known: {name[:100]}")
        return _answer(200, {"help": help_, "success": True, "result": act(_asked(request))})
    except CkanError as error:
        said: dict[str, Any] = {"__type": error.kind, "message": error.message}
        if error.field:
            said[error.field] = [error.message]
        return _answer(error.status, {"help": help_, "success": False, "error": said})


urlpatterns = [
    path("api/action/<str:name>", action, name="ckan-action"),
    path("api/3/action/<str:name>", action, name="ckan-action-3"),
]
