"""From small tables to a result: joins, caps, verdicts, decisions, what is never shown."""

from __future__ import annotations

import duckdb
import pytest

from shugang.policy.identifiers import is_identity_number
from shugang.publicdata.crosscheck import engine
from shugang.publicdata.crosscheck.plan import read
from shugang.publicdata.crosscheck.refused import TooManyPairs


def relation(rows, columns):
    body = ", ".join(
        "(" + ", ".join("NULL" if v is None else f"'{v}'" for v in row) + f", {n})" for n, row in enumerate(rows)
    )
    return f"(SELECT * FROM (VALUES {body}) v({', '.join(columns)}, row_))"


def run(document, **tables):
    con = duckdb.connect(config={"python_enable_replacements": "false"})
    columns = list(document["elements"])
    return engine.run(con, read(document), {n: relation(rows, columns) for n, rows in tables.items()})


def declared(kinds, keys, compare, names=("a", "b"), **more):
    per = more.pop("per", {})
    return {"sources": [{"name": n, "columns": {e: e for e in kinds}, **per.get(n, {})} for n in names],
            "elements": {e: {"kind": k} for e, k in kinds.items()}, "keys": keys, "compare": compare, **more}  # fmt: skip


def test_every_verdict():
    document = declared(
        {"code": "code", "name": "text"}, [["code"]], {"name": {"strategy": "authority", "order": ["b"]}}
    )
    a = [
        ("1", "湖里区"),
        ("2", "集美區"),
        ("3", "厦门大学附属第一医院"),
        ("4", "海沧"),
        ("5", None),
        ("6", None),
        ("7", "只在甲"),
    ]
    b = [("1", "湖里区"), ("2", "集美区"), ("3", "厦门大学附属第一医院分院"), ("4", "同安"), ("5", "翔安"), ("6", None)]
    found = run(document, a=a, b=b)
    assert found["attributes"]["name"]["verdicts"] == {
        "equal": 1, "standardised": 1, "near": 1, "different": 1, "missing": 1, "empty": 1,
    }  # fmt: skip
    different = next(x for x in found["lines"] if x["kind"] == "different")
    assert (
        different["values"] == {"a": "海沧", "b": "同安"}
        and different["stands"] == "b"
        and different["rows"] == {"a": 3, "b": 3}
    )
    assert [x["key"] for x in found["lines"] if x["kind"] == "absent"] == ["7"]


def test_three_sources_of_which_one_copies():
    document = declared({"code": "code", "name": "literal"}, [["code"]], {"name": {"strategy": "majority"}},
                        ("a", "b", "c"), per={"c": {"origin": "b"}})  # fmt: skip
    found = run(document, a=[("1", "x")], b=[("1", "y")], c=[("1", "y")])
    line = next(x for x in found["lines"] if x["kind"] == "different")
    assert line["reason"]["votes"] == {"a": 1.0, "b": 1.0, "c": 1.0} and line["reason"]["tie"] and line["stands"] == "a"
    assert "不重复计票" in line["reason"]["text"][0] and "vote once" in line["reason"]["text"][1]


def test_the_latest_stands():
    document = declared({"code": "code", "name": "literal"}, [["code"]], {"name": {"strategy": "recency"}},
                        per={"a": {"as_of": "2026-01-01"}, "b": {"as_of": "2026-06-01"}})  # fmt: skip
    assert run(document, a=[("1", "x")], b=[("1", "y")])["lines"][-1]["stands"] == "b"


def test_a_second_key_joins_what_the_first_does_not():
    document = declared({"code": "code", "name": "text"}, [["code"], ["name"]], {})
    found = run(document, a=[("1", "甲"), (None, "乙"), ("3", "丙")], b=[("1", "甲"), ("9", "乙"), (None, "丙")])
    assert found["overlaps"] == [{"sources": ["a", "b"], "entities": 3}]


def test_a_key_that_is_not_whole_joins_nothing():
    document = declared({"code": "code", "name": "text"}, [["code", "name"]], {})
    found = run(document, a=[("1", None)], b=[("1", None)])
    assert found["overlaps"] == [{"sources": ["a"], "entities": 1}, {"sources": ["b"], "entities": 1}]
    assert [s["without_key"] for s in found["sources"]] == [1, 1]


def test_pairs_are_counted_before_anything_is_compared(monkeypatch):
    document = declared(
        {"code": "code", "name": "text"}, [["code"]], {}, link={"blocks": [["name:1"]], "by": ["name"]}, cap=99
    )
    monkeypatch.setattr("shugang.publicdata.crosscheck.linking.predict", lambda *_: pytest.fail("it compared"))
    rows = [[(f"{side}{n}", f"厦{side}{n}") for n in range(10)] for side in "ab"]
    with pytest.raises(TooManyPairs) as no:
        run(document, a=rows[0], b=rows[1])
    assert no.value.pairs == 100 and no.value.rule == "pair_cap" and "name:1" in no.value.text.zh


def test_what_no_key_joins_is_linked_by_splink():
    document = declared(
        {"code": "code", "name": "text", "born": "date", "place": "text"}, [["code"]], {"name": {"strategy": "authority"}},
        link={"blocks": [["born"], ["name:2"]], "by": ["name", "born", "place"], "threshold": 0.9},
    )  # fmt: skip
    signs, places = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", ("思明", "湖里", "集美", "同安", "翔安", "海沧")

    def person(n, side):
        name = f"{signs[n % 16]}{signs[n * 7 % 16]}{signs[n // 16 % 16]}{signs[n * 3 // 5 % 16]}路{n}"
        return (
            f"{side}{n}",
            name + ("号" if side == "b" and n % 5 == 0 else ""),
            f"19{50 + n % 50}-0{1 + n % 9}-1{n % 10}",
            places[n % 6],
        )

    found = run(document, a=[person(n, "a") for n in range(300)], b=[person(n, "b") for n in range(300)])
    both = next(o["entities"] for o in found["overlaps"] if o["sources"] == ["a", "b"])
    assert both >= 290 and found["linked"]["linked"] == both
    assert found["linked"]["pairs"] <= 20_000_000


def test_a_wrong_check_digit_is_a_line_and_personal_values_are_masked():
    document = declared(
        {"id": "identity", "name": "person", "tel": "text"},
        [["id"]],
        {"name": {"strategy": "majority"}, "tel": {"strategy": "majority"}},
    )
    bad = "350203198001011230"
    good = next(bad[:17] + c for c in "0123456789X" if is_identity_number(bad[:17] + c))
    bad = bad[:17] + ("1" if good[17] != "1" else "2")
    found = run(
        document, a=[(good, "张三丰", "电话10012345678"), (bad, "李四", None)], b=[(good, "张三疯", "电话10087654321")]
    )
    wrong = next(x for x in found["lines"] if x["kind"] == "invalid")
    assert wrong["rule"] == "identity_number" and wrong["element"] == "id" and wrong["rows"] == {"a": 1}
    text = str(found["lines"])
    assert good not in text and bad not in text and "张三丰" not in text and "10012345678" not in text
    assert "100******78" in text


def test_lines_are_bounded_and_counts_are_whole():
    document = declared({"code": "code", "name": "literal"}, [["code"]], {"name": {"strategy": "majority"}})
    a, b = ([(str(n), f"{side}{n}") for n in range(30)] for side in "ab")
    con = duckdb.connect(config={"python_enable_replacements": "false"})
    found = engine.run(
        con,
        read(document),
        {"a": relation(list(a), ["code", "name"]), "b": relation(list(b), ["code", "name"])},
        most=7,
    )
    assert found["attributes"]["name"]["verdicts"]["different"] == 30
    assert sum(x["kind"] == "different" for x in found["lines"]) == 7


def test_places_that_differ_say_how_far():
    document = declared({"code": "code", "place": "point"}, [["code"]], {"place": {"strategy": "majority"}})
    line = run(document, a=[("1", "118.10,24.46")], b=[("1", "118.11,24.46")])["lines"][-1]
    assert line["kind"] == "different" and 1000 < line["metres"] < 1030
