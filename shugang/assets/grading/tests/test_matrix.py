"""The matrix, cell by cell, against the standard's own table; and what holds of every combination."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets.grading import matrix
from shugang.assets.grading.matrix import (
    DEGREES,
    LEVELS,
    OBJECTS,
    Field,
    dataset_reasons,
    grade,
    highest,
    lowest_allowed,
)

RULES = json.loads((Path(matrix.__file__).parents[1] / "profiles" / "grading-1.json").read_text(encoding="utf-8"))[
    "data"
]
# GB/T 43697-2024 table 1, and annex H for general data.
TABLE = {
    "security": (6, 6, 5, 1),
    "economy": (6, 5, 4, 1),
    "order": (6, 5, 4, 1),
    "public": (6, 5, 4, 1),
    "organisation": (4, 3, 2, 1),
    "person": (4, 3, 2, 1),
}
ORDER = tuple(DEGREES)


@pytest.mark.parametrize("object_", OBJECTS)
def test_every_cell_is_the_standards(object_):
    assert tuple(grade(object_, degree, RULES).level for degree in ORDER) == TABLE[object_]


def test_each_result_names_object_degree_and_level_in_both_languages():
    for object_ in OBJECTS:
        for degree in ("grave", "serious", "general"):
            reason = grade(object_, degree, RULES)
            assert OBJECTS[object_].zh in reason.text.zh and DEGREES[degree].zh in reason.text.zh
            assert LEVELS[reason.level].zh in reason.text.zh and OBJECTS[object_].en in reason.text.en


def test_only_cells_of_the_annex_are_settings():
    assumed = {(o, d) for o in OBJECTS for d in ORDER if grade(o, d, RULES).assumed}
    rows = {(o, d) for o, cells in RULES["general_levels"].items() for d in cells}
    assert assumed == rows and ("security", "general") not in assumed


@pytest.mark.parametrize("cell", [("weather", "grave"), ("person", "huge")])
def test_an_unknown_cell_is_refused(cell):
    with pytest.raises(ValueError, match="没有"):
        grade(*cell, RULES)


cells = st.tuples(st.sampled_from(list(OBJECTS)), st.sampled_from(ORDER))


@given(st.lists(cells, min_size=1, max_size=6), cells)
def test_one_more_harm_never_lowers_the_level(known, more):
    before, after = (highest(grade(*c, RULES) for c in some) for some in (known, [*known, more]))
    assert before and after and before.level <= after.level
    assert after.level == max(grade(*c, RULES).level for c in [*known, more])


fields = st.lists(
    st.builds(Field, name=st.sampled_from("abcdef"), level=st.integers(1, 6), personal=st.booleans(), sensitive=st.booleans()),
    min_size=1, max_size=6,
)  # fmt: skip


@given(fields, st.integers(0, 10**8), st.none() | st.integers(0, 1000), st.integers(0, 6))
def test_the_whole_is_never_below_a_column_or_an_input_and_rises_with_scale(known, scale, precision, inherited):
    level = dataset_reasons(known, scale, precision, inherited, RULES)[0].level
    assert level >= max(f.level for f in known) and level >= inherited
    assert dataset_reasons(known, scale * 10, precision, inherited, RULES)[0].level >= level


def test_the_effect_of_scale_begins_at_its_threshold():
    phone = [Field("phone", 2, personal=True)]
    assert dataset_reasons(phone, 9_999_999, None, 0, RULES)[0].level == 2
    top = dataset_reasons(phone, 10_000_000, None, 0, RULES)[0]
    assert top.level == 5 and "1000万人" in top.text.zh


def test_three_personal_columns_together_count_for_more():
    known = [Field(n, 2, personal=True) for n in ("name", "phone", "address")]
    assert dataset_reasons(known[:2], 10, None, 0, RULES)[0].level == 2
    assert dataset_reasons(known, 10, None, 0, RULES)[0].level == 3


def test_precise_places_count_for_more_and_none_do_not():
    known = [Field("lat", 2)]
    assert [dataset_reasons(known, 10, m, 0, RULES)[0].level for m in (None, 11, 10)] == [2, 2, 3]


def test_a_rule_that_is_not_understood_is_an_error_and_not_passed_over():
    rules = {**RULES, "aggregate": [{"name": "x", "when": {"moon": 1}, "level": 5, "because": {"zh": "", "en": ""}}]}
    with pytest.raises(ValueError, match="moon"):
        dataset_reasons([Field("a", 1)], 1, None, 0, rules)


@pytest.mark.parametrize(
    ("method", "level", "k", "lowest"),
    [("aggregate", 4, 10, 2), ("mask", 4, None, 3), ("anonymise", 4, 5, 1), ("mask", 1, None, 1)],
)
def test_how_far_a_transformation_may_lower(method, level, k, lowest):
    assert lowest_allowed(method, level, k, RULES) == lowest


@pytest.mark.parametrize(
    ("method", "level", "k"), [("aggregate", 4, 9), ("anonymise", 4, None), ("mask", 6, None), ("highest_source", 4, 9)]
)
def test_what_may_not_be_lowered(method, level, k):
    with pytest.raises(ValueError):
        lowest_allowed(method, level, k, RULES)
