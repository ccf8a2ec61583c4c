"""Reading a DCAT-AP catalogue (Turtle or JSON-LD) page by page along Hydra, with a stranger's answers taken for what they are.

Each data set becomes the dictionary that CKAN would have given, so that one mapping serves both. Nothing is fetched but the pages
themselves: a context or an import that lies elsewhere is refused, and a next page has to be at the address that was named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, RDF, Namespace
from rdflib.term import Node

from .. import kinds
from .fetching import Pages, no

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
ACCEPT = "text/turtle, application/ld+json;q=0.9"
_PAGES = 2_000
_FREQUENCY = {"UPDATE_CONT": "real_time", "CONT": "real_time", "DAILY": "daily", "WEEKLY": "weekly", "MONTHLY": "monthly", "QUARTERLY": "quarterly",
              "ANNUAL_2": "half_yearly", "ANNUAL": "yearly", "IRREG": "irregular"}  # fmt: skip
_THEME = {"AGRI": "agriculture_water", "ECON": "economy", "EDUC": "science_education", "ENER": "land_energy", "ENVI": "construction_environment",
          "GOVE": "government", "HEAL": "culture_health", "INTR": "foreign", "JUST": "justice", "SOCI": "civil", "TECH": "information",
          "TRAN": "industry_transport"}  # fmt: skip
_UNREADABLE = (
    "harvest_unreadable",
    "对方的答复不是Turtle或JSON-LD写的DCAT目录。",
    "The answer is no DCAT catalogue in Turtle or JSON-LD.",
)


async def all_entries(pages: Pages, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every data set of the catalogue, each once. Raises as `fetching.packages`."""
    found: dict[str, dict[str, Any]] = {}
    address, seen, count = pages.url, set[str](), -1
    while address:
        if address in seen or len(seen) >= _PAGES:
            raise no(
                "harvest_loops",
                "对方的下一页指回读过的页，像是在循环。",
                "The next page is one that was read; the other side seems to loop.",
            )
        seen.add(address)
        graph = read(await pages.get(address, ACCEPT), address)
        count = _counted(graph, count, limits)
        for row in _data_sets(graph):
            if row["id"] in found:
                raise no("harvest_loops", f"对方重复给出同一条（{row['id'][:60]}），像是在循环。",
                         f"The entry {row['id'][:60]} came twice; the other side seems to loop.")  # fmt: skip
            found[row["id"]] = row
        if len(found) > limits["entries"]:
            raise no("harvest_too_large", f"对方超过{limits['entries']}条，一次最多这么多。", f"More than {limits['entries']} entries are offered.")  # fmt: skip
        if 0 <= count < len(found):
            raise no("harvest_wrong_count", f"对方自称{count}条，却给了{len(found)}条。", f"{count} entries were promised, {len(found)} given.")  # fmt: skip
        address = _next(graph, address, pages)
    if len(found) < count:
        raise no("harvest_wrong_count", f"对方自称{count}条，只给了{len(found)}条。", f"{count} entries were promised, {len(found)} given.")  # fmt: skip
    return list(found.values())


def read(body: bytes, address: str) -> Graph:
    """One document. Raises Refusal `harvest_unreadable`."""
    graph = Graph()
    try:
        text = body.decode("utf-8-sig")
        linked = text.lstrip()[:1] in ("{", "[")
        if linked and _reaches_out(json.loads(text)):
            raise no("harvest_unreadable", "对方的JSON-LD引用了别处的上下文，平台不去别处读取。请对方写入文档内。",
                     "The JSON-LD names a context elsewhere, which is not fetched. Please ask for it inside the document.")  # fmt: skip
        graph.parse(data=text, format="json-ld" if linked else "turtle", publicID=address)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, AssertionError, RecursionError, SyntaxError):
        raise no(*_UNREADABLE) from None
    if (None, RDF.type, DCAT.Dataset) not in graph and (None, RDF.type, DCAT.Catalog) not in graph:
        raise no(*_UNREADABLE)
    return graph


def _reaches_out(value: Any) -> bool:
    """Whether a context is named by address, or imported."""
    if isinstance(value, dict):
        context = value.get("@context")
        named = context if isinstance(context, list) else [context]
        return any(isinstance(c, str) for c in named) or "@import" in value or any(map(_reaches_out, value.values()))
    return isinstance(value, list) and any(map(_reaches_out, value))


def _counted(graph: Graph, before: int, limits: Mapping[str, Any]) -> int:
    """What the catalogue says it holds; -1 where it does not say."""
    said = {
        int(n)
        for n in graph.objects(None, HYDRA.totalItems)
        if isinstance(n, Literal) and str(n).isdecimal() and len(str(n)) < 10
    }
    if len(said) > 1 or (said and before >= 0 and before not in said):
        raise no(
            "harvest_changed",
            "读取途中对方的条数变了，请稍后再读。",
            "The count changed while we read. Please try again later.",
        )
    count = next(iter(said), before)
    if count > limits["entries"]:
        raise no("harvest_too_large", f"对方有{count}条，一次最多{limits['entries']}条。", f"{count} entries are offered; at most {limits['entries']} at once.")  # fmt: skip
    return count


def _next(graph: Graph, address: str, pages: Pages) -> str:
    following = {str(n) for n in graph.objects(None, HYDRA.next)}
    if len(following) > 1:
        raise no(*_UNREADABLE)
    return pages.inside(urljoin(address, following.pop())) if following else ""


def _data_sets(graph: Graph) -> Iterable[dict[str, Any]]:
    for node in sorted(set(graph.subjects(RDF.type, DCAT.Dataset)), key=str):
        identifier = str(node) if isinstance(node, URIRef) else str(graph.value(node, DCTERMS.identifier) or "")
        if not identifier:
            raise no("harvest_unreadable", "有数据集既没有地址也没有标识，下次无法认出。", "A data set has neither an address nor an identifier, so it could not be known again.")  # fmt: skip
        if len(identifier) > 200:
            identifier = "sha256:" + hashlib.sha256(identifier.encode()).hexdigest()
        yield _package(graph, node, identifier)


def _package(graph: Graph, node: Node, identifier: str) -> dict[str, Any]:
    title, english = said(graph, node, DCTERMS.title)
    notes, _ = said(graph, node, DCTERMS.description)
    extras = {
        "title_en": english,
        "update_cycle": _code(graph.objects(node, DCTERMS.accrualPeriodicity), _FREQUENCY, kinds.CYCLES),
    }
    theme = _code(graph.objects(node, DCAT.theme), _THEME, kinds.THEMES)
    files = sorted(
        (said(graph, d, DCTERMS.title)[0], _tail(graph.value(d, DCTERMS.format) or graph.value(d, DCAT.mediaType)))
        for d in graph.objects(node, DCAT.distribution)
    )
    return {
        "id": identifier, "title": title, "notes": notes, "groups": [{"name": theme}] if theme else [],
        "extras": [{"key": k, "value": v} for k, v in extras.items() if v],
        "resources": [{"name": name, "format": form} for name, form in files],
    }  # fmt: skip


def said(graph: Graph, node: Node, about: URIRef) -> tuple[str, str]:
    """(the Chinese text, or what there is; the English one)."""
    texts = sorted((v.language or "", str(v)) for v in graph.objects(node, about) if isinstance(v, Literal))
    chinese = next((t for language, t in texts if language.lower().startswith("zh")), "")
    english = next((t for language, t in texts if language.lower().startswith("en")), "")
    return chinese or next((t for language, t in texts if not language), "") or english or (
        texts[0][1] if texts else ""
    ), english


def _tail(address: Any) -> str:
    """The last part of an authority's address, such as CSV."""
    return str(address or "").rstrip("/").rpartition("/")[2].upper()


def _code(addresses: Iterable[Node], table: Mapping[str, str], own: Mapping[str, Any]) -> str:
    """Our word for an authority's; one that is ours already stands before another's."""
    tails = sorted(str(a).rstrip("/").rpartition("/")[2] for a in addresses)
    return next((t for t in tails if t in own), "") or next((table[t] for t in tails if t in table), "")
