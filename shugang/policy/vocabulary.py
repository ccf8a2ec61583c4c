"""The terms of use as frozen data. `from_json` refuses by name what it does not know.

Lists are tuples, times are UTC, `rows` is a conjunction, `fields` is the exact answer's column order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from shugang.policy.codec import Fields, Json, TermsError, UnknownTerm, field_names, to_iso, to_list
from shugang.policy.mask_catalogue import ALPHABETS, CATALOGUE
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text

ACTIONS = ("read", "query", "compute", "download", "redistribute", "train")
OPERATORS = ("eq", "ne", "in", "ge", "gt", "le", "lt", "not_null")
UNITS = ("calls", "rows", "bytes", "seconds")
PERIODS = ("day", "month", "total")
COUNTS = ("charged", "uncharged", "all")
DATE_UNITS = ("month", "quarter", "year")
# Where data may be used besides "anywhere": the holder attests it with his key, as he attests the purpose.
ENVIRONMENTS = ("isolated",)
NOTICES = ("first_use", "incident")
MAX_BAND = 10**12
MAX_CANARIES = 1000
MAX_MARKED = 3
MASKS: dict[str, tuple[str, ...]] = {name: function.args for name, function in CATALOGUE.items()}
# A day of a quota is a day in China (UTC+8 all year), whatever the clock of the machine says.
CHINA = timezone(timedelta(hours=8))
Scalar = str | int | bool


@dataclass(frozen=True)
class RowFilter:
    """One condition on a raw value; `value` is a scalar, a tuple for `in`, None for `not_null`."""

    column: str
    op: str
    value: Scalar | tuple[Scalar, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.value, list):
            object.__setattr__(self, "value", tuple(self.value))

    def to_json(self) -> Json:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"column": self.column, "op": self.op, "value": value}

    @classmethod
    def from_json(cls, data: object, where: str = "row") -> "RowFilter":
        f = Fields(data, where, field_names(cls))
        op = f.text("op", OPERATORS)
        if op == "not_null":
            if f.raw("value") is not None:
                Fields.fail("bad_type", f.path("value"), Text("“非空”条件不带取值。", "not_null takes no value."))
            return cls(f.text("column"), op)
        if op == "in":
            return cls(f.text("column"), op, f.items("value", _scalar))
        return cls(f.text("column"), op, _scalar(f.raw("value"), f.path("value")))


def _scalar(value: Any, where: str) -> Scalar:
    """Text, whole number or flag; fractions travel as decimal text so that no binary rounding decides a
    row."""
    if isinstance(value, str | bool):
        return value
    return Fields({"value": value}, where, {"value"}).whole("value", -(2**53) + 1)


@dataclass(frozen=True)
class Mask:
    """What becomes of a column's value before it leaves: a function of `MASKS` and its arguments."""

    column: str
    function: str
    args: Mapping[str, str | int] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {"column": self.column, "function": self.function, "args": dict(self.args)}

    @classmethod
    def from_json(cls, data: object, where: str = "mask") -> "Mask":
        f = Fields(data, where, field_names(cls))
        function = f.text("function", MASKS)
        a = Fields(f.raw("args"), f.path("args"), MASKS[function])
        args: dict[str, str | int] = {}
        if function == "keep_ends":
            args = {"prefix": a.whole("prefix", 0, 64), "suffix": a.whole("suffix", 0, 64)}
        elif function == "band":
            args = {"width": a.whole("width", 2, MAX_BAND)}
        elif function == "truncate_date":
            args = {"unit": a.text("unit", DATE_UNITS)}
        elif function in ("sha256_token", "sm3_token"):
            args = {"key_id": a.text("key_id")}
        elif function == "ff1":
            args = {"key_id": a.text("key_id"), "alphabet": a.text("alphabet", ALPHABETS)}
        return cls(f.text("column"), function, args)


@dataclass(frozen=True)
class Quota:
    """At most `limit` units per window; `counts` says which outcomes use it up."""

    unit: str
    limit: int
    per: str = "total"
    counts: str = "all"

    def window(self, at: datetime) -> str:
        """The name of the window in which `at` falls: 2026-11-23, 2026-11 or total (days of UTC+8)."""
        local = at.astimezone(CHINA)
        return {"day": f"{local:%Y-%m-%d}", "month": f"{local:%Y-%m}", "total": "total"}[self.per]

    def to_json(self) -> Json:
        return {"unit": self.unit, "limit": self.limit, "per": self.per, "counts": self.counts}

    @classmethod
    def from_json(cls, data: object, where: str = "quota") -> "Quota":
        f = Fields(data, where, field_names(cls))
        return cls(f.text("unit", UNITS), f.whole("limit", 1), f.text("per", PERIODS), f.text("counts", COUNTS))


@dataclass(frozen=True)
class Rate:
    """A token bucket: `per_second` refill, `burst` size, in calls."""

    per_second: int
    burst: int

    def to_json(self) -> Json:
        return {"per_second": self.per_second, "burst": self.burst}

    @classmethod
    def from_json(cls, data: object, where: str = "rate") -> "Rate":
        f = Fields(data, where, field_names(cls))
        return cls(f.whole("per_second", 1), f.whole("burst", 1))


@dataclass(frozen=True)
class OutputRule:
    """Only aggregates leave, and none over fewer than `min_group` rows."""

    min_group: int

    def to_json(self) -> Json:
        return {"min_group": self.min_group}

    @classmethod
    def from_json(cls, data: object, where: str = "output") -> "OutputRule":
        return cls(Fields(data, where, field_names(cls)).whole("min_group", 2, 1_000_000))


@dataclass(frozen=True)
class MarkedColumn:
    """A numeric column whose digit at 10^-`decimals` carries the mark."""

    column: str
    decimals: int = 0

    def to_json(self) -> Json:
        return {"column": self.column, "decimals": self.decimals}

    @classmethod
    def from_json(cls, data: object, where: str = "marked") -> "MarkedColumn":
        f = Fields(data, where, field_names(cls))
        return cls(f.text("column"), f.whole("decimals", 0, 9))


@dataclass(frozen=True)
class Mark:
    """A mark of the recipient in what is delivered: in rows that a secret chooses by `key_columns`, a digit of
    `columns` moves by one; `canaries` rows that stand for nothing are added, and count for nothing."""

    key_columns: tuple[str, ...]
    columns: tuple[MarkedColumn, ...]
    canaries: int = 0

    def __post_init__(self) -> None:
        for name in ("key_columns", "columns"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def to_json(self) -> Json:
        return {"key_columns": list(self.key_columns), "columns": to_list(self.columns), "canaries": self.canaries}

    @classmethod
    def from_json(cls, data: object, where: str = "mark") -> "Mark":
        f = Fields(data, where, field_names(cls))
        columns = f.items("columns", MarkedColumn.from_json)
        return cls(f.texts("key_columns"), columns, f.whole("canaries", 0, MAX_CANARIES))


@dataclass(frozen=True)
class Terms:
    """All that the parties agree about use. Valid from `valid_from` (included) until `valid_until`
    (excluded)."""

    actions: tuple[str, ...]
    purpose: str
    fields: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    rows: tuple[RowFilter, ...] = ()
    masks: tuple[Mask, ...] = ()
    quotas: tuple[Quota, ...] = ()
    rate: Rate | None = None
    networks: tuple[str, ...] = ()
    environment: str | None = None
    output: OutputRule | None = None
    mark: Mark | None = None
    redistribute: bool = False
    keep_log: bool = False
    notify: tuple[str, ...] = ()
    delete_after_days: int | None = None
    attribution: str = ""
    notes: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        for name in ("actions", "fields", "rows", "masks", "quotas", "networks", "notify"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("valid_from", "valid_until"):
            moment = getattr(self, name)
            if moment.tzinfo is None:
                raise TermsError("naive_time", Text("时间须带时区。", "A time must carry its zone."), name)
            object.__setattr__(self, name, moment.astimezone(UTC))

    def to_json(self) -> Json:
        return {
            "version": self.version,
            "actions": list(self.actions),
            "purpose": self.purpose,
            "fields": list(self.fields),
            "rows": to_list(self.rows),
            "masks": to_list(self.masks),
            "quotas": to_list(self.quotas),
            "rate": self.rate.to_json() if self.rate else None,
            "valid_from": to_iso(self.valid_from),
            "valid_until": to_iso(self.valid_until),
            "networks": list(self.networks),
            "environment": self.environment,
            "output": self.output.to_json() if self.output else None,
            "mark": self.mark.to_json() if self.mark else None,
            "redistribute": self.redistribute,
            "keep_log": self.keep_log,
            "notify": list(self.notify),
            "delete_after_days": self.delete_after_days,
            "attribution": self.attribution,
            "notes": self.notes,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "terms") -> "Terms":
        f = Fields(data, where, field_names(cls))
        if f.whole("version") != 1:
            raise UnknownTerm(f"{where}.version={f.whole('version')}")
        return cls(
            actions=f.texts("actions", ACTIONS),
            purpose=f.text("purpose", PURPOSES),
            fields=f.texts("fields"),
            rows=f.items("rows", RowFilter.from_json),
            masks=f.items("masks", Mask.from_json),
            quotas=f.items("quotas", Quota.from_json),
            rate=f.optional("rate", lambda name: Rate.from_json(f.raw(name), f.path(name))),
            networks=f.texts("networks"),
            environment=f.optional("environment", lambda name: f.text(name, ENVIRONMENTS)),
            output=f.optional("output", lambda name: OutputRule.from_json(f.raw(name), f.path(name))),
            mark=f.optional("mark", lambda name: Mark.from_json(f.raw(name), f.path(name))),
            valid_from=f.instant("valid_from"),
            valid_until=f.instant("valid_until"),
            redistribute=f.flag("redistribute"),
            keep_log=f.flag("keep_log"),
            notify=f.texts("notify", NOTICES),
            delete_after_days=f.optional("delete_after_days", lambda name: f.whole(name, 0, 36_500)),
            attribution=f.text("attribution"),
            notes=f.text("notes"),
        )
