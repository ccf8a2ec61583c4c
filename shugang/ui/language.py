"""The two languages of the portal and the reader's two display choices, kept in plain cookies.

Neither choice is worth a session or a CSRF token: public pages stay without both, and the worst a foreign page could do
is to show somebody our pages in English.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

LANGUAGE_COOKIE = "lang"
SIZE_COOKIE = "size"
ZH, EN = "zh-hans", "en"
HTML_LANG = {ZH: "zh-CN", EN: "en"}
COOKIE_AGE = 365 * 24 * 3600
# The language of the request under way. A page asks for it hundreds of times, and Django's own answer takes 15 µs each time.
_asked: ContextVar[str] = ContextVar("language", default="")


def current() -> str:
    """The active language, `zh-hans` or `en`; anything else counts as Chinese."""
    return _asked.get() or (EN if (translation.get_language() or ZH).startswith("en") else ZH)


def is_english() -> bool:
    return current() == EN


def html_lang() -> str:
    return HTML_LANG[current()]


def _chosen(request: HttpRequest) -> str:
    value = request.COOKIES.get(LANGUAGE_COOKIE, "")
    return EN if value == EN else ZH


class LanguageMiddleware:
    """Activates the language of the `lang` cookie; Chinese without one.

    Browsers' preferences are not consulted: a city's service speaks Chinese first, and one address shows one page to
    everybody who has not chosen.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = _chosen(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        before = _asked.set(language)
        try:
            response = self.get_response(request)
        finally:
            _asked.reset(before)
        response.headers.setdefault("Content-Language", HTML_LANG[language])
        return response


def safe_next(request: HttpRequest, fallback: str = "/") -> str:
    """Where to go back to: the posted `next`, only when it stays on this host."""
    wanted = request.POST.get("next", "")
    secure = request.is_secure()
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=secure):
        return wanted
    return fallback


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_AGE,
        samesite="Lax",
        httponly=name == LANGUAGE_COOKIE,
        secure=settings.SESSION_COOKIE_SECURE,
    )


@csrf_exempt
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """POST `lang=zh-hans|en`, `next=/path`. An unknown language changes nothing."""
    response = HttpResponseRedirect(safe_next(request))
    language = request.POST.get("lang", "")
    if language in HTML_LANG:
        _remember(response, LANGUAGE_COOKIE, language)
    return response


@csrf_exempt
@require_POST
def set_text_size(request: HttpRequest) -> HttpResponse:
    """POST `size=lg|normal`, `next=/path`: the 大字版 for browsers without scripts."""
    response = HttpResponseRedirect(safe_next(request))
    size = request.POST.get("size", "")
    if size in {"lg", "normal"}:
        _remember(response, SIZE_COOKIE, size)
    return response
