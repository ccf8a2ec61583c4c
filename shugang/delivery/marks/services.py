"""Tracing a leak: whose copy a file is, with the chance of being wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import duckdb

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.columns import Column, as_columns
from shugang.policy.lowering import lower_select, parquet, quote
from shugang.policy.marks import FALSE_ACCUSATION, MarkKey, Suspect, named, suspects, votes_sql
from shugang.policy.terms import Terms
from shugang.policy.text import Text

from ..grants.models import Grant
from ..plane.marking import canaries
from ..vault.receiving import vault_root
from .leaks import LEAK, load
from .secret import mark_secret

# Of a canary's key at least so many spellings were possible when it was drawn (policy.marks.canary_key).
CANARY_SPACE = {"whole": 997, "text": 10_000}
FEWEST_CANARIES = 2


@dataclass(frozen=True)
class Finding:
    """One recipient as the file shows him. `canaries` of his that are in it; `bound` the chance of naming anybody
    wrongly at his score; `named` whether that is little enough to name him."""

    grant: Grant
    z: float
    bound: float
    canaries: int
    named: bool


@dataclass(frozen=True)
class Tracing:
    file: str
    sha256: str
    rows: int
    dataset: str
    compared: int
    findings: tuple[Finding, ...]

    @property
    def named(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.named]


@dataclass(frozen=True)
class _Group:
    """Grants that mark one data set alike."""

    dataset: str
    terms: Terms
    columns: tuple[Column, ...]
    grants: tuple[Grant, ...]


@verb
def trace_leak(actor: Actor, path: Path, names: Mapping[str, str], dataset: str = "") -> list[Tracing]:
    """Compare the file with every marked grant (of `dataset`, where given), ended ones included; what fits best first.

    `names`: columns that the file calls otherwise than the data set. Raises Refusal `unreadable_file`, `no_marks`,
    `no_key`.
    """
    groups = list(_groups(dataset))
    if not groups:
        raise Refusal(
            "no_marks",
            Text("没有带溯源标记的授权，无从比对。", "No grant carries a mark, so there is nothing to compare with."),
            409,
        )
    compared = sum(len(group.grants) for group in groups)
    con = duckdb.connect()
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found = load(con, path, names)
        row = con.execute(f"SELECT count(*) FROM {LEAK}").fetchone()  # noqa: S608 a name of our own
        rows = int(row[0]) if row else 0
        fitting = [group for group in groups if set(group.terms.mark.key_columns) <= set(found)]  # type: ignore[union-attr]
        tracings = [
            Tracing(path.name, digest, rows, group.dataset, compared, tuple(_findings(con, group, found, compared)))
            for group in fitting
        ]
    except OSError as error:
        raise Refusal("unreadable_file", Text("无法读取该文件。", "The file cannot be read."), 422) from error
    finally:
        con.close()
    if not tracings:
        raise _no_key(groups)
    tracings.sort(key=lambda tracing: (not tracing.named, -tracing.findings[0].z))
    for tracing in tracings:
        _tell(actor, tracing)
    return tracings


def _tell(actor: Actor, tracing: Tracing) -> None:
    shown = [{"grant": f.grant.number, "z": f"{f.z:.2f}", "canaries": f.canaries} for f in tracing.named]
    refs = [("grant", f.grant.number) for f in tracing.named]
    payload = {"file_sha256": tracing.sha256, "rows": tracing.rows, "compared": tracing.compared, "named": shown}
    emit("leak.traced", actor, [("dataset", tracing.dataset), *refs], payload)


def _no_key(groups: list[_Group]) -> Refusal:
    needed = sorted({name for group in groups for name in group.terms.mark.key_columns})  # type: ignore[union-attr]
    return Refusal(
        "no_key",
        Text(
            f"文件中没有标记所用的主键字段（{'、'.join(needed)}）。字段改过名的，用 --map 文件中的名称=原名称 指明。",
            f"The file lacks the key columns of the marks ({', '.join(needed)}). If one was renamed, say so by "
            "--map NAME_IN_FILE=NAME.",
        ),
        422,
    )


def _groups(dataset: str) -> Iterator[_Group]:
    found: dict[tuple[str, str], list[Grant]] = {}
    rows = Grant.objects.filter(terms__mark__key_columns__isnull=False).select_related("grantee").order_by("id")
    for grant in rows:
        number = str(grant.source.get("dataset", ""))
        if number and (not dataset or number == dataset):
            found.setdefault((number, json.dumps(grant.terms["mark"], sort_keys=True)), []).append(grant)
    for (number, _), grants in found.items():
        first = grants[0]
        yield _Group(number, first.read_terms(), as_columns(first.source["columns"]), tuple(grants))


def _findings(con: duckdb.DuckDBPyConnection, group: _Group, found: list[str], compared: int) -> list[Finding]:
    mark, secret = group.terms.mark, mark_secret(group.dataset)
    assert mark is not None
    sql, params = votes_sql(LEAK, [c for c in group.columns if c.name in found], mark, secret)
    ranked = suspects(con.execute(sql, params).fetchall(), secret, [g.number for g in group.grants], compared)
    by_digits = {suspect.recipient for suspect in named(ranked)}
    caught, foreign = _caught(con, group, secret) if mark.canaries else ({}, 0)
    grants = {grant.number: grant for grant in group.grants}
    found_now = [_finding(grants[s.recipient], s, by_digits, caught, foreign, group, compared) for s in ranked]
    return sorted(found_now, key=lambda finding: (not finding.named, -finding.canaries, -finding.z))


def _finding(
    grant: Grant,
    suspect: Suspect,
    by_digits: set[str],
    caught: Mapping[str, int],
    foreign: int,
    group: _Group,
    compared: int,
) -> Finding:
    hits, bound = caught.get(grant.number, 0), suspect.bound
    if hits:
        mark = group.terms.mark
        assert mark is not None
        family = next(c.family for c in group.columns if c.name == mark.key_columns[0])
        chance = min(1.0, foreign / CANARY_SPACE[family])
        bound = min(bound, compared * comb(mark.canaries, hits) * chance**hits)
    by_canaries = hits >= FEWEST_CANARIES and bound <= FALSE_ACCUSATION
    return Finding(grant, suspect.z, bound, hits, grant.number in by_digits or by_canaries)


def _caught(con: duckdb.DuckDBPyConnection, group: _Group, secret: bytes) -> tuple[dict[str, int], int]:
    """Per grant how many of its canaries the file holds, and how many keys of the file the data does not have."""
    mark = group.terms.mark
    assert mark is not None
    key = mark.key_columns[0]
    column = next(c for c in group.columns if c.name == key)
    keys = f"SELECT DISTINCT trim(CAST({quote(key)} AS VARCHAR)) AS made FROM {LEAK}"  # noqa: S608 names are quoted
    con.execute(f"CREATE OR REPLACE TEMP TABLE leaked_keys AS {keys}")
    caught: dict[str, int] = {}
    foreign = 0
    for grant in group.grants:
        for path in _files(grant.source):
            place = vault_root() / path
            if not place.is_file():
                continue
            terms = Terms.from_json({**grant.terms, "fields": [key], "masks": [], "mark": None})
            sql, params = lower_select(parquet(str(place)), group.columns, terms)
            base = f"SELECT CAST({quote(key)} AS VARCHAR) FROM ({sql})"  # noqa: S608 names are quoted
            row = con.execute(f"SELECT count(*) FROM leaked_keys WHERE made NOT IN ({base})", params).fetchone()  # noqa: S608
            foreign = max(foreign, int(row[0]) if row else 0)
            drawn = [made for _, made in canaries(con, sql, params, column, mark, MarkKey(secret, grant.number))]
            hits = con.execute("SELECT count(*) FROM leaked_keys WHERE list_contains(?, made)", [drawn]).fetchone()
            caught[grant.number] = max(caught.get(grant.number, 0), int(hits[0]) if hits else 0)
    return caught, foreign


def _files(source: Mapping[str, Any]) -> list[str]:
    """The stored files of all versions that a grant could deliver."""
    return [str(source["path"]), *(str(state["path"]) for state in source.get("history", ()))]
