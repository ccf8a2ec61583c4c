"""Every allowed function gives through the governed query what it gives in DuckDB on a filtered copy."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from shugang.policy.governed import NotAllowed, check
from shugang.policy.governed.allowed import AGGREGATES, FUNCTION_NAMES, NAMED, NODES, SCALARS, WINDOWS
from shugang.policy.governed.tests.test_probes import run
from shugang.policy.governed.tests.world import GRANTED, copies, raw_database, same_rows

# One call of each function over people (id, name, city, age, joined, phone, score).
CALLS = {
    "abs": "abs(id - 20)",
    "any_value": "any_value(city)",
    "approx_count_distinct": "approx_count_distinct(city)",
    "arg_max": "arg_max(name, id)",
    "arg_min": "min_by(name, id)",
    "avg": "avg(age)",
    "bool_and": "bool_and(age > 20)",
    "bool_or": "bool_or(age > 60)",
    "ceil": "ceil(score)",
    "coalesce": "coalesce(age, 0)",
    "concat": "concat(name, '-', age)",
    "concat_ws": "concat_ws('/', name, city)",
    "contains": "contains(name, '1')",
    "corr": "corr(age, score)",
    "count": "count(age)",
    "count_if": "count_if(age > 30)",
    "covar_pop": "covar_pop(age, score)",
    "covar_samp": "covar_samp(age, score)",
    "date": "date(joined)",
    "date_add": "date_add(joined, interval 3 day)",
    "date_diff": "date_diff('month', joined, date '2026-01-01')",
    "date_part": "date_part('year', joined)",
    "date_sub": "date_sub('day', joined, date '2026-01-01')",
    "date_trunc": "date_trunc('month', joined)",
    "day": "day(joined)",
    "dayname": "dayname(joined)",
    "dayofmonth": "dayofmonth(joined)",
    "dayofweek": "dayofweek(joined)",
    "dayofyear": "dayofyear(joined)",
    "ends_with": "ends_with(name, '1')",
    "epoch": "epoch(joined)",
    "exp": "exp(age / 100)",
    "extract": "extract(dow from joined)",
    "first": "first(age order by id)",
    "floor": "floor(score)",
    "greatest": "greatest(age, id)",
    "grouping": "grouping(city)",
    "hour": "hour(cast(joined as timestamp))",
    "isfinite": "isfinite(score)",
    "isnan": "isnan(score)",
    "isodow": "isodow(joined)",
    "last": "last(age order by id)",
    "last_day": "last_day(joined)",
    "least": "least(age, id)",
    "left": "left(name, 1)",
    "length": "length(name)",
    "ln": "ln(score)",
    "log": "log(score)",
    "lower": "lower(city)",
    "lpad": "lpad(name, 6, '0')",
    "make_date": "make_date(2026, 1 + id % 12, 2)",
    "max": "max(score)",
    "md5": "md5(name)",
    "median": "median(score)",
    "min": "min(score)",
    "minute": "minute(cast(joined as timestamp))",
    "mode": "mode(city)",
    "month": "month(joined)",
    "monthname": "monthname(joined)",
    "nullif": "nullif(age, 30)",
    "power": "power(age, 2)",
    "prefix": "prefix(name, '甲')",
    "quantile_cont": "quantile_cont(score, 0.25)",
    "quantile_disc": "quantile_disc(score, 0.25)",
    "quarter": "quarter(joined)",
    "regexp_extract": "regexp_extract(name, '([0-9]+)', 1)",
    "regexp_matches": "regexp_matches(name, '^甲')",
    "regexp_replace": "regexp_replace(name, '[0-9]', 'x', 'g')",
    "replace": "replace(name, '甲', 'A')",
    "reverse": "reverse(name)",
    "right": "right(name, 1)",
    "round": "round(score, 1)",
    "second": "second(cast(joined as timestamp))",
    "sha256": "sha256(name)",
    "sign": "sign(id - 20)",
    "split_part": "split_part(phone, '*', 1)",
    "sqrt": "sqrt(score)",
    "starts_with": "starts_with(name, '甲')",
    "stddev": "stddev(score)",
    "stddev_pop": "stddev_pop(score)",
    "stddev_samp": "stddev_samp(score)",
    "strftime": "strftime(joined, '%Y/%m')",
    "string_agg": "string_agg(name, ',' order by id)",
    "strpos": "strpos(name, '1')",
    "strptime": "strptime('2026-01-02', '%Y-%m-%d')",
    "substring": "substring(name, 1, 1)",
    "suffix": "suffix(name, '1')",
    "sum": "sum(score)",
    "trim": "trim('  ' || name || ' ')",
    "trunc": "trunc(score)",
    "upper": "upper(city)",
    "var_pop": "var_pop(score)",
    "variance": "variance(score)",
    "week": "week(joined)",
    "weekofyear": "weekofyear(joined)",
    "year": "year(joined)",
    "cume_dist": "cume_dist() over (order by age, id)",
    "dense_rank": "dense_rank() over (order by age)",
    "first_value": "first_value(name) over (order by id)",
    "lag": "lag(age, 2, 0) over (order by id)",
    "last_value": "last_value(name) over (order by id)",
    "lead": "lead(age) over (order by id)",
    "nth_value": "nth_value(name, 2) over (order by id)",
    "ntile": "ntile(4) over (order by id)",
    "percent_rank": "percent_rank() over (order by age)",
    "rank": "rank() over (partition by city order by age)",
    "row_number": "row_number() over (order by id)",
}
SPELLINGS = (
    "ltrim(name)",
    "rtrim(name, '1')",
    "rpad(name, 6, '0')",
    "len(name)",
    "ifnull(age, 1)",
    "if(age > 30, 1, 2)",
    "case city when 'SZ' then 1 end",
    "position('1' in name)",
    "instr(name, '1')",
    "pow(2, 3)",
    "age ** 2",
    "mod(id, 7)",
    "id % 7",
    "id // 7",
    "id / 7",
    "-id",
    "id & 3 | 8",
    "log2(score)",
    "log10(score)",
    "ceiling(score)",
    "age::varchar || 'x'",
    "try_cast(name as int)",
    "cast(score as decimal(10, 1))",
    "joined + interval 1 month",
    "joined - interval '2' day",
    "joined + 3",
    "age between 20 and 30",
    "age not between 20 and 30",
    "name like '甲%'",
    "name not like '甲%'",
    "name ilike 'A%'",
    "name like '甲!%' escape '!'",
    "name similar to '甲.*'",
    "age is null",
    "age is not distinct from 30",
    "age is distinct from id",
    "(id, age) in ((1, 27))",
    "name in ('甲4', '乙1')",
    "substr(name, -2)",
    "datediff('day', joined, date '2026-01-01')",
    "timestamp '2026-01-01 08:00:00'",
    "1.5e2",
    "'it''s'",
    "true and not false",
    "sum(age) over (partition by city order by id rows between 1 preceding and current row)",
    "sum(age) over (order by id range between unbounded preceding and unbounded following)",
    "lag(age ignore nulls) over (order by id)",
)
AGGREGATE_SPELLINGS = (
    "count(*)",
    "count(distinct city)",
    "sum(distinct age)",
    "sum(age) filter (where id > 10)",
    "var_samp(score)",
    "max_by(name, id)",
)


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


def test_each_allowed_function_has_a_call() -> None:
    assert set(CALLS) == set(FUNCTION_NAMES)


def test_the_guide_lists_them_all() -> None:
    guide = (Path(__file__).parents[4] / "docs/guides/sql.md").read_text()
    listed = guide.partition("## 可用的函数")[2].partition("另有")[0]
    assert re.findall(r"`(\w+)`", listed) == [*sorted(AGGREGATES), *sorted(WINDOWS), *sorted({*SCALARS, *NAMED})]


@pytest.mark.parametrize("call", [*CALLS.values(), *SPELLINGS, *AGGREGATE_SPELLINGS])
def test_a_function_means_what_it_means_in_duckdb(
    call: str, raw: duckdb.DuckDBPyConnection, filtered: duckdb.DuckDBPyConnection
) -> None:
    aggregate = call in AGGREGATE_SPELLINGS or any(CALLS[name] == call for name in AGGREGATES)
    sql = f"select city, {call} as v from people group by city" if aggregate else f"select id, {call} as v from people"
    answer = run(raw, sql)
    assert answer is not None
    assert same_rows(answer[1], filtered.execute(sql).fetchall())


def test_every_other_function_of_the_engine_is_refused(raw: duckdb.DuckDBPyConnection) -> None:
    """All names that this DuckDB knows: what is not on the list does not pass, in any number of arguments."""
    names = {row[0] for row in raw.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    words = sorted(name for name in names if name.isidentifier())
    assert len(words) > 500
    allowed_kinds = {kind for table in (AGGREGATES, WINDOWS, SCALARS) for kind, _ in table.values()}
    passed = set()
    for name in words:
        for arguments in ("", "id", "id, 1", "name, 'a', 'b'"):
            try:
                check(f"select {name}({arguments}) from people", GRANTED)
                passed.add(name)
            except NotAllowed:
                continue
    assert allowed_kinds <= set(NODES)
    assert passed - set(FUNCTION_NAMES) - NAMED - SYNONYMS == set()


# Other spellings that the parser turns into an allowed function (or into plain syntax), each harmless by itself.
SYNONYMS = set(
    [
        "argmax",
        "argmin",
        "ceiling",
        "char_length",
        "character_length",
        "countif",
        "group_concat",
        "if",
        "instr",
        "lcase",
        "len",
        "listagg",
        "log10",
        "log2",
        "ltrim",
        "max_by",
        "min_by",
        "mod",
        "position",
        "pow",
        "rpad",
        "rtrim",
        "substr",
        "ucase",
        "var_samp",
    ]
)
