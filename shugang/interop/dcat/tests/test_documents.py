"""The catalogue as DCAT-AP: no violation of the shapes, two spellings of one graph, pages that stand alone; sitemaps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyshacl
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from shugang.interop.dcat import pages, sitemaps, turtle
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.catalogue.testing import make_department, make_resource
from shugang.publicdata.rectification.services import object_to
from shugang.publicdata.sharing.testing import make_city, opened

DCAT, DCT, HYDRA, DQV = (
    Namespace("http://www.w3.org/ns/dcat#"),
    Namespace("http://purl.org/dc/terms/"),
    Namespace("http://www.w3.org/ns/hydra/core#"),
    Namespace("http://www.w3.org/ns/dqv#"),
)
SHAPES = Path(__file__).parent / "dcat_ap.shapes.ttl"
db = pytest.mark.django_db


def read(address: str) -> Graph:
    answer = Client().get(address)
    assert answer.status_code == 200, answer.content[:300]
    return Graph().parse(data=answer.content, format="turtle" if ".ttl" in address else "json-ld")


def violations(graph: Graph) -> str:
    good, _, text = pyshacl.validate(graph, shacl_graph=str(SHAPES), inference="none", advanced=False)
    return "" if good else text


@pytest.fixture
def catalogue():
    """Every theme, cycle and condition once; one entry open to everybody; a suspended one."""
    from shugang.publicdata.catalogue import kinds

    opening = opened(make_city())
    department = make_department()
    for n, theme in enumerate(kinds.THEMES):
        cycle, opened_as = list(kinds.CYCLES)[n % len(kinds.CYCLES)], list(kinds.CONDITIONS)[n % 3]
        make_resource(department, theme=theme, update_cycle=cycle, opening=opened_as, opening_condition="凭申请" if n % 3 == 1 else "",
                      name=f"示例“{theme}”\\<数据>", name_en="" if n % 2 else f'Sample "{theme}"', summary="一行\n又一行\t\"引号\"")  # fmt: skip
    hidden = make_resource(department, name="停用的目录")
    hidden.state = "suspended"
    hidden.save()
    return opening, hidden


@db
def test_no_violation_and_both_spellings_are_one_graph(catalogue):
    opening, hidden = catalogue
    linked, written = read("/catalog.jsonld"), read("/catalog.ttl")
    assert violations(written) == "" and violations(linked) == ""
    own = re.compile(r"/catalog\.(jsonld|ttl)")

    def same(graph: Graph) -> Graph:
        found = Graph()
        for triple in graph:
            found.add(tuple(URIRef(own.sub("/catalog", str(t))) if isinstance(t, URIRef) else t for t in triple))
        return found

    assert isomorphic(same(linked), same(written))
    datasets = set(written.subjects(RDF.type, DCAT.Dataset))
    assert len(datasets) == 18 and not any(hidden.number in d for d in datasets)
    mine = next(d for d in datasets if d.endswith(opening.resource.number))
    assert len(set(written.objects(mine, DCAT.distribution))) == 4
    assert not set(written.subjects(DCAT.downloadURL))
    assert Literal('一行\n又一行\t"引号"', lang="zh") in set(written.objects(None, DCT.description))


@db
def test_the_shapes_find_what_is_missing(catalogue):
    graph = read("/catalog.ttl")
    for subject, verb in (
        (DCAT.Dataset, DCT.title),
        (DCAT.Distribution, DCAT.accessURL),
        (DCAT.Catalog, DCT.publisher),
    ):
        broken = Graph() + graph
        broken.remove((next(broken.subjects(RDF.type, subject)), verb, None))
        assert violations(broken)


@db
def test_an_objection_mark_is_feedback_of_users_without_what_it_says(catalogue):
    opening, _ = catalogue
    number, dataset = opening.resource.number, opening.resource.dataset
    assert not set(read(f"/dataset/{number}.ttl").objects(None, DQV.hasQualityAnnotation))
    object_to(make_actor(make_party("buyer"), ("handler",)), dataset.number, "population", "", "人口与统计公报不符。")
    graph = read(f"/dataset/{number}.ttl")
    (note,) = graph.objects(next(graph.subjects(RDF.type, DCAT.Dataset)), DQV.hasQualityAnnotation)
    assert (note, RDF.type, DQV.UserQualityFeedback) in graph and violations(graph) == ""
    words = {str(w) for w in graph.objects(note, RDFS.comment)}
    assert any(w.startswith("1 open objection since") and "population" in w for w in words)
    assert "统计公报" not in graph.serialize(format="turtle")
    extras = {
        e["key"]: e["value"] for e in Client().get(f"/api/3/action/package_show?id={number}").json()["result"]["extras"]
    }
    assert (extras["objections"], extras["objection_columns"]) == ("1", "population")


@db
def test_one_entry_stands_alone_and_its_identifier_leads_to_what_tells_of_it(catalogue):
    opening, hidden = catalogue
    number = opening.resource.number
    for kind in ("ttl", "jsonld"):
        graph = read(f"/dataset/{number}.{kind}")
        assert violations(graph) == "" and len(set(graph.subjects(RDF.type, DCAT.Dataset))) == 1
    for accept, to in (("text/turtle", f"/dataset/{number}.ttl"), ("application/ld+json", f"/dataset/{number}.jsonld"),
                       ("text/html,*/*", f"/public-data/{number}"), ("image/png", f"/public-data/{number}")):  # fmt: skip
        answer = Client().get(f"/dataset/{number}", headers={"accept": accept})
        assert (answer.status_code, answer.headers["Location"]) == (303, to)
    for address in (f"/dataset/{hidden.number}.ttl", f"/dataset/{hidden.number}", "/dataset/GM-2020-000001.jsonld"):
        assert Client().get(address).status_code == 404


@db
def test_pages_hold_every_entry_once_and_link_on(catalogue, monkeypatch):
    monkeypatch.setattr(pages, "SIZE", 5)
    seen, address = [], "/catalog.ttl"
    for _ in range(10):
        graph = read(address)
        assert violations(graph) == ""
        seen += list(graph.subjects(RDF.type, DCAT.Dataset))
        assert int(next(graph.objects(None, HYDRA.totalItems))) == 18
        following = next(graph.objects(None, HYDRA.next), None)
        if following is None:
            break
        address = "/" + str(following).split("/", 3)[3]
    assert len(seen) == len(set(seen)) == 18
    for page, status in (("0", 400), ("-1", 400), ("9999999999999", 400), ("x", 400), ("5", 404)):
        assert Client().get(f"/catalog.ttl?page={page}").status_code == status


@db
def test_sitemaps_are_cut_and_name_what_is_public(catalogue, monkeypatch):
    opening, hidden = catalogue
    monkeypatch.setattr(sitemaps, "MOST", 10)
    index = Client().get("/sitemap.xml").content.decode()
    shards = re.findall(r"<loc>[^<]*(/sitemap-[^<]+)</loc>", index)
    assert shards == ["/sitemap-public-data-1.xml", "/sitemap-public-data-2.xml"]
    named = [re.findall(r"/public-data/(GM-[\d-]+)</loc>", Client().get(s).content.decode()) for s in shards]
    assert [len(n) for n in named] == [10, 8]
    assert opening.resource.number in {*named[0], *named[1]} and hidden.number not in {*named[0], *named[1]}
    for missing in ("/sitemap-public-data-3.xml", "/sitemap-public-data-0.xml", "/sitemap-people-1.xml"):
        assert Client().get(missing).status_code == 404
    assert "/sitemap.xml" in Client().get("/robots.txt").content.decode()


@db
def test_the_public_page_speaks_schema_org(catalogue):
    opening, _ = catalogue
    for resource in (opening.resource, make_resource(name="</script><script>alert(1)</script>")):
        page = Client().get(f"/public-data/{resource.number}").content.decode()
        blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
        said = json.loads(blocks[0])
        assert len(blocks) == 1 and said["@type"] == "Dataset" and said["name"] == resource.name
        assert said["identifier"] == resource.code and said["publisher"]["name"] == resource.department.name


@given(st.text(max_size=40))
def test_any_text_and_any_address_come_back_from_turtle(text):
    document = {"@context": {"dct": str(DCT)}, "@graph": [
        {"@id": "http://example.org/" + text, "@type": "dct:Thing", "dct:title": [{"@value": text, "@language": "zh"}, text]}
    ]}  # fmt: skip
    clean = text.encode("utf-8", "ignore").decode()
    if clean != text:
        return
    graph = Graph().parse(data="".join(turtle.write(document)), format="turtle")
    assert {str(o) for o in graph.objects(None, DCT.title)} == {text}
