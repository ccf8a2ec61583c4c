"""An unmodified CKAN client reads the catalogue over HTTP; what is not public, not known or not understood is refused its way."""

from __future__ import annotations

import json

import ckanapi
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shugang.interop.ckan import reading
from shugang.interop.ckan.errors import BadQuery
from shugang.kernel.models import Event
from shugang.publicdata.catalogue import index
from shugang.publicdata.catalogue.testing import make_department, make_resource
from shugang.publicdata.sharing.testing import make_city, opened

reads = pytest.mark.django_db(transaction=True)


@pytest.fixture
def city():
    """One entry with data open to everybody, two without, one suspended."""
    found = make_city()
    opening = opened(found)
    civil = make_department("示例民政局")
    plain = make_resource(civil, name="社会组织登记信息", theme="civil")
    base = make_resource(
        civil, name="法人基础信息", kind="base", base_library="legal_person", theme="economy", code="101001/000001"
    )
    hidden = make_resource(civil, name="救助站")
    hidden.state = "suspended"
    hidden.save()
    index.follow()
    return {
        "opening": opening,
        "civil": civil,
        "plain": plain,
        "base": base,
        "hidden": hidden,
        "open": opening.resource,
    }


@pytest.fixture
def portal(city, live_server):
    with ckanapi.RemoteCKAN(live_server.url, apikey="不认识的密钥".encode().hex()) as client:
        yield client.action


@reads
def test_the_client_reads_every_action(city, portal):
    names = portal.package_list()
    assert names == sorted(r.number.lower() for r in (city["open"], city["plain"], city["base"]))
    shown = portal.package_show(id=city["open"].number.lower())
    assert shown["title"] == city["open"].name and shown["num_resources"] == 4 and shown["isopen"]
    assert portal.resource_show(id=shown["resources"][0]["id"]) == shown["resources"][0]
    assert portal.package_show(id=city["base"].code)["name"] == city["base"].number.lower()
    assert portal.resource_search(query="format:CSV")["count"] == 1
    assert {o["title"] for o in portal.organization_list(all_fields=True)} == {
        city["open"].department.name,
        "示例民政局",
    }
    civil = portal.organization_show(id=city["civil"].number.lower(), include_datasets=True)
    assert civil["package_count"] == 2 and len(civil["packages"]) == 2
    assert "civil" in portal.group_list() and portal.group_show(id="economy")["package_count"] == 1
    assert "法人库" in portal.tag_list()
    assert portal.status_show()["site_url"]


@reads
def test_the_client_searches(city, portal):
    found = portal.package_search(q="法人", facet=True, **{"facet.field": ["organization", "groups", "tags"]})
    assert found["count"] == 1 and found["results"][0]["title"] == "法人基础信息"
    assert found["facets"]["groups"] == {"economy": 1} and found["search_facets"]["tags"]["items"]
    number = city["civil"].number.lower()
    assert portal.package_search(fq=f"organization:{number}")["count"] == 2
    assert (
        portal.package_search(fq=f'+owner_org:"{number}" AND groups:civil')["results"][0]["name"]
        == city["plain"].number.lower()
    )
    assert portal.package_search(fq="tags:法人库")["count"] == 1
    assert portal.package_search(fq="tags:没有的标签")["count"] == 0
    assert portal.package_search(q="*:*", rows=0)["count"] == 3


@reads
def test_a_dump_pages_through_everything_once(city, portal):
    seen = []
    for start in range(0, 10, 2):
        page = portal.package_search(q="*:*", sort="id asc", rows=2, start=start)
        seen += [row["name"] for row in page["results"]]
        if start + 2 >= page["count"]:
            break
    assert seen == portal.package_list()
    assert portal.package_list(limit=1, offset=1) == seen[1:2]


@reads
def test_refusals_are_the_clients_own_exceptions(city, portal):
    with pytest.raises(ckanapi.NotFound):
        portal.package_show(id=city["hidden"].number.lower())
    for name in ("resource_show", "organization_show", "group_show"):
        with pytest.raises(ckanapi.NotFound):
            getattr(portal, name)(id="nothing-here-csv")
    for wrong in ({"rows": 1001}, {"rows": "many"}, {"start": -1}, {"facet.field": ["secrets"]}):
        with pytest.raises(ckanapi.ValidationError):
            portal.package_search(**wrong)
    with pytest.raises(ckanapi.ValidationError):
        portal.package_show()
    for wrong in ({"fq": "organization:a OR groups:b"}, {"fq": "price:[1 TO 2]"}, {"sort": "secret asc"}):
        with pytest.raises(ckanapi.SearchQueryError):
            portal.package_search(**wrong)
    before = Event.objects.count()
    with pytest.raises(ckanapi.NotAuthorized):
        portal.package_create(name="x")
    with pytest.raises(ckanapi.CKANAPIError):
        portal.no_such_action()
    assert Event.objects.count() == before


@pytest.mark.django_db
def test_both_versions_and_both_methods_answer_alike():
    resource = make_resource()
    asked = {"id": resource.number.lower()}
    answers = [
        Client().get("/api/action/package_show", asked), Client().get("/api/3/action/package_show", asked),
        Client(enforce_csrf_checks=True).post("/api/3/action/package_show", json.dumps(asked), content_type="application/json"),
    ]  # fmt: skip
    assert len({a.content for a in answers}) == 1 and answers[0].json()["success"]
    for body in (b"[1]", b"{", b"\xff", b"[" * 50_000):
        answer = Client().post("/api/action/package_search", body, content_type="application/json")
        assert answer.status_code == 400 and answer.json()["success"] is False
    assert (
        Client().post("/api/action/package_search", b" " * 70_000, content_type="application/json").status_code == 409
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet='+ab:"()OR AND*-[]~organization groups tags', max_size=60))
def test_a_filter_is_understood_whole_or_refused(text):
    try:
        found = reading.filters({"fq": text})
    except BadQuery:
        return
    # nothing of the text is dropped: what was read says it all
    assert bool(found) == bool(text.replace(" AND ", " ").replace("*:*", "").strip())
