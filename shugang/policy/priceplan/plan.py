"""A price plan as versioned data: what it is priced by, strict JSON, and what contradicts itself."""

from dataclasses import dataclass, fields
from typing import Any

from shugang.policy.codec import Fields, Json, TermsError, UnknownTerm, field_names, to_list
from shugang.policy.priceplan.words import EVERY, KINDS, PRICE_UNITS
from shugang.policy.text import Text


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
class OutcomePrice:
    """What one unit (per `unit_size`) costs that ended in `outcome`."""

    outcome: str
    unit_price_e8: int

    def to_json(self) -> Json:
        return {"outcome": self.outcome, "unit_price_e8": self.unit_price_e8}

    @classmethod
    def from_json(cls, data: object, where: str = "price") -> "OutcomePrice":
        f = Fields(data, where, field_names(cls))
        return cls(f.text("outcome"), f.whole("unit_price_e8"))


@dataclass(frozen=True)
class PricePlan:
    """One plan. Amounts include tax (含税). `price_fen` is the price of the whole, of one package or of one period.

    `valid_days` is how many days a package may be used, the day of its first use among them. `daily_cap_fen` is the
    most that one local day costs. `share_bp` is the part of the reported revenue in basis points.
    """

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
    prices: tuple[OutcomePrice, ...] = ()
    every: str | None = None
    valid_days: int | None = None
    daily_cap_fen: int | None = None
    share_bp: int = 0

    def __post_init__(self) -> None:
        for name in ("tiers", "billable", "prices"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def version(self) -> int:
        """1 where the first version of the schema says all of it, so that what was signed keeps its digest."""
        later = any(getattr(self, item.name) != item.default for item in fields(self) if item.name in _LATER)
        return 2 if later or self.kind in _LATER_KINDS or self.unit not in _UNITS[1] else 1

    @property
    def by_day(self) -> bool:
        """Whether its price depends on the days on which use fell (`quantities.day_key`)."""
        return self.valid_days is not None or self.daily_cap_fen is not None

    @property
    def whole_term(self) -> bool:
        """Priced over the agreement's whole term rather than by service periods."""
        return self.kind in ("free", "one_off") or self.valid_days is not None

    def to_json(self) -> Json:
        version = self.version
        said = {item.name: getattr(self, item.name) for item in fields(self)}
        said |= {"tiers": to_list(self.tiers), "billable": list(self.billable), "prices": to_list(self.prices)}
        return {name: value for name, value in said.items() if version > 1 or name not in _LATER} | {"version": version}

    @classmethod
    def from_json(cls, data: object, where: str = "plan") -> "PricePlan":
        version = data.get("version") if isinstance(data, dict) else None
        known = {item.name for item in fields(cls)} | {"version"}
        f = Fields(data, where, known if version == 2 else known - _LATER)
        if f.whole("version") not in (1, 2):
            raise UnknownTerm(f"{where}.version={f.whole('version')}")
        later: dict[str, Any] = {}
        if version == 2:
            later = {
                "prices": f.items("prices", OutcomePrice.from_json),
                "every": f.optional("every", lambda name: f.text(name, EVERY)),
                "valid_days": f.optional("valid_days", lambda name: f.whole(name, 1, 3660)),
                "daily_cap_fen": f.optional("daily_cap_fen", f.whole),
                "share_bp": f.whole("share_bp", 0, 10_000),
            }
        plan = cls(
            kind=f.text("kind", KINDS if version == 2 else [k for k in KINDS if k not in _LATER_KINDS]),
            unit=f.text("unit", _UNITS[f.whole("version")]),
            unit_price_e8=f.whole("unit_price_e8"),
            unit_size=f.whole("unit_size", 1),
            price_fen=f.whole("price_fen"),
            package_size=f.whole("package_size"),
            tiers=f.items("tiers", Tier.from_json),
            billable=f.texts("billable"),
            included=f.whole("included"),
            minimum_fen=f.whole("minimum_fen"),
            cap_fen=f.optional("cap_fen", f.whole),
            **later,
        )
        check_plan(plan)
        return plan


_LATER = {"prices", "every", "valid_days", "daily_cap_fen", "share_bp"}
_LATER_KINDS = {"volume", "by_outcome", "period", "revenue"}
_UNITS = {1: ("calls", "rows", "bytes"), 2: PRICE_UNITS}
_COUNTED = {"billable", "minimum_fen", "cap_fen"}
# What each kind is priced by; a plan that fills anything else says something that would not be charged.
PRICED_BY: dict[str, set[str]] = {
    "free": set(),
    "one_off": {"price_fen"},
    "per_unit": _COUNTED | {"unit_price_e8", "unit_size", "included", "daily_cap_fen"},
    "by_outcome": _COUNTED | {"prices", "unit_size", "daily_cap_fen"},
    "package": _COUNTED | {"price_fen", "package_size", "included", "valid_days"},
    "tiered": _COUNTED | {"tiers", "unit_size", "included"},
    "volume": _COUNTED | {"tiers", "unit_size", "included"},
    "period": {"price_fen", "every"},
    "revenue": {"share_bp", "minimum_fen", "cap_fen"},
}


def check_plan(plan: PricePlan) -> None:
    """Raises `TermsError` where a plan contradicts itself or fills what its kind does not use."""
    if plan.kind not in KINDS:
        raise UnknownTerm(f"plan.kind={plan.kind}")
    for item in fields(plan):
        used = item.name in PRICED_BY[plan.kind] or item.name in ("kind", "unit")
        if not used and getattr(plan, item.name) != item.default:
            _refuse("unused_term", "此计价方式不使用该项。", "This kind of plan does not use the term.", item.name)
    if (plan.unit == "revenue") != (plan.kind == "revenue"):
        _refuse("contradiction", "收益分成以申报收入计量，其他方式不以收入计量。",
                "A revenue share counts the reported revenue, and nothing else does.", "unit")  # fmt: skip
    if "billable" in PRICED_BY[plan.kind]:
        _check_billable(plan)
    if plan.cap_fen is not None and plan.cap_fen < plan.minimum_fen:
        _refuse("contradiction", "封顶金额不应低于最低消费。", "The cap must not be below the minimum.", "cap_fen")
    _OWN.get(plan.kind, lambda _: None)(plan)


def _check_billable(plan: PricePlan) -> None:
    if not plan.billable:
        _refuse("no_billable", "请至少指定一种计费结果。", "Please name at least one billable outcome.", "billable")
    if len(set(plan.billable)) != len(plan.billable):
        _refuse("repeated", "同一结果出现了两次。", "The same outcome appears twice.", "billable")


def _check_package(plan: PricePlan) -> None:
    if plan.package_size < 1:
        _refuse("out_of_range", "套餐用量应大于零。", "A package must hold at least one unit.", "package_size")
    if plan.valid_days is not None and (plan.included or plan.minimum_fen or plan.cap_fen is not None):
        _refuse("contradiction", "有有效期的套餐按整个合同期计价，不再设免费额度、最低消费和封顶。",
                "Packages with a validity are priced over the whole term, without included units, minimum or maximum.",
                "valid_days")  # fmt: skip


def _check_tiers(plan: PricePlan) -> None:
    bounds = [tier.up_to for tier in plan.tiers]
    inner = [bound for bound in bounds[:-1] if bound is not None]
    if not bounds or bounds[-1] is not None or len(inner) != len(bounds) - 1 or inner != sorted(set(inner)):
        _refuse("bad_tiers", "阶梯上限应逐级递增，且最后一级不设上限。",
                "Brackets must rise, and only the last has no end.", "tiers")  # fmt: skip


def _check_outcomes(plan: PricePlan) -> None:
    if [price.outcome for price in plan.prices] != list(plan.billable):
        _refuse("contradiction", "每种计费结果须有一个单价，次序相同。",
                "Each charged outcome has one price, in the same order.", "prices")  # fmt: skip


def _check_period(plan: PricePlan) -> None:
    if plan.every is None:
        _refuse("missing_term", "请选择按月、按季还是按年。", "Please choose month, quarter or year.", "every")


def _check_share(plan: PricePlan) -> None:
    if not 0 < plan.share_bp <= 10_000:
        _refuse("out_of_range", "分成比例应大于0，不超过100%。", "A share lies above 0 and within 100 %.", "share_bp")


_OWN = {
    "package": _check_package,
    "tiered": _check_tiers,
    "volume": _check_tiers,
    "by_outcome": _check_outcomes,
    "period": _check_period,
    "revenue": _check_share,
}


def _refuse(code: str, zh: str, en: str, field: str) -> None:
    raise TermsError(code, Text(zh, en), f"plan.{field}")
