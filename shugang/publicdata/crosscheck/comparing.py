"""Attribute by attribute: equal, equal once standardised, near, different, or missing at one source.

`compared_<element>(entity, mask, held, r_0 …, n_0 …, pattern, verdict)` holds the entities that two sources or more have.
"""

# ruff: noqa: S608 names are quoted or of our own making

from __future__ import annotations

from itertools import combinations

import duckdb

from shugang.policy.lowering import quote
from shugang.policy.text import Text

from . import truth
from .plan import Plan

EQUAL, STANDARDISED, NEAR, DIFFERENT, MISSING, EMPTY = "equal", "standardised", "near", "different", "missing", "empty"
VERDICTS: dict[str, Text] = {
    EQUAL: Text("一致", "Equal"),
    STANDARDISED: Text("标准化后一致", "Equal once standardised"),
    NEAR: Text("相近", "Near"),
    DIFFERENT: Text("不一致", "Different"),
    MISSING: Text("一方缺失", "Missing at one"),
    EMPTY: Text("各方都缺", "Missing at all"),
}


def having(plan: Plan, element: str) -> list[int]:
    """The places of the sources that supply an element."""
    return [i for i, s in enumerate(plan.sources) if element in s.columns]


def compare(con: duckdb.DuckDBPyConnection, plan: Plan, element: str) -> dict[str, int]:
    """Fill `compared_<element>`; how many entities each verdict has."""
    places = having(plan, element)
    bits = sum(1 << p for p in places)
    raw, norm = quote(f"r_{element}"), quote(f"n_{element}")
    shown = ", ".join(f"s{p}.{raw} AS r_{p}, s{p}.{norm} AS n_{p}" for p in places)
    joins = " ".join(f"LEFT JOIN records s{p} ON s{p}.id = e.at_{p}" for p in places)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE {quote("compared_" + element)} AS
        SELECT *, {verdict(plan, element, places)} AS verdict, {pattern(plan, places)} AS pattern FROM (
            SELECT e.entity, e.mask & {bits} AS mask, {shown} FROM entities e {joins} WHERE bit_count(e.mask & {bits}) > 1)""")
    rows = con.execute(f"SELECT verdict, count(*) FROM {quote('compared_' + element)} GROUP BY 1").fetchall()
    return dict(rows)


def pattern(plan: Plan, places: list[int]) -> str:
    """Over all sources of the plan; those that do not supply the element claim nothing."""
    return truth.pattern_sql([f"n_{p}" if p in places else "CAST(NULL AS VARCHAR)" for p in range(len(plan.sources))])


def verdict(plan: Plan, element: str, places: list[int]) -> str:
    """By the worst pair of sources that have a value; a source that holds the entity but no value makes it missing."""
    about = plan.elements[element]
    pairs = list(combinations(places, 2))
    claims = " + ".join(f"CAST(n_{p} IS NOT NULL AS UTINYINT)" for p in places)

    def worst(test: str) -> str:
        return " OR ".join(
            f"(n_{a} <> n_{b} AND NOT coalesce({about.kind.near(f'n_{a}', f'n_{b}', about.tolerance)}, FALSE))" if test == "far"
            else f"({test}_{a} <> {test}_{b})"
            for a, b in pairs
        )  # fmt: skip

    return (
        f"CASE WHEN {claims} = 0 THEN '{EMPTY}' WHEN {claims} = 1 THEN '{MISSING}' "
        f"WHEN NOT coalesce({worst('r')}, FALSE) AND NOT coalesce({worst('n')}, FALSE) THEN '{EQUAL}' "
        f"WHEN NOT coalesce({worst('n')}, FALSE) THEN '{STANDARDISED}' "
        f"WHEN NOT coalesce({worst('far')}, FALSE) THEN '{NEAR}' ELSE '{DIFFERENT}' END"
    )
