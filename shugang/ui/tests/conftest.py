"""Shared givens: a request, a language, an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.template.backends.jinja2 import Jinja2
from django.test import RequestFactory
from django.utils import translation

from shugang.ui import context, menu

BACKEND = {
    "NAME": "jinja2",
    "DIRS": [],
    "APP_DIRS": True,
    "OPTIONS": {
        "environment": "shugang.ui.jinja.environment",
        "context_processors": ["django.template.context_processors.request", "shugang.ui.context.site"],
    },
}


@pytest.fixture(autouse=True)
def _own_addresses(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = "shugang.ui.tests.urls"
    for name in ("SHUGANG_ICP", "SHUGANG_HOST_ORG", "SHUGANG_OPERATOR_ORG", "SHUGANG_CONTACT"):
        setattr(settings, name, "")
    with translation.override("zh-hans"):
        yield


@pytest.fixture(autouse=True)
def _own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Menus, clock and account as if no wing above had registered anything."""
    monkeypatch.setattr(menu, "_items", {})
    monkeypatch.setattr(context, "_account", context._nobody)
    monkeypatch.setattr(context, "_clock", context._real_now)


@pytest.fixture
def request_for() -> Callable[..., HttpRequest]:
    def make(path: str = "/", **kwargs: Any) -> HttpRequest:
        request = RequestFactory().get(path, **kwargs)
        request._messages = CookieStorage(request)
        return request

    return make


@pytest.fixture
def render(request_for: Callable[..., HttpRequest]) -> Callable[..., str]:
    engine = Jinja2(dict(BACKEND, OPTIONS=dict(BACKEND["OPTIONS"])))

    def run(source: str, request: HttpRequest | None = None, **values: Any) -> str:
        head = '{% import "ui/components.html" as ui %}'
        template = engine.get_template(source) if source.endswith(".html") else engine.from_string(head + source)
        return template.render(values, request or request_for())

    return run
