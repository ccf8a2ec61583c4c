"""VAT by line: the rate in force on a day for a kind of supply, from the dated versions of the settlement profile."""

from __future__ import annotations

from datetime import date

from shugang.kernel.errors import Refusal
from shugang.kernel.models import RuleProfile
from shugang.policy.text import Text

from .models import ChargeAgreement

# The platform brings the two sides together; its commission is a supply of its own.
COMMISSION = "intermediation"
SUPPLIES: dict[str, Text] = {
    "data_service": Text("信息技术服务（数据服务）", "Information-technology service (data)"),
    "technical_service": Text("技术服务", "Technical service"),
    "intermediation": Text("经纪代理服务", "Intermediation"),
    "small_scale": Text("小规模纳税人", "Small-scale taxpayer"),
    "exempt": Text("免税", "Exempt"),
}


def rate_of(profile: RuleProfile, supply: str) -> int:
    """Basis points for a kind of supply under one version of the rules; a version without a table has one rate."""
    return int(profile.data.get("vat", {}).get(supply, profile.data["vat_bp"]))


def rate_on(agreement: ChargeAgreement, day: date, profile: RuleProfile | None = None) -> int:
    """The rate of a line whose service period begins on `day`; the contract's own where it names one. `profile`: the
    rules in force on that day, from one who knows them already.

    A difference for an earlier period keeps that period's rate.
    """
    from .services import rules

    return rate_of(profile or rules(day), agreement.supply) if agreement.vat_by_date else agreement.vat_bp


def check_supply(supply: str) -> None:
    """Raises Refusal `unknown_supply`."""
    if supply not in SUPPLIES:
        raise Refusal(
            "unknown_supply",
            Text("没有这种供应种类，无法确定税率。", "No such kind of supply, so no tax rate."),
            422,
        )
