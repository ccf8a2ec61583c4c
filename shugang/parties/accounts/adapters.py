"""How allauth behaves here: no public sign-up, second-factor secrets sealed at rest."""

from __future__ import annotations

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from shugang.kernel.secrets import seal, unseal

_BOUND = "mfa.Authenticator"


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from applying for admission or from a one-time link."""
        return False


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(text.encode(), _BOUND)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(base64.b64decode(encrypted_text), _BOUND).decode()
