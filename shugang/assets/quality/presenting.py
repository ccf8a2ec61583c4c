"""What the pages show, from rule sets and reports."""

from __future__ import annotations

import json
from typing import Any

from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import words
from .dimensions import DIMENSIONS, INDICATORS
from .documents import failing_text, rule_title
from .kinds import KINDS
from .models import Assessment, RuleSet


def dimension_chart(report: dict[str, Any]) -> dict[str, Any]:
    """Bars by dimension; a dimension without a basis is a gap, not a zero."""
    scores = [None if d["score"] is None else d["score"] / 100 for d in report["dimensions"]]
    return {"type": "bar", "unit": "%", "x": [tx(DIMENSIONS[d["name"]]) for d in report["dimensions"]],
            "series": [{"name": tx(Text("得分", "Score")), "data": scores}]}  # fmt: skip


def filled_chart(report: dict[str, Any]) -> dict[str, Any]:
    """How far each column is filled; at most thirty columns."""
    columns, rows = report["columns"][:30], report["rows"] or 1
    return {"type": "bar", "unit": "%", "x": [c["name"] for c in columns],
            "series": [{"name": tx(Text("已填", "Filled")), "data": [round(c["filled"] * 100 / rows, 2) for c in columns]}]}  # fmt: skip


def trend_chart(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Assessments by one rule set, oldest first: the score and the two most asked for dimensions."""
    lines = [(Text("总分", "Score"), [f["score"] for f in found])]
    lines += [(DIMENSIONS[d], [f["dimensions"].get(d) for f in found]) for d in ("complete", "accurate", "timely")]
    return {"type": "line", "unit": "%", "x": [f"v{f['version']} {f['number'][-6:]}" for f in found],
            "series": [{"name": tx(label), "data": [None if v is None else v / 100 for v in values]} for label, values in lines]}  # fmt: skip


def set_lines(row: RuleSet) -> list[dict[str, Any]]:
    """The rules of a set as they are written."""
    return [
        {"id": r.get("id") or f"r{n + 1}", "label": KINDS[r["kind"]].label, "title": r.get("title") or "",
         "named": _named(r), "at_least": r.get("at_least", 100)}
        for n, r in enumerate(row.document["rules"])
    ]  # fmt: skip


def _named(rule: dict[str, Any]) -> str:
    if columns := rule.get("columns"):
        return columns if isinstance(columns, str) else ", ".join(columns)
    pair = " ≤ ".join(filter(None, (rule.get("first"), rule.get("second"))))
    return rule.get("column") or rule.get("expression") or pair or "—"


def rule_lines(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**r, "label": rule_title(r), "indicator_label": INDICATORS[r["indicator"]].label, "shown": words.percent(r["value"]),
         "threshold": words.percent(r["at_least"]), "named": failing_text(r), "more": len(r["failing"])}
        for r in report["rules"]
    ]  # fmt: skip


def indicator_lines(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"dimension": DIMENSIONS[i["dimension"]], "label": INDICATORS[i["name"]].label, "inverse": i["inverse"],
         "shown": words.percent(i["score"]), "known": i["score"] is not None, "rules": i["rules"]}
        for i in report["indicators"]
    ]  # fmt: skip


def verdict(row: Assessment) -> tuple[str, Text]:
    """Tone and sentence of a finished report."""
    rules = (row.report or {})["rules"]
    missed = sum(r["passed"] is False for r in rules)
    unknown = sum(r["passed"] is None for r in rules)
    rest_zh = f"另有{unknown}条不可评或不作判定。" if unknown else ""
    rest_en = f" {unknown} not assessable or without a verdict." if unknown else ""
    if missed:
        return "warn", Text(
            f"{len(rules)}条规则中有{missed}条未达到阈值。{rest_zh}",
            f"{missed} of {len(rules)} rules miss their threshold.{rest_en}",
        )
    return "ok", Text(
        f"作出判定的{len(rules) - unknown}条规则全部达到阈值。{rest_zh}",
        f"All {len(rules) - unknown} rules with a verdict meet their threshold.{rest_en}",
    )


def document_text(row: RuleSet | None, document: Any = None) -> str:
    """The document as a person edits it: one line a rule."""
    found = document if document is not None else row.document if row else {"keys": [], "rules": []}
    if isinstance(found, str):
        return found
    lines = ",\n".join("    " + json.dumps(r, ensure_ascii=False) for r in found.get("rules", []))
    parts = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in found.items() if k != "rules"]
    return "{\n" + ",\n".join([*parts, f'  "rules": [\n{lines}\n  ]']) + "\n}"
