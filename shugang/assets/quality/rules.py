"""A rule set as data: read from JSON, checked against the columns of the data, refused by name; pure.

    {"keys": ["station", "date"],
     "weights": {"complete": 40, "accurate": 60},
     "rules": [{"id": "pm25_range", "kind": "range", "column": "pm25", "min": 0, "max": 1000, "at_least": 99.5,
                "where": "station <> '合计'", "indicator": "content", "title": "PM2.5在量程内"}]}

`keys` name a failing row in the report (its number where there are none); `weights` of dimensions are percent and sum to
100 (equal where left out); `at_least` is the verdict's threshold in percent (100 where left out).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import rfc8785

from . import params
from .dimensions import DIMENSIONS, INDICATORS
from .expressions import condition
from .kinds import KINDS, Kind
from .refused import RuleError

MOST_RULES = 200
MOST_KEYS = 8
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_COMMON = {"id", "kind", "title", "where", "indicator", "at_least"}


@dataclass(frozen=True)
class Rule:
    """`where` is SQL of ours; `at_least` in hundredths of a percent; `args` as the kind's parameters, checked."""

    id: str
    kind: str
    args: dict[str, Any]
    indicator: str
    at_least: int
    title: str = ""
    where: str | None = None

    @property
    def spec(self) -> Kind:
        return KINDS[self.kind]

    @property
    def inverse(self) -> bool:
        """Whether A counts what is wrong."""
        return INDICATORS[self.spec.indicator].inverse

    @property
    def columns(self) -> list[str]:
        """The columns that the rule names, in its words."""
        found: list[str] = []
        for name, param in self.spec.params.items():
            value: Any = self.args.get(name)
            if param.kind == "column":
                found.append(value)
            elif param.kind == "columns":
                found += value
        return found


@dataclass(frozen=True)
class RuleSet:
    """`weights`: dimension → percent; {} for equal ones."""

    rules: tuple[Rule, ...]
    keys: tuple[str, ...] = ()
    weights: dict[str, int] | None = None

    def references(self) -> list[Mapping[str, Any]]:
        return [r.args["reference"] for r in self.rules if r.spec.measure == "pair"]


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the document's canonical JSON (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def read(document: Any, columns: Mapping[str, str]) -> RuleSet:
    """The rule set of a document for data with these columns (name → DuckDB type). Raises RuleError."""
    if not isinstance(document, dict):
        raise RuleError("not_an_object", "$", "规则集应为一个JSON对象。", "a rule set has to be a JSON object")
    if unknown := sorted(set(document) - {"keys", "weights", "rules"}):
        raise RuleError("unknown_part", unknown[0], "没有这一项，请核对名称。", "no such part; please check the name")
    given = document.get("rules")
    if not isinstance(given, list) or not given:
        raise RuleError("no_rules", "rules", "请至少写一条规则。", "please write at least one rule")
    if len(given) > MOST_RULES:
        raise RuleError("too_many_rules", "rules", f"最多{MOST_RULES}条规则。", f"at most {MOST_RULES} rules")
    rules = tuple(_rule(item, number, columns) for number, item in enumerate(given))
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        if rule.id in seen:
            raise RuleError(
                "same_id", f"rules[{number}].id", f"编号“{rule.id}”重复。", f"the id {rule.id} is used twice"
            )
        seen.add(rule.id)
    keys = document.get("keys", [])
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise RuleError(
            "bad_keys", "keys", f"请列出至多{MOST_KEYS}个字段。", f"please name at most {MOST_KEYS} columns"
        )
    return RuleSet(rules, tuple(params.column(k, "keys", columns) for k in keys), _weights(document.get("weights")))


def _weights(given: Any) -> dict[str, int]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not given:
        raise RuleError("bad_weights", "weights", "请按维度写整数百分比。", "please give whole percents by dimension")
    for name, value in given.items():
        if name not in DIMENSIONS:
            raise RuleError("unknown_dimension", f"weights.{name}", "没有这个维度。", "no such dimension")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
            raise RuleError(
                "bad_weights", f"weights.{name}", "应为0至100的整数。", "has to be a whole number from 0 to 100"
            )
    if (total := sum(given.values())) != 100:
        raise RuleError(
            "weights_sum",
            "weights",
            f"各维度权重之和应为100，现在是{total}。",
            f"weights have to sum to 100, not {total}",
        )
    return dict(given)


def _rule(item: Any, number: int, columns: Mapping[str, str]) -> Rule:
    where = f"rules[{number}]"
    if not isinstance(item, dict):
        raise RuleError("not_an_object", where, "规则应为一个JSON对象。", "a rule has to be a JSON object")
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise RuleError(
            "unknown_rule", f"{where}.kind", f"没有“{str(kind)[:40]}”这种规则。", f"no rule of kind {str(kind)[:40]}"
        )
    spec = KINDS[kind]
    if unknown := sorted(set(item) - _COMMON - set(spec.params)):
        raise RuleError(
            "unknown_part",
            f"{where}.{unknown[0][:40]}",
            f"“{spec.label.zh}”规则没有这一项。",
            f"a rule of kind {kind} has no such part",
        )
    args = {}
    for name, param in spec.params.items():
        value = item.get(name)
        if value in (None, "", []):
            if param.required:
                raise RuleError(
                    "missing_part", f"{where}.{name}", f"请填写“{param.label.zh}”。", f"please give “{param.label.en}”"
                )
            continue
        args[name] = params.READERS[param.kind](value, f"{where}.{name}", columns)
    _fits(kind, args, where)
    filter_ = item.get("where") or None
    return Rule(
        id=_id(item.get("id"), number, where),
        kind=kind,
        args=args,
        indicator=_indicator(item.get("indicator"), spec, where),
        at_least=_percent(item.get("at_least", 100), f"{where}.at_least"),
        title=params.text(item.get("title") or "", f"{where}.title", columns),
        where=_filter(filter_, spec, where, columns),
    )


def _filter(given: Any, spec: Kind, where: str, columns: Mapping[str, str]) -> str | None:
    if given is None:
        return None
    if spec.measure not in ("row", "group", "pair"):
        raise RuleError(
            "no_filter", f"{where}.where", f"“{spec.label.zh}”规则不能加筛选条件。", "this kind of rule takes no filter"
        )
    return condition(given, f"{where}.where", columns)


def _id(given: Any, number: int, where: str) -> str:
    if given is None:
        return f"r{number + 1}"
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise RuleError(
            "bad_id",
            f"{where}.id",
            "编号用小写字母、数字和下划线，以字母开头。",
            "an id is of small letters, digits and _, and begins with a letter",
        )
    return given


def _indicator(given: Any, spec: Kind, where: str) -> str:
    if given is None:
        return spec.indicator
    if not isinstance(given, str) or given not in INDICATORS:
        raise RuleError("unknown_indicator", f"{where}.indicator", "没有这个指标。", "no such indicator")
    if INDICATORS[given].inverse != INDICATORS[spec.indicator].inverse:
        raise RuleError(
            "wrong_indicator",
            f"{where}.indicator",
            "正向指标与反向指标不能混用。",
            "a rule that counts what is right cannot stand under an inverse indicator, nor the reverse",
        )
    return given


def _percent(given: Any, where: str) -> int:
    try:
        value = Decimal(str(given))
        whole = int(value * 100)
        if isinstance(given, bool) or not 0 <= value <= 100 or whole != value * 100:
            raise ValueError
    except (InvalidOperation, ValueError, OverflowError):
        raise RuleError(
            "bad_threshold",
            where,
            "阈值应为0至100的百分数，至多两位小数。",
            "a threshold is a percent from 0 to 100 with at most two decimals",
        ) from None
    return whole


def _fits(kind: str, args: Mapping[str, Any], where: str) -> None:
    """What no single parameter can tell."""
    low, high = args.get("min", args.get("earliest")), args.get("max", args.get("latest"))
    if kind in ("range", "length") and low is None and high is None:
        raise RuleError("no_bound", where, "请至少给出一个上限或下限。", "please give at least one bound")
    if low is not None and high is not None and low > high:
        raise RuleError("bad_bounds", where, "下限大于上限。", "the lower bound is above the upper one")
    if kind == "rows" and ("expected" in args) == (low is not None or high is not None):
        raise RuleError(
            "no_bound",
            where,
            "请给出应有行数，或上下限，二者取一。",
            "please give the rows expected or bounds, one of the two",
        )
    if kind == "order" and args["first"] == args["second"]:
        raise RuleError("same_column", where, "两个字段相同。", "both columns are the same")
    if kind == "foreign_key" and len(args["columns"]) != len(args["reference"]["columns"]):
        raise RuleError(
            "bad_reference", f"{where}.reference", "两边的字段数不同。", "both sides have to name as many columns"
        )
