"""Counting a rule set over a relation `data` of a DuckDB connection; pure.

Row rules are one query, the profile another for each column, rules by keys one each (grouping together with row rules
costs more than apart); failing keys are collected in a second pass, for failed rules only, at most `MOST_FAILING` each.
`run` reads rows from `first` on, so that appended rows are counted alone and merged.
"""

# ruff: noqa: S608 names are quoted, values are literals of ours

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from shugang.policy.lowering import quote

from . import measures
from .measures import DATA
from .rules import Rule, RuleSet
from .states import MOST_FAILING, REGISTER_BITS, Counted, Profile, State, merged

ROW = "row_"
Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Reference:
    """Another data set's version that foreign keys refer to: our relation's name and its columns."""

    relation: str
    columns: Mapping[str, str]


@dataclass
class Run:
    """One counting. `segments`: folder for digests of keys (None: they are not kept), `earlier`: files of parts before."""

    con: duckdb.DuckDBPyConnection
    rules: RuleSet
    columns: Mapping[str, str]
    references: Mapping[str, Reference] = field(default_factory=dict)
    segments: Path | None = None
    earlier: Mapping[str, list[str]] = field(default_factory=dict)
    step: Step = lambda stage, done, total: None

    def sql(self, query: str) -> duckdb.DuckDBPyConnection:
        return self.con.execute(query)


def open_data(con: duckdb.DuckDBPyConnection, relation: str, first: int = 0) -> None:
    """Make the view `data` over our own relation (SQL), with the row's number where it is a Parquet file."""
    where = f" WHERE {ROW} >= {int(first)}" if first else ""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {DATA} AS SELECT * FROM ({relation}){where}")


def parquet_rows(path: str) -> str:
    """A Parquet file's rows with their numbers, from 0."""
    return f"SELECT * EXCLUDE (file_row_number), file_row_number AS {ROW} FROM read_parquet({measures.literal(path)}, file_row_number = true)"


def run(job: Run) -> State:
    """Count everything over `data`. Raises duckdb.Error."""
    row_rules = [r for r in job.rules.rules if r.spec.measure == "row"]
    others = [r for r in job.rules.rules if r.spec.measure in ("group", "pair", "newest")]
    total = 2 + len(others)
    job.step("rows", 0, total)
    rows, counted = _row_counts(job, row_rules)
    job.step("profile", 1, total)
    profile = _profiles(job)
    for number, rule in enumerate(others):
        job.step("keys", 2 + number, total)
        counted[rule.id] = _OTHERS[rule.spec.measure](job, rule)
    for rule in job.rules.rules:
        if rule.spec.measure == "schema":
            wanted = rule.args["types"]
            counted[rule.id] = Counted(sum(job.columns.get(n, "").upper() == t for n, t in wanted.items()), len(wanted))
        counted.setdefault(rule.id, Counted())
    _failing(job, counted)
    job.step("done", total, total)
    return State(rows, counted, profile)


def _row_counts(job: Run, rules: list[Rule]) -> tuple[int, dict[str, Counted]]:
    parts = ["count(*)"]
    for rule in rules:
        parts += measures.measure(rule, job.columns).counted()
    found = job.sql(f"SELECT {', '.join(parts)} FROM {DATA}").fetchone() or ()
    counts = [int(v) for v in found]
    return counts[0], {r.id: Counted(counts[1 + 2 * i], counts[2 + 2 * i]) for i, r in enumerate(rules)}


def _profiles(job: Run) -> dict[str, Profile]:
    return {name: _profile(job, name, kind) for name, kind in job.columns.items()}


def _profile(job: Run, name: str, kind: str) -> Profile:
    there, column = measures.filled(name, kind), quote(name)
    if measures.is_number(kind):
        bounds = f"min(CAST({column} AS DOUBLE)), max(CAST({column} AS DOUBLE))"
    elif measures.is_moment(kind):
        bounds = f"CAST(min({column}) AS VARCHAR), CAST(max({column}) AS VARCHAR)"
    else:
        bounds = "NULL, NULL"
    found = job.sql(f"SELECT count(*), {bounds} FROM {DATA} WHERE {there}").fetchone()
    assert found is not None
    return Profile(int(found[0]), found[1], found[2])


def _by_keys(job: Run, rule: Rule) -> Counted:
    if rule.args.get("approximate"):
        return _estimated(job, rule)
    if job.segments is None:
        found = job.sql(measures.group_counts(rule, job.columns)).fetchone()
        assert found is not None
        return by_keys(rule, [int(v) for v in found])
    return _kept(job, rule)


def _digests(rule: Rule) -> str:
    """Two 64-bit hashes of a key. The second begins with a mark: texts with one tail would collide in both otherwise."""
    names = [quote(n) for n in rule.args["columns"]]
    marked = (f"'#' || CAST({n} AS VARCHAR)" for n in names)
    return f"hash({', '.join(names)}) AS h, hash({', '.join(marked)}) AS g"


def _kept(job: Run, rule: Rule) -> Counted:
    """Count the keys of this part by what is kept of them, and take off what earlier parts have already."""
    assert job.segments is not None
    file = measures.literal(str(job.segments / f"{rule.id}.parquet"))
    part = f"SELECT {_digests(rule)}, n FROM ({measures.groups(rule, job.columns)})"
    job.sql(f"COPY ({part}) TO {file} (FORMAT parquet, COMPRESSION uncompressed)")
    found = job.sql(
        f"SELECT coalesce(sum(n), 0), count(*), count(*) FILTER (WHERE n = 1) FROM read_parquet({file})"
    ).fetchone()
    assert found is not None
    counted = by_keys(rule, [int(v) for v in found])
    if before := job.earlier.get(rule.id):
        files = f"read_parquet([{', '.join(map(measures.literal, before))}])"
        shared, lost = _shared(job, f"read_parquet({file})", files)
        counted = by_keys(rule, [int(found[0]), int(found[1]) - shared, int(found[2]) - lost])
        if shared:
            names = ", ".join(f"CAST({quote(n)} AS VARCHAR)" for n in rule.args["columns"])
            own = f"SELECT *, {_digests(rule)} FROM ({measures.groups(rule, job.columns)})"
            query = f"SELECT {names} FROM ({own}) AS o SEMI JOIN {files} AS e ON o.h = e.h AND o.g = e.g"
            counted.failing = _listed(job, query)
    return counted


def _shared(job: Run, new: str, before: str) -> tuple[int, int]:
    """(keys that an earlier part has too, single keys that are none together): what the sum of the parts has too many."""
    found = job.sql(
        "SELECT count(*), coalesce(sum(CAST(o.n = 1 AS INTEGER) + CAST(p.n = 1 AS INTEGER)), 0) FROM "
        f"(SELECT e.h, e.g, sum(e.n) AS n FROM {before} AS e SEMI JOIN {new} AS p ON e.h = p.h AND e.g = p.g GROUP BY e.h, e.g) AS o"
        f" JOIN {new} AS p ON o.h = p.h AND o.g = p.g"
    ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def by_keys(rule: Rule, keys: list[int]) -> Counted:
    """A and B of a rule by keys, from (rows, distinct, single)."""
    rows, distinct, single = keys
    return Counted(rows - distinct if rule.inverse else single, rows, keys)


def _estimated(job: Run, rule: Rule) -> Counted:
    names, where = ", ".join(map(quote, rule.args["columns"])), measures.whole_key(rule, job.columns)
    rows = job.sql(f"SELECT count(*) FROM {DATA} WHERE {where}").fetchone()
    found = job.sql(
        f"SELECT h & {(1 << REGISTER_BITS) - 1} AS j, min(h >> {REGISTER_BITS}) FROM "
        f"(SELECT hash({names}) AS h FROM {DATA} WHERE {where}) GROUP BY j"
    ).fetchall()
    assert rows is not None
    return Counted(0, int(rows[0]), registers={str(j): int(low) for j, low in found})


def _pair(job: Run, rule: Rule) -> Counted:
    found = job.sql(f"SELECT count(*) FILTER (WHERE ok_), count(*) FROM ({_paired(job, rule)})").fetchone()
    assert found is not None
    return Counted(int(found[0]), int(found[1]))


def _paired(job: Run, rule: Rule) -> str:
    other = job.references[rule.args["reference"]["dataset"]]
    return measures.pair(rule, job.columns, other.relation, other.columns)


def _newest(job: Run, rule: Rule) -> Counted:
    found = job.sql(measures.newest(rule, job.columns)).fetchone()
    return Counted(newest=found[0].isoformat() if found and found[0] is not None else None)


_OTHERS: dict[str, Callable[[Run, Rule], Counted]] = {"group": _by_keys, "pair": _pair, "newest": _newest}


def _failing(job: Run, counted: Mapping[str, Counted]) -> None:
    shown = ", ".join(f"CAST({quote(k)} AS VARCHAR)" for k in job.rules.keys) or f"CAST({ROW} + 1 AS VARCHAR)"
    for rule in job.rules.rules:
        found = counted[rule.id]
        wrong = found.a if rule.inverse else found.b - found.a
        if (wrong or found.failing) and (query := _failing_query(job, rule, shown)):
            more = [f for f in _listed(job, query) if f not in found.failing]
            found.failing = (found.failing + more)[:MOST_FAILING]


def _listed(job: Run, query: str) -> list[list[str | None]]:
    return [[_short(v) for v in row] for row in job.sql(f"{query} LIMIT {MOST_FAILING}").fetchall()]


def _failing_query(job: Run, rule: Rule, shown: str) -> str | None:
    if rule.spec.measure == "row":
        wrong = measures.measure(rule, job.columns).wrong(rule.inverse)
        return f"SELECT {shown} FROM {DATA} WHERE {wrong}"
    if rule.spec.measure == "pair":
        return f"SELECT {shown} FROM ({_paired(job, rule)}) WHERE NOT ok_"
    if rule.spec.measure == "group" and not rule.args.get("approximate"):
        names = ", ".join(f"CAST({quote(n)} AS VARCHAR)" for n in rule.args["columns"])
        order = ", ".join(map(quote, rule.args["columns"]))
        return f"SELECT {names} FROM ({measures.groups(rule, job.columns)}) WHERE n > 1 ORDER BY n DESC, {order}"
    return None


def _short(value: Any) -> str | None:
    return None if value is None else str(value)[:80]


def add(earlier: State, later: State, rules: RuleSet) -> State:
    """The state of all rows; A of rules by keys follows from the keys of both parts together."""
    whole = merged(earlier, later)
    for rule in rules.rules:
        found = whole.rules[rule.id]
        if found.keys is not None:
            found.a, found.b = by_keys(rule, found.keys).a, found.keys[0]
    return whole
