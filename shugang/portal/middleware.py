"""A verb's refusal becomes the page that says what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui import errors
from shugang.ui.errors import STATUSES

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RefusalMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, Refusal):
            return None
        status = exception.status if exception.status in STATUSES else 400
        way_on: dict[str, Any] = {}
        if exception.code == "sign_in_required":
            back = urlencode({"next": request.get_full_path() if request.method == "GET" else "/desk"})
            way_on = {
                "title": Text("请先登录", "Please sign in"),
                "action": Text("去登录", "Sign in"),
                "action_url": f"/sign-in?{back}",
            }
        return errors.page(request, status, message=exception.message, code=exception.code, **way_on)
