"""Differences between two versions of terms and price, in words and complete: pure.

Every field of terms and plan that differs stands in a row. Where its words do not show the difference (a second of a
time, the key of a mask), the row shows the values as they are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from shugang.policy.describing import LABELS, mark_text, mask_text
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Mark, Mask, Terms, describe
from shugang.policy.text import Text

from ..products import pricing

Version = tuple[Terms, PricePlan]
Row = tuple[Text, Text | None, Text | None]
# Field of the terms → key of its line; the others are named as their line is.
_LINES = {
    "actions": "action", "valid_from": "period", "valid_until": "period", "quotas": "quota", "networks": "place",
    "keep_log": "log", "delete_after_days": "delete_after",
}  # fmt: skip
_PLAN = Text("计价方案", "Price plan")
_VERSION = Text("条款格式版本", "Format of the terms")


def _join(values: Iterable[Text]) -> Text:
    found = list(values)
    return Text("；".join(t.zh for t in found), "; ".join(t.en for t in found))


def _mask(mask: Mask) -> Text:
    """A mask with the parameters that its sentence leaves out: which key, which alphabet."""
    words = mask_text(mask)
    kept = {"key_id": Text("密钥", "key"), "alphabet": Text("字母表", "alphabet")}
    more = [Text(f"{label.zh} {mask.args[name]}", f"{label.en} {mask.args[name]}") for name, label in kept.items() if name in mask.args]  # fmt: skip
    if not more:
        return words
    return Text(f"{words.zh}（{'，'.join(t.zh for t in more)}）", f"{words.en} ({', '.join(t.en for t in more)})")


def _mark(mark: Mark) -> Text:
    """A mark with what its sentence leaves out: by which keys, in which digits."""
    words, keys = mark_text(mark), ", ".join(mark.key_columns)
    digits = ", ".join(f"{c.column} 10^-{c.decimals}" for c in mark.columns)
    return Text(f"{words.zh}（按 {keys}；{digits}）", f"{words.en} (by {keys}; {digits})")


def _term_words(terms: Terms, mode: str) -> dict[str, tuple[Text, Text]]:
    """Key of a line → (label, value); several lines of one term are joined."""
    grouped: dict[str, tuple[Text, list[Text]]] = {}
    for line in describe(terms, mode):
        key = line.key.split(".")[0]
        grouped.setdefault(key, (line.label, []))[1].append(line.value)
    if terms.masks:
        grouped["masks"] = (LABELS["masks"], [_mask(m) for m in terms.masks])
    if terms.mark:
        grouped["mark"] = (LABELS["mark"], [_mark(terms.mark)])
    return {key: (label, _join(values)) for key, (label, values) in grouped.items()}


def _raw(value: Any) -> Text:
    said = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return Text(said, said)


def _terms(old: Terms, new: Terms, mode: str) -> list[Row]:
    before, after = _term_words(old, mode), _term_words(new, mode)
    a, b = old.to_json(), new.to_json()
    rows: list[Row] = []
    shown = set()
    for key in [*before, *(k for k in after if k not in before)]:
        x, y = before.get(key), after.get(key)
        if (x and x[1]) != (y and y[1]):
            rows.append(((x or after[key])[0], x[1] if x else None, y[1] if y else None))
            shown.add(key)
    for name in sorted(set(a) | set(b)):
        key = _LINES.get(name, name)
        if a.get(name) != b.get(name) and key not in shown:
            rows.append((LABELS.get(key, _VERSION), _raw(a.get(name)), _raw(b.get(name))))
    return rows


def _price_words(plan: PricePlan, mode: str) -> dict[str, tuple[Text, Text]]:
    return {label.en: (label, value) for label, value in pricing.rows(plan, mode)}


def _worded(old: PricePlan, new: PricePlan, name: str, mode: str) -> bool:
    """Whether a change of this field alone would show in the words."""
    try:
        return _price_words(old, mode) != _price_words(replace(old, **{name: getattr(new, name)}), mode)
    except (KeyError, ValueError, TypeError):
        return False


def _plan(old: PricePlan, new: PricePlan, mode: str) -> list[Row]:
    before, after = _price_words(old, mode), _price_words(new, mode)
    rows: list[Row] = []
    for key in [*before, *(k for k in after if k not in before)]:
        x, y = before.get(key), after.get(key)
        if (x and x[1]) != (y and y[1]):
            rows.append(((x or after[key])[0], x[1] if x else None, y[1] if y else None))
    changed = [f.name for f in fields(PricePlan) if getattr(old, f.name) != getattr(new, f.name)]
    a, b = old.to_json(), new.to_json()
    for name in changed:
        # Seen from either side: what one plan's kind leaves unsaid the other's may say.
        if not (_worded(old, new, name, mode) or _worded(new, old, name, mode)):
            label = Text(f"{_PLAN.zh}：{name}", f"{_PLAN.en}: {name}")
            rows.append((label, _raw(a.get(name)), _raw(b.get(name))))
    return rows


def differences(old: Version, new: Version, mode: str) -> list[Row]:
    """(term, old, new) for all that differs; None where a side has no such term. Empty only for equal versions."""
    return [*_terms(old[0], new[0], mode), *_plan(old[1], new[1], mode)]
