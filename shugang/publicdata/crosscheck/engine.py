"""A cross-check from relations to a summary and bounded lines; pure, on one DuckDB connection.

standardise → exact keys → (blocks counted, then linked) → compare → decide. What a person will see is masked here already.
"""

# ruff: noqa: S608 names are quoted or of our own making

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from shugang.policy.lowering import quote

from . import comparing, deciding, linking, records
from .elements import masked, metres
from .plan import Plan
from .truth import unpack

MOST_LINES = 500  # of one element and verdict, or of one kind
SHOWN = 200  # characters of a value
_TICKETED = (comparing.DIFFERENT, comparing.NEAR, comparing.MISSING)
# A mobile number in any cell is personal, whatever the cell is declared to be; generated ones begin with 100.
_MOBILE = "(^|[^0-9])(1[0-9]{2})[0-9]{6}([0-9]{2})([^0-9]|$)"
Step = Callable[[str, int, int], None]


def run(
    con: duckdb.DuckDBPyConnection, plan: Plan, relations: Mapping[str, str], step: Step = lambda stage, done, total: None, most: int = MOST_LINES
) -> dict[str, Any]:  # fmt: skip
    """The result as data. Raises TooManyPairs."""
    total = 3 + len(plan.compare)
    step("reading", 0, total)
    records.load(con, plan, relations)
    step("keys", 1, total)
    records.join_by_keys(con, plan)
    records.gather(con, plan)
    step("linking", 2, total)
    linked = linking.link(con, plan)
    lines, attributes = [*absent(con, plan, most), *repeated(con, plan, most), *invalid(con, plan, most)], {}
    for done, rule in enumerate(plan.compare, 3):
        step("comparing", done, total)
        verdicts = comparing.compare(con, plan, rule.element)
        ready = deciding.ready(con, plan, rule)
        deciding.decide(con, plan, ready, rule.element)
        attributes[rule.element] = {
            "verdicts": verdicts, "strategy": rule.strategy,
            "accuracy": [round(a, 4) for a in ready.accuracy] if ready.accuracy else None,
        }  # fmt: skip
        lines += differing(con, plan, ready, rule.element, most)
    return {**summary(con, plan), "linked": linked, "attributes": attributes, "lines": lines}


def summary(con: duckdb.DuckDBPyConnection, plan: Plan) -> dict[str, Any]:
    """Rows, entities and repetitions of each source, how many entities each set of sources has, and invalid values."""
    sources = []
    whole = " OR ".join(f"({records.key_text(k)}) IS NOT NULL" for k in plan.keys) or "TRUE"
    for place, source in enumerate(plan.sources):
        rows, keyed = con.execute(
            f"SELECT count(*), count(*) FILTER ({whole}) FROM records WHERE source = {place}"
        ).fetchall()[0]
        entities, extra = con.execute(
            f"SELECT count(*), coalesce(sum(times_{place} - 1), 0) FROM entities WHERE times_{place} > 0"
        ).fetchall()[0]
        bad = {n: wrong(con, plan, place, n) for n in source.columns if plan.elements[n].kind.check}
        sources.append({"name": source.name, "rows": rows, "without_key": rows - keyed, "entities": entities,
                        "repeated": int(extra), "invalid": bad})  # fmt: skip
    masks = con.execute("SELECT mask, count(*) FROM entities GROUP BY 1 ORDER BY 1").fetchall()
    named = [
        {"sources": [s.name for i, s in enumerate(plan.sources) if mask >> i & 1], "entities": n} for mask, n in masks
    ]
    return {"sources": sources, "overlaps": named}


def wrong(con: duckdb.DuckDBPyConnection, plan: Plan, place: int, element: str) -> int:
    test = plan.elements[element].kind.valid(quote("n_" + element))
    found: int = con.execute(f"SELECT count(*) FROM records WHERE source = {place} AND NOT {test}").fetchall()[0][0]
    return found


def display(plan: Plan, element: str, x: str) -> str:
    """A value as it may be shown."""
    if plan.elements[element].kind.personal:
        return masked(x)
    return f"left(regexp_replace({x}, '{_MOBILE}', '\\1\\2******\\3\\4', 'g'), {SHOWN})"


def key_display(plan: Plan, alias: str) -> str:
    """The first whole key of a record, as it may be shown."""
    keys = plan.keys or (plan.link.by,)  # type: ignore[union-attr]
    shown = [" || ' / ' || ".join(display(plan, n, f"{alias}.{quote('r_' + n)}") for n in key) for key in keys]
    return f"coalesce({', '.join(shown)}, '')"


def absent(con: duckdb.DuckDBPyConnection, plan: Plan, most: int) -> list[dict[str, Any]]:
    """Entities that a source which could hold them does not have, for each set of sources that do."""
    every = (1 << len(plan.sources)) - 1
    rows = con.execute(f"""SELECT e.mask, {key_display(plan, "r")}, {_labels(plan)}, r.source, r.row_ FROM entities e JOIN records r ON r.id = e.entity
        WHERE e.mask <> {every} QUALIFY row_number() OVER (PARTITION BY e.mask ORDER BY {key_display(plan, "r")}, e.entity) <= {most}
        ORDER BY e.mask, 2, e.entity""").fetchall()
    return [
        {"kind": "absent", "element": "", "key": key, "values": {plan.sources[source].name: label}, "rows": {plan.sources[source].name: row},
         "holders": [s.name for i, s in enumerate(plan.sources) if mask >> i & 1],
         "lacking": [s.name for i, s in enumerate(plan.sources) if not mask >> i & 1]}
        for mask, key, label, source, row in rows
    ]  # fmt: skip


def _labels(plan: Plan) -> str:
    """What is compared of a record, for people to recognise it."""
    names = [c.element for c in plan.compare][:3]
    return (
        "concat_ws('；', " + ", ".join(display(plan, n, f"r.{quote('r_' + n)}") for n in names) + ")" if names else "''"
    )


def repeated(con: duckdb.DuckDBPyConnection, plan: Plan, most: int) -> list[dict[str, Any]]:
    """Entities that one source has more than once."""
    found: list[dict[str, Any]] = []
    for place, source in enumerate(plan.sources):
        rows = con.execute(f"""SELECT {key_display(plan, "r")}, e.times_{place}, list(o.row_ ORDER BY o.row_)[:5], {_labels(plan)}
            FROM entities e JOIN records r ON r.id = e.at_{place} JOIN entity_of x ON x.entity = e.entity JOIN records o ON o.id = x.id AND o.source = {place}
            WHERE e.times_{place} > 1 GROUP BY ALL ORDER BY 1 LIMIT {most}""").fetchall()
        found += [{"kind": "repeated", "element": "", "key": key, "values": {source.name: label}, "rows": {source.name: at}, "times": times}
                  for key, times, at, label in rows]  # fmt: skip
    return found


def invalid(con: duckdb.DuckDBPyConnection, plan: Plan, most: int) -> list[dict[str, Any]]:
    """Values that fail the rule of their kind, such as an identity number with a wrong check character."""
    found: list[dict[str, Any]] = []
    for place, source in enumerate(plan.sources):
        for name in source.columns:
            kind = plan.elements[name].kind
            if not kind.check:
                continue
            rows = con.execute(f"""SELECT {key_display(plan, "r")}, {display(plan, name, "r." + quote("r_" + name))}, r.row_ FROM records r
                WHERE r.source = {place} AND NOT {kind.valid("r." + quote("n_" + name))} ORDER BY r.row_ LIMIT {most}""").fetchall()
            found += [{"kind": "invalid", "element": name, "rule": kind.check, "key": key, "values": {source.name: value},
                       "rows": {source.name: row}} for key, value, row in rows]  # fmt: skip
    return found


def differing(
    con: duckdb.DuckDBPyConnection, plan: Plan, rule: deciding.Rule, element: str, most: int
) -> list[dict[str, Any]]:
    places = comparing.having(plan, element)
    shown = ", ".join(f"{display(plan, element, f'c.r_{p}')}, s{p}.row_, e.times_{p}" for p in places)
    joins = " ".join(f"LEFT JOIN records s{p} ON s{p}.id = e.at_{p}" for p in places)
    kinds = ", ".join(f"'{v}'" for v in _TICKETED)
    rows = con.execute(f"""SELECT c.verdict, {key_display(plan, "k")}, c.pattern, d.source, d.tie, {_apart(plan, element, places)}, {shown}
        FROM (SELECT * FROM {quote("compared_" + element)} WHERE verdict IN ({kinds})
              QUALIFY row_number() OVER (PARTITION BY verdict ORDER BY entity) <= {most}) c
        JOIN entities e USING (entity) JOIN records k ON k.id = e.entity {joins} LEFT JOIN {quote("decided_" + element)} d ON d.pattern = c.pattern
        ORDER BY c.verdict, 2, c.entity""").fetchall()
    return [_line(plan, rule, element, places, row) for row in rows]


def _apart(plan: Plan, element: str, places: list[int]) -> str:
    if plan.elements[element].kind.name != "point":
        return "NULL"
    pairs = [metres(f"c.n_{a}", f"c.n_{b}") for a in places for b in places if a < b]
    return f"CAST(round(greatest({', '.join(pairs)})) AS BIGINT)"


def _line(plan: Plan, rule: deciding.Rule, element: str, places: list[int], row: tuple[Any, ...]) -> dict[str, Any]:
    verdict, key, pattern, winner, tie, apart, *cells = row
    names = [plan.sources[p].name for p in places]
    winner = -1 if winner is None else int(winner)
    told = unpack(pattern, len(plan.sources))
    otherwise = [plan.sources[i].name for i, c in enumerate(told) if c and winner >= 0 and c != told[winner]]
    line = {
        "kind": verdict, "otherwise": otherwise, "element": element, "key": key,
        "values": dict(zip(names, cells[::3], strict=True)), "rows": dict(zip(names, cells[1::3], strict=True)),
        "stands": plan.sources[winner].name if winner >= 0 else "",
        "reason": deciding.reason(plan, rule, told, winner, bool(tie), {n: t for n, t in zip(names, cells[2::3], strict=True) if t > 1}),
    }  # fmt: skip
    return {**line, "metres": apart} if apart is not None else line
