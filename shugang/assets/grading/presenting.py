"""What the pages of grading show, gathered for their templates."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.paging import Page
from shugang.policy.text import Text

from . import lowering, matrix, pi, queries, services, words
from .effects import rules
from .models import ColumnGrade, Derivation, Grading
from .process import GRADING, LOWERING

STATES = words.states_of(GRADING)


def form_state(refusal: Refusal | None) -> dict[str, Any]:
    """What a form page shows of a refusal, and a new idempotency key."""
    return {
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
    }


def badge(level: int | None) -> dict[str, Any] | None:
    """Level, its name and the tone of its badge."""
    return {"level": level, "label": matrix.LEVELS[level], "tone": words.TONES[level]} if level else None


def matrix_context(chosen: Mapping[str, str]) -> dict[str, Any]:
    """The whole matrix, and the result of the harms that the reader chose (object → degree)."""
    profile = queries.public_rules()
    known = {o: d for o, d in chosen.items() if o in matrix.OBJECTS and d in matrix.DEGREES}
    found = [matrix.grade(o, d, profile.data) for o, d in known.items()]
    top = matrix.highest(found)
    rows = [
        (object_, label, [(d, matrix.grade(object_, d, profile.data), known.get(object_) == d) for d in matrix.DEGREES])
        for object_, label in matrix.OBJECTS.items()
    ]
    return {
        "rows": rows, "degrees": matrix.DEGREES, "objects": matrix.OBJECTS, "chosen": known, "reasons": found,
        "top": badge(top.level) if top else None, "levels": matrix.LEVELS, "tones": words.TONES, "profile": profile,
        "aggregate": [(Text(**r["because"]), r["level"], f"aggregate.{r['name']}" in profile.data["assumed"])
                      for r in profile.data["aggregate"]],
        "floors": profile.data["floors"],
        "methods": [(lowering.METHODS[m], profile.data["lowering"][m]) for m in lowering.METHODS],
    }  # fmt: skip


def list_context(actor: Actor, page: Page, state: str, search: str) -> dict[str, Any]:
    counts = queries.counts(actor)
    mine = actor.party_id is not None and "handler" in actor.duties
    levels = queries.level_counts(actor)
    return {
        "page": page, "state": state, "search": search, "states": STATES, "total": sum(counts.values()),
        "segments": [(code, STATES[code][0], counts[code]) for code in STATES if counts.get(code)],
        "badge": badge, "ungraded": queries.ungraded(actor) if mine else [], "key": str(uuid.uuid4()),
        "chart": level_chart(levels) if sum(levels.values()) else None,
    }  # fmt: skip


def level_chart(levels: Mapping[int, int]) -> dict[str, Any]:
    """Columns in force by level; the page puts the names into its language."""
    return {"levels": [matrix.LEVELS[n] for n in matrix.LEVELS], "counts": [levels.get(n, 0) for n in matrix.LEVELS]}


def column_row(row: ColumnGrade, settings: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the desk: the column, what was proposed, what was decided."""
    cell = row.proposal.get("cell")
    said = row.proposal.get("words")
    before = row.proposal.get("previous")
    return {
        "row": row,
        "proposed": badge(matrix.grade(cell["object"], cell["degree"], settings).level) if cell else None,
        "words": Text(said["zh"], said["en"]) if said else None,
        "confidence": row.proposal.get("confidence"),
        "before": badge(before["level"]) if before else None,
        "decided": badge(row.level),
        "why": matrix.grade(row.object, row.degree, settings).text if row.level else None,
        "pi": pi.CLASSES.get(row.pi_class),
    }


def grading_context(grading: Grading, actor: Actor) -> dict[str, Any]:
    settings = rules()
    rows = [column_row(c, settings) for c in queries.columns(grading, actor)]
    waiting = sum(r["row"].level is None for r in rows)
    version = grading.version
    mine = actor.party_id == version.dataset.party_id and "handler" in actor.duties
    why = queries.reasons(grading)
    batches = [r["row"].batch for r in rows if r["row"].batch]
    return {
        "grading": grading, "case": grading.case, "version": version, "dataset": version.dataset,
        "state": STATES[grading.case.state], "view": cases.view(grading.case, actor), "rows": rows, "waiting": waiting,
        "level": badge(grading.level or (why[0]["level"] if why else None)), "settled": grading.level is not None,
        "reasons": why, "badge": badge, "editable": mine and grading.case.state == "confirming", "mine": mine,
        "can_accept": any(r["row"].level is None and r["proposed"] for r in rows),
        "batch": batches[-1] if batches else "", "batch_size": batches.count(batches[-1]) if batches else 0,
        "inputs": queries.inputs(version, actor), "history": [(g, badge(g.level), STATES[g.case.state]) for g in queries.history(grading, actor)],
        "lowerings": [(item, words.states_of(LOWERING)[item.case.state]) for item in queries.lowerings(actor).filter(derivation__version=version)],
        "to_look_at": grading.columns.filter(proposal={}, level=None).count(), "key": str(uuid.uuid4()),
    }  # fmt: skip


def column_context(
    grading: Grading, row: ColumnGrade, values: Mapping[str, Any], refusal: Refusal | None
) -> dict[str, Any]:
    settings = rules()
    return {
        "grading": grading, "line": column_row(row, settings), "row": row, "fields": list(services.DECISION.fields),
        "values": values, "matrix": [(label, [(d, badge(matrix.grade(o, d, settings).level)) for d in matrix.DEGREES])
                                     for o, label in matrix.OBJECTS.items()],
        "degrees": matrix.DEGREES, **form_state(refusal),
    }  # fmt: skip


def first_answers(row: ColumnGrade) -> dict[str, Any]:
    """What the form of a column begins with: the decision, else the former one, else the proposal."""
    if row.level is not None:
        names = ("object", "degree", "pi_class", "sensitive", "reason")
        return {name: getattr(row, name) for name in names}
    return dict(row.proposal.get("previous") or row.proposal.get("cell") or {})


def lowering_context(derivation: Derivation, values: Mapping[str, Any], refusal: Refusal | None) -> dict[str, Any]:
    fixed = {"source": str(derivation.source), "version": str(derivation.version)}
    shown = [f for f in lowering.DECLARATION.fields if f.name not in fixed]
    return {"derivation": derivation, "fields": shown, "values": dict(values), **form_state(refusal)}
