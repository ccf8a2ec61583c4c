"""Rules of the floor below the wings' own: cases, clocks, tokens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shugang.policy.text import Text

from ..accounts.models import AccessToken
from ..posts.models import Post
from .rules import (
    Admitted,
    Awaited,
    Found,
    InPost,
    Involved,
    Oneself,
    Rule,
    Side,
    register,
    register_sides,
    register_watch,
)
from .writing import AWAITS, CLOSED, MOVED, NEAR, PASSED, rules_of_the_day

OWN = (
    Rule(AWAITS, "tasks", Text("“{procedure}”{number}等待办理：{step}", "{procedure} {number} waits for: {step}"),
         (Awaited(),), of="case"),
    Rule(CLOSED, "results", Text("“{procedure}”{number}已办结：{state}", "{procedure} {number} has ended: {state}"),
         (Involved(),), of="case"),
    Rule(MOVED, "results", Text("“{procedure}”{number}：{state}", "{procedure} {number}: {state}"),
         (Involved(),), of="case", pushed_only=True),
    Rule(NEAR, "tasks", Text("“{procedure}”{number}的“{clock}”还剩{days}个工作日", "{procedure} {number}: {clock}, {days} working day(s) left"),
         (Awaited(),), of="case"),
    Rule(PASSED, "tasks", Text("“{procedure}”{number}的期限已届满", "{procedure} {number}: the time has run out"),
         (Awaited(),), of="case"),
    Rule("party.suspended", "rulings", Text("本机构已被暂停", "Your organisation was suspended"),
         (Side("party", "itself", ("manager", "handler")),), page="/desk/party"),
    Rule("party.active", "rulings", Text("本机构恢复办理", "Your organisation may act again"),
         (Side("party", "itself", ("manager", "handler")),), page="/desk/party"),
    Rule("plane.journal_forked", "security", Text("一个数据面的日志分叉，已停止信任", "A plane's journal forked; it is no longer trusted"),
         (Admitted("operator", ("manager", "engineer")), InPost(Post.SECURITY)), page="/desk"),
    Rule("token.expiring", "security", Text("一个访问令牌将于{day}到期", "An access token ends on {day}"),
         (Oneself(),), page="/desk/security"),
)  # fmt: skip


def _party(number: str) -> dict[str, int]:
    from ..organisations.models import Party

    found = Party.objects.filter(number=number).values_list("pk", flat=True).first()
    return {"itself": found} if found else {}


def expiring_tokens(now: datetime) -> Iterator[Found]:
    """Long-lived tokens near their end; one of a few days is remembered by whoever made it."""
    days = int(rules_of_the_day()["key_warning_days"])
    rows = AccessToken.objects.filter(
        revoked_at__isnull=True, expires_at__gt=now, expires_at__lt=now + timedelta(days=days)
    )
    for row in rows.order_by("pk"):
        if row.expires_at - row.created_at > timedelta(days=2 * days):
            facts = (("day", f"{row.expires_at:%Y-%m-%d}"),)
            yield Found("token.expiring", "", str(row.pk), row.person_id, row.party_id, facts)


def register_all() -> None:
    register(*OWN)
    register_sides("party", _party)
    register_watch("parties.tokens", expiring_tokens)
