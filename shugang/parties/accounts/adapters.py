"""How allauth works here: sealed second-factor secrets, our sentences, a trace of who signed in."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import lazy

from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.secrets import seal, unseal
from shugang.ui import qr
from shugang.ui.context import short_name
from shugang.ui.jinja import t

from .actor import PartyActor
from .models import Person

_said = lazy(t, str)
NOT_AUTHORISED = _said(
    "您的账户还没有获得授权，或已停用，请联系安全管理员。",
    "Your account is not authorised, or was stopped. Please contact the security administrator.",
)
BOUND_TO = "mfa.Authenticator"


def record(kind: str, person: Person, by_himself: bool = True, **facts: Any) -> None:
    """An event about a sign-in (GB/T 22239-2019 8.1.4.3: user, time, kind, whether it succeeded).

    A failure is nobody's act: whoever tried is not known to be that person.
    """
    with transaction.atomic():
        emit(kind, PartyActor(person) if by_himself else SYSTEM, [], {"person": person.username, **facts})


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _said(
            "用户名或密码不对，请核对后再试。", "The user name or the password is wrong. Please check both."
        ),
        "too_many_login_attempts": _said(
            "尝试次数过多，请5分钟后再试。", "Too many attempts. Please try again in 5 minutes."
        ),
        "incorrect_password": _said("密码不对，请再试。", "The password is wrong. Please try again."),
        "rate_limited": _said("操作太频繁，请稍后再试。", "Too many requests. Please wait a little."),
        "account_inactive": NOT_AUTHORISED,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from /join, from a one-time link, or from the system administrator."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say what happened themselves."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Accounts carry no address to write to."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Unknown names are not recorded: people type passwords into the wrong box."""
        known = Person.objects.filter(username=credentials.get("username", "")).first()
        if known is not None:
            record("sign_in.failed", known, by_himself=False)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        from .middleware import has_second_factor

        record("sign_in.done", user, second_factor=has_second_factor(request, user))


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _said(
            "验证码不对或已用过，请等下一个再输入。", "The code is wrong or was used. Please enter the next one."
        ),
        "cannot_generate_recovery_codes": _said(
            "请先绑定验证器，再生成备用码。", "Please set up an authenticator app first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(text.encode(), BOUND_TO)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(base64.b64decode(encrypted_text), BOUND_TO).decode()

    def get_totp_issuer(self) -> str:
        return short_name() if not settings.SHUGANG_DEMO else f"{short_name()} demo"

    def build_totp_svg(self, url: str) -> str:
        return qr.document_svg(url)
