"""Tables of the whole country whose faults were counted beforehand, by others and with other tools (`data/SOURCES.md`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shugang.assets.quality import services, working
from shugang.delivery.testing import make_supplier

from .conftest import make_data

pytestmark = pytest.mark.django_db
TABLES = Path(__file__).parent / "data"


@pytest.fixture
def actor(db):
    return make_supplier()[1]


def counted(actor, name, rules, keys=()):
    """A of B of each rule."""
    data = make_data(name=name, actor=actor, table=TABLES / name)
    row = services.draft_rules(actor, data.dataset.number, name, {"keys": list(keys), "rules": rules})
    services.publish_rules(actor, row.number)
    made = working.run_now(services.order_assessment(actor, row.number))
    assert made.state == "done", made.refusal
    return data.dataset.number, {r["id"]: (r["a"], r["b"]) for r in made.report["rules"]}


def test_three_crawls_of_the_whole_country(actor):
    _, found = counted(actor, "air_stations_2020.parquet", [
        {"id": "again", "kind": "duplicate", "columns": ["station", "day", "hour", "pm25", "pm10", "co", "no2", "so2"]},
        {"id": "pm10", "kind": "filled", "columns": ["pm10"]},
        {"id": "aqi", "kind": "range", "column": "aqi", "min": 1},
        {"id": "no_aqi", "kind": "filled", "columns": ["aqi"]},
    ])  # fmt: skip
    assert found["again"] == (429_453 - 286_347, 429_453)
    assert found["pm10"] == (429_453 - 87_630, 429_453)
    # the index is missing or 0 in 61,348 rows: what is not filled, and what is filled but below 1
    missing = found["no_aqi"][1] - found["no_aqi"][0]
    assert missing + found["aqi"][1] - found["aqi"][0] == 61_348


def test_two_lists_of_clinics_and_what_is_only_in_one(actor):
    rules = [
        {"id": "again", "kind": "duplicate", "columns": ["city", "name"]},
        {"id": "address", "kind": "filled", "columns": ["address"]},
        {"id": "mobile", "kind": "format", "column": "tel", "pattern": "(.*[^0-9])?100[0-9]{8}([^0-9].*)?"},
    ]
    longer, found = counted(actor, "fever_clinics_b.csv.gz", rules, ["row"])
    assert (found["again"], found["address"], found["mobile"][0]) == ((40, 6753), (6753 - 4372, 6753), 1075)
    known = {"id": "known", "kind": "foreign_key", "columns": ["city", "name"],
             "reference": {"dataset": longer, "columns": ["city", "name"]}}  # fmt: skip
    _, found = counted(actor, "fever_clinics_a.csv.gz", [*rules, known], ["row"])
    assert (found["again"], found["address"], found["mobile"][0]) == ((8, 2083), (2083 - 1860, 2083), 46)
    # 25 of the 2,075 names are only here; none of those is listed twice
    assert found["known"] == (2083 - 25, 2083)


def test_two_lists_of_listed_companies(actor):
    ours, found = counted(actor, "a_share_codes.csv.gz", [
        {"id": "one", "kind": "unique", "columns": ["stock_code"]},
        {"id": "listed", "kind": "filled", "columns": ["listed_on"]},
        {"id": "narrow", "kind": "format", "column": "short_name", "pattern": "[^Ａ-Ｚ]*"},
        {"id": "single", "kind": "expression", "expression": "short_name NOT LIKE '%  %'"},
    ], ["stock_code"])  # fmt: skip
    assert found["one"] == (5640, 5640)
    assert found["listed"] == (5640 - 300, 5640)
    assert found["narrow"] == (5640 - 75, 5640)
    assert found["single"] == (5640 - 200, 5640)
    known = {"id": "known", "kind": "foreign_key", "columns": ["stock_code"],
             "reference": {"dataset": ours, "columns": ["stock_code"]}}  # fmt: skip
    _, found = counted(actor, "finance_database_codes.csv.gz", [known], ["stock_code"])
    assert found["known"] == (3607, 3876)
