"""allauth's sign-in with what a demonstration shows beside it."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView

from . import demo


class SignInView(LoginView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "demo_accounts": demo.accounts(), "demo_password": demo.PASSWORD}
