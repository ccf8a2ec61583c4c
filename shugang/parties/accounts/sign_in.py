"""Signing in, confirming again, signing out: allauth's views under our addresses and on our pages."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account_views
from allauth.mfa.base import views as mfa_views
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from ..entries import CODE, LOGIN, PASSWORD, form_errors, general_error
from .demo import PASSWORD as DEMO_PASSWORD
from .demo import current_code, demo_accounts
from .forms import CodeForm, SignInForm


class _Page:
    """Turns allauth's form into what our macros draw. `entries` are the questions in order."""

    entries: tuple[Any, ...] = ()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        form = context["form"]
        request: HttpRequest = self.request  # type: ignore[attr-defined]
        given = {k: v for k, v in request.POST.items() if k == "login"}
        context |= {
            "entries": self.entries,
            "values": given,
            "errors": form_errors(form) if form.is_bound else {},
            "general": general_error(form),
            "next": context.get("redirect_field_value") or "",
        }
        return context


class SignIn(_Page, account_views.LoginView):
    form_class = SignInForm
    template_name = "parties/accounts_sign_in.html"
    entries = (LOGIN, PASSWORD)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "demo": demo_accounts(), "demo_password": DEMO_PASSWORD}


class Code(_Page, mfa_views.AuthenticateView):
    """The second factor of a sign-in."""

    form_class = CodeForm
    template_name = "parties/accounts_code.html"
    entries = (CODE,)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person = self.stage.login.user
        shown = current_code(person) if person.demo and person.stands else ""
        return {**super().get_context_data(**kwargs), "demo_code": shown, "again": False}


class ConfirmPassword(_Page, account_views.ReauthenticateView):
    template_name = "parties/accounts_confirm.html"
    entries = (PASSWORD,)


class ConfirmCode(_Page, mfa_views.ReauthenticateView):
    """The second factor again, or for the first time in this session after setting it up."""

    template_name = "parties/accounts_code.html"
    entries = (CODE,)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person: Any = self.request.user
        shown = current_code(person) if person.demo and person.stands else ""
        return {**super().get_context_data(**kwargs), "demo_code": shown, "again": True}


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    return account_views.LogoutView.as_view()(request)
