"""Who reaches the wing's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from shugang.kernel.errors import forbidden

View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """Sends who has not signed in to do so, and back."""

    @wraps(view)
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor.person_id is None:  # type: ignore[attr-defined]
            return redirect(f"/sign-in?{urlencode({'next': request.get_full_path()})}")
        return view(request, *args, **kwargs)

    return check


def for_a_party(view: View) -> View:
    """Pages of an organisation: refused to administrators and to people of no party."""

    @wraps(view)
    @signed_in
    def check(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor.party_id is None:  # type: ignore[attr-defined]
            raise forbidden(
                "这个页面属于机构。您现在不代表任何机构，请用机构成员的账户登录。",
                "This page belongs to an organisation, and you act for none. Please use a member's account.",
            )
        return view(request, *args, **kwargs)

    return check


def safe_next(request: HttpRequest, fallback: str) -> str:
    """The posted `next` when it stays on this host, else `fallback`."""
    wanted = request.POST.get("next", "")
    inside = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and inside else fallback
