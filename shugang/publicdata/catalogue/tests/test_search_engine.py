"""The catalogue searched by either index: the same cases, kept in step by the same feed, never an answer that is behind."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.kernel import clock, textstore
from shugang.publicdata.catalogue import engine, index, publishing
from shugang.publicdata.catalogue.finding import Wanted, find
from shugang.publicdata.catalogue.models import CatalogueIndex, PublicResource
from shugang.publicdata.catalogue.testing import make_department, make_resource

pytestmark = pytest.mark.django_db
CASES = [
    ("社会", {}), ("法定代表人", {}), ("登记", {"sharing": "conditional"}), ("医疗 机构", {}), ("没有的词", {}), ("登", {}), ("pm2.5", {}),
    ("GM", {}), ("登记", {"theme": "culture_health"}), ("bureau", {}),
]  # fmt: skip


@pytest.fixture
def filled(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    civil, health = make_department("示例民政局"), make_department("示例卫健局")
    make_resource(civil, name="社会组织登记", items=["法定代表人"], name_en="Bureau list")
    make_resource(civil, name="婚姻登记", items=["登记日期", "登记机关"])
    make_resource(health, name="医疗机构登记", items=["机构名称", "PM2.5"], theme="culture_health", sharing="conditional", sharing_condition="申请")  # fmt: skip


def answers():
    said = []
    for q, facets in CASES:
        found = find(Wanted(q, facets))
        said.append(([r.number for r in found.resources], found.total, found.facets, found.hits, found.partly))
    return said


@pytest.fixture
def chosen(filled, settings):
    before = answers()
    settings.SHUGANG_CATALOGUE_SEARCH = "tantivy"
    while engine.follow():
        pass
    return before


def in_step():
    held = CatalogueIndex.objects.get()
    return engine.matcher(held.epoch, held.sequence) != textstore.matching


def test_both_answer_the_same(chosen, monkeypatch):
    assert in_step() and sum(total for _, total, *_ in chosen) > 10
    # The database's index is not asked at all, so these answers are the other's.
    monkeypatch.setattr(textstore, "matching", None)
    assert answers() == chosen


def test_what_is_published_later_is_found_at_once_and_by_the_engine_after_the_workers_pass(chosen):
    new = make_resource(name="不动产登记")
    assert not in_step() and find(Wanted("不动产")).resources == [new]
    assert engine.follow() == 1 and in_step() and find(Wanted("不动产")).resources == [new]
    assert engine.follow() == 0


def test_what_is_withdrawn_goes_from_the_engine_too(chosen):
    row = PublicResource.objects.get(name="婚姻登记")
    publishing.stand([row], "withdrawn", "withdrawn", None, clock.now())
    assert find(Wanted("婚姻")).total == 0
    engine.follow()
    assert in_step() and find(Wanted("婚姻")).total == 0
    held = CatalogueIndex.objects.get()
    terms = index.textindex.textwords.terms("婚姻")
    assert engine.matcher(held.epoch, held.sequence)(index.KIND, [terms], [], 10) == []


def test_a_rebuild_of_the_database_is_followed_by_one_of_the_engine_in_steps(chosen, monkeypatch):
    monkeypatch.setattr(engine, "AT_ONCE", 2)
    index.rebuild()
    assert not in_step()
    assert engine.follow() == 2 and not in_step()
    assert engine.follow() == 1 and in_step() and answers() == chosen
    assert engine.rebuild() == 3 and in_step()


def test_a_broken_folder_leaves_the_search_to_the_database_and_is_built_anew(chosen, tmp_path):
    make_resource(name="不动产登记")
    held = CatalogueIndex.objects.get()
    for file in (tmp_path / "search" / index.KIND / held.epoch).glob("*.json"):
        file.write_text("?")
    assert engine.follow() == 0 and not in_step()
    assert find(Wanted("不动产")).total == 1
    assert engine.follow() == 4 and in_step() and find(Wanted("不动产")).total == 1


def test_without_the_choice_nothing_is_written(filled, tmp_path):
    assert engine.follow() == 0 and engine.rebuild() == 0 and not (tmp_path / "search").exists()
    assert Client().get("/public-data?q=登记").status_code == 200
