"""What of the assets becomes a notice: the standing of certificates and of security reviews."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shugang.kernel import clock
from shugang.parties.notices.rules import Admitted, Found, Rule, Side, register, register_sides, register_watch
from shugang.parties.notices.writing import rules_of_the_day
from shugang.policy.text import Text

from .registration.models import Certificate

HOLDING = ("manager", "handler")
HOLDER = Side("certificate", "holder", HOLDING)
KEEPER = Side("dataset", "supplier", HOLDING)

RULES = (
    Rule("certificate.issued", "data", Text("登记凭证{number}已核发", "Certificate {number} was issued"), (HOLDER,), of="certificate"),
    *(Rule(f"certificate.{step}", "rulings", Text(f"登记凭证{{number}}{zh}", f"Certificate {{number}} {en}"), (HOLDER,), of="certificate")
      for step, zh, en in (("suspended", "已暂停", "was suspended"), ("resumed", "已恢复", "was resumed"),
                           ("revoked", "已撤销", "was revoked"), ("cancelled", "已注销", "was cancelled"),
                           ("lapsed", "已到期", "has lapsed"))),
    Rule("certificate.near_end", "data", Text("登记凭证{number}将于{day}到期，请办理续证", "Certificate {number} ends on {day}; please renew it"),
         (HOLDER,), of="certificate"),
    Rule("security_review.reopened", "rulings", Text("数据集{number}的安全审查须重新办理", "Data set {number} needs its security review again"),
         (KEEPER,), of="dataset"),
    Rule("personal_basis.withdrawn", "rulings", Text("数据集{number}的个人信息处理依据已撤回", "The basis of personal information of data set {number} was withdrawn"),
         (KEEPER, Admitted("regulator", ("supervisor",))), of="dataset"),
    Rule("security_review.passed", "data", Text("数据集{number}通过安全审查", "Data set {number} passed its security review"),
         (KEEPER,), of="dataset"),
)  # fmt: skip


def _certificate(number: str) -> dict[str, int]:
    row = Certificate.objects.filter(number=number).values_list("party_id", "registrar_id").first()
    return {"holder": row[0], "registrar": row[1]} if row else {}


def near_ends(now: datetime) -> Iterator[Found]:
    """Certificates in force that end within the days of the profile; told once for each last day."""
    until = now + timedelta(days=int(rules_of_the_day()["certificate_warning_days"]))
    rows = Certificate.objects.filter(state=Certificate.State.VALID, valid_until__gt=now, valid_until__lt=until)
    for number, last in rows.order_by("pk").values_list("number", "valid_until"):
        day = last.astimezone(clock.zone()).date().isoformat()
        yield Found("certificate.near_end", number, f"{number}:{day}", facts=(("day", day),))


def register_all() -> None:
    register(*RULES)
    register_sides("certificate", _certificate)
    register_watch("assets.certificates", near_ends)
