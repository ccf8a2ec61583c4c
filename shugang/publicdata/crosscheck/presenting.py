"""What the pages show of a run: tiles, charts, the map of places that differ, one line side by side."""

from __future__ import annotations

import json
from typing import Any

from shugang.policy.checks import CHECKS
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import comparing, plan
from .elements import KINDS
from .models import CheckRun, Discrepancy

STATES: dict[str, tuple[Text, str]] = {
    "waiting": (Text("等待", "Waiting"), "run"),
    "running": (Text("进行中", "Running"), "run"),
    "done": (Text("完成", "Done"), "ok"),
    "failed": (Text("未完成", "Not finished"), "bad"),
    "stopped": (Text("已停止", "Stopped"), "off"),
}
STAGES: dict[str, Text] = {
    "reading": Text("读取并标准化", "Reading and standardising"),
    "keys": Text("按键关联", "Joining by keys"),
    "linking": Text("分块关联", "Linking in blocks"),
    "comparing": Text("逐项比较", "Comparing"),
}
# A first document to write from; names of data sets are to be filled in.
EXAMPLE: dict[str, Any] = {
    "sources": [
        {"name": "civil", "label": "民政", "dataset": "", "columns": {"code": "code", "name": "name"}},
        {"name": "map", "label": "测绘", "dataset": "", "columns": {"code": "code", "name": "name"}},
    ],
    "elements": {"code": {"kind": "code", "label": "代码"}, "name": {"kind": "text", "label": "名称"}},
    "keys": [["code"]],
    "compare": {"name": {"strategy": "authority", "order": ["civil"]}},
    "cap": plan.DEFAULT_CAP,
}  # fmt: skip


def example() -> str:
    return json.dumps(EXAMPLE, ensure_ascii=False, indent=1)


def labels(document: dict[str, Any]) -> dict[str, str]:
    return {s["name"]: s.get("label") or s["name"] for s in document["sources"]}


def element_label(document: dict[str, Any], name: str) -> str:
    return str(document["elements"].get(name, {}).get("label") or name)


def _and(parts: list[str]) -> str:
    return tx(Text("、", ", ")).join(parts)


def _or(parts: list[str]) -> str:
    return tx(Text("；", "; ")).join(parts)


def plan_rows(document: dict[str, Any]) -> list[tuple[Text, str | Text]]:
    """A declared check in words."""
    names = labels(document)
    keys = _or([" + ".join(element_label(document, n) for n in key) for key in document.get("keys") or []])
    copies = _and([f"{names[s['name']]}←{names[s['origin']]}" for s in document["sources"] if s.get("origin")])
    rows: list[tuple[Text, str | Text]] = [(Text("关联键", "Keys"), keys or "—")]
    if link := document.get("link"):
        blocks = _or([" + ".join(b) for b in link["blocks"]])
        rows.append((Text("分块关联", "Linked in blocks"), f"{blocks} ≥ {link.get('threshold', 0.95)}"))
    rows.append((Text("比较对数上限", "Cap of pairs"), f"{document.get('cap', plan.DEFAULT_CAP):,}"))
    if copies:
        rows.append(
            (
                Text("声明的复制", "Declared copies"),
                Text(f"{copies}（不独立，只计一票）", f"{copies} (not independent, one vote)"),
            )
        )
    if only := document.get("only"):
        rows.append((Text("范围", "Range"), _or([f"{element_label(document, n)} {v}…" for n, v in only.items()])))
    return rows


def compare_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    names = labels(document)
    return [
        {"label": element_label(document, n), "kind": KINDS[document["elements"][n]["kind"]].label, "strategy": plan.STRATEGIES[c["strategy"]],
         "order": _and([names[o] for o in c.get("order", [])])}
        for n, c in (document.get("compare") or {}).items()
    ]  # fmt: skip


def overlap_chart(run: CheckRun) -> dict[str, Any]:
    """How many entities each set of sources has."""
    names = labels(run.check_of.document)
    found = run.result["overlaps"] if run.result else []
    return {"type": "bar", "unit": tx(Text("个实体", "entities")), "flip": True,
            "x": [" + ".join(names[s] for s in o["sources"]) for o in found],
            "series": [{"name": tx(Text("实体", "Entities")), "data": [o["entities"] for o in found]}]}  # fmt: skip


def verdict_chart(run: CheckRun) -> dict[str, Any]:
    """Verdicts of each compared element, stacked."""
    found = run.result["attributes"] if run.result else {}
    shown = [v for v in comparing.VERDICTS if any(a["verdicts"].get(v) for a in found.values())]
    return {"type": "bar", "unit": tx(Text("个实体", "entities")), "flip": True, "x": [element_label(run.check_of.document, n) for n in found],
            "series": [{"name": tx(comparing.VERDICTS[v]), "stack": "all", "data": [a["verdicts"].get(v, 0) for a in found.values()]} for v in shown]}  # fmt: skip


def place(value: str | None) -> tuple[float, float] | None:
    try:
        lon, lat = (float(part) for part in (value or "").replace("，", ",").split(","))
    except ValueError:
        return None
    return lon, lat


def map_of(run: CheckRun, rows: list[Discrepancy]) -> dict[str, Any] | None:
    """Places that two sources say differently, a series a source; None where nothing is a place."""
    rows = [r for r in rows if r.kind in ("different", "near")]
    document = run.check_of.document
    points = {n for n, e in document["elements"].items() if e["kind"] == "point"}
    names, series = labels(document), []
    for source, label in names.items():
        found = [(r.key, place(r.values.get(source))) for r in rows if r.element in points]
        data = [[p[0], p[1], key] for key, p in found if p is not None]
        if data:
            series.append({"name": label, "data": data})
    return {"type": "scatter", "unit": "", "x": [], "series": series} if series else None


def sides(row: Discrepancy) -> list[dict[str, Any]]:
    """One line side by side: each source's value, its row, whether it stands, whether it is asked to look."""
    document, versions = row.run.check_of.document, row.run.versions
    return [
        {"name": name, "label": label, "value": row.values.get(name), "known": name in row.values, "row": row.rows.get(name), "version": versions.get(name),
         "stands": row.stands == name, "asked": name in row.blamed, "dataset": row.run.check_of.datasets.get(name)}
        for name, label in labels(document).items()
    ]  # fmt: skip


def why(row: Discrepancy) -> list[Text]:
    """The reason in sentences."""
    said = []
    if row.reason:
        said.append(Text(*row.reason["text"]))
    if row.kind == "invalid" and (check := CHECKS.get(row.more.get("rule", ""))):
        said.append(
            Text(f"不符合“{check.title.zh}”（{check.standard}）。", f"Fails “{check.title.en}” ({check.standard}).")
        )
    if row.kind == "repeated":
        said.append(
            Text(
                f"同一个键在这个来源出现{row.more.get('times', 0)}次。",
                f"One key stands {row.more.get('times', 0)} times in this source.",
            )
        )
    if row.kind == "absent":
        said.append(Text("以声明的权威来源为准：它有而别处没有的，请别处核对；它没有的，请持有方核对。",
                         "By the declared authority: what it has and others lack, the others check; what it lacks, the holders check."))  # fmt: skip
    return said
