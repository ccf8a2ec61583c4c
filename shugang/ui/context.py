"""What the layout needs to know on every page.

Wings above tell it through two hooks, set once in their `AppConfig.ready`: `register_clock` (the platform's clock,
simulated in a demonstration) and `register_account` (who is signed in).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from shugang.ui import language, menu


@dataclass(frozen=True)
class Account:
    """The signed-in person as the header shows them: `role` is the post, `party` the acting organisation."""

    name: str
    role: str
    party: str
    url: str
    unread: int = 0
    messages_url: str = ""
    sign_out_url: str = ""


def _real_now() -> datetime:
    return datetime.now(UTC)


def _nobody(_request: HttpRequest) -> Account | None:
    return None


_clock: Callable[[], datetime] = _real_now
_account: Callable[[HttpRequest], Account | None] = _nobody


def register_clock(clock: Callable[[], datetime]) -> None:
    global _clock
    _clock = clock


def register_account(account: Callable[[HttpRequest], Account | None]) -> None:
    global _account
    _account = account


def now() -> datetime:
    """The platform's time, aware, UTC."""
    return _clock()


def short_name() -> str:
    if language.is_english():
        return getattr(settings, "SHUGANG_SITE_SHORT_EN", "") or settings.SHUGANG_SITE_NAME_EN
    return settings.SHUGANG_SITE_SHORT


class Site:
    """Names and choices; menu and account are worked out only when a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.demo = bool(getattr(settings, "SHUGANG_DEMO", False))
        self.icp = getattr(settings, "SHUGANG_ICP", "")
        self.host_org = getattr(settings, "SHUGANG_HOST_ORG", "")
        self.operator_org = getattr(settings, "SHUGANG_OPERATOR_ORG", "")
        self.contact = getattr(settings, "SHUGANG_CONTACT", "")
        self.large = request.COOKIES.get(language.SIZE_COOKIE) == "lg"

    @property
    def short(self) -> str:
        """The short name; on an English page the English name stands alone unless a city gives a short one."""
        return short_name()

    @property
    def name(self) -> str:
        return settings.SHUGANG_SITE_NAME_EN if language.is_english() else settings.SHUGANG_SITE_NAME_ZH

    @cached_property
    def now(self) -> datetime:
        return now()

    @property
    def simulated(self) -> bool:
        """Whether the clock on this page is not the real one; said on every page of a demonstration."""
        return self.demo and abs((self.now - _real_now()).total_seconds()) > 60

    @cached_property
    def account(self) -> Account | None:
        return _account(self._request)

    @cached_property
    def header(self) -> list[menu.Door]:
        return menu.doors(self._request, menu.HEADER)

    @cached_property
    def footer(self) -> list[menu.Door]:
        return menu.doors(self._request, menu.FOOTER)

    @cached_property
    def desk(self) -> list[tuple[menu.Section, list[menu.Door]]]:
        return list(menu.desk(self._request))

    @property
    def here(self) -> str:
        return self._request.get_full_path()


def site(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `site`, `lang` (zh-hans|en) and `html_lang` (zh-CN|en)."""
    return {"site": Site(request), "lang": language.current(), "html_lang": language.html_lang()}
