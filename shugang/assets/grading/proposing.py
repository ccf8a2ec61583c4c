"""Proposals as a task of the worker: the detection looks at a version's columns, and what it finds becomes a cell of the matrix.

Evidence is in words and counts; a value of the data never leaves the detection.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.db import transaction

from shugang.delivery.models import Column, DatasetVersion
from shugang.kernel import engine
from shugang.policy.lowering import parquet, quote
from shugang.policy.text import Text

from . import pi
from .detection import KINDS, Finding, detect
from .models import ColumnGrade, Grading

_log = logging.getLogger("shugang.assets")
# The level that was suggested for a personal column → the harm to individuals that leads there.
_HARM = {1: "general", 2: "general", 3: "serious"}


def personal_cell(pi_class: str, sensitive: bool, level: int) -> dict[str, Any]:
    """The cell of a column that holds personal information, never below ordinary harm."""
    degree = _HARM.get(max(level, 3 if sensitive else 2), "grave")
    kind = pi_class if pi_class in pi.CLASSES else "other"
    return {"object": "person", "degree": degree, "pi_class": kind, "sensitive": sensitive}


def _organisation(degree: str) -> dict[str, Any]:
    return {"object": "organisation", "degree": degree, "pi_class": "", "sensitive": False}


def proposal(column: Column, finding: Finding | None) -> dict[str, Any]:
    """The proposed cell with its words and confidence in percent. The supplier's own mark counts where nothing was found."""
    if finding is not None:
        title = KINDS[finding.kind].title
        words = Text(
            f"{title.zh}。" + "".join(t.zh for t in finding.evidence),
            f"{title.en}. " + " ".join(t.en for t in finding.evidence),
        )
        if finding.pi_class:
            cell = personal_cell(finding.pi_class, finding.sensitive, finding.suggested_level)
        else:
            cell = _organisation("none" if finding.suggested_level == 1 else "general")
            if column.personal:
                cell = personal_cell("other", False, 2)
        sure = round(100 * finding.confidence)
        return {"cell": cell, "words": words.to_json(), "confidence": sure, "kind": finding.kind}
    if column.personal:
        words = Text("供方已把这个字段标为个人信息。", "The supplier marked this column as personal information.")
        return {"cell": personal_cell("other", False, 2), "words": words.to_json(), "confidence": 100, "kind": "marked"}
    words = Text(
        "未发现个人信息，按对组织权益的一般危害建议。",
        "Nothing personal was found; ordinary harm to organisations is proposed.",
    )
    return {"cell": _organisation("general"), "words": words.to_json(), "confidence": None, "kind": ""}


def findings(version: DatasetVersion) -> dict[str, Finding]:
    """What the detection finds, by column; of data that stay with their holder it reads the names alone.

    Names are looked at first, then the supplier's own words for the columns; the surer of two findings counts.
    """
    columns = list(version.columns.order_by("position"))
    names = [c.name for c in columns]
    file = Path(settings.VAR_DIR) / "vault" / version.path
    with duckdb.connect(config={"threads": 2}) as con:
        if version.path and file.exists():
            relation = parquet(str(file))
        else:
            con.execute(f"CREATE TABLE bare ({', '.join(f'{quote(n)} VARCHAR' for n in names)})")
            relation = "bare"
        found = {f.column: f for f in detect(con, relation, names)}
        said = _by_comment(columns)
        if said:
            chosen = ", ".join(f"{quote(name)} AS {quote(words)}" for words, name in said.items())
            again = detect(con, f"(SELECT {chosen} FROM {relation})", list(said))  # noqa: S608  our own names, quoted
            for finding in again:
                name = said[finding.column]
                if name not in found or finding.confidence > found[name].confidence:
                    found[name] = finding
    return found


def _by_comment(columns: Iterable[Column]) -> dict[str, str]:
    """The words that stand for a column → its name, with columns that have none under their name; {} without any words."""
    known = list(columns)
    words = {c.comment.strip() or c.name: c.name for c in known}
    different = any(c.comment.strip() for c in known)
    return words if different and len(words) == len({w.lower() for w in words}) == len(known) else {}


def run_detections() -> int:
    """Work on every grading that waits for proposals, oldest first. Returns how many were finished."""
    waiting = Grading.objects.filter(case__state="detecting", state=Grading.State.OPEN).order_by("pk")
    return sum(run_detection(pk) for pk in list(waiting.values_list("pk", flat=True)[:20]))


def run_detection(pk: int) -> bool:
    """Propose for each column that is not taken over, counting them; then the case goes on to the people."""
    grading = Grading.objects.select_related("case", "version").get(pk=pk)
    rows = list(grading.columns.filter(level=None).select_related("column").order_by("column__position"))
    found, fault = _found(grading)
    for place, row in enumerate(rows, start=1):
        made = proposal(row.column, found.get(row.column.name))
        with transaction.atomic():
            ColumnGrade.objects.filter(pk=row.pk, level=None).update(proposal={**row.proposal, **made})
            Grading.objects.filter(pk=pk).update(progress=place, fault=fault)
    with transaction.atomic():
        case = engine.lock(grading.case.number)
        if case.state != "detecting":
            return False
        engine.fire(case.number, "propose")
    return True


def _found(grading: Grading) -> tuple[dict[str, Finding], str]:
    """The findings, and what went wrong: data that cannot be read are left to the people, column by column."""
    try:
        return findings(grading.version), ""
    except duckdb.Error as error:
        _log.error("grading %s: the data cannot be read: %s", grading.case.number, error)
        return {}, "unreadable"
