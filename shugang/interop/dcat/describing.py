"""Entries as a DCAT-AP graph: nodes as in JSON-LD, with prefixed names and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from shugang.parties.models import Party
from shugang.publicdata.catalogue import kinds
from shugang.publicdata.rectification.presenting import mark_words
from shugang.publicdata.sharing.public_pages import FORMAT_LABELS

from ..entries import MEDIA, Entry, absolute
from .vocabulary import ACCESS, CHINESE, EU, FILE_TYPE, FREQUENCY, PREFIXES, THEME, THEME_LABELS

Node = dict[str, Any]


def said(zh: str, en: str = "") -> list[dict[str, str]]:
    """A text in both languages; in one where the other is missing."""
    found = [{"@value": zh, "@language": "zh"}] if zh else []
    return found + ([{"@value": en, "@language": "en"}] if en and en != zh else [])


def moment(value: datetime) -> dict[str, str]:
    return {"@value": value.astimezone(UTC).isoformat(timespec="seconds"), "@type": "xsd:dateTime"}


def link(address: str) -> dict[str, str]:
    return {"@id": address}


def catalogue_id() -> str:
    return absolute("/catalog")


def dataset_id(entry: Entry) -> str:
    """What the entry is about; the page that tells of it is another thing (`dcat:landingPage`)."""
    return absolute(f"/dataset/{entry.number}")


class Graph:
    """Collects nodes; one that is named often is described once."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def add(self, address: str, kind: str) -> dict[str, str]:
        self._nodes.setdefault(address, {"@id": address, "@type": kind})
        return link(address)

    def describe(self, address: str, kind: str, facts: Node) -> dict[str, str]:
        if address not in self._nodes or len(self._nodes[address]) == 2:
            filled = {name: value for name, value in facts.items() if value not in (None, "", [])}
            self._nodes[address] = {"@id": address, "@type": kind, **filled}
        return link(address)

    def document(self) -> Node:
        return {"@context": dict(PREFIXES), "@graph": list(self._nodes.values())}


def agent(graph: Graph, party: Party) -> dict[str, str]:
    return graph.describe(
        absolute(f"/parties/{party.number}"), "foaf:Agent", {"foaf:name": said(party.name, party.name_en)}
    )


def themes(graph: Graph, theme: str) -> list[dict[str, str]]:
    """Ours, in the scheme that the catalogue names, and the nearest of the EU's."""
    label, code = kinds.THEMES[theme], THEME[theme]
    own = graph.describe(f"{catalogue_id()}/themes/{theme}", "skos:Concept",
                         {"skos:prefLabel": said(label.zh, label.en), "skos:inScheme": link(f"{catalogue_id()}/themes")})  # fmt: skip
    near = graph.describe(f"{EU}/data-theme/{code}", "skos:Concept", {"skos:prefLabel": said("", THEME_LABELS[code])})
    return [own, near]


def distribution(graph: Graph, entry: Entry, kind: str, address: str) -> dict[str, str]:
    opening = entry.opening
    assert opening is not None
    label = FORMAT_LABELS[kind]
    page = absolute(f"/open-data/{opening.number}")
    facts: Node = {
        "dct:title": said(label.zh, label.en), "dcat:accessURL": graph.add(address, "rdfs:Resource"),
        "dct:format": graph.add(f"{EU}/file-type/{FILE_TYPE[kind]}", "dct:MediaTypeOrExtent"),
        "dcat:mediaType": graph.add(f"https://www.iana.org/assignments/media-types/{MEDIA[kind]}", "dct:MediaType"),
        "dct:license": graph.describe(f"{page}#licence", "dct:LicenseDocument", {"rdfs:label": said(opening.licence)}),
        "dct:rights": graph.describe(f"{page}#attribution", "dct:RightsStatement", {"rdfs:label": said(f"来源：{opening.attribution}")}),
        "dct:issued": moment(opening.opened_at) if opening.opened_at else None, "dct:modified": moment(entry.changed),
    }  # fmt: skip
    return graph.describe(f"{page}#{kind}", "dcat:Distribution", facts)


def mark(graph: Graph, entry: Entry) -> dict[str, str] | None:
    """异议标注: that users object to the data and it is being looked into (DQV's feedback of users), never what they say."""
    if entry.mark is None:
        return None
    words = mark_words(entry.mark)
    facts: Node = {
        "oa:hasTarget": link(dataset_id(entry)), "oa:motivatedBy": graph.add(f"{PREFIXES['dqv']}qualityAssessment", "oa:Motivation"),
        "rdfs:comment": said(words.zh, words.en), "dct:issued": moment(entry.mark["since"]),
    }  # fmt: skip
    return graph.describe(f"{dataset_id(entry)}#objections", "dqv:UserQualityFeedback", facts)


def dataset(graph: Graph, entry: Entry) -> dict[str, str]:
    r = entry.resource
    words = dict.fromkeys([*entry.tags, *(item.name for item in r.items.all())])
    facts: Node = {
        "dct:title": said(r.name, r.name_en), "dct:description": said(r.summary), "dct:identifier": r.code,
        "dct:publisher": agent(graph, r.department), "dcat:theme": themes(graph, r.theme),
        "dcat:keyword": [{"@value": word, "@language": "zh"} for word in words],
        "dct:accrualPeriodicity": graph.add(f"{EU}/frequency/{FREQUENCY[r.update_cycle]}", "dct:Frequency"),
        "dct:accessRights": graph.add(f"{EU}/access-right/{ACCESS[r.opening]}", "dct:RightsStatement"),
        "dct:language": graph.add(CHINESE, "dct:LinguisticSystem"), "dcat:version": str(r.version),
        "dct:issued": moment(r.published_at) if r.published_at else None, "dct:modified": moment(entry.changed),
        "dcat:landingPage": graph.add(entry.page, "foaf:Document"),
        "dcat:distribution": [distribution(graph, entry, kind, address) for kind, address in entry.files],
        "dqv:hasQualityAnnotation": mark(graph, entry),
    }  # fmt: skip
    return graph.describe(dataset_id(entry), "dcat:Dataset", facts)


def record(graph: Graph, entry: Entry) -> dict[str, str]:
    facts = {
        "foaf:primaryTopic": link(dataset_id(entry)),
        "dct:modified": moment(entry.resource.published_at or entry.resource.created_at),
    }
    return graph.describe(f"{dataset_id(entry)}#record", "dcat:CatalogRecord", facts)


def service(graph: Graph, title: tuple[str, str], address: str) -> dict[str, str]:
    facts = {
        "dct:title": said(*title),
        "dcat:endpointURL": graph.add(address, "rdfs:Resource"),
        "dct:publisher": host(graph),
    }
    return graph.describe(f"{address}#service", "dcat:DataService", facts)


def host(graph: Graph) -> dict[str, str]:
    return graph.describe(
        f"{catalogue_id()}#host",
        "foaf:Agent",
        {"foaf:name": said(settings.SHUGANG_HOST_ORG or settings.SHUGANG_SITE_NAME_ZH)},
    )


def catalogue(graph: Graph, shown: Iterable[Entry]) -> dict[str, str]:
    """The catalogue with the entries of this document."""
    rows = list(shown)
    name_zh, name_en = settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN
    scheme = graph.describe(f"{catalogue_id()}/themes", "skos:ConceptScheme",
                            {"dct:title": said("公共数据主题（GB/T 21063.4-2007）", "Themes of public data (GB/T 21063.4-2007)")})  # fmt: skip
    facts: Node = {
        "dct:title": said(f"{name_zh}公共数据目录", f"{name_en}: public data"),
        "dct:description": said("本市各部门编制并公布的公共数据目录。", "Public data of the city's departments, catalogued and published."),
        "dct:publisher": host(graph), "dct:language": graph.add(CHINESE, "dct:LinguisticSystem"),
        "foaf:homepage": graph.add(absolute("/public-data"), "foaf:Document"), "dcat:themeTaxonomy": scheme,
        "dcat:service": service(graph, ("CKAN动作接口（只读）", "CKAN action API, for reading"), absolute("/api/3/action/")),
        "dcat:dataset": [dataset(graph, entry) for entry in rows], "dcat:record": [record(graph, entry) for entry in rows],
    }  # fmt: skip
    return graph.describe(catalogue_id(), "dcat:Catalog", facts)
