"""allauth's forms with our sentences and our rule: an account that does not stand cannot sign in."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from allauth.mfa.base.forms import AuthenticateForm
from django import forms

from .adapters import NOT_AUTHORISED, record


class SignInForm(LoginForm):
    def clean(self) -> Any:
        cleaned = super().clean()
        # Said only to who knows the password, so that nobody learns which accounts wait.
        if self.user is not None and not self.user.stands:
            record("sign_in.failed", self.user, by_himself=False, reason="not_authorised")
            raise forms.ValidationError(NOT_AUTHORISED)
        return cleaned


class CodeForm(AuthenticateForm):
    def _emit_authentication_failed(self, authenticator: Any) -> None:
        super()._emit_authentication_failed(authenticator)
        record("sign_in.failed", self.user, by_himself=False, reason="code")
