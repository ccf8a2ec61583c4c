"""The real tables of the project, assessed through the room: what is found is what was known, or counted by hand.

Air: 724 rows, 628 distinct station-hours, 181 rows for each of four stations (known beforehand of the published crawls,
see `data/SOURCES.md`). The rest is counted here with the csv module, cell by cell, never with the engine.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from shugang.assets.quality import services, working

from .conftest import make_data

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).parents[4] / "demo/data"
CRAWLS = Path(__file__).parent / "data/air_xiamen_crawls.csv"


def assessed(path, rules, keys=()):
    data = make_data(path.read_text(encoding="utf-8"), path.stem)
    row = services.draft_rules(data.actor, data.dataset.number, path.stem, {"keys": list(keys), "rules": rules})
    services.publish_rules(data.actor, row.number)
    made = working.run_now(services.order_assessment(data.actor, row.number))
    assert made.state == "done", made.refusal
    with path.open(encoding="utf-8", newline="") as handle:
        return made.report, {r["id"]: r for r in made.report["rules"]}, list(csv.DictReader(handle))


def ab(line):
    return line["a"], line["b"]


def test_three_crawls_of_the_air_of_xiamen():
    key, stations = ["Date", "Hour", "WatchPoint"], ["溪东", "洪文", "鼓浪屿", "湖里中学"]
    report, found, rows = assessed(CRAWLS, [
        {"id": "rows", "kind": "rows", "expected": 724},
        {"id": "again", "kind": "duplicate", "columns": key},
        {"id": "one", "kind": "unique", "columns": key},
        {"id": "station", "kind": "in_set", "column": "WatchPoint", "values": stations},
        *({"id": f"s{n}", "kind": "filled", "columns": ["WatchPoint"], "where": f"WatchPoint = '{s}'"} for n, s in enumerate(stations)),
        {"id": "pm10", "kind": "filled", "columns": ["PM10"]},
        {"id": "dirt", "kind": "dirty", "columns": ["PrimaryPollution"]},
        {"id": "place", "kind": "in_set", "column": "city_file", "values": ["xiamen"]},
        {"id": "day", "kind": "date", "column": "Date", "format": "%Y%m%d", "earliest": "2020-03-26", "latest": "2020-04-08"},
        {"id": "less", "kind": "expression", "expression": '"PM2.5" <= PM10', "where": "NOT isnan(PM10) AND NOT isnan(\"PM2.5\")"},
    ])  # fmt: skip
    assert ab(found["rows"]) == (724, 724)
    assert ab(found["again"]) == (724 - 628, 724)
    assert [ab(found[f"s{n}"]) for n in range(4)] == [(181, 181)] * 4
    assert ab(found["station"]) == ab(found["day"]) == (724, 724)
    times = Counter((r["Date"], r["Hour"], r["WatchPoint"]) for r in rows)
    assert len(times) == 628
    assert ab(found["one"]) == (sum(n == 1 for n in times.values()), 724)
    numbers = [r["PM10"] for r in rows if r["PM10"] not in ("", "NaN")]
    assert ab(found["pm10"]) == (len(numbers), 724)
    texts = [r["PrimaryPollution"] for r in rows if r["PrimaryPollution"].strip(" ")]
    dirty = sum(t != t.strip() or "\n" in t or t.lower() in ("nan", "-", "—") for t in texts)
    assert ab(found["dirt"]) == (dirty, len(texts))
    assert ab(found["place"]) == (sum(r["city_file"] == "xiamen" for r in rows), 724)
    both = [(float(r["PM2.5"]), float(r["PM10"])) for r in rows if "NaN" not in (r["PM2.5"], r["PM10"])]
    assert ab(found["less"]) == (sum(x <= y for x, y in both), len(both))
    scores = {d["name"]: d["score"] for d in report["dimensions"]}
    assert scores["consistent"] is scores["accessible"] is None


def test_the_fever_clinics_of_fujian():
    _, found, rows = assessed(DEMO / "fever_clinics_fujian.csv", [
        {"id": "one", "kind": "unique", "columns": ["id"]},
        {"id": "name", "kind": "duplicate", "columns": ["city", "name"]},
        {"id": "address", "kind": "filled", "columns": ["address"]},
        {"id": "code", "kind": "format", "column": "city_code", "pattern": "35[0-9]{4}"},
        {"id": "phone", "kind": "check", "column": "telephone", "check": "mobile"},
        {"id": "dirt", "kind": "dirty", "columns": ["name", "address"]},
    ], ["id"])  # fmt: skip
    assert ab(found["one"]) == (1115, 1115)
    assert ab(found["name"]) == (1115 - len({(r["city"], r["name"]) for r in rows}), 1115)
    assert ab(found["address"]) == (sum(bool(r["address"].strip()) for r in rows), 1115)
    assert ab(found["code"]) == (sum(bool(re.fullmatch("35[0-9]{4}", r["city_code"])) for r in rows), 1115)
    # Every telephone number of the published file is made up, and begins with 100, which no subscriber has.
    assert ab(found["phone"]) == (0, sum(bool(r["telephone"]) for r in rows))
    assert found["phone"]["failing"][0] == [next(r["id"] for r in rows if r["telephone"])]


def test_the_listed_companies_of_xiamen():
    _, found, rows = assessed(DEMO / "listed_companies_xiamen.csv", [
        {"id": "rows", "kind": "rows", "expected": 46},
        {"id": "one", "kind": "unique", "columns": ["symbol"]},
        {"id": "symbol", "kind": "format", "column": "symbol", "pattern": "[0-9]{6}\\.(SS|SZ)"},
        {"id": "city", "kind": "in_set", "column": "city", "values": ["Xiamen"]},
        {"id": "zip", "kind": "filled", "columns": ["zipcode"]},
        {"id": "post", "kind": "format", "column": "zipcode", "pattern": "36[0-9]{4}"},
        {"id": "site", "kind": "format", "column": "website", "pattern": "https?://.+"},
    ], ["symbol"])  # fmt: skip
    assert ab(found["rows"]) == ab(found["one"]) == ab(found["symbol"]) == ab(found["city"]) == (46, 46)
    zips = [r["zipcode"] for r in rows if r["zipcode"]]
    assert ab(found["zip"]) == (len(zips), 46)
    assert ab(found["post"]) == (sum(bool(re.fullmatch("36[0-9]{4}", z)) for z in zips), len(zips))
    sites = [r["website"] for r in rows if r["website"]]
    assert ab(found["site"]) == (sum(bool(re.match("https?://.", s)) for s in sites), len(sites))
