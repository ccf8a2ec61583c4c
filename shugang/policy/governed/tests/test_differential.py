"""Generated queries: the governed answer equals that of the same text on physically filtered copies."""

from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.governed import NotAllowed, check, table_names
from shugang.policy.governed.tests.generate import Generator
from shugang.policy.governed.tests.test_probes import run
from shugang.policy.governed.tests.world import GRANTED, copies, probes, raw_database, same_rows, secrets_in

MANY = 250


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    con = raw_database()
    yield con
    con.close()


@pytest.fixture(scope="module")
def filtered() -> Iterator[duckdb.DuckDBPyConnection]:
    con = copies()
    yield con
    con.close()


def test_answers_equal_those_of_filtered_copies(
    raw: duckdb.DuckDBPyConnection, filtered: duckdb.DuckDBPyConnection
) -> None:
    seen: Counter[str] = Counter()
    for seed in range(MANY):
        sql = Generator(seed).query()
        try:
            expected = filtered.execute(sql).fetchall()
        except duckdb.Error:
            expected = None
        try:
            answer = run(raw, sql)
        except NotAllowed as refused:
            seen[refused.code] += 1
            continue
        assert not secrets_in(answer), sql
        if expected is None:
            seen["engine"] += 1
            continue
        assert answer is not None, sql
        assert same_rows(answer[1], expected), sql
        seen["equal"] += 1
        seen["with rows"] += bool(expected)
    assert seen["equal"] > 0.8 * MANY, seen
    assert seen["with rows"] > 0.5 * MANY, seen


TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from([*"()[]{},;.*~:?$@'\"", "select", "from", "with", "as", "people", "note", "\n", "--"])
    ).map(" ".join),
    st.tuples(
        st.sampled_from([probe.sql for probe in probes()]), st.integers(0, 400), st.integers(0, 40), st.text(max_size=6)
    ).map(lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :]),
)


@given(text=TEXTS)
@settings(max_examples=200, deadline=None)
def test_any_text_is_planned_or_refused(text: str) -> None:
    """No other error, and nothing of what passes names a relation of the buyer."""
    try:
        table_names(text)
        plan = check(text, GRANTED)
    except NotAllowed as refused:
        assert refused.code.startswith(("sql_", "column_hidden"))
        return
    assert "\0" not in plan.sql({place: f'"r{place}"' for place in range(len(GRANTED))})
