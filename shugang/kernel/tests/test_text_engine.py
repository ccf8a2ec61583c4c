"""The index in files answers what the database's answers: the same cases, the same numbers for pieces cut anywhere."""

from __future__ import annotations

import random

import pytest

from shugang.kernel import textindex, textstore, textwords
from shugang.kernel.tests.test_text_search import DOCUMENTS, QUERIES
from shugang.kernel.textengine import Engine, Position

pytestmark = pytest.mark.django_db
WHOLE = Position("one", 1, None)


@pytest.fixture
def engine(tmp_path):
    """Both indexes with the same documents, and one of another kind."""
    ids = textindex.put_many("thing", DOCUMENTS)
    other = textindex.Document("air", "厦门空气质量站点", "银行")
    (number,) = textindex.put_many("other", [other])
    made = Engine(tmp_path)
    made.begin("one", 0)
    made.write("thing", list(zip(ids, DOCUMENTS, strict=True)), [], WHOLE)
    made.write("other", [(number, other)], [], WHOLE)
    return made


@pytest.mark.parametrize(("query", "found"), QUERIES)
def test_the_same_queries(engine, query, found):
    said = textindex.find("thing", query, matching=engine.matching)
    assert sorted(h.key for h in said.hits) == sorted(found)
    assert said == textindex.find("thing", query)  # ranks, reasons and all


def test_the_same_for_pieces_cut_anywhere(engine):
    chance, asked = random.Random(7), 0
    for document in DOCUMENTS:
        for text in (document.title, document.body, document.summary):
            for _ in range(20):
                start = chance.randrange(len(text))
                terms = textwords.terms(text[start : start + chance.randint(1, 6)])
                for first in (False, True):
                    args = ("thing", [terms], chance.choice([[], ["sector:N"]]), 10, first)
                    assert engine.matching(*args) == textstore.matching(*args), (terms, args)
                    asked += 1
    assert asked == 480 and engine.matching("thing", [[]], [], 10) == engine.matching("thing", [], [], 10) == []


def test_what_changes_and_goes_is_found_so_by_a_reader_that_was_open(engine):
    bank = textwords.terms("银行")
    before = engine.matching("thing", [bank], [], 10)
    assert len(before) == 1
    reader = Engine(engine.folder)
    assert reader.matching("thing", [bank], [], 10) == before
    engine.write("thing", [(before[0], textindex.Document("bank", "证券代码"))], ["air"], Position("one", 2, None))
    assert reader.matching("thing", [bank], [], 10) == [] and reader.position().sequence == 2
    assert reader.matching("thing", [textwords.terms("证券")], [], 10) == before
    assert reader.matching("thing", [textwords.terms("空气")], [], 10) == []
    engine.begin("two", 5)
    assert reader.position() == Position("two", 5, 0) and reader.matching("thing", [bank], [], 10) == []
