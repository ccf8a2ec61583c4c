"""Choosing a language, and not being sent elsewhere by it."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from shugang.ui import language


def post(**values: str) -> HttpResponse:
    return language.set_language(RequestFactory().post("/language", values))


def test_choice_is_kept_and_leads_back() -> None:
    response = post(lang="en", next="/products?q=1")
    assert response.status_code == 302
    assert response["Location"] == "/products?q=1"
    assert response.cookies["lang"].value == "en"
    assert response.cookies["lang"]["samesite"] == "Lax"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "\t//evil.example",
    ],
)
def test_foreign_address_is_refused(target: str) -> None:
    assert post(lang="en", next=target)["Location"] == "/"


@pytest.mark.parametrize("lang", ["", "fr", "zh", "en\r\nX: y"])
def test_unknown_language_changes_nothing(lang: str) -> None:
    response = post(lang=lang, next="/products")
    assert response["Location"] == "/products"
    assert "lang" not in response.cookies


def test_only_by_post() -> None:
    assert language.set_language(RequestFactory().get("/language", {"lang": "en"})).status_code == 405


@pytest.mark.parametrize(
    ("cookie", "accept", "seen"),
    [
        ("", "en-GB", "zh-hans"),
        ("en", "", "en"),
        ("zh-hans", "en", "zh-hans"),
        ("klingon", "", "zh-hans"),
    ],
)
def test_cookie_decides_and_browser_does_not(cookie: str, accept: str, seen: str) -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(language.current())

    request = RequestFactory().get("/", headers={"accept-language": accept})
    request.COOKIES["lang"] = cookie
    response = language.LanguageMiddleware(view)(request)
    assert response.content.decode() == seen
    assert response["Content-Language"] == ("en" if seen == "en" else "zh-CN")


def test_text_size_without_scripts() -> None:
    response = language.set_text_size(RequestFactory().post("/text-size", {"size": "lg", "next": "/desk"}))
    assert (response["Location"], response.cookies["size"].value) == ("/desk", "lg")
    assert "size" not in language.set_text_size(RequestFactory().post("/text-size", {"size": "9"})).cookies
