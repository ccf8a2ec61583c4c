"""The checked numbers of real sources (`data/SOURCES.md`), counted beforehand by others and with other tools."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from shugang.publicdata.crosscheck import engine, plan

HERE, ROOT = Path(__file__).parent / "data", Path(__file__).parents[4]
QUALITY, DEMO = ROOT / "shugang/assets/quality/tests/data", ROOT / "demo/data"


def table(path, columns="*"):
    read = f"read_csv('{path}', all_varchar = true)" if path.suffix != ".parquet" else f"read_parquet('{path}')"
    return f"(SELECT {columns}, row_number() OVER () - 1 AS row_ FROM {read})"


def run(document, relations):
    con = duckdb.connect(config={"python_enable_replacements": "false"})
    return engine.run(con, plan.read(document), relations, most=1000)


def sources(columns, *names, **more):
    return [{"name": n, "columns": {c: c for c in columns}, **more.get(n, {})} for n in names]


def overlaps(found):
    return {tuple(o["sources"]): o["entities"] for o in found["overlaps"]}


STREETS = {
    "sources": sources(["code", "name"], "a", "b"), "keys": [["code"]],
    "elements": {"code": {"kind": "code"}, "name": {"kind": "literal"}},
    "compare": {"name": {"strategy": "authority", "order": ["a", "b"]}},
}  # fmt: skip


def test_streets_of_the_country_by_two_publishers():
    found = run(STREETS, {"a": table(HERE / "streets_a.csv.gz"), "b": table(HERE / "streets_b.csv.gz")})
    assert overlaps(found) == {("a",): 645, ("b",): 571, ("a", "b"): 40_707}


def test_streets_of_xiamen_towns_became_streets():
    found = run(
        {**STREETS, "only": {"code": "3502"}},
        {"a": table(HERE / "streets_a.csv.gz"), "b": table(HERE / "streets_b.csv.gz")},
    )
    assert [s["rows"] for s in found["sources"]] == [54, 51]
    absent = {(tuple(x["holders"]), x["key"], *x["values"].values()) for x in found["lines"] if x["kind"] == "absent"}
    assert absent == {
        (("a",), "350212003", "新民街道"), (("a",), "350212004", "西柯街道"), (("a",), "350212005", "祥和街道"),
        (("a",), "350212006", "新美街道"), (("a",), "350212007", "美林街道"),
        (("b",), "350212106", "新民镇"), (("b",), "350212108", "西柯镇"),
    }  # fmt: skip


def clinics(kind):
    return {
        "sources": sources(["city", "name", "address", "tel"], "a", "b", a={"origin": "b"}), "keys": [["city", "name"]],
        "elements": {"city": {"kind": kind}, "name": {"kind": kind}, "address": {"kind": "address"}, "tel": {"kind": "phone"}},
        "compare": {"address": {"strategy": "majority", "order": ["b", "a"]}, "tel": {"strategy": "majority"}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def two_lists():
    where = {"a": table(QUALITY / "fever_clinics_a.csv.gz"), "b": table(QUALITY / "fever_clinics_b.csv.gz")}
    return run(clinics("literal"), where), run(clinics("text"), where)


def test_two_lists_of_clinics_as_written(two_lists):
    found, _ = two_lists
    assert overlaps(found) == {("a",): 25, ("b",): 4663, ("a", "b"): 2050}
    assert [s["repeated"] for s in found["sources"]] == [8, 40]
    verdicts = found["attributes"]["address"]["verdicts"]
    assert verdicts["different"] + verdicts["near"] + verdicts["standardised"] == 13


def test_standardising_joins_more_clinics_and_keeps_the_real_conflicts(two_lists):
    _, found = two_lists
    joined = overlaps(found)
    assert joined[("a", "b")] > 2050  # brackets of another width, blanks
    wrong = {
        x["key"]: x["kind"] for x in found["lines"] if x["element"] == "address" and x["kind"] in ("near", "different")
    }
    assert wrong["天津市 / 天津市蓟州区中医医院"] == "different"  # 19号 or 93号
    assert wrong["北京市 / 首都医科大学附属复兴医院"] == "near"  # with and without its district
    assert "天津市 / 天津市西青医院" not in wrong  # a blank only


def test_clinics_are_not_independent_and_their_telephones_are_never_shown_whole(two_lists):
    for found in two_lists:
        lines = [x for x in found["lines"] if x["element"]]
        assert all(x["reason"]["copies"] == {"a": "b"} for x in lines)
        # A copy does not outvote its origin: whatever differs has one vote each, never two.
        assert all(v == 1.0 for x in lines for v in x["reason"]["votes"].values())
        shown = [v for x in lines if x["element"] == "tel" for v in x["values"].values() if v]
        assert shown and all("*" in v for v in shown)


def test_listed_companies_in_two_languages():
    document = {
        "sources": [{"name": "english", "columns": {"code": "stock_code"}},
                    {"name": "chinese", "columns": {"code": "stock_code"}}],
        "elements": {"code": {"kind": "code"}}, "keys": [["code"]], "compare": {},
    }  # fmt: skip
    ours, theirs = table(QUALITY / "finance_database_codes.csv.gz"), table(QUALITY / "a_share_codes.csv.gz")
    assert overlaps(run(document, {"english": ours, "chinese": theirs})) == {
        ("english",): 269, ("chinese",): 2033, ("english", "chinese"): 3607,
    }  # fmt: skip
    xiamen = table(DEMO / "listed_companies_xiamen.csv", "left(symbol, 6) AS stock_code")
    found = overlaps(run(document, {"english": xiamen, "chinese": theirs}))
    assert found[("english", "chinese")] == 46 and ("english",) not in found


def test_three_calendars():
    names = ("chinese_calendar", "chinese_days", "holidays_lib")
    document = {
        "sources": [{"name": n, "columns": {"day": "day", "kind": "kind"}} for n in names],
        "elements": {"day": {"kind": "date"}, "kind": {"kind": "literal"}}, "keys": [["day"]],
        "compare": {"kind": {"strategy": "majority"}},
    }  # fmt: skip
    off = {n: f"(SELECT * FROM {table(DEMO / f'calendar_{n}.csv')} WHERE kind = 'off')" for n in names}
    found = run(document, off)
    held = {frozenset(o["sources"]): o["entities"] for o in found["overlaps"]}
    first, second, third = names
    assert sum(n for s, n in held.items() if (first in s) != (second in s) and {first, second} & s) == 2
    assert sum(n for s, n in held.items() if first in s and third not in s) == 139
    days = {
        x["key"] for x in found["lines"] if x["kind"] == "absent" and first in x["holders"] and second in x["lacking"]
    }
    assert days == {"2023-12-30", "2023-12-31"}


def test_three_overlapping_crawls_of_the_air():
    """One table holds all three crawls: met with itself by its observations, it says how many there are."""
    columns = ["station", "day", "hour", "pm25", "pm10", "co", "no2", "so2"]
    document = {
        "sources": sources(columns, "crawls", "again", again={"origin": "crawls"}), "keys": [["observation"]],
        "elements": {"observation": {"kind": "literal"}}, "compare": {},
    }  # fmt: skip
    for source in document["sources"]:
        source["columns"] = {"observation": "observation"}
    whole = "concat_ws('|', " + ", ".join(f"coalesce(CAST({c} AS VARCHAR), '?')" for c in columns) + ") AS observation"
    air = table(QUALITY / "air_stations_2020.parquet", whole)
    found = run(document, {"crawls": air, "again": f"(SELECT DISTINCT ON (observation) * FROM {air})"})
    assert found["sources"][0]["rows"] == 429_453
    assert overlaps(found) == {("crawls", "again"): 286_347}
    assert found["sources"][0]["repeated"] == 429_453 - 286_347


CRAWLS = ("crawl_a", "crawl_a_nested", "crawl_b")
AIR = {
    "sources": sources(["station", "day", "hour", "aqi", "pm25"], *CRAWLS, crawl_a_nested={"origin": "crawl_a"}),
    "elements": {"station": {"kind": "text"}, "day": {"kind": "date"}, "hour": {"kind": "number"}, "aqi": {"kind": "number"}, "pm25": {"kind": "number"}},
    "keys": [["station", "day", "hour"]], "compare": {n: {"strategy": "majority"} for n in ("aqi", "pm25")},
}  # fmt: skip


def crawl(name, where=""):
    whole = table(QUALITY / "air_stations_2020.parquet")
    return f"(SELECT * FROM {whole} WHERE source = '{name}' {where})"


@pytest.fixture(scope="module")
def three_crawls():
    return run(AIR, {n: crawl(n) for n in CRAWLS})


def test_three_crawls_met_with_each_other(three_crawls):
    """The rows of each folder add up to the checked number; the nested folder holds nothing that its parent does not."""
    assert [s["rows"] for s in three_crawls["sources"]] == [137_266, 87_013, 205_174]
    assert sum(s["rows"] for s in three_crawls["sources"]) == 429_453
    nested = [names for names in overlaps(three_crawls) if "crawl_a_nested" in names]
    assert nested and all("crawl_a" in names for names in nested)


def test_what_differs_between_crawls_is_told_by_a_key_that_is_not_whole(three_crawls):
    """The table names no city, and cities share names of stations: every difference is of a key that one crawl has several times."""
    differing = [x for x in three_crawls["lines"] if x["kind"] == "different"]
    assert (
        three_crawls["attributes"]["pm25"]["verdicts"]["different"] > 2000 and len(differing) == 2000
    )  # 1000 lines each
    assert all(max(x["reason"]["repeated"].values()) > 1 for x in differing)
    said = differing[0]["reason"]
    assert "请先核对关联键" in said["text"][0] and "whether the key is complete" in said["text"][1]
    assert all(x["reason"]["copies"] == {"crawl_a_nested": "crawl_a"} for x in differing)


def test_where_a_station_is_one_the_crawls_agree_on_every_figure():
    once = """AND (station, day, hour) NOT IN (SELECT (station, day, hour) FROM read_parquet('{}')
        GROUP BY source, station, day, hour HAVING count(*) > 1)"""
    once = once.format(QUALITY / "air_stations_2020.parquet")
    found = run(AIR, {n: crawl(n, once) for n in CRAWLS})
    held = overlaps(found)
    assert sum(n for names, n in held.items() if len(names) == 2) == 54_629 and held[CRAWLS] == 10_845
    for name in ("aqi", "pm25"):
        assert found["attributes"][name]["verdicts"] == {"equal": 54_629 + 10_845}


def test_the_crawls_of_xiamen_follow_each_other():
    """One folder goes on where another ends; where two overlap they agree, and what an hour has twice is the same row again."""
    columns = {"station": "WatchPoint", "day": "Date", "hour": "Hour", "pm25": "PM2.5", "aqi": "AQI", "level": "Level"}
    names = {
        "first": "source = 'crawl_a'",
        "second": "city_file = '厦门'",
        "third": "source = 'crawl_b' AND city_file = 'xiamen'",
    }
    document = {
        "sources": [{"name": n, "columns": columns} for n in names], "keys": [["station", "day", "hour"]],
        "elements": {**AIR["elements"], "level": {"kind": "text"}},
        "compare": {n: {"strategy": "majority"} for n in ("pm25", "aqi", "level")},
    }  # fmt: skip
    xiamen = table(QUALITY / "air_xiamen_crawls.csv")
    found = run(document, {n: f"(SELECT * FROM {xiamen} WHERE {where})" for n, where in names.items()})
    assert [s["rows"] for s in found["sources"]] == [284, 396, 44]
    assert overlaps(found) == {("first",): 208, ("second",): 380, ("first", "third"): 40}
    assert sum(s["entities"] for s in found["sources"]) - 40 == 628 and {
        n: v["verdicts"] for n, v in found["attributes"].items()
    } == {key: {"equal": 40} for key in ("pm25", "aqi", "level")}
    assert [s["repeated"] for s in found["sources"]] == [36, 16, 4]
