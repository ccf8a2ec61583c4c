"""Counting a rule set over a relation `data` of a DuckDB connection; pure.

Row rules are one query; the profile another for each column; rules by keys one each (grouping together with row rules costs
more than apart). Failing rows of row rules are a second pass, for failed rules only, at most `MOST_FAILING` each.
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
    repeated: list[tuple[Rule, list[list[str | None]]]] = field(default_factory=list)

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
    others.sort(key=lambda r: len(r.columns))  # what is unique by few columns is so by more
    total = 2 + len(others)
    job.step("rows", 0, total)
    rows, counted, profile = _row_counts(job, row_rules)
    job.step("profile", 1, total)
    profile |= {n: _profile(job, n, k) for n, k in job.columns.items() if n not in profile}
    profile = {n: profile[n] for n in job.columns}
    for number, rule in enumerate(others):
        job.step("keys", 2 + number, total)
        counted[rule.id] = _OTHERS[rule.spec.measure](job, rule)
    for rule in job.rules.rules:
        if rule.spec.measure == "schema":
            wanted = rule.args["types"]
            counted[rule.id] = Counted(sum(job.columns.get(n, "").upper() == t for n, t in wanted.items()), len(wanted))
        counted.setdefault(rule.id, Counted())
    job.step("done", total, total)
    return State(rows, counted, profile)


def _row_counts(job: Run, rules: list[Rule]) -> tuple[int, dict[str, Counted], dict[str, Profile]]:
    """One pass: A and B of each rule, and how far texts are filled, which rules ask for as well."""
    parts = ["count(*)"]
    for rule in rules:
        parts += measures.measure(rule, job.columns).counted()
    texts = [n for n, k in job.columns.items() if measures.is_text(k)]
    parts += [f"count(*) FILTER (WHERE {measures.filled(n, job.columns[n])})" for n in texts]
    found = [int(v) for v in job.sql(f"SELECT {', '.join(parts)} FROM {DATA}").fetchone() or ()]
    counted = {r.id: Counted(found[1 + 2 * i], found[2 + 2 * i]) for i, r in enumerate(rules)}
    for rule in rules:
        told = counted[rule.id]
        if told.a if rule.inverse else told.b - told.a:
            wrong = measures.measure(rule, job.columns).wrong(rule.inverse)
            told.failing = _listed(job, f"SELECT {_shown(job)} FROM {DATA} WHERE {wrong}")
    return found[0], counted, {n: Profile(v) for n, v in zip(texts, found[1 + 2 * len(rules) :], strict=True)}


def _listed(job: Run, query: str) -> list[list[str | None]]:
    return [[_short(v) for v in key] for key in job.sql(f"{query} LIMIT {MOST_FAILING}").fetchall()]


def _shown(job: Run) -> str:
    return ", ".join(f"CAST({quote(k)} AS VARCHAR)" for k in job.rules.keys) or f"CAST({ROW} + 1 AS VARCHAR)"


def _profile(job: Run, name: str, kind: str) -> Profile:
    column = quote(name)
    if kind.upper() in measures.REAL:
        there = f"FILTER (WHERE NOT isnan({column}))"
        bounds = f"count(*) {there}, min({column}) {there}, max({column}) {there}"
    elif measures.is_number(kind):
        bounds = f"count({column}), CAST(min({column}) AS DOUBLE), CAST(max({column}) AS DOUBLE)"
    elif measures.is_moment(kind):
        bounds = f"count({column}), CAST(min({column}) AS VARCHAR), CAST(max({column}) AS VARCHAR)"
    else:
        bounds = f"count({column}), NULL, NULL"
    found = job.sql(f"SELECT {bounds} FROM {DATA}").fetchone()
    assert found is not None
    return Profile(int(found[0]), found[1], found[2])


def _by_keys(job: Run, rule: Rule) -> Counted:
    if rule.args.get("approximate"):
        return _estimated(job, rule)
    if job.segments is not None:
        return _kept(job, rule)
    narrowed = _candidates(job, rule)
    found = job.sql(measures.group_counts(rule, job.columns, MOST_FAILING, narrowed)).fetchone()
    assert found is not None
    rows, distinct, single = (int(v) for v in found[:3])
    if narrowed is not None:
        all_ = job.sql(f"SELECT count(*) FROM {DATA} WHERE {measures.whole_key(rule, job.columns)}").fetchone()
        assert all_ is not None
        alone = int(all_[0]) - rows
        rows, distinct, single = rows + alone, distinct + alone, single + alone
    counted, keys = by_keys(rule, [rows, distinct, single]), found[3] or []
    counted.failing = [[_short(v) for v in key] for key in keys]
    if rule.where is None and len(keys) == distinct - single and _findable(job, rule, keys):
        job.repeated.append((rule, keys))
    return counted


def _findable(job: Run, rule: Rule, keys: list[list[str | None]]) -> bool:
    """Whether these keys' text finds all their rows: not where equal values are written differently (0 and -0), nor NULL."""
    if any(job.columns[name].upper() in measures.REAL for name in rule.args["columns"]):
        return False
    return all(v is not None and "\x00" not in v for key in keys for v in key)


def _candidates(job: Run, rule: Rule) -> str | None:
    """Which rows can share their key at all, where a rule over fewer of its columns told: those whose shorter key is
    incomplete or repeated. None where nothing is known."""
    for known, keys in job.repeated:
        names = known.args["columns"]
        if set(names) <= set(rule.args["columns"]):
            again = " AND ".join(_among(n, job.columns[n], [key[i] for key in keys]) for i, n in enumerate(names))
            whole = measures.whole_key(known, job.columns)
            return f"(({whole}) IS NOT TRUE OR ({again}))" if keys else f"(({whole}) IS NOT TRUE)"
    return None


def _among(name: str, kind: str, values: list[str | None]) -> str:
    """Column by column: more rows than those of the repeated keys may pass, never fewer."""
    return f"{quote(name)} IN ({', '.join(f'CAST({measures.literal(str(v))} AS {kind})' for v in values)})"


def _kept(job: Run, rule: Rule) -> Counted:
    """Count the keys of this part by what is kept of them, and take off what earlier parts have already."""
    assert job.segments is not None
    path = measures.literal(str(job.segments / f"{rule.id}.parquet"))
    part = f"SELECT {measures.digests(rule, job.columns)}, n FROM ({measures.groups(rule, job.columns)})"
    job.sql(f"COPY ({part}) TO {path} (FORMAT parquet, COMPRESSION uncompressed)")
    file = f"read_parquet({path})"
    found = job.sql(f"SELECT coalesce(sum(n), 0), count(*), count(*) FILTER (WHERE n = 1) FROM {file}").fetchone()
    assert found is not None
    rows, distinct, single = (int(v) for v in found)
    counted, wrong = by_keys(rule, [rows, distinct, single]), [f"SELECT h, g FROM {file} WHERE n > 1"]
    if before := job.earlier.get(rule.id):
        files = f"read_parquet([{', '.join(map(measures.literal, before))}])"
        shared, lost = _shared(job, file, files)
        counted = by_keys(rule, [rows, distinct - shared, single - lost])
        wrong += [f"SELECT h, g FROM {files}"] if shared else []
    if distinct > single or len(wrong) > 1:
        # By digest: 0.0 and -0.0 are one value, of which either may stand as the example.
        query = f"SELECT min(d.names_) FROM ({measures.digested(rule, job.columns)}) AS d SEMI JOIN ({' UNION ALL '.join(wrong)}) AS w"
        query += f" ON d.h = w.h AND d.g = w.g GROUP BY d.h, d.g ORDER BY 1 LIMIT {MOST_FAILING}"
        keys = job.sql(query).fetchall()
        counted.failing = [[_short(v) for v in key] for (key,) in keys]
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
    counted = Counted(int(found[0]), int(found[1]))
    if counted.a < counted.b:
        counted.failing = _listed(job, f"SELECT {_shown(job)} FROM ({_paired(job, rule)}) WHERE NOT ok_")
    return counted


def _paired(job: Run, rule: Rule) -> str:
    other = job.references[rule.args["reference"]["dataset"]]
    return measures.pair(rule, job.columns, other.relation, other.columns)


def _newest(job: Run, rule: Rule) -> Counted:
    found = job.sql(measures.newest(rule, job.columns)).fetchone()
    return Counted(newest=found[0].isoformat() if found and found[0] is not None else None)


_OTHERS: dict[str, Callable[[Run, Rule], Counted]] = {"group": _by_keys, "pair": _pair, "newest": _newest}


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
