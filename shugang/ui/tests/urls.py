"""Addresses for this room's tests, so that they do not depend on the wings above."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from shugang.ui import errors


def blank(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [path("", include("shugang.ui.urls")), path("", blank, name="home"), path("desk", blank, name="desk")]
handler404 = errors.not_found
