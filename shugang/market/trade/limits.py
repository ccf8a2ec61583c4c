"""Whether terms reach further than what was offered. Pure: two sets of terms in, sentences out.

A quotation may narrow an offer in every direction and widen it in none; what cannot be shown to be narrower
counts as wider.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network

from shugang.policy.terms import PURPOSES, Mask, Quota, RowFilter, Terms, mask_text, output_text, quota_text, row_text
from shugang.policy.text import Text
from shugang.policy.vocabulary import Scalar

_PERIODS = ("day", "month", "total")
_DATE_UNITS = ("month", "quarter", "year")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")


def exceeds(offered: Terms, quoted: Terms, purposes: Collection[str] = ()) -> list[Text]:
    """Every way in which `quoted` goes beyond `offered`; empty when it stays within.

    `purposes` are those offered besides the terms' own.
    """
    return [
        *_uses(offered, quoted, {offered.purpose, *purposes}),
        *_period(offered, quoted),
        *_columns(offered, quoted),
        *_rows(offered, quoted),
        *_masks(offered, quoted),
        *_amounts(offered, quoted),
        *_places(offered, quoted),
        *_duties(offered, quoted),
    ]


def _uses(offered: Terms, quoted: Terms, purposes: set[str]) -> Iterator[Text]:
    extra = [a for a in quoted.actions if a not in offered.actions]
    if extra:
        yield Text(f"操作超出所提供的范围：{'、'.join(extra)}。", f"Actions beyond the offer: {', '.join(extra)}.")
    if quoted.purpose not in purposes:
        label = PURPOSES[quoted.purpose]
        yield Text(f"产品不提供用途“{label.zh}”。", f"The product is not offered for “{label.en}”.")
    if quoted.redistribute and not offered.redistribute:
        yield Text("所提供的条款不允许转授。", "The offer does not allow redistribution.")


def _period(offered: Terms, quoted: Terms) -> Iterator[Text]:
    if quoted.valid_from < offered.valid_from or quoted.valid_until > offered.valid_until:
        yield Text("使用期限超出所提供的期限。", "The period goes beyond the offered one.")


def _columns(offered: Terms, quoted: Terms) -> Iterator[Text]:
    extra = [name for name in quoted.fields if name not in offered.fields]
    if extra:
        yield Text(f"字段超出所提供的范围：{'、'.join(extra)}。", f"Columns beyond the offer: {', '.join(extra)}.")


def _rows(offered: Terms, quoted: Terms) -> Iterator[Text]:
    for wide in offered.rows:
        if not any(implies(narrow, wide) for narrow in quoted.rows):
            words = row_text(wide)
            yield Text(f"数据范围须保留或收窄“{words.zh}”。", f"The scope must keep or narrow “{words.en}”.")


def _masks(offered: Terms, quoted: Terms) -> Iterator[Text]:
    given = {m.column: m for m in quoted.masks}
    for mask in offered.masks:
        if mask.column in quoted.fields and not (mask.column in given and as_strict(given[mask.column], mask)):
            words = mask_text(mask)
            yield Text(f"脱敏不能放宽：{words.zh}。", f"Masking may not be loosened: {words.en}.")


def _amounts(offered: Terms, quoted: Terms) -> Iterator[Text]:
    for quota in offered.quotas:
        if not any(_covers(mine, quota) for mine in quoted.quotas):
            words = quota_text(quota)
            yield Text(f"用量上限不能放宽：{words.zh}。", f"The quota may not be loosened: {words.en}.")
    if offered.rate is not None:
        rate = quoted.rate
        if rate is None or rate.per_second > offered.rate.per_second or rate.burst > offered.rate.burst:
            yield Text("速率上限不能放宽。", "The rate limit may not be loosened.")


def _places(offered: Terms, quoted: Terms) -> Iterator[Text]:
    """Where and how data may be used: each bound stays or becomes tighter."""
    wide = [ip_network(n) for n in offered.networks]
    if wide and not (quoted.networks and all(_within(ip_network(n), wide) for n in quoted.networks)):
        names = "、".join(offered.networks)
        yield Text(f"网络位置须在{names}之内。", f"The place must lie within {', '.join(offered.networks)}.")
    if offered.environment is not None and quoted.environment != offered.environment:
        yield Text("使用环境的约定不能取消。", "The agreed environment may not be dropped.")
    if offered.output and (quoted.output is None or quoted.output.min_group < offered.output.min_group):
        words = output_text(offered.output)
        yield Text(f"输出规则不能放宽：{words.zh}。", f"The output rule may not be loosened: {words.en}.")
    if offered.mark is not None and quoted.mark != offered.mark:
        yield Text("溯源标记不能取消或改动。", "The mark may not be dropped or changed.")


def _within(network: IPv4Network | IPv6Network, wide: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(network.version == w.version and network.subnet_of(w) for w in wide)  # type: ignore[arg-type]


def _duties(offered: Terms, quoted: Terms) -> Iterator[Text]:
    if offered.keep_log and not quoted.keep_log:
        yield Text("使用登记的义务不能取消。", "The duty to log each use may not be dropped.")
    if not set(offered.notify) <= set(quoted.notify):
        yield Text("通知的约定不能取消。", "The agreed notices may not be dropped.")
    days = offered.delete_after_days
    if days is not None and (quoted.delete_after_days is None or quoted.delete_after_days > days):
        yield Text(
            f"期满后须在{days}日内删除，不能延长或取消。", f"Deletion within {days} days may not be put off or dropped."
        )
    if offered.attribution and quoted.attribution != offered.attribution:
        yield Text("署名要求不能改动。", "The attribution may not be changed.")
    if offered.notes and offered.notes not in quoted.notes:
        yield Text("供方的补充约定须保留。", "The supplier's further agreements must be kept.")


def _covers(mine: Quota, theirs: Quota) -> bool:
    """A quota holds another when it counts no less, over no shorter a window, up to no higher a limit."""
    return (
        mine.unit == theirs.unit
        and mine.limit <= theirs.limit
        and mine.counts in (theirs.counts, "all")
        and _PERIODS.index(mine.per) >= _PERIODS.index(theirs.per)
    )


def as_strict(mine: Mask, theirs: Mask) -> bool:
    """Whether `mine` can be made from the answer of `theirs`, so that it tells nothing more."""
    if mine.function == "redact":
        return True
    if mine.function != theirs.function:
        return False
    a, b = mine.args, theirs.args
    # Fewer ends are not stricter: a text too short for the offered ends is hidden whole, and shorter ends show it.
    if mine.function == "band":
        return int(a["width"]) % int(b["width"]) == 0
    if mine.function == "truncate_date":
        return _DATE_UNITS.index(str(a["unit"])) >= _DATE_UNITS.index(str(b["unit"]))
    return a == b


def implies(narrow: RowFilter, wide: RowFilter) -> bool:
    """Whether every row that passes `narrow` passes `wide`. SQL: a comparison never passes an empty value."""
    if narrow.column != wide.column:
        return False
    if wide.op == "not_null" or narrow == wide:
        return True
    if narrow.op in ("eq", "in"):
        values = narrow.value if isinstance(narrow.value, tuple) else (narrow.value,)
        return bool(values) and all(v is not None and _passes(v, wide) for v in values)
    if narrow.op in ("ge", "gt", "le", "lt"):
        return _bound_implies(narrow, wide)
    return False


def _bound_implies(narrow: RowFilter, wide: RowFilter) -> bool:
    """A bound against a bound on the same side, or against one excluded value outside its range."""
    a, b = narrow.value, wide.value
    if isinstance(a, tuple) or isinstance(b, tuple) or a is None or b is None:
        return False
    upward = narrow.op in ("ge", "gt")
    inclusive, strict = ("ge", "gt") if upward else ("le", "lt")
    reaches = _compare(a, b, strictly=False) if upward else _compare(b, a, strictly=False)
    clears = _compare(a, b, strictly=True) if upward else _compare(b, a, strictly=True)
    if wide.op == inclusive:
        return reaches
    if wide.op in (strict, "ne"):
        return clears or (reaches and narrow.op == strict)
    return False


def _passes(value: Scalar, wide: RowFilter) -> bool:
    """Whether one value passes a condition, for certain."""
    other = wide.value
    if wide.op == "eq":
        return type(value) is type(other) and value == other
    if wide.op == "in":
        return isinstance(other, tuple) and any(type(value) is type(o) and value == o for o in other)
    if isinstance(other, tuple) or other is None:
        return False
    if wide.op == "ne":
        return _differs(value, other)
    one, two = (value, other) if wide.op in ("ge", "gt") else (other, value)
    return _compare(one, two, strictly=wide.op in ("gt", "lt"))


def _differs(a: Scalar, b: Scalar) -> bool:
    """Unequal whichever way the column's type reads them ("1.0" and "1" are one number)."""
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a != b
    one, two = _number(a), _number(b)
    if one is not None and two is not None:
        return one != two
    return type(a) is type(b) and a != b


def _number(value: Scalar) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    return Decimal(value) if _DECIMAL.fullmatch(value) else None


def _compare(a: Scalar, b: Scalar, *, strictly: bool) -> bool:
    """a ≥ b, or a > b, for certain. Text that reads as a number has to be so both as number and as text: the column
    decides which it is, and only the data service knows the column."""
    if isinstance(a, bool) or isinstance(b, bool):
        return False
    one, two = _number(a), _number(b)
    numeric = one is not None and two is not None and (one > two if strictly else one >= two)
    if isinstance(a, str) and isinstance(b, str):
        textual = a > b if strictly else a >= b
        return textual and (numeric or one is None or two is None)
    return numeric
