"""Setting up and removing the second factor, and the recovery codes: allauth's views on our pages."""

from __future__ import annotations

from typing import Any

from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as totp_views
from django.http import HttpResponse
from django.urls import reverse

from ..entries import CODE as _CODE
from ..entries import Entry, form_errors, general_error
from .adapters import record

CODE = Entry("code", "text", _CODE.label, None, max_length=8, autocomplete="one-time-code")


class Activate(totp_views.ActivateTOTPView):
    template_name = "parties/accounts_totp.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = context["form"]
        secret = form.secret
        return {
            **context,
            "entries": (CODE,),
            "errors": form_errors(form) if form.is_bound else {},
            "general": general_error(form),
            "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        }

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        record("second_factor.set_up", form.user)
        return response

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes")


class Deactivate(totp_views.DeactivateTOTPView):
    template_name = "parties/accounts_totp_off.html"

    def form_valid(self, form: Any) -> HttpResponse:
        person: Any = self.request.user
        response = super().form_valid(form)
        record("second_factor.removed", person)
        return response


class Codes(code_views.ViewRecoveryCodesView):
    template_name = "parties/accounts_recovery.html"


class NewCodes(code_views.GenerateRecoveryCodesView):
    template_name = "parties/accounts_recovery_new.html"

    def form_valid(self, form: Any) -> HttpResponse:
        person: Any = self.request.user
        response = super().form_valid(form)
        record("second_factor.codes_renewed", person)
        return response
