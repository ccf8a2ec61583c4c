"""Access tokens of the REST API: 256 random bits behind a prefix; only the SHA-256 is kept."""

from __future__ import annotations

import secrets
from datetime import timedelta

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .models import AccessToken
from .services import digest_of

PREFIX = "sgt_"
MAX_DAYS = 365
# A token with the force of a second factor lives no longer than a working day: nobody types a code for it.
SENSITIVE_DAYS = 1


@verb
def make_token(
    actor: Actor, label: str, days: int = 90, read_only: bool = True, sensitive: bool = False
) -> tuple[AccessToken, str]:
    """A token for the acting person and party; the secret is returned once.

    `sensitive` lets it take steps that need a second factor. Raises Refusal `forbidden`,
    `second_factor_required`, `invalid_form`.
    """
    if actor.person_id is None or actor.party_id is None:
        raise forbidden(
            "访问令牌代表某人为某机构办理业务，请先切换到您的机构。",
            "A token acts for a person and an organisation. Please switch to your organisation first.",
        )
    if sensitive and not actor.second_factor:
        raise forbidden(
            "这种令牌须在第二因素登录后建立。",
            "Such a token is made after signing in with a second factor.",
            "second_factor_required",
        )
    longest = SENSITIVE_DAYS if sensitive else MAX_DAYS
    if not 1 <= days <= longest:
        wrong = Text(f"有效期为1至{longest}天。", f"A token lives 1 to {longest} days.")
        raise Refusal("invalid_form", wrong, 422, {"days": wrong})
    secret = PREFIX + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        person_id=actor.person_id,
        party_id=actor.party_id,
        digest=digest_of(secret),
        prefix=secret[:10],
        label=label.strip()[:60] or "API",
        read_only=read_only,
        second_factor=sensitive,
        created_at=clock.real_now(),
        expires_at=clock.real_now() + timedelta(days=days),
    )
    emit("token.made", actor, [], {"prefix": token.prefix, "read_only": read_only, "second_factor": sensitive})
    return token, secret


@verb
def revoke_token(actor: Actor, pk: int) -> None:
    """End one's own token at once. Raises Refusal `not_found`."""
    token = AccessToken.objects.filter(person_id=actor.person_id or 0, pk=pk, revoked_at__isnull=True).first()
    if token is None:
        raise not_found(Text("这个令牌", "token"))
    token.revoked_at = clock.real_now()
    token.save(update_fields=["revoked_at"])
    emit("token.revoked", actor, [], {"prefix": token.prefix})


def find_token(secret: str) -> AccessToken | None:
    """The living token of a secret; None for an unknown, revoked or expired one."""
    token = (
        AccessToken.objects.select_related("person", "party")
        .filter(digest=digest_of(secret), revoked_at__isnull=True)
        .first()
    )
    return token if token is not None and token.expires_at > clock.real_now() else None
