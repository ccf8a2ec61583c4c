"""Terms as a form: what the fields are called, and how an answer becomes Terms (the price plan: `plan_form`).

Without scripts: a fixed number of lines for conditions and quotas, empty ones are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.http import QueryDict

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.policy.codec import TermsError, to_iso
from shugang.policy.columns import Column
from shugang.policy.terms import Terms
from shugang.policy.vocabulary import MASKS

from .answers import Wrong, whole

ROWS, QUOTAS = 4, 3
ARGS = MASKS


def read_terms(
    post: QueryDict, columns: Sequence[Column], base: Terms | None = None, conditions: Sequence[Column] = ()
) -> Terms:
    """Terms from the form. `base` gives the exact moments of days that were not changed; `conditions` are the columns that
    a condition may name besides `columns`. Raises Refusal `invalid_form`, `bad_terms`."""
    wrong = Wrong()
    chosen = [c for i, c in enumerate(columns) if f"f_{i}" in post]
    redistribute = "t_redistribute" in post
    actions = [a for a in post.getlist("t_actions") if a != "redistribute"] + (["redistribute"] if redistribute else [])
    first, last = _period(post, base, wrong)
    smallest = whole(post, "t_smallest", wrong)
    data = {
        "version": 1,
        "actions": actions,
        "purpose": post.get("t_purpose", ""),
        "fields": [c.name for c in chosen],
        "rows": _conditions(post, [*columns, *conditions], wrong),
        "masks": [m for i, c in enumerate(columns) if c in chosen and (m := _mask(post, i, c, wrong))],
        "quotas": _quotas(post, wrong),
        "rate": _rate(post, wrong),
        "networks": [part for part in re.split(r"[,，、\s]+", post.get("t_networks", "")) if part],
        "environment": post.get("t_environment") or None,
        "output": None if smallest is None else {"min_group": smallest},
        "mark": _marked(post, wrong),
        "keep_log": "t_log" in post,
        "notify": post.getlist("t_notify"),
        "redistribute": redistribute,
        "delete_after_days": whole(post, "t_delete", wrong),
        "attribution": post.get("t_attribution", "").strip(),
        "notes": post.get("t_notes", "").strip(),
    }
    if not data["purpose"]:
        wrong.add("t_purpose", "请选择用途。", "Please choose the purpose.")
    if not chosen:
        wrong.add("f_0", "请至少授权一个字段。", "Please grant at least one column.")
    wrong.check()
    try:
        return Terms.from_json({**data, "valid_from": first, "valid_until": last})
    except TermsError as error:
        raise Refusal("bad_terms", error.text, 422) from error


def _marked(post: QueryDict, wrong: Wrong) -> dict[str, Any] | None:
    """`t_mark_keys`: names; `t_mark_columns`: names, each with `:decimals` where its digit is behind the point."""
    keys, columns, canaries = (post.get(name, "").strip() for name in ("t_mark_keys", "t_mark_columns", "t_canaries"))
    if not (keys or columns or canaries):
        return None
    carriers = []
    for part in _parts(columns):
        name, _, decimals = part.rpartition(":") if ":" in part else (part, "", "0")
        if not decimals.isascii() or not decimals.isdigit():
            wrong.add(
                "t_mark_columns",
                "请在字段名后加英文冒号和小数位数，如 pm25:1。",
                "Please write “column:decimals”, such as pm25:1.",
            )
            return None
        carriers.append({"column": name, "decimals": int(decimals)})
    return {"key_columns": _parts(keys), "columns": carriers, "canaries": whole(post, "t_canaries", wrong) or 0}


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[,，、]\s*", text.strip()) if part]


def _period(post: QueryDict, base: Terms | None, wrong: Wrong) -> tuple[str, str]:
    days = []
    for name in ("t_from", "t_until"):
        try:
            days.append(datetime.strptime(post.get(name, ""), "%Y-%m-%d").date())  # noqa: DTZ007  a day, not a moment
        except ValueError:
            wrong.add(name, "请填写日期。", "Please enter a date.")
    if len(days) < 2:
        return "", ""
    if base is not None and days == list(shown_days(base)):
        return to_iso(base.valid_from), to_iso(base.valid_until)
    start = datetime.combine(days[0], time(0), tzinfo=clock.zone())
    end = datetime.combine(days[1] + timedelta(days=1), time(0), tzinfo=clock.zone())
    if base is not None:
        kept = shown_days(base)
        start = base.valid_from if days[0] == kept[0] else start
        end = base.valid_until if days[1] == kept[1] else end
    return to_iso(start), to_iso(end)


def shown_days(terms: Terms) -> tuple[Any, Any]:
    """First and last day of use; the end itself is excluded."""
    zone = clock.zone()
    return terms.valid_from.astimezone(zone).date(), (terms.valid_until - timedelta(microseconds=1)).astimezone(
        zone
    ).date()


def _value(text: str, family: str) -> Any:
    if family == "whole" and re.fullmatch(r"-?\d{1,16}", text):
        return int(text)
    if family == "flag":
        return text.lower() in {"true", "1", "是"}
    return text


def _conditions(post: QueryDict, columns: Sequence[Column], wrong: Wrong) -> list[dict[str, Any]]:
    known = {c.name: c for c in columns}
    found = []
    for k in range(ROWS):
        column, op, text = post.get(f"r_col_{k}", ""), post.get(f"r_op_{k}", ""), post.get(f"r_val_{k}", "").strip()
        if not column:
            continue
        if column not in known or not op:
            wrong.add(f"r_col_{k}", "请选择字段和条件。", "Please choose a column and a condition.")
            continue
        family = known[column].family
        value: Any = None
        if op == "in":
            value = [_value(v.strip(), family) for v in re.split(r"[,，、]", text) if v.strip()]
        elif op != "not_null":
            value = _value(text, family)
        if op != "not_null" and value in ("", []):
            wrong.add(f"r_val_{k}", "请填写取值。", "Please enter a value.")
        found.append({"column": column, "op": op, "value": value})
    return found


def _mask(post: QueryDict, i: int, column: Column, wrong: Wrong) -> dict[str, Any] | None:
    function = post.get(f"m_{i}", "")
    if not function:
        return None
    names, parts = ARGS.get(function, ()), [p for p in re.split(r"[,，\s]+", post.get(f"ma_{i}", "").strip()) if p]
    if len(parts) != len(names):
        wrong.add(
            f"ma_{i}",
            f"“{column.name}”的脱敏参数不全，请按提示填写。",
            f"The mask of “{column.name}” lacks its values; see the hint.",
        )
        return None
    args: dict[str, Any] = {n: int(p) if p.isdigit() else p for n, p in zip(names, parts, strict=True)}
    return {"column": column.name, "function": function, "args": args}


def _quotas(post: QueryDict, wrong: Wrong) -> list[dict[str, Any]]:
    found = []
    for k in range(QUOTAS):
        limit = whole(post, f"q_limit_{k}", wrong)
        if limit:
            found.append({"unit": post.get(f"q_unit_{k}", "calls"), "limit": limit, "per": post.get(f"q_per_{k}", "day"),
                          "counts": post.get(f"q_counts_{k}", "all")})  # fmt: skip
    return found


def _rate(post: QueryDict, wrong: Wrong) -> dict[str, int] | None:
    per_second, burst = whole(post, "t_rate", wrong), whole(post, "t_burst", wrong)
    return {"per_second": per_second, "burst": burst or per_second} if per_second else None
