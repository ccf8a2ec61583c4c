"""The peers' work for `bench.quality`: `python bench/quality_baselines.py TOOL FILE`; imports nothing of ours.

Each counts the same twenty rules over the same file as nearly as it can say them, and names failing rows where it can.
Prints one JSON line: seconds, CPU seconds, peak memory, what it found, what it could not say.
"""

import json
import resource
import sys
import time

PHONE, CODE, CITY = r"^1[3-9]\d{9}$", r"^\d{6}$", ["厦门", "福州", "泉州", "漳州"]


def pandera(path):
    import pandas as pd
    import pandera.pandas as pa

    frame = pd.read_parquet(path)
    c = pa.Check
    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(nullable=False, unique=True),
            "name": pa.Column(nullable=False, checks=[c.str_length(2, 8)]),
            "phone": pa.Column(nullable=False, unique=True, checks=[c.str_matches(PHONE)]),
            "code": pa.Column(nullable=True, checks=[c.str_matches(CODE), c.str_length(6, 6)]),
            "city": pa.Column(nullable=False, checks=[c.isin(CITY)]),
            "amount": pa.Column(nullable=False, checks=[c.in_range(0, 1000)]),
            "price": pa.Column(nullable=False, checks=[c.ge(0)]),
            "begun": pa.Column(nullable=False, checks=[c.ge(pd.Timestamp("2020-01-01").date()) if frame["begun"].dtype == object else c.ge(pd.Timestamp("2020-01-01"))]),
            "ended": pa.Column(nullable=False),
            "level": pa.Column(nullable=False, checks=[c.in_range(0, 9)]),
            "note": pa.Column(nullable=False),
        },
        checks=[c(lambda f: f["begun"] <= f["ended"], name="order"), c(lambda f: f["price"] <= f["amount"] * 10, name="cross"),
                c(lambda f: ~f.duplicated(), name="duplicate")],
    )  # fmt: skip
    try:
        schema.validate(frame, lazy=True)
        return {}
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        return {str(k): int(v) for k, v in cases.groupby("check").size().items()}


def polars(path):
    import polars as pl

    frame = pl.scan_parquet(path)
    rules = {
        **{f"null_{n}": pl.col(n).is_null() for n in ("id", "name", "phone", "city", "amount", "price", "note")},
        "name": ~pl.col("name").str.len_chars().is_between(2, 8), "phone": ~pl.col("phone").str.contains(PHONE),
        "code": ~pl.col("code").str.contains(CODE), "code_length": pl.col("code").str.len_chars() != 6,
        "city": ~pl.col("city").is_in(CITY), "amount": ~pl.col("amount").is_between(0, 1000), "price": pl.col("price") < 0,
        "begun": pl.col("begun") < pl.date(2020, 1, 1), "level": ~pl.col("level").is_between(0, 9),
        "order": pl.col("begun") > pl.col("ended"), "cross": pl.col("price") > pl.col("amount") * 10,
    }  # fmt: skip
    found = frame.select(**{n: e.sum() for n, e in rules.items()}).collect(engine="streaming").to_dicts()[0]
    for name in ("id", "phone"):
        repeated = frame.group_by(name).len().filter(pl.col("len") > 1)
        found[f"unique_{name}"] = int(repeated.collect(engine="streaming")["len"].sum())
    for name, failed in list(found.items()):
        if failed and name in rules:
            frame.filter(rules[name]).select("id").head(100).collect(engine="streaming")
    return {k: int(v or 0) for k, v in found.items()}


def great_expectations(path):
    import great_expectations as gx
    import pandas as pd

    frame = pd.read_parquet(path)
    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    e = gx.expectations
    suite = gx.ExpectationSuite(
        "s",
        expectations=[
            *(e.ExpectColumnValuesToNotBeNull(column=n) for n in ("id", "name", "phone", "city", "amount", "price", "note")),
            e.ExpectColumnValuesToBeUnique(column="id"), e.ExpectColumnValuesToBeUnique(column="phone"),
            e.ExpectColumnValueLengthsToBeBetween(column="name", min_value=2, max_value=8),
            e.ExpectColumnValuesToMatchRegex(column="phone", regex=PHONE), e.ExpectColumnValuesToMatchRegex(column="code", regex=CODE),
            e.ExpectColumnValueLengthsToEqual(column="code", value=6), e.ExpectColumnValuesToBeInSet(column="city", value_set=CITY),
            e.ExpectColumnValuesToBeBetween(column="amount", min_value=0, max_value=1000),
            e.ExpectColumnValuesToBeBetween(column="price", min_value=0), e.ExpectColumnValuesToBeBetween(column="level", min_value=0, max_value=9),
            e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="ended", column_B="begun", or_equal=True),
            e.ExpectCompoundColumnsToBeUnique(column_list=["id", "phone", "code", "city"]),
            e.ExpectTableRowCountToBeBetween(min_value=1),
        ],
    )  # fmt: skip
    context.suites.add(suite)
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batch, suite=suite))
    result = definition.run(batch_parameters={"dataframe": frame}, result_format="SUMMARY")
    return {
        f"{r.expectation_config.type}:{r.expectation_config.kwargs.get('column', '')}": r.result.get(
            "unexpected_count", 0
        )
        for r in result.results
    }


def cuallee(path):
    import duckdb
    from cuallee import Check, CheckLevel

    con = duckdb.connect()
    con.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{path}')")
    check = Check(CheckLevel.WARNING, "c", table_name="t")
    for name in ("id", "name", "phone", "city", "amount", "price", "note"):
        check.is_complete(name)
    check.is_unique("id").is_unique("phone").has_pattern("phone", PHONE).has_pattern("code", CODE)
    check.is_contained_in("city", tuple(CITY)).is_between("amount", (0, 1000)).is_between("level", (0, 9))
    check.is_greater_or_equal_than("price", 0).satisfies("amount", "begun <= ended").satisfies(
        "price", "price <= amount * 10"
    )
    found = check.validate(con)
    return {f"{r['rule']}:{r['column']}": float(r["pass_rate"]) for r in found.to_dict("records")}


def main():
    tool, path = sys.argv[1:3]
    run = {"pandera": pandera, "polars": polars, "great-expectations": great_expectations, "cuallee": cuallee}[tool]
    if tool == "polars":
        import polars as _
    else:
        import pandas as _  # noqa: F401
    used, began = time.process_time(), time.perf_counter()
    found = run(path)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "found": found}, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
