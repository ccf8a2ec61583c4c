"""Matching: recall@10 of labelled demands against a real catalogue, and how long 100,000 listings take.

The catalogue is akshare's interface list (MIT), its documented interfaces with four output columns or more; it is read from
`SHUGANG_CATALOGUE` (a folder with `interfaces.json.gz`). `data/demands.tsv` holds 110 demands written by hand from the text of
as many of those listings, by this rule: say what the data is for in a buyer's words, name no source unless a buyer would, take
over at most three columns. The one listing from which a demand was written counts as found when it is among the first ten of all.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

from shugang.market.matching.bm25 import Corpus
from shugang.market.matching.score import document, score
from shugang.market.matching.subjects import Offered, Wanted

WANTED, SIZE, TODAY = 0.80, 100_000, date(2026, 11, 26)
HERE = Path(__file__).parent
RULES = json.loads((HERE.parent / "shugang/market/profiles/matching-1.json").read_text(encoding="utf-8"))["data"]


def catalogue() -> list[Offered]:
    folder = Path(os.environ["SHUGANG_CATALOGUE"])
    with gzip.open(folder / "interfaces.json.gz", "rt", encoding="utf-8") as handle:
        rows = json.load(handle)["interfaces"]
    return [_offered(r) for r in rows if r["documented"] and len(r["outputs"]) >= 4 and len(r["desc"]) >= 8]


def _offered(row: dict[str, Any]) -> Offered:
    columns = tuple((o["name"], "" if o["desc"] == "-" else o["desc"]) for o in row["outputs"])
    return Offered(row["name"], row["desc"], row["limit_desc"] or "", "J", "api", ("research",), columns)


def demands() -> list[tuple[str, Wanted]]:
    lines = (HERE / "data/demands.tsv").read_text(encoding="utf-8").splitlines()
    found = []
    for name, title, text, columns in (line.split("\t") for line in lines):
        asked = tuple((c, "") for c in columns.split(";"))
        found.append((name, Wanted(title, text, "J", "research", ("api",), asked)))
    return found


def ranks(offers: list[Offered], rules: dict[str, Any] = RULES) -> list[int]:
    """The place of each demand's own listing, from 1."""
    corpus = Corpus(document(o) for o in offers)
    found = []
    for name, wanted in demands():
        order = [r.number for r in score(wanted, offers, rules, TODAY, corpus)]
        found.append(order.index(name) + 1)
    return found


def recall(places: list[int], at: int = 10) -> float:
    return sum(p <= at for p in places) / len(places)


def main() -> int:
    if "SHUGANG_CATALOGUE" not in os.environ:
        print("left out: set SHUGANG_CATALOGUE to a folder with akshare's interfaces.json.gz")
        return 0
    offers = catalogue()
    places = ranks(offers)
    text_only = ranks(offers, {**RULES, "weights": {**dict.fromkeys(RULES["weights"], 0), "text": 1}})
    reached = recall(places) >= WANTED
    print(f"{len(places)} demands, {len(offers)} listings")
    print(
        f"recall@10 {recall(places):.3f} (text alone {recall(text_only):.3f}), @1 {recall(places, 1):.3f}, to reach {WANTED:.2f}: {'reached' if reached else 'NOT reached'}"
    )
    many = (offers * (SIZE // len(offers) + 1))[:SIZE]
    began = time.process_time()
    corpus = Corpus(document(o) for o in many)
    built = time.process_time()
    score(demands()[0][1], many, RULES, TODAY, corpus)
    print(
        f"{SIZE:,} listings: words {built - began:.1f} s, one demand {time.process_time() - built:.1f} s (CPU, one core)"
    )
    return 0 if reached else 1
