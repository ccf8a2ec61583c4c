"""Rotation, independence and ratings, without a database."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets.thirdparty import facts, rules
from shugang.assets.thirdparty.kinds import read_kinds
from shugang.assets.thirdparty.order_guards import longest

PROFILE = json.loads((Path(__file__).parents[2] / "profiles" / "thirdparty-1.json").read_text(encoding="utf-8"))["data"]
agencies = st.integers(1, 3)


def test_the_profile_has_the_eleven_kinds_of_the_plan_and_insurance_as_an_option():
    kinds = read_kinds(PROFILE)
    labels = [k.label.zh for k in kinds.values()]
    assert labels == ["数据集成", "数据经纪", "质量评价", "合规认证", "安全审计", "数据公证", "数据托管", "资产评估", "争议仲裁", "风险评估",
                      "人才培训"]  # fmt: skip
    assert "insurance" not in kinds
    assert read_kinds({**PROFILE, "enabled_options": ["insurance"]})["insurance"].label.zh == "数据保险"
    assert (kinds["risk"].rotation.most, kinds["risk"].rotation.per) == (2, "client")


def test_a_rule_that_nobody_knows_is_refused():
    row = {**PROFILE["kinds"][0], "conflict": {"people": "nobody", "after": []}}
    with pytest.raises(ValueError, match="unknown conflict"):
        read_kinds({**PROFILE, "kinds": [row]})


@given(st.lists(agencies), agencies, st.integers(1, 4))
def test_whoever_follows_the_rule_is_never_more_often_in_a_row(history, agency, most):
    kept = []
    for one in [*history, agency]:
        if rules.rotation_allows(kept, one, most):
            kept.append(one)
    runs = [list(g) for g in _runs(kept)]
    assert all(len(run) <= most for run in runs)
    # and another agency in between always frees the way
    assert rules.rotation_allows([*kept, agency + 10], agency, most)


def _runs(values):
    import itertools

    return [g for _, g in itertools.groupby(values)]


def test_a_third_time_in_a_row_is_one_too_many():
    assert rules.rotation_allows([1, 1], 2, 2) and rules.rotation_allows([1, 2, 1], 1, 2)
    assert not rules.rotation_allows([2, 1, 1], 1, 2)


def test_connected():
    assert rules.connected(1, {5}, {1, 2}, {6}) == "party"
    assert rules.connected(1, {5}, {2}, {5, 6}) == "people"
    assert rules.connected(1, {5}, {2}, {6}) == ""


def outcome(day=date(2026, 3, 1), on_time=True, accepted=True, objections=0, upheld=0, withdrawn=False, resigned=False):
    return facts.Outcome(day, on_time, accepted, objections, upheld, withdrawn, resigned)


def test_ratings_are_counted_as_they_say():
    rows = [outcome()] * 4 + [outcome(on_time=False), outcome(objections=1, upheld=1), outcome(withdrawn=True),
                              outcome(on_time=None, accepted=False, resigned=True)]  # fmt: skip
    found = facts.rate(rows)
    assert (found.orders, found.on_time.part, found.on_time.whole, found.on_time.bp) == (8, 6, 7, 8571)
    assert (found.first_time.part, found.objections, found.upheld, found.withdrawn, found.resigned) == (6, 1, 1, 1, 1)


def test_few_orders_give_no_percentage():
    assert facts.rate([outcome()] * 4).on_time.bp is None and facts.rate([outcome()] * 5).on_time.bp == 10_000


@given(st.lists(st.dates(date(2024, 1, 1), date(2027, 12, 31)), max_size=30))
def test_every_order_stands_in_one_quarter_and_no_quarter_is_missing(days):
    series = facts.by_quarter([outcome(d) for d in days])
    assert sum(good + bad for _, good, bad in series) == len(days)
    names = [name for name, _, _ in series]
    assert names == sorted(set(names))
    if names:
        first, last = (int(n[:4]) * 4 + int(n[5]) for n in (names[0], names[-1]))
        assert len(names) == last - first + 1


@pytest.mark.parametrize(
    ("today", "months", "last"),
    [(date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2026, 11, 26), 12, date(2027, 11, 26)), (date(2024, 2, 29), 12, date(2025, 2, 28)),
     (date(2026, 12, 15), 1, date(2027, 1, 15))],
)  # fmt: skip
def test_validity_is_whole_months_by_the_calendar(today, months, last):
    from dataclasses import replace

    assert longest(replace(read_kinds(PROFILE)["quality"], validity_months=months), today) == last
