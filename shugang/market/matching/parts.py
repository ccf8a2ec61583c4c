"""The parts of a score, each 0–1 with its reason in words. Pure; a part that the demand does not ask for is None.

What the offer does not say is worth the profile's `unknown`, never a guess.
"""

from __future__ import annotations

import re
from datetime import date

from shugang.policy.text import Text

from .subjects import FRESHNESS, Offered, Wanted
from .words import canonical, term_set

Part = tuple[float, Text] | None
_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:[年\-/.](\d{1,2}))?")
_PLACE_ENDS = re.compile(r"(省|市|区|县|自治区|特别行政区)$")
_SPLIT = re.compile(r"[;；,，、/\s]+")
_WHOLE = ("全国", "中国", "china")
NEAR = 0.5


def _same(wanted: str, name: str) -> float:
    """How far two columns mean the same: 1 for one canonical name, else the Dice share of their tokens."""
    if canonical(wanted) == canonical(name):
        return 1.0
    a, b = term_set(wanted), term_set(name)
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def columns(wanted: Wanted, offered: Offered, unknown: float) -> Part:
    if not wanted.columns:
        return None
    if not offered.columns:
        return unknown, Text("产品没有字段说明。", "The product describes no columns.")
    total, missing = 0.0, []
    for name, meaning in wanted.columns:
        best = max(
            max(_same(name, other), _same(f"{name} {meaning}", f"{other} {comment}") if meaning or comment else 0.0,
                _same(name, comment) if comment else 0.0)
            for other, comment in offered.columns
        )  # fmt: skip
        total += best if best >= NEAR else 0.0
        if best < NEAR:
            missing.append(name)
    n, lacking = len(wanted.columns), "、".join(missing[:6])
    zh = f"需要的{n}个字段中有{n - len(missing)}个" + (f"，缺：{lacking}" if missing else "") + "。"
    en = f"{n - len(missing)} of {n} wanted columns" + (f"; without {', '.join(missing[:6])}" if missing else "") + "."
    return total / n, Text(zh, en)


def _months(text: str, today: date) -> tuple[int, int] | None:
    """First and last month named in a text, as year × 12 + month; “至今” reaches today."""
    found = [(int(y), int(m) if m and 1 <= int(m) <= 12 else None) for y, m in _DATE.findall(text)]
    if not found:
        return None
    starts = [y * 12 + (m or 1) for y, m in found]
    ends = [y * 12 + (m or 12) for y, m in found]
    last = today.year * 12 + today.month if "至今" in text or "to date" in text.lower() else max(ends)
    return min(starts), last


def coverage(wanted: Wanted, offered: Offered, unknown: float, today: date) -> Part:
    """The mean of place and period, of those that are asked for."""
    said = [p for p in (_place(wanted, offered, unknown), _period(wanted, offered, unknown, today)) if p is not None]
    if not said:
        return None
    return sum(v for v, _ in said) / len(said), Text("".join(t.zh for _, t in said), " ".join(t.en for _, t in said))


def _place(wanted: Wanted, offered: Offered, unknown: float) -> Part:
    places = [p for p in _SPLIT.split(wanted.region) if p]
    if not places:
        return None
    where = f"{offered.title} {offered.coverage} {offered.text}".lower()
    if any(w in offered.coverage.lower() for w in _WHOLE):
        return 1.0, Text("覆盖全国。", "Covers the whole country.")
    hits = [p for p in places if _PLACE_ENDS.sub("", p.lower()) in where]
    if not hits and not offered.coverage.strip():
        return unknown, Text("供方没有写明地域。", "The supplier states no place.")
    zh = f"地域{len(places)}处中覆盖{len(hits)}处。"
    return len(hits) / len(places), Text(zh, f"{len(hits)} of {len(places)} place(s).")


def _period(wanted: Wanted, offered: Offered, unknown: float, today: date) -> Part:
    if not wanted.period_from and not wanted.period_until:
        return None
    found = _months(offered.coverage, today) or _months(offered.text, today)
    if found is None:
        return unknown, Text("供方没有写明时段。", "The supplier states no period.")
    asked = _months(f"{wanted.period_from} {wanted.period_until}", today)
    assert asked is not None
    start = asked[0] if wanted.period_from else min(found[0], asked[1])
    end = asked[1] if wanted.period_until else today.year * 12 + today.month
    shared = max(0, min(end, found[1]) - max(start, found[0]) + 1)
    share = min(1.0, shared / max(1, end - start + 1))
    return share, Text(f"时段覆盖{share:.0%}。", f"{share:.0%} of the period.")


def freshness(wanted: Wanted, offered: Offered, unknown: float) -> Part:
    if not wanted.freshness:
        return None
    if offered.freshness not in FRESHNESS:
        return unknown, Text("供方没有写明更新频率。", "The supplier states no frequency.")
    if FRESHNESS.index(offered.freshness) >= FRESHNESS.index("irregular"):
        return 0.0, Text("不定期或不再更新。", "Updated irregularly or no more.")
    late = FRESHNESS.index(offered.freshness) - FRESHNESS.index(wanted.freshness)
    if late <= 0:
        return 1.0, Text("更新频率满足要求。", "Fresh enough.")
    return max(0.0, 1 - 0.35 * late), Text(f"更新比要求慢{late}级。", f"{late} step(s) slower than asked.")


def volume(wanted: Wanted, offered: Offered, unknown: float) -> Part:
    if not wanted.volume:
        return None
    if offered.rows is None:
        return unknown, Text("行数未知。", "The number of rows is unknown.")
    share = min(1.0, offered.rows / wanted.volume)
    return share, Text(
        f"{offered.rows:,}行，需要{wanted.volume:,}行。", f"{offered.rows:,} rows; {wanted.volume:,} wanted."
    )


def price(wanted: Wanted, offered: Offered, unknown: float) -> Part:
    """The cost of a year within the band or below it counts full; above it falls to 0 at twice the budget."""
    if wanted.budget_high is None and wanted.budget_low is None:
        return None
    cost = offered.cost_fen
    if cost is None:
        return unknown, Text(
            "没有预计用量，或价格需协商，不能折算一年的费用。",
            "Without expected use, or by negotiation: no cost of a year.",
        )
    said = f"¥{cost // 100:,}"
    if wanted.budget_high is None or cost <= wanted.budget_high:
        return 1.0, Text(f"一年约{said}，在预算内。", f"About {said} a year, within the budget.")
    over = (cost - wanted.budget_high) / max(1, wanted.budget_high)
    return max(0.0, 1 - over), Text(
        f"一年约{said}，超出预算{over:.0%}。", f"About {said} a year, {over:.0%} above the budget."
    )


def sector(wanted: Wanted, offered: Offered) -> Part:
    same = wanted.sector == offered.sector
    return (1.0, Text("同一行业。", "The same sector.")) if same else (0.0, Text("行业不同。", "Another sector."))
