"""What an announcement says, read and checked: times, reserve, deposit, terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.policy.codec import TermsError
from shugang.policy.terms import Terms
from shugang.policy.text import Text

from ..products import offer


@dataclass(frozen=True)
class Announced:
    """Amounts in 分; times with their zone."""

    terms: Terms
    reserve_fen: int
    deposit_fen: int
    opens_at: datetime
    closes_at: datetime
    reveals_until: datetime
    note: str


def invalid(field: str, zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {field: Text(zh, en)})


def moment(field: str, said: str) -> datetime:
    """`2026-12-01 09:00` in the platform's zone, or any RFC 3339 time. Raises Refusal `invalid_form`."""
    try:
        found = datetime.fromisoformat(said.strip())
    except ValueError:
        raise invalid(field, "时间请写作2026-12-01 09:00。", "Please write the time as 2026-12-01 09:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=clock.zone())


def read(answers: Mapping[str, Any], rules: Mapping[str, Any]) -> Announced:
    """The checked announcement. Raises Refusal `invalid_form`, `bad_terms`."""
    try:
        terms = Terms.from_json(answers["terms"])
    except TermsError as error:
        raise offer.refusal(error) from error
    times = [moment(name, str(answers[name])) for name in ("opens_at", "closes_at", "reveals_until")]
    for (first, second), field, hours in (
        (times[:2], "closes_at", rules["bidding_hours"]),
        (times[1:], "reveals_until", rules["reveal_hours"]),
    ):
        if second - first < timedelta(hours=hours):
            raise invalid(
                field,
                f"这一段至少{hours}小时，请延后。",
                f"This takes at least {hours} hours; please choose a later time.",
            )
    if terms.valid_until <= times[2]:
        raise invalid(
            "terms",
            "许可期限在开标截止前已经结束，请延长。",
            "The licence ends before the bids are opened; please extend it.",
        )
    least, most = rules["deposit_bp"]
    reserve, deposit = int(answers["reserve"]), int(answers["deposit"])
    if not reserve * least <= deposit * 10_000 <= reserve * most:
        raise invalid(
            "deposit", f"保证金应为底价的{least / 100:g}%至{most / 100:g}%。",
            f"The deposit is {least / 100:g}% to {most / 100:g}% of the reserve.",
        )  # fmt: skip
    opens, closes, reveals = times
    return Announced(terms, reserve, deposit, opens, closes, reveals, str(answers.get("note", "")))
