"""Price plans as versioned data, and `rate`: quantities → lines, exact integers, rounded once per line.

Kinds: `free`; `one_off` (the price of the whole, rated once per agreement); `per_unit`; `package` (whole
packages, begun ones count); `tiered` (graduated: each bracket at its own price). Only `billable` outcomes
are charged: with `("found",)` a lookup that finds nothing costs nothing (查得计费). Quantities are those of
one whole service period: later records mean rating the period again and billing the difference, never
rating the difference.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from shugang.policy.codec import Fields, Json, TermsError, UnknownTerm, to_list
from shugang.policy.money import e8_times_qty_to_fen
from shugang.policy.text import Text
from shugang.policy.vocabulary import UNITS

KINDS: dict[str, Text] = {
    "free": Text("免费", "Free"),
    "one_off": Text("一次性", "One-off"),
    "per_unit": Text("按量", "Per unit"),
    "package": Text("套餐", "Package"),
    "tiered": Text("阶梯", "Graduated tiers"),
}
# A file is delivered with its first bytes; further bytes of it are priced alike and are no further call.
DELIVERED, CONTINUED = "delivered", "continued"


def priced_as(outcome: str) -> str:
    """The outcome by which a price plan knows this one."""
    return DELIVERED if outcome == CONTINUED else outcome


def recorded_as(outcomes: Collection[str]) -> list[str]:
    """The outcomes of records that these of a price plan stand for."""
    return [*outcomes, *([CONTINUED] if DELIVERED in outcomes else [])]


REASONS: dict[str, Text] = {
    "free": Text("免费提供", "Provided free of charge"),
    "one_off": Text("一次性价款", "One-off price"),
    "in_one_off": Text("已含在一次性价款中", "Covered by the one-off price"),
    "unit": Text("按量计费", "Charged per unit"),
    "included": Text("在免费额度内", "Within the included units"),
    "package": Text("按套餐计费", "Charged by package"),
    "tier": Text("按阶梯计费", "Charged in this bracket"),
    "not_billable": Text("该结果约定不计费", "This outcome is agreed to be uncharged"),
    "minimum": Text("补足最低消费", "Made up to the minimum charge"),
    "capped": Text("超过封顶金额部分减免", "Reduced to the maximum charge"),
}


@dataclass(frozen=True)
class Tier:
    """A bracket up to and including `up_to` units (None: without end) at `unit_price_e8` per `unit_size`."""

    up_to: int | None
    unit_price_e8: int

    def to_json(self) -> Json:
        return {"up_to": self.up_to, "unit_price_e8": self.unit_price_e8}

    @classmethod
    def from_json(cls, data: object, where: str = "tier") -> "Tier":
        f = Fields(data, where, {"up_to", "unit_price_e8"})
        return cls(f.optional("up_to", lambda name: f.whole(name, 1)), f.whole("unit_price_e8"))


@dataclass(frozen=True)
class PricePlan:
    """One plan. Amounts include tax (含税). `price_fen` is the price of the whole or of one package."""

    kind: str
    unit: str = "calls"
    unit_price_e8: int = 0
    unit_size: int = 1
    price_fen: int = 0
    package_size: int = 0
    tiers: tuple[Tier, ...] = ()
    billable: tuple[str, ...] = ()
    included: int = 0
    minimum_fen: int = 0
    cap_fen: int | None = None
    version: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", tuple(self.tiers))
        object.__setattr__(self, "billable", tuple(self.billable))

    def to_json(self) -> Json:
        return {
            **{item.name: getattr(self, item.name) for item in fields(self)},
            "tiers": to_list(self.tiers),
            "billable": list(self.billable),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "plan") -> "PricePlan":
        f = Fields(data, where, {item.name for item in fields(cls)})
        if f.whole("version") != 1:
            raise UnknownTerm(f"{where}.version={f.whole('version')}")
        plan = cls(
            kind=f.text("kind", KINDS),
            unit=f.text("unit", UNITS),
            unit_price_e8=f.whole("unit_price_e8"),
            unit_size=f.whole("unit_size", 1),
            price_fen=f.whole("price_fen"),
            package_size=f.whole("package_size"),
            tiers=f.items("tiers", Tier.from_json),
            billable=f.texts("billable"),
            included=f.whole("included"),
            minimum_fen=f.whole("minimum_fen"),
            cap_fen=f.optional("cap_fen", f.whole),
        )
        check_plan(plan)
        return plan


class RatedLine(NamedTuple):
    """One line: `quantity` units of `outcomes`, its price and the amount; `tier` counts brackets from 1."""

    charge_reason: str
    outcomes: tuple[str, ...]
    unit: str
    quantity: int
    unit_price_e8: int
    unit_size: int
    amount_fen: int
    tier: int | None = None

    @property
    def reason_text(self) -> Text:
        return REASONS[self.charge_reason]


# What each kind is priced by; a plan that fills anything else says something that would not be charged.
_PRICED_BY: dict[str, set[str]] = {
    "free": set(),
    "one_off": {"price_fen"},
    "per_unit": {"unit_price_e8", "unit_size", "billable", "included", "minimum_fen", "cap_fen"},
    "package": {"price_fen", "package_size", "billable", "included", "minimum_fen", "cap_fen"},
    "tiered": {"tiers", "unit_size", "billable", "included", "minimum_fen", "cap_fen"},
}


def check_plan(plan: PricePlan) -> None:
    """Raises `TermsError` where a plan contradicts itself or fills what its kind does not use."""
    if plan.kind not in KINDS:
        raise UnknownTerm(f"plan.kind={plan.kind}")
    for item in fields(plan):
        used = item.name in _PRICED_BY[plan.kind] or item.name in ("kind", "unit", "version")
        if not used and getattr(plan, item.name) != item.default:
            _refuse("unused_term", "此计价方式不使用该项。", "This kind of plan does not use the term.", item.name)
    if plan.kind in ("per_unit", "package", "tiered") and not plan.billable:
        _refuse(
            "no_billable",
            "请至少指定一种计费结果。",
            "Please name at least one billable outcome.",
            "billable",
        )
    if len(set(plan.billable)) != len(plan.billable):
        _refuse("repeated", "同一结果出现了两次。", "The same outcome appears twice.", "billable")
    if plan.kind == "package" and plan.package_size < 1:
        _refuse("out_of_range", "套餐用量应大于零。", "A package must hold at least one unit.", "package_size")
    if plan.cap_fen is not None and plan.cap_fen < plan.minimum_fen:
        _refuse("contradiction", "封顶金额不应低于最低消费。", "The cap must not be below the minimum.", "cap_fen")
    if plan.kind == "tiered":
        bounds = [tier.up_to for tier in plan.tiers]
        inner = [bound for bound in bounds[:-1] if bound is not None]
        if not bounds or bounds[-1] is not None or len(inner) != len(bounds) - 1 or inner != sorted(set(inner)):
            _refuse(
                "bad_tiers",
                "阶梯上限应逐级递增，且最后一级不设上限。",
                "Brackets must rise, and only the last has no end.",
                "tiers",
            )


def _refuse(code: str, zh: str, en: str, field: str) -> None:
    raise TermsError(code, Text(zh, en), f"plan.{field}")


def rate(plan: PricePlan, quantities: Mapping[str, int]) -> list[RatedLine]:
    """The lines of one whole service period; quantities by outcome, none negative (ValueError)."""
    if any(quantity < 0 for quantity in quantities.values()):
        raise ValueError("a quantity is not negative")
    check_plan(plan)
    if plan.kind in ("free", "one_off"):
        return list(_flat(plan, quantities))
    lines = list(_charged(plan, {name: quantities[name] for name in plan.billable if quantities.get(name)}))
    lines += _uncharged(plan, quantities)
    lines += _bounds(plan, sum(line.amount_fen for line in lines))
    return lines


def _line(
    plan: PricePlan, reason: str, outcomes: tuple[str, ...], quantity: int, amount: int, **more: Any
) -> RatedLine:
    return RatedLine(
        reason, outcomes, plan.unit, quantity, more.get("price", 0), plan.unit_size, amount, more.get("tier")
    )


def _flat(plan: PricePlan, quantities: Mapping[str, int]) -> Iterator[RatedLine]:
    if plan.kind == "one_off":
        yield _line(plan, "one_off", (), 1, plan.price_fen)
    for outcome, quantity in sorted(quantities.items()):
        if quantity:
            yield _line(plan, "in_one_off" if plan.kind == "one_off" else "free", (outcome,), quantity, 0)


def _charged(plan: PricePlan, billable: Mapping[str, int]) -> Iterator[RatedLine]:
    outcomes, total = tuple(billable), sum(billable.values())
    included = min(total, plan.included)
    if included:
        yield _line(plan, "included", outcomes, included, 0)
    rest = total - included
    if not rest:
        return
    if plan.kind == "per_unit":
        amount = e8_times_qty_to_fen(plan.unit_price_e8, rest, plan.unit_size)
        yield _line(plan, "unit", outcomes, rest, amount, price=plan.unit_price_e8)
    elif plan.kind == "package":
        packages = -(-rest // plan.package_size)
        yield _line(plan, "package", outcomes, rest, packages * plan.price_fen)
    else:
        yield from _brackets(plan, outcomes, rest)


def _brackets(plan: PricePlan, outcomes: tuple[str, ...], rest: int) -> Iterator[RatedLine]:
    start = 0
    for number, tier in enumerate(plan.tiers, 1):
        end = rest if tier.up_to is None else min(rest, tier.up_to)
        if end > start:
            amount = e8_times_qty_to_fen(tier.unit_price_e8, end - start, plan.unit_size)
            yield _line(plan, "tier", outcomes, end - start, amount, price=tier.unit_price_e8, tier=number)
            start = end


def _uncharged(plan: PricePlan, quantities: Mapping[str, int]) -> list[RatedLine]:
    others = sorted(name for name, quantity in quantities.items() if quantity and name not in plan.billable)
    return [_line(plan, "not_billable", (name,), quantities[name], 0) for name in others]


def _bounds(plan: PricePlan, amount: int) -> list[RatedLine]:
    if amount < plan.minimum_fen:
        return [_line(plan, "minimum", (), 0, plan.minimum_fen - amount)]
    if plan.cap_fen is not None and amount > plan.cap_fen:
        return [_line(plan, "capped", (), 0, plan.cap_fen - amount)]
    return []
