"""Our own DCAT-AP catalogue is read as a real peer, in both spellings; a hostile one is ended with the rule named, and nothing lands."""

from __future__ import annotations

import json

import pytest

from shugang.kernel.errors import Refusal
from shugang.publicdata.catalogue.harvest import dcat
from shugang.publicdata.catalogue.harvest.tests.test_harvest import (  # noqa: F401  fixtures
    counts,
    handler,
    harvest,
    peer,
    refused,
)
from shugang.publicdata.catalogue.models import Filing, PublicResource
from shugang.publicdata.catalogue.testing import make_department, make_resource

PREFIXES = """@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
"""


def data_set(n, title="示例目录"):
    return f'<http://data.example/d{n}> a dcat:Dataset ; dct:title "{title}{n}"@zh ; dct:description "摘要" .\n'


def page(total, first, many=2, following=None):
    view = f" ; hydra:view [ hydra:next <{following}> ]" if following else ""
    rows = "".join(data_set(n) for n in range(first, first + many))
    return (
        200,
        f"{PREFIXES}<#c> a hydra:Collection ; hydra:totalItems {total}{view} .\n<#k> a dcat:Catalog .\n{rows}".encode(),
    )


def read(handler, url, **more):  # noqa: F811
    return harvest(handler, url, protocol="dcat", **more)


@pytest.mark.django_db(transaction=True)
def test_our_own_catalogue_is_read_in_both_spellings(handler, live_server, settings, monkeypatch):  # noqa: F811
    settings.SHUGANG_PUBLIC_URL = live_server.url
    monkeypatch.setattr("shugang.interop.dcat.pages.SIZE", 2)  # so that five entries take three pages
    civil = make_department("示例民政局")
    theirs = [make_resource(civil, name=f"来源{n}", name_en=f"Source {n}", theme="civil", update_cycle="daily", items=["姓名"]) for n in range(5)]  # fmt: skip
    made = read(handler, live_server.url + "/catalog.ttl")
    assert (made.entries, made.new, made.mistaken, made.url) == (5, 5, 0, live_server.url + "/catalog.ttl")
    drafts = PublicResource.objects.filter(department_id=handler.party_id).order_by("name")
    assert [(d.name, d.name_en, d.summary, d.state, d.theme, d.update_cycle) for d in drafts] == [
        (t.name, t.name_en, t.summary, "draft", "civil", "daily") for t in theirs
    ]
    assert made.filings == [Filing.objects.get().number]
    assert read(handler, live_server.url + "/catalog.ttl").same == 5  # again: known by their addresses
    limits = {"entries": 100, "page": 2, "seconds": 60, "page_seconds": 10, "page_megabytes": 8}
    from shugang.publicdata.catalogue.harvest import fetching

    said = {kind: fetching.packages(f"{live_server.url}/catalog.{kind}", limits, "dcat") for kind in ("ttl", "jsonld")}
    assert said["ttl"] == said["jsonld"] and len(said["ttl"]) == 5


def _linked(context):
    return (200, json.dumps({"@context": context, "@id": "http://x.example/d", "@type": "dcat:Dataset"}).encode())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda n: page(6, 0, following="?start=0"), "harvest_loops"),  # the same data sets again, at another address
        (lambda n: page(6, 2 * n, following="/catalog.ttl"), "harvest_loops"),  # back to the first page
        (lambda n: page(6 + n, 2 * n, following=f"?start={n}"), "harvest_changed"),
        (lambda n: page(6, 2 * n, following=f"?start={n}" if n < 1 else None), "harvest_wrong_count"),
        (lambda n: page(1, 0), "harvest_wrong_count"),
        (lambda n: page(10**8, 0), "harvest_too_large"),
        (lambda n: page(4, 0, following="http://169.254.169.254/latest"), "address_refused"),
        (lambda n: page(4, 0, following="https://127.0.0.1/next"), "address_refused"),
        (lambda n: page(4, 0, following="file:///etc/passwd"), "address_refused"),
        (lambda n: page(0, 0, many=0), "harvest_empty"),
        (lambda n: _linked("http://169.254.169.254/context"), "harvest_unreadable"),
        (lambda n: _linked(["http://169.254.169.254/context"]), "harvest_unreadable"),
        (lambda n: _linked({"a": {"@id": "http://x.example/a", "@context": "http://169.254.169.254/"}}), "harvest_unreadable"),
        (lambda n: _linked({"@version": 1.1, "@import": "http://169.254.169.254/"}), "harvest_unreadable"),
        (lambda n: (200, (PREFIXES + '[] a dcat:Dataset ; dct:title "无名" .').encode()), "harvest_unreadable"),
        (lambda n: (200, PREFIXES.encode()), "harvest_unreadable"),
        (lambda n: (200, b"<html>"), "harvest_unreadable"),
        (lambda n: (200, b"[" * 100_000), "harvest_unreadable"),
        (lambda n: (200, (PREFIXES + "<x> <y> " + "[ <y> " * 5000).encode()), "harvest_unreadable"),
        (lambda n: (200, b"\xff\xfe"), "harvest_unreadable"),
        (lambda n: (200, b" " * (9 << 20)), "harvest_too_large"),
        (lambda n: (302, b""), "harvest_unreadable"),
        (lambda n: (500, b"x"), "harvest_unreadable"),
    ],
)  # fmt: skip
def test_a_hostile_catalogue_is_ended_with_the_rule_named(handler, peer, answer, code):  # noqa: F811
    one = peer(lambda start, n: answer(n))
    assert refused(read, handler, one.url + "/catalog.ttl") == code
    assert len(one.asked) <= 3


@pytest.mark.django_db
def test_time_and_pages_are_capped(handler, peer, monkeypatch):  # noqa: F811
    from shugang.publicdata.catalogue.harvest import fetching

    one = peer(lambda start, n: page(5000, 2 * n, following=f"?start={n + 1}"))
    monkeypatch.setattr(dcat, "_PAGES", 4)
    assert refused(read, handler, one.url + "/catalog.ttl") == "harvest_loops" and len(one.asked) == 4
    times = iter(range(0, 10_000, 30))
    monkeypatch.setattr(fetching, "monotonic", lambda: next(times))
    assert refused(read, handler, one.url + "/catalog.ttl") == "harvest_too_large" and len(one.asked) < 8


@pytest.mark.django_db
def test_where_we_may_not_dial_is_not_dialled(handler, peer, settings):  # noqa: F811
    one = peer(lambda start, n: page(2, 0))
    settings.SHUGANG_ALLOWED_NETWORKS = []
    for url in (one.url + "/catalog.ttl", "http://169.254.169.254/catalog.ttl", "file:///etc/passwd"):
        assert refused(read, handler, url) == "address_refused", url
    assert one.asked == []


def test_words_of_the_authorities_become_ours():
    text = (
        PREFIXES
        + """<http://d.example/1> a dcat:Dataset ; dct:title "Air"@en, "Luft"@de ; dct:description "x" ;
      dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL_2> ;
      dcat:theme <http://publications.europa.eu/resource/authority/data-theme/HEAL> ;
      dcat:distribution [ dct:title "stations" ; dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ] ."""
    )
    (row,) = dcat._data_sets(dcat.read(text.encode(), "http://d.example/"))
    assert row["title"] == "Air" and {e["key"]: e["value"] for e in row["extras"]} == {
        "title_en": "Air",
        "update_cycle": "half_yearly",
    }
    assert row["groups"] == [{"name": "culture_health"}] and row["resources"] == [{"name": "stations", "format": "CSV"}]
    with pytest.raises(Refusal):
        dcat.read(b"@prefix", "http://d.example/")
