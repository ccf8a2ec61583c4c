"""The score by hand: each part, the filters, the order; and recall on a small set of demands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market.matching import parts
from shugang.market.matching.bm25 import Corpus
from shugang.market.matching.facts import yearly_cost
from shugang.market.matching.score import FULL, score
from shugang.market.matching.subjects import Offered, Wanted, digest
from shugang.market.matching.words import canonical, in_common, terms
from shugang.policy.priceplan import PricePlan

RULES = json.loads((Path(__file__).parents[2] / "profiles/matching-1.json").read_text(encoding="utf-8"))["data"]
TODAY = date(2026, 11, 26)
ASK = Wanted("厦门空气质量", "逐时浓度", "N", "research", ("table",), (("pm25", ""), ("监测点", "")))
AIR = Offered("P1", "厦门市空气质量小时值", "站点逐时浓度", "N", "table", ("research",), (("pm2_5", "PM2.5浓度"), ("station", "站点")),
              "厦门市，2020年3月至2020年4月", "hourly", 700, 0, 2)  # fmt: skip
TAX = Offered(
    "P2",
    "企业纳税信用名单",
    "年度评价结果",
    "J",
    "table",
    ("research",),
    (("name", "企业名称"),),
    "福建省",
    "yearly",
    90,
    500_000,
    1,
)


def one(wanted, offered=AIR):
    return score(wanted, [offered, TAX], RULES, TODAY)


def test_the_like_comes_first_and_each_asked_part_is_explained():
    found = one(ASK)
    assert [r.number for r in found] == ["P1", "P2"]
    assert [line.name for line in found[0].lines] == ["text", "columns", "sector"]
    # both columns by their synonyms, the same sector: only the text is less than full
    assert [line.value for line in found[0].lines][1:] == [FULL, FULL] and found[0].score > 7000
    assert all(line.why.zh and line.why.en for r in found for line in r.lines)
    assert found[1].score < 1000


def test_the_score_is_the_weighted_mean_of_the_parts_asked_for():
    best = one(replace(ASK, region="厦门市", freshness="daily", volume=1400, budget_high=100))[0]
    weights = sum(line.weight for line in best.lines)
    assert best.score == sum(line.value * line.weight for line in best.lines) // weights
    assert {line.name: line.value for line in best.lines}["volume"] == 5000 and weights == 100


@pytest.mark.parametrize(
    ("wanted", "offered", "word"),
    [
        ({"modes": ("api",)}, {}, "交付方式"),
        ({"purpose": "risk_control"}, {}, "用途"),
        ({"purpose": "product_development"}, {"purposes": ("product_development",), "licence": "CC BY-NC 4.0"}, "商业"),
        ({}, {"level": 5}, "重要数据"),
        ({}, {"personal": True}, "个人信息"),
        ({"buyer": False}, {}, "不在营"),
    ],
    ids=["mode", "purpose", "licence", "level", "personal", "buyer"],
)
def test_a_hard_filter_is_never_outweighed(wanted, offered, word):
    found = score(replace(ASK, **wanted), [replace(AIR, **offered), replace(TAX, mode=dict(wanted).get("modes", ("table",))[0],
                  purposes=(dict(wanted).get("purpose", "research"),))], RULES, TODAY)  # fmt: skip
    stopped = next(r for r in found if r.number == "P1")
    assert len(stopped.refusals) == 1 and word in stopped.refusals[0].zh
    assert found[-1].number == "P1" or wanted.get("buyer") is False


def test_places_and_periods():
    def said(**asked):
        return parts.coverage(replace(ASK, **asked), AIR, 0.3, TODAY)

    assert said() is None
    assert said(region="厦门市")[0] == 1.0 and said(region="厦门；泉州市")[0] == 0.5 and said(region="北京")[0] == 0.0
    assert said(period_from="2020-04-01", period_until="2020-07-31")[0] == 0.25
    assert said(region="厦门", period_from="2021-01-01", period_until="2021-12-31")[0] == 0.5
    assert parts.coverage(replace(ASK, region="厦门"), replace(AIR, coverage="全国"), 0.3, TODAY)[0] == 1.0
    assert parts.coverage(replace(ASK, region="泉州"), replace(AIR, coverage=""), 0.3, TODAY)[0] == 0.3


def test_freshness_price_and_what_is_left_unsaid():
    assert parts.freshness(replace(ASK, freshness="daily"), AIR, 0.3)[0] == 1.0
    assert parts.freshness(replace(ASK, freshness="realtime"), AIR, 0.3)[0] == 0.65
    assert parts.freshness(replace(ASK, freshness="daily"), replace(AIR, freshness="none"), 0.3)[0] == 0.0
    assert parts.freshness(replace(ASK, freshness="daily"), replace(AIR, freshness=""), 0.3)[0] == 0.3
    for cost, value in ((None, 0.3), (0, 1.0), (100, 1.0), (150, 0.5), (200, 0.0), (900, 0.0)):
        assert parts.price(replace(ASK, budget_high=100), replace(AIR, cost_fen=cost), 0.3)[0] == value


def test_the_cost_of_a_year_by_kind_of_plan():
    calls = PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))
    assert (
        yearly_cost(PricePlan("free"), None) == 0
        and yearly_cost(calls, None) is None
        and yearly_cost(calls, 1000) == 35_000
    )
    assert yearly_cost(PricePlan("one_off", price_fen=700), None) == 700
    assert yearly_cost(PricePlan("period", price_fen=100, every="quarter"), None) == 400
    assert yearly_cost(PricePlan("revenue", unit="revenue", share_bp=100, billable=("revenue",)), 5) is None


def test_words_of_one_group_are_one_word():
    assert canonical("PM2.5 与 station、交易日期") == "pm25 与 站点、日期"
    # a Latin word is replaced whole only
    assert canonical("colony") == "colony" and "一氧" in terms("CO 的浓度")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("甲乙丙丁戊"), min_size=1, max_size=8), min_size=1, max_size=6), st.integers(0, 5)
)
def test_a_text_score_stays_between_nothing_and_all(documents, at):
    from collections import Counter

    corpus, place = Corpus(documents), at % len(documents)
    value, hits = corpus.score(Counter(documents[place]), place)
    assert 0 < value <= 1 and set(hits) == set(documents[place])
    assert corpus.score(Counter(["己"]), place) == (0.0, [])


def test_the_digest_covers_every_fact_and_the_rules():
    base = digest(ASK, AIR, "r")
    assert digest(ASK, AIR, "r") == base
    assert (
        len(
            {
                base,
                digest(ASK, AIR, "s"),
                digest(ASK, replace(AIR, rows=1), "r"),
                digest(replace(ASK, uses=1), AIR, "r"),
            }
        )
        == 4
    )


@pytest.mark.parametrize(
    ("wanted", "offered", "words"),
    [
        ("北京空气质量的逐时浓度", "空气质量逐时数据，浓度", ["空气质量", "逐时", "浓度"]),
        ("abc12 与 xyz9", "含 xyz9、abc123", ["xyz9"]),
        ("医院床位", "学校名录", []),
        ("空气质量，空气", "空气质量", ["空气质量"]),
    ],
)
def test_the_words_in_common_are_whole(wanted, offered, words):
    assert in_common(wanted, offered) == words
