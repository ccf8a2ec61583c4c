"""All sources as one table of records, standardised; and which records are the same thing by exact keys.

`records(id, source, row_, r_<element>, n_<element>)`: r as written, n standardised. `entity_of(id, entity)`: records of one
entity share the least id among them. Keys are tried in their order; a record whose key is not whole waits for the next.
"""

# ruff: noqa: S608 names are quoted or of our own making

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from shugang.policy.lowering import quote

from .folding import fold
from .plan import Plan, Source

_ROUNDS = 50  # a chain of keys longer than this is no key


def load(con: duckdb.DuckDBPyConnection, plan: Plan, relations: Mapping[str, str]) -> None:
    """`relations`: source → a relation of ours whose columns are the source's, and `row_` its row number.

    A record's number is made of its row and its source: a window that counted them would run on one thread.
    """
    parts = [_source(con, plan, place, source, relations[source.name]) for place, source in enumerate(plan.sources)]
    con.execute(f"CREATE OR REPLACE TEMP TABLE records AS {' UNION ALL BY NAME '.join(parts)}")
    for place in range(len(plan.sources)):
        con.execute(f"DROP TABLE IF EXISTS folded_source_{place}")
        con.execute(f"DROP TABLE source_{place}")


def _source(con: duckdb.DuckDBPyConnection, plan: Plan, place: int, source: Source, relation: str) -> str:
    """As written twice: `r_` stays, the other is folded where that is needed and then standardised."""
    shown = []
    for name in plan.elements:
        column = (
            f"CAST({quote(source.columns[name])} AS VARCHAR)" if name in source.columns else "CAST(NULL AS VARCHAR)"
        )
        written = f"CASE WHEN trim({column}) <> '' THEN {column} END" if name in source.columns else column
        shown += [f"{written} AS {quote(name)}", f"{written} AS {quote('r_' + name)}"]
    con.execute(f"CREATE OR REPLACE TEMP TABLE source_{place} AS SELECT row_, {', '.join(shown)} FROM {relation}")
    rows = fold(con, f"source_{place}", [n for n, e in plan.elements.items() if n in source.columns and e.kind.folded])
    columns = [quote("r_" + n) for n in plan.elements]
    columns += [f"{e.kind.normal(quote(n))} AS {quote('n_' + n)}" for n, e in plan.elements.items()]
    made = f"SELECT CAST(row_ * {len(plan.sources)} + {place} AS BIGINT) AS id, CAST({place} AS UTINYINT) AS source, row_, {', '.join(columns)} FROM {rows}"
    kept = " AND ".join(f"starts_with({e}, '{v}')" for e, v in _only(plan, source))
    return f"(SELECT * FROM ({made}) WHERE {kept})" if kept else f"({made})"


def _only(plan: Plan, source: Source) -> list[tuple[str, str]]:
    return [(quote("n_" + n), v.replace("'", "''")) for n, v in plan.only.items() if n in source.columns]


def key_text(parts: tuple[str, ...]) -> str:
    """The key of a record as one text, NULL where a part is missing; a sign that no value holds parts them."""
    return " || chr(31) || ".join(quote("n_" + p) for p in parts)


def join_by_keys(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE entity_of AS SELECT id, id AS entity FROM records")
    for place, key in enumerate(plan.keys):
        text = key_text(key)
        if place == 0:
            con.execute(f"""CREATE OR REPLACE TEMP TABLE entity_of AS
                WITH k AS (SELECT id, {text} AS key FROM records), g AS (SELECT key, min(id) AS low FROM k WHERE key IS NOT NULL GROUP BY key)
                SELECT k.id, coalesce(g.low, k.id) AS entity FROM k LEFT JOIN g ON k.key = g.key""")
        else:
            _merge_by(con, f"SELECT id, {text} AS key FROM records WHERE {text} IS NOT NULL")


def _merge_by(con: duckdb.DuckDBPyConnection, keyed: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE keyed AS {keyed}")
    for _ in range(_ROUNDS):
        con.execute("""CREATE OR REPLACE TEMP TABLE lower_ AS
            WITH g AS (SELECT key, min(entity) AS low FROM keyed JOIN entity_of USING (id) GROUP BY key)
            SELECT entity, min(low) AS low FROM keyed JOIN entity_of USING (id) JOIN g USING (key) GROUP BY entity HAVING min(low) < entity""")
        if not _renamed(con):
            return


def merge_pairs(con: duckdb.DuckDBPyConnection, pairs: str) -> None:
    """Join the entities of `pairs(a, b)`, entity numbers."""
    for _ in range(_ROUNDS):
        con.execute(f"""CREATE OR REPLACE TEMP TABLE lower_ AS SELECT greatest(a, b) AS entity, min(least(a, b)) AS low
            FROM ({pairs}) WHERE a <> b GROUP BY 1""")
        if not _renamed(con):
            return
        con.execute(f"""CREATE OR REPLACE TEMP TABLE renamed AS SELECT coalesce(x.low, p.a) AS a, coalesce(y.low, p.b) AS b FROM ({pairs}) p
            LEFT JOIN lower_ x ON x.entity = p.a LEFT JOIN lower_ y ON y.entity = p.b""")
        con.execute("CREATE OR REPLACE TEMP TABLE pairs_left AS SELECT * FROM renamed")
        pairs = "SELECT a, b FROM pairs_left"


def _renamed(con: duckdb.DuckDBPyConnection) -> bool:
    if not con.execute("SELECT 1 FROM lower_ LIMIT 1").fetchall():
        return False
    con.execute("""CREATE OR REPLACE TEMP TABLE entity_of AS
        SELECT e.id, coalesce(l.low, e.entity) AS entity FROM entity_of e LEFT JOIN lower_ l USING (entity)""")
    return True


def gather(con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """`entities(entity, mask, held, at_0, at_1 …, times_0 …)`: the first record of each source, and how many it has."""
    places = range(len(plan.sources))
    firsts = ", ".join(f"min(id) FILTER (source = {p}) AS at_{p}" for p in places)
    times = ", ".join(f"count(*) FILTER (source = {p}) AS times_{p}" for p in places)
    con.execute(f"""CREATE OR REPLACE TEMP TABLE entities AS SELECT *, bit_count(mask) AS held FROM (
        SELECT entity, bit_or(1::UTINYINT << source) AS mask, {firsts}, {times} FROM records JOIN entity_of USING (id) GROUP BY entity)""")
