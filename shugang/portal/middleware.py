"""A verb's refusal becomes the page that says what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from shugang.kernel.errors import Refusal
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
        return errors.page(request, status, message=exception.message, code=exception.code)
