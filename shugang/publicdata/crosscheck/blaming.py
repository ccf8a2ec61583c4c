"""Which sources a line asks to look again, and the rule under which their tickets are kept. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .plan import Plan


def authority(plan: Plan) -> str:
    """The source that is declared first: of the first comparison's order, else of the sources."""
    return plan.compare[0].order[0] if plan.compare else plan.sources[0].name


def blamed(plan: Plan, line: dict[str, Any]) -> list[str]:
    """Where the authority lacks an entity, whoever has it; where it has it, whoever lacks it. Where values differ, all that say
    otherwise than what stands. Where one is missing, whoever lacks it."""
    kind = line["kind"]
    if kind == "absent":
        return list(line["lacking"] if authority(plan) in line["holders"] else line["holders"])
    if kind in ("repeated", "invalid"):
        return list(line["values"])
    values, stands = line["values"], line.get("stands", "")
    if kind == "missing":
        return [name for name, value in values.items() if value is None]
    votes = line.get("otherwise")
    return (
        list(votes)
        if votes is not None
        else [n for n, v in values.items() if n != stands and v is not None and v != values.get(stands)]
    )


def rule(check: str, line: dict[str, Any]) -> str:
    return ":".join(part for part in ("crosscheck", check, line["kind"], line["element"]) if part)[:100]


def tickets(check: str, plan: Plan, lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """(rule, source) → how many lines and one of them, for every source that is blamed."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        for source in blamed(plan, line):
            place = (rule(check, line), source)
            counts[place] += 1
            first.setdefault(place, line)
    return {
        place: {"check": check, "kind": first[place]["kind"], "element": first[place]["element"], "key": first[place]["key"], "count": n}
        for place, n in counts.items()
    }  # fmt: skip
