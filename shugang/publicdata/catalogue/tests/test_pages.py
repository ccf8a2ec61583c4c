"""Pages and API of the catalogue as people and programs use them: form with items, lists, facets, versions, feed."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.kernel.models import Event
from shugang.parties.testing import sign_in
from shugang.publicdata.catalogue import index, services
from shugang.publicdata.catalogue.models import CatalogueIndex, Filing, PublicResource
from shugang.publicdata.catalogue.testing import make_answers, make_bodies, make_department, make_resource

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def bodies(db):
    return make_bodies("示例民政局")


def sent(**changes):
    values = make_answers(**changes)
    items = values.pop("items")
    return {**values, **{f"item-{at}-{k}": v for at, item in enumerate(items, 1) for k, v in item.items()}}


def listed(query=""):
    return Client().get(f"/public-data.json{query}").json()


def test_a_form_with_items_becomes_a_filing(bodies):
    client = sign_in(Client(), bodies.handler)
    # when the handler sends the form with two items and blank rows
    answer = client.post("/desk/catalogue/new", {**sent(), "item-3-name": "", "item-3-data_type": "C"})
    # then the filing holds the entry with two items
    filing = Filing.objects.get()
    assert answer.headers["Location"] == f"/desk/filings/{filing.number}"
    assert [i["name"] for i in filing.entries.get().content["items"]] == ["名称", "登记日期"]


def test_more_rows_keep_what_was_typed_and_store_nothing(bodies):
    client = sign_in(Client(), bodies.handler)
    page = client.post("/desk/catalogue/new", {**sent(name="很特别的名称"), "more": "1"})
    assert (
        page.status_code == 200 and "很特别的名称" in page.content.decode() and "item-7-name" in page.content.decode()
    )
    assert not Filing.objects.exists()


def test_a_wrong_item_is_shown_at_its_cell(bodies):
    client = sign_in(Client(), bodies.handler)
    page = client.post("/desk/catalogue/new", sent(items=[{"name": "甲", "data_type": "C", "element": "坏"}]))
    text = page.content.decode()
    assert page.status_code == 422 and 'id="f-items.1.element"' in text and "第1项：数据元代码" in text
    assert not PublicResource.objects.exists()


def test_lists_narrow_by_words_and_facets(db):
    # given entries of two departments
    civil, health = make_department("民政"), make_department("卫健")
    one = make_resource(civil, name="社会组织登记", items=["法定代表人"])
    make_resource(
        health,
        name="医疗机构",
        theme="culture_health",
        sharing="conditional",
        sharing_condition="申请",
        opening="refused",
    )
    # then words find names and items, facets narrow and count
    assert [i["number"] for i in listed("?q=法定代表人")["items"]] == [one.number]
    assert listed("?theme=culture_health")["total"] == 1 and listed(f"?department={civil.number}")["total"] == 1
    found = listed()
    assert found["total"] == 2 and found["facets"]["sharing"] == {"unconditional": 1, "conditional": 1}
    assert listed("?sharing=conditional")["facets"]["sharing"] == {"unconditional": 1, "conditional": 1}
    assert listed("?q=没有的词语")["total"] == 0


def test_what_is_withdrawn_is_found_no_more(bodies):
    case = services.draft(bodies.handler, make_answers())
    bodies.to_done(case.number)
    resource = PublicResource.objects.get()
    assert listed("?q=社会组织")["total"] == listed()["total"] == 1
    bodies.to_done(services.propose_standing(bodies.handler, resource.number, "withdrawal", "撤并").number)
    assert listed("?q=社会组织")["total"] == listed()["total"] == 0
    assert Client().get(f"/public-data/{resource.number}").status_code == 404


def test_a_large_filing_is_indexed_by_the_worker(db, monkeypatch):
    monkeypatch.setattr(index, "AT_ONCE", 0)
    make_resource()
    assert listed()["total"] == 0 and not CatalogueIndex.objects.exists()
    assert index.follow() == 1 and index.follow() == 0
    assert listed()["total"] == 1


def test_the_feed_is_read_on_by_number(bodies):
    for name in ("甲", "乙", "丙"):
        make_resource(bodies.department, name=name)
    first = Client().get("/public-data/changes.json?after=0").json()
    assert [c["sequence"] for c in first["items"]] == [1, 2, 3] and first["next"] == first["last"] == 3
    rest = Client().get("/public-data/changes.json?after=3").json()
    assert rest["items"] == [] and rest["next"] == 3
    assert Client().get("/public-data/changes.json?after=x").status_code == 400


def test_a_version_shows_what_it_changed(bodies):
    bodies.to_done(services.draft(bodies.handler, make_answers()).number)
    resource = PublicResource.objects.get()
    bodies.to_done(
        services.propose_change(bodies.handler, resource.number, make_answers(update_cycle="daily"), "更勤").number
    )
    page = Client().get(f"/public-data/{resource.number}/versions/2").content.decode()
    assert "<del>每月</del>" in page and "<ins>每日</ins>" in page
    told = Client().get(f"/api/v1/public-data/{resource.number}/versions/2").json()
    assert told["changes"] == [{"path": "update_cycle", "before": "monthly", "after": "daily"}]


def test_downloads_hold_every_entry(db):
    resource = make_resource(name="=1+1")
    text = Client().get("/public-data?format=csv").content.decode()
    assert resource.code in text and "'=1+1" in text
    assert Client().get("/public-data?format=xlsx").content[:2] == b"PK"


def test_a_repeated_post_files_once(bodies):
    client = sign_in(Client(), bodies.handler)
    said = {**sent(), "idempotency_key": "abc"}
    client.post("/desk/catalogue/new", said)
    client.post("/desk/catalogue/new", said)
    assert Filing.objects.count() == 1


def test_only_its_handler_notes_that_data_is_fresh(bodies):
    resource = make_resource(bodies.department)
    PublicResource.objects.update(data_at=None)
    other = make_bodies()
    client = sign_in(Client(), other.handler)
    assert client.post(f"/desk/catalogue/{resource.number}/updated").status_code == 404
    resource.refresh_from_db()
    assert resource.data_at is None and not Event.objects.filter(kind="catalogue.data_updated").exists()
    sign_in(Client(), bodies.handler).post(f"/desk/catalogue/{resource.number}/updated")
    resource.refresh_from_db()
    assert resource.data_at is not None
