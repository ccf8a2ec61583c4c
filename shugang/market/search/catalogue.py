"""The catalogue's list as page, JSON twin and CSV: one search behind all three."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET
from markupsafe import Markup

from shugang.kernel import clock
from shugang.kernel.textindex import MANY, Hit
from shugang.parties.models import Party
from shugang.policy.terms import MODES
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import day, number
from shugang.ui.jinja import t, tx
from shugang.ui.language import is_english

from ..http import visitor
from ..products.kinds import FIELDS, SECTORS, TYPES
from . import finding
from .facets import FACETS, NONE, SUPPLIER
from .finding import BEST, SORTS, Result, Wanted
from .shelf import Shelf

SHOWN = 8  # values of a facet that stand open; the others unfold
EXPORTED = 10_000
HEADER = (Text("编号", "Number"), Text("名称", "Name"), Text("供方", "Supplier"), Text("类型", "Type"), Text("领域", "Field"),
          Text("行业", "Industry"), Text("交付", "Delivery"), Text("级别", "Level"), Text("质量得分", "Score"), Text("行数", "Rows"),
          Text("更新", "Freshness"), Text("价格", "Price"))  # fmt: skip
WHERE: dict[str, Text] = {
    "title": Text("名称", "name"),
    "keywords": Text("关键词与标签", "keywords and labels"),
    "summary": Text("简介", "summary"),
    "body": Text("字段与说明书", "columns and sheet"),
}


def json_answer(value: Any) -> JsonResponse:
    return JsonResponse(value, json_dumps_params={"ensure_ascii": False})


def as_json(wanted: Wanted, found: Result) -> dict[str, Any]:
    """The JSON twin; programs get the same through `/api/v1/products`."""
    after = {"after": found.next} if found.next is not None else {}
    return {
        "q": wanted.q, "filters": dict(wanted.facets), "sort": wanted.order, "total": found.total, "more": found.more,
        "partly": found.partly, "next": str(found.next) if after else "",
        "items": [_item(card, found.hits.get(card["number"])) for card in found.cards], "facets": found.facets,
    }  # fmt: skip


def _item(card: dict[str, Any], hit: Hit | None) -> dict[str, Any]:
    why = (
        {"score": round(hit.score, 3), "matched": [list(m) for m in hit.matched], "partly": hit.partly} if hit else None
    )
    return {**card, "url": f"/products/{card['number']}", **({"why": why} if why else {})}


def why(hit: Hit | None) -> Text | None:
    """The ranking in words: which word was found where."""
    if hit is None or not hit.matched:
        return None
    zh = "；".join(f"“{word}”在{WHERE[where].zh}" for word, where in hit.matched)
    en = "; ".join(f"“{word}” in {WHERE[where].en}" for word, where in hit.matched)
    return Text(f"只符合部分词：{zh}", f"Some words only: {en}") if hit.partly else Text(zh, en)


def supplier_names(shelf: Shelf, numbers: list[str]) -> dict[str, Text]:
    """Names of suppliers; asked for once until something changes on the shelf."""
    known: Any = shelf.counts.get("suppliers")
    if known is None:
        shelf.remember("suppliers", known := {})
    if missing := [n for n in numbers if n not in known]:
        found = Party.objects.filter(number__in=missing).values_list("number", "name", "name_en")
        known |= {number: Text(name, name_en or name) for number, name, name_en in found}
    return dict(known)


@dataclass(frozen=True)
class Panel:
    """One facet as the page draws it: its address without a choice, its values as links, some of them to unfold."""

    label: Text
    all: str
    open: Markup
    rest: Markup
    more: int
    current: str


def panels(wanted: Wanted, found: Result) -> list[Panel]:
    """The facets as links. Without words they are kept, as their counts are, until something changes on the shelf."""
    key = ("panels", wanted.query(), is_english())
    known: Any = None if wanted.q else found.shelf.counts.get(key)
    if known is None:
        known = [_panel(name, wanted, found) for name in FACETS if _telling(name, wanted, found)]
        if not wanted.q:
            found.shelf.remember(key, known)
    return list(known)


def _telling(name: str, wanted: Wanted, found: Result) -> bool:
    tally = found.facets.get(name, {})
    return bool(tally) and (len(tally) > 1 or name in wanted.facets or name in ("type", "sector"))


def _panel(name: str, wanted: Wanted, found: Result) -> Panel:
    label, labels = FACETS[name]
    if name == SUPPLIER:
        labels = supplier_names(found.shelf, list(found.facets[name]))
    kept = {"q": wanted.q, **wanted.facets, "sort": wanted.sort}
    base = urlencode({k: v for k, v in kept.items() if v and k != name})
    start, current = f"?{base}&{name}=" if base else f"?{name}=", wanted.facets.get(name, "")
    values = list(found.facets[name].items())
    if name in ("region", "field", "sector"):
        values.sort(key=lambda pair: (pair[0] != current, -pair[1]))
    links = [_chip(labels.get(v) or v, n, start + v, v == current, found.more) for v, n in values]
    return Panel(label, f"?{base}", _markup(links[:SHOWN]), _markup(links[SHOWN:]), len(links) - SHOWN, current)


def _chip(label: Text | str, count: int, address: str, current: bool, more: bool) -> str:
    """One value as a link. Made here and not in the template: there are a hundred of them on a page."""
    mark, plus = (' aria-current="true"', "") if current else ("", "+" if more else "")
    return f'<a class="sg-chip" href="{escape(address)}"{mark}>{escape(tx(label))} {count:,}{plus}</a>'


def _markup(parts: list[str]) -> Markup:
    return Markup("".join(parts))  # noqa: S704  every part was escaped in `_chip`


_APART = "\x1f"


class Row(NamedTuple):
    """What one line of the list shows, escaped, in the order in which the template takes it apart: twenty lines of twelve looks
    into a dict and as many escapes cost a fifth of the page."""

    number: str
    name: str
    summary: str
    supplier: str
    kind: str
    field: str
    grade: str
    quality: str
    frequency: str
    fresh: str
    rows: str
    price: str
    why: str


def row(card: dict[str, Any], hit: Hit | None) -> Row:
    """One line of the list in the reader's language: price, level and freshness without opening the product."""
    supplier, english = card["supplier"], is_english()
    summary = (english and card["summary_en"]) or card["summary"]
    frequency = FACETS["frequency"][1].get(card["frequency"]) or card["frequency_said"]
    said = why(hit)
    said_of = (
        card["number"], (english and card["name_en"]) or card["name"], summary if len(summary) <= 90 else summary[:89] + "…",
        (english and supplier["name_en"]) or supplier["name"], t("，", ", ").join((tx(TYPES[card["type"]]), tx(MODES[card["mode"]]))),
        tx(FIELDS[card["field"]]), tx(FACETS["grade"][1][str(card["grade"] or NONE)]), _quality(card), tx(frequency),
        day(datetime.fromisoformat(card["published_at"]), english, clock.zone(), False), number(card["rows"]),
        card["price"]["en" if english else "zh"], tx(said) if said else "",
    )  # fmt: skip
    # All of it is escaped at once: a character that no text holds keeps the parts apart.
    return Row(*escape(_APART.join(str(part).replace(_APART, "") for part in said_of)).split(_APART))


def _quality(card: dict[str, Any]) -> str:
    if card["score"] is not None:
        return t(f"得分{card['score']:g}", f"Score {card['score']:g}")
    return str(tx(FACETS["quality"][1][card["quality"]]))


@require_GET
def product_list(request: HttpRequest) -> HttpResponse:
    wanted = Wanted.read(request.GET)
    if request.GET.get("format") == "csv":
        exported = finding.find(Wanted(wanted.q, wanted.facets, wanted.sort), EXPORTED)
        return csv_response("products", HEADER, (_csv_row(card) for card in exported.cards))
    found = finding.find(wanted)
    query = wanted.query()
    plain = urlencode({k: v for k, v in {"q": wanted.q, **wanted.facets}.items() if v})
    context = {
        "q": wanted.q, "found": found, "chosen": wanted.facets, "sort": wanted.sort, "many": MANY, "query_string": query,
        "rows": [row(card, found.hits.get(card["number"])) for card in found.cards], "chips": panels(wanted, found),
        "sorts": [(label, f"?{plain}&sort={key}" if plain else f"?sort={key}", wanted.order == key) for key, (label, _) in SORTS.items()],
        "best": (f"?{plain}", wanted.order == BEST) if wanted.q else None,
        "more_url": f"?{query}&after={found.next}" if found.next is not None else None,
        "back_url": f"?{query}" if wanted.start else None, "signed_in": visitor(request).person_id is not None,
        "json_url": f"/products.json?{query}" + (f"&after={wanted.start}" if wanted.start else ""),
    }  # fmt: skip
    return render(request, "market/product_list.html", context)


def _csv_row(card: dict[str, Any]) -> list[Any]:
    return [
        card["number"], card["name"], card["supplier"]["name"], TYPES[card["type"]], FIELDS[card["field"]], SECTORS[card["sector"]],
        MODES[card["mode"]], card["grade"], card["score"], card["rows"], card["published_at"][:10],
        Text(card["price"]["zh"], card["price"]["en"]),
    ]  # fmt: skip


@require_GET
def product_list_json(request: HttpRequest) -> HttpResponse:
    wanted = Wanted.read(request.GET)
    return json_answer(as_json(wanted, finding.find(wanted)))


urlpatterns = [
    path("products", product_list, name="products"),
    path("products.json", product_list_json, name="products-json"),
]
