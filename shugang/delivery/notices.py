"""What of delivery becomes a notice: grants, keys, quotas, uploads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shugang.parties.notices.rules import Found, Oneself, Rule, Side, register, register_sides, register_watch
from shugang.parties.notices.writing import rules_of_the_day
from shugang.policy.text import Text

from .datasets.models import Dataset
from .grants.models import Credential, Grant
from .metering.queries import quotas_left

USING = ("manager", "handler", "engineer", "analyst")
SUPPLYING = ("manager", "handler", "engineer")
BUYER, SUPPLIER = Side("grant", "buyer", USING), Side("grant", "supplier", SUPPLYING)
KEEPER = Side("dataset", "supplier", SUPPLYING)

RULES = (
    Rule("grant.issued", "deals", Text("授权{number}已签发，可领取密钥", "Grant {number} was issued; keys can be collected"),
         (BUYER,), of="grant"),
    Rule("grant.suspended", "rulings", Text("授权{number}已暂停", "Grant {number} was suspended"), (BUYER, SUPPLIER), of="grant"),
    Rule("grant.resumed", "rulings", Text("授权{number}已恢复", "Grant {number} was resumed"), (BUYER, SUPPLIER), of="grant"),
    Rule("grant.ended", "deals", Text("授权{number}已终止，请按合同处理已取得的数据", "Grant {number} has ended; treat the data as agreed"),
         (BUYER, SUPPLIER), of="grant"),
    Rule("grant.first_used", "deals", Text("授权{number}首次使用", "Grant {number} was used for the first time"),
         (SUPPLIER,), of="grant"),
    Rule("quota.near", "data", Text("授权{number}的额度已用{percent}%", "Grant {number}: {percent}% of a quota is used"),
         (BUYER,), of="grant"),
    Rule("credential.expiring", "security", Text("授权{number}的密钥将于{day}到期", "A key of grant {number} ends on {day}"),
         (Oneself(),), of="grant"),
    Rule("upload.refused", "data", Text("数据集{number}的文件未通过检查", "A file for data set {number} was refused"),
         (KEEPER,), of="dataset"),
)  # fmt: skip


def _grant(number: str) -> dict[str, int]:
    row = Grant.objects.filter(number=number).values_list("grantee_id", "supplier_id").first()
    return {"buyer": row[0], "supplier": row[1]} if row else {}


def _dataset(number: str) -> dict[str, int]:
    row = Dataset.objects.filter(number=number).values_list("party_id", flat=True).first()
    return {"supplier": row} if row else {}


def near_quotas(now: datetime) -> Iterator[Found]:
    """Grants in use today whose quota is nearly used up; told once a window (day, month or the whole)."""
    share = int(rules_of_the_day()["quota_warning_percent"])
    recent = Grant.objects.filter(state=Grant.State.ACTIVE, usage__folded_at__gt=now - timedelta(days=1)).distinct()
    for grant in recent.order_by("pk"):
        for left in quotas_left(grant):
            if left.quota.limit and left.used * 100 >= left.quota.limit * share:
                percent = min(100, left.used * 100 // left.quota.limit)
                window = {"day": f"{now:%Y%m%d}", "month": f"{now:%Y%m}", "total": "all"}[left.quota.per]
                key = f"{grant.number}:{left.quota.unit}:{window}:{'full' if percent == 100 else 'near'}"
                yield Found("quota.near", grant.number, key, facts=(("percent", str(percent)),))


def expiring_keys(now: datetime) -> Iterator[Found]:
    """Keys that end within the days of the profile, told to who holds them."""
    until = now + timedelta(days=int(rules_of_the_day()["key_warning_days"]))
    rows = Credential.objects.filter(revoked_at=None, expires_at__gt=now, expires_at__lt=until)
    for row in rows.exclude(kind=Credential.Kind.LINK).prefetch_related("grants").order_by("pk"):
        for grant in row.grants.all()[:1]:
            if row.expires_at and row.expires_at - row.created_at > timedelta(days=2):
                yield Found("credential.expiring", grant.number, row.number, row.person_id, row.party_id,
                            (("day", f"{row.expires_at:%Y-%m-%d}"),))  # fmt: skip


def register_all() -> None:
    register(*RULES)
    register_sides("grant", _grant)
    register_sides("dataset", _dataset)
    register_watch("delivery.quotas", near_quotas)
    register_watch("delivery.keys", expiring_keys)
