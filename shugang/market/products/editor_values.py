"""The values with which the editor of terms and prices opens: from existing terms, or from what was just typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict

from shugang.policy.columns import Column
from shugang.policy.describing import (
    ACTION_LABELS,
    COUNT_LABELS,
    ENVIRONMENT_LABELS,
    NOTICE_LABELS,
    PERIOD_LABELS,
    UNIT_LABELS,
)
from shugang.policy.guarantees import HELD
from shugang.policy.mask_catalogue import CATALOGUE
from shugang.policy.priceplan import EVERY, KINDS, PRICE_UNITS, UNIT_WORDS
from shugang.policy.terms import PURPOSES, Terms
from shugang.policy.text import Text
from shugang.policy.validation import MASK_FAMILIES

from .editor import ARGS, QUOTAS, ROWS, shown_days
from .kinds import OUTCOMES
from .plan_form import TIERS

OPERATORS: dict[str, Text] = {
    "eq": Text("等于", "is"),
    "ne": Text("不等于", "is not"),
    "in": Text("属于（用逗号分开）", "is one of (commas)"),
    "ge": Text("大于等于", "at least"),
    "gt": Text("大于", "more than"),
    "le": Text("小于等于", "at most"),
    "lt": Text("小于", "less than"),
    "not_null": Text("非空", "is not empty"),
}
MASK_LABELS: dict[str, Text] = {name: function.title for name, function in CATALOGUE.items()}


def from_terms(terms: Terms, columns: Sequence[Column]) -> dict[str, Any]:
    """Names of the editor's fields → values."""
    first, last = shown_days(terms)
    rate = terms.rate
    values: dict[str, Any] = {
        "t_purpose": terms.purpose, "t_actions": list(terms.actions), "t_from": first.isoformat(), "t_until": last.isoformat(),
        "t_delete": "" if terms.delete_after_days is None else terms.delete_after_days,
        "t_attribution": terms.attribution, "t_notes": terms.notes,
        "t_networks": "，".join(terms.networks), "t_environment": terms.environment or "", "t_notify": list(terms.notify),
        "t_smallest": terms.output.min_group if terms.output else "",
        "t_rate": rate.per_second if rate else "", "t_burst": rate.burst if rate else "",
    }  # fmt: skip
    if terms.redistribute:
        values["t_redistribute"] = "1"
    if terms.mark:
        carriers = [f"{m.column}:{m.decimals}" if m.decimals else m.column for m in terms.mark.columns]
        values |= {
            "t_mark_keys": "，".join(terms.mark.key_columns),
            "t_mark_columns": "，".join(carriers),
            "t_canaries": terms.mark.canaries or "",
        }
    if terms.keep_log:
        values["t_log"] = "1"
    masks = {m.column: m for m in terms.masks}
    for i, column in enumerate(columns):
        if column.name in terms.fields:
            values[f"f_{i}"] = "1"
        if mask := masks.get(column.name):
            values[f"m_{i}"] = mask.function
            values[f"ma_{i}"] = ",".join(str(mask.args[a]) for a in ARGS[mask.function])
    for k, row in enumerate(terms.rows):
        shown = "，".join(map(str, row.value)) if isinstance(row.value, tuple) else row.value
        values |= {f"r_col_{k}": row.column, f"r_op_{k}": row.op, f"r_val_{k}": "" if shown is None else str(shown)}
    for k, quota in enumerate(terms.quotas):
        values |= {
            f"q_limit_{k}": quota.limit,
            f"q_unit_{k}": quota.unit,
            f"q_per_{k}": quota.per,
            f"q_counts_{k}": quota.counts,
        }
    return values


def from_post(post: QueryDict) -> dict[str, Any]:
    """What was typed, as it was typed."""
    lists = {"t_actions", "t_notify", "p_billable", "purposes"}
    return {name: post.getlist(name) if name in lists else post.get(name) for name in post}


def _actions(mode: str) -> list[tuple[str, Text]]:
    """Actions that the mode can hold; redistribution has its own box."""
    return [(a, label) for a, label in ACTION_LABELS.items() if a != "redistribute" and mode in HELD[f"action.{a}"]]


def _units(mode: str) -> list[tuple[str, Text]]:
    return [(u, label) for u, label in UNIT_LABELS.items() if mode in HELD[f"quota.{u}"]]


def _price_units(mode: str) -> list[tuple[str, Text]]:
    """What a price may count: time only where the meter records it, revenue only by a share of it."""
    units = [u for u in PRICE_UNITS if u != "revenue" and (u != "seconds" or mode == "stream")]
    return [(u, UNIT_WORDS[u][0]) for u in units]


def context(
    columns: Sequence[Column],
    mode: str,
    values: Mapping[str, Any],
    purposes: Sequence[str] = (),
    conditions: Sequence[Column] = (),
) -> dict[str, Any]:
    """All that market/editor.html needs. `purposes`: the choice, all of them when empty; `conditions`: see `read_terms`."""
    return {
        "values": values,
        "editor": {
            "mode": mode,
            "columns": list(columns),
            "column_choices": [(c.name, c.name) for c in (*columns, *conditions)],
            "masks": [
                [(f, MASK_LABELS[f]) for f, families in MASK_FAMILIES.items() if c.family in families] for c in columns
            ],
            "purposes": [(p, label) for p, label in PURPOSES.items() if not purposes or p in purposes],
            "actions": _actions(mode),
            "units": _units(mode),
            "places": mode in HELD["place"],
            "environments": [(e, label) for e, label in ENVIRONMENT_LABELS.items() if mode in HELD[f"environment.{e}"]],
            "output": mode in HELD["output"],
            "mark": mode in HELD["mark"],
            "notices": [(n, label) for n, label in NOTICE_LABELS.items() if mode in HELD[f"notify.{n}"]],
            "price_units": _price_units(mode),
            "every": list(EVERY.items()),
            "periods": list(PERIOD_LABELS.items()),
            "counts": list(COUNT_LABELS.items()),
            "operators": list(OPERATORS.items()),
            "kinds": list(KINDS.items()),
            "outcomes": list(OUTCOMES[mode].items()),
            "rows": range(max(ROWS, 1)),
            "quotas": range(QUOTAS),
            "tiers": range(TIERS),
        },
    }
