"""Listings for the benchmarks of search and pages: two published catalogues of real data sets, multiplied.

The folder with `catalog-akshare/interfaces.json.gz` (MIT, akshare 1.19.5) and `catalog-firstdata/all-sources.json.gz` (MIT,
MLT-OSS/FirstData) is named by `--data` or SHUGANG_BENCH_DATA; nothing of it is kept in this repository.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

PLACES = (
    "厦门", "福州", "泉州", "漳州", "北京", "上海", "广州", "深圳", "杭州", "成都", "武汉", "西安", "南京", "重庆", "天津", "苏州", "长沙", "青岛",
)  # fmt: skip
SPANS = ("2019年", "2020年", "2021年", "2022年", "2023年", "2024年", "2025年", "近三年", "近五年", "历史全量")
EDITIONS = ("", "精简版", "企业版", "月度汇总", "逐日明细")


@dataclass(frozen=True)
class Listing:
    """What the index takes of a product; `base` numbers the catalogue's own record."""

    base: int
    name: str
    name_en: str
    keywords: str
    summary: str
    body: str
    columns: tuple[str, ...]
    sector: str
    frequency: str
    place: str = ""


def folder(given: str | None) -> Path:
    where = given or os.environ.get("SHUGANG_BENCH_DATA", "")
    path = Path(where)
    if not where or not (path / "catalog-akshare").is_dir():
        sys.exit(
            "name the folder that holds catalog-akshare and catalog-firstdata: --data FOLDER or SHUGANG_BENCH_DATA"
        )
    return path


def _load(path: Path) -> dict:
    with gzip.open(path, "rt", encoding="utf-8") as source:
        return dict(json.load(source))


_SECTORS = {
    "stock": "J",
    "bond": "J",
    "fund": "J",
    "futures": "J",
    "option": "J",
    "macro": "S",
    "index": "J",
    "others": "I",
}
_DOMAINS = {"health": "Q", "finance": "J", "economics": "J", "transport": "G", "environment": "N", "energy": "D", "education": "P",
            "agriculture": "A", "manufacturing": "C", "culture": "R", "climate": "M", "trade": "F"}  # fmt: skip
_OFTEN = {
    "real-time": "realtime",
    "daily": "daily",
    "weekly": "weekly",
    "monthly": "monthly",
    "annual": "yearly",
    "irregular": "irregular",
}


def records(data: Path) -> list[Listing]:
    """One listing for each record of the two catalogues."""
    found = []
    for row in _load(data / "catalog-akshare/interfaces.json.gz")["interfaces"]:
        columns = tuple(o["name"] for o in row["outputs"] if o["name"] != "-")
        words = " ".join(f"{o['name']} {o['desc']}" for o in row["outputs"] if o["name"] != "-")
        found.append(
            Listing(0, (row["desc"] or row["name"])[:90], row["name"].replace("_", " "), row["category"], (row["limit_desc"] or "")[:300],
                    words, columns[:60], _SECTORS.get(row["category"].split("-")[0], "I"), "daily"))  # fmt: skip
    for row in _load(data / "catalog-firstdata/all-sources.json.gz")["sources"]:
        name, told, content = row["name"], row["description"], row.get("data_content") or {}
        sector = next(
            (letter for word, letter in _DOMAINS.items() if any(word in d for d in row.get("domains") or ())), "M"
        )
        found.append(
            Listing(0, (name.get("zh") or name["en"])[:90], name["en"][:150], " ".join((row.get("tags") or [])[:12])[:200],
                    (told.get("zh") or told.get("en") or "")[:400], " ".join(content.get("zh") or content.get("en") or [])[:2000], (), sector,
                    _OFTEN.get(row.get("update_frequency", ""), "irregular")))  # fmt: skip
    return [replace(listing, base=i) for i, listing in enumerate(found)]


def listings(data: Path, many: int, seed: int = 7) -> Iterator[Listing]:
    """`many` listings: the records as they are, then again and again for other places, spans and editions."""
    base = records(data)
    yield from base[:many]
    chance = random.Random(seed)
    for i in range(many - len(base)):
        one = base[i % len(base)]
        place, span, edition = chance.choice(PLACES), chance.choice(SPANS), chance.choice(EDITIONS)
        said = f"覆盖{place}，{span}。" + one.summary
        yield replace(one, name=f"{place}{one.name}（{span}{edition}）"[:110], summary=said[:400], place=place)
