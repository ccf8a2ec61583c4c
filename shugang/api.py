"""The REST API `/api/v1`: the rooms' routers under one description, one way of saying no."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from . import rooms

SIGN_IN = Text("请先登录，或在请求头Authorization中带上访问令牌。", "Please sign in, or send an access token.")


class ActorAuth(AuthBase):
    """The actor that the middleware found; a session's writes also need the CSRF token."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Any:
        actor = getattr(request, "actor", None)
        if actor is None or actor.person_id is None:
            return None
        by_token = request.headers.get("Authorization", "").startswith("Bearer ")
        if not by_token and request.method not in {"GET", "HEAD"} and check_csrf(request) is not None:
            raise Refusal(
                "csrf",
                Text("页面已过期，请刷新后再提交。", "The page has expired. Please reload and submit again."),
                403,
            )
        return actor


api = NinjaAPI(
    title="Shugang API",
    version="1.0.0",
    description="Whatever the pages can do. Errors are `{code, message, message_en, fields}`; lists page by cursor.",
    urls_namespace="api-v1",
    auth=[ActorAuth()],
    docs_url=None,
)


def _answer(request: HttpRequest, status: int, code: str, message: Text, fields: dict[str, Any]) -> HttpResponse:
    body = {"code": code, "message": message.zh, "message_en": message.en, "fields": fields}
    return api.create_response(request, body, status=status)


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    fields = {name: {"message": text.zh, "message_en": text.en} for name, text in refusal.fields.items()}
    return _answer(request, refusal.status, refusal.code, refusal.message, fields)


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _answer(request, 401, "sign_in_required", SIGN_IN, {})


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {".".join(str(part) for part in e["loc"][1:]): {"message": e["msg"]} for e in error.errors}
    message = Text(
        "请求的字段不符合接口说明，请对照修改。", "Some fields do not fit the API's description. Please correct them."
    )
    return _answer(request, 422, "invalid_request", message, fields)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    message = Text("请求内容无法读取，请发送UTF-8的JSON。", "The request cannot be read. Please send JSON in UTF-8.")
    return _answer(request, error.status_code, "bad_request", message, {})


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _answer(request, 413, "request_too_large", Text("请求内容过大。", "The request is too large."), {})


for module in rooms.modules("api"):
    api.add_router("", module.router)


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """The API in words: conventions, and every operation from its own description."""
    schema = api.get_openapi_schema()
    rows = [
        (method.upper(), address, operation.get("summary", ""))
        for address, methods in sorted(schema["paths"].items())
        for method, operation in methods.items()
    ]
    return render(request, "portal/api.html", {"rows": rows, "plane_url": settings.SHUGANG_PLANE_URL})
