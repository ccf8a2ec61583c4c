"""Pages of the catalogue at 100,000 products in SQLite, served by the real granian WSGI server on one core, nothing cached.

`python -m bench.pages --data FOLDER` (see `bench.catalogue`). Every request has its own query string. Two figures for each page: requests a second at
eight connections with their latency by the wall clock, and the server's CPU time for a request, which says what one undisturbed core could
serve (its reciprocal). On a loaded machine only the second means anything. `--keep FILE` builds the database once and uses it again.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from bench import catalogue
from bench.catalogue import Listing
from bench.common import Load, free_port, interleaved, machine, scratch, server, spread, table, wrk

GOAL_RPS, GOAL_P95 = 500.0, 60.0
CONNECTIONS = 8
SUPPLIERS = 400


def build(path: Path, rows: Sequence[Listing]) -> None:
    """One deal through all its procedures, then copies of its product with the listings' own words."""
    from django.db import transaction

    from shugang.market import testing
    from shugang.market.search import shelf
    from shugang.parties.models import Party

    deal = testing.make_deal()
    shelf.number()
    supplier = deal.supplier.party
    copies = [
        _copy(supplier, number=f"P-8{i:07d}", name=f"示例数商{i}号", name_en=f"Example supplier {i}")
        for i in range(SUPPLIERS)
    ]
    for i, party in enumerate(copies):
        party.uscc = f"9135020000{i:08d}"
    suppliers = Party.objects.bulk_create(copies)
    with transaction.atomic():
        for first in range(0, len(rows), 1000):
            _put(deal.product, rows[first : first + 1000], first, suppliers)
    shelf.number()


def _copy(row, **changes):
    values = {f.attname: getattr(row, f.attname) for f in type(row)._meta.concrete_fields if not f.primary_key}
    return type(row)(**values | changes)


def _put(product, rows: Sequence[Listing], first: int, suppliers) -> None:
    from datetime import timedelta

    from shugang.kernel import textindex
    from shugang.market.products.kinds import TYPES
    from shugang.market.products.models import DataProduct
    from shugang.market.search import facets
    from shugang.market.search.models import CatalogueEntry
    from shugang.market.search.regions import regions_of

    kinds = list(TYPES)
    names, card = facets.of(product)
    made, documents, entries = [], [], []
    for i, row in enumerate(rows, first):
        by = suppliers[(i * 7919) % SUPPLIERS]
        listed = product.listed_at - timedelta(minutes=i)
        made.append(
            _copy(product, number=f"CP-2025-{i:06d}", supplier_id=by.pk, name=row.name, name_en=row.name_en[:160], summary=row.summary or row.name,
                  type=kinds[row.base % 8], sector=row.sector, keywords=row.keywords[:200], listed_at=listed))  # fmt: skip
        places = regions_of(row.name)
        own = {n for n in names if n.split(":")[0] in ("mode", "grade", "quality")}
        own |= {f"type:{kinds[row.base % 8]}", f"sector:{row.sector}", f"field:{made[-1].plan_field}", f"price:{('metered', 'free')[i % 2]}",
                f"supplier:{by.number}", f"frequency:{row.frequency}", *(f"region:{p}" for p in places)}  # fmt: skip
        words = f"{row.body} {' '.join(row.columns)}"
        documents.append(
            textindex.Document(
                made[-1].number, f"{row.name} {row.name_en}", words, row.keywords, row.summary, tuple(own)
            )
        )
        entries.append((sorted(own), card | {
            "number": made[-1].number, "name": row.name, "name_en": row.name_en, "summary": row.summary, "type": kinds[row.base % 8],
            "sector": row.sector, "field": made[-1].plan_field, "supplier": {"number": by.number, "name": by.name, "name_en": by.name_en},
            "regions": places, "frequency": row.frequency}, int(listed.timestamp()), i))  # fmt: skip
    saved = DataProduct.objects.bulk_create(made)
    ids = textindex.put_many("product", documents)
    CatalogueEntry.objects.bulk_create(
        CatalogueEntry(
            product=p, document=d, on_shelf=True, facets=" ".join(own), card=said, listed=listed, fresh=i, rows=i
        )
        for p, d, (own, said, listed, i) in zip(saved, ids, entries, strict=True)
    )


def addresses(rows: Sequence[Listing]) -> dict[str, list[str]]:
    """Some hundreds of different addresses for each page."""
    chance = random.Random(3)
    words = sorted(
        {row.name[i : i + 2] for row in rows[:1800] for i in range(len(row.name) - 1) if row.name[i : i + 2].isalpha()}
    )
    sectors, kinds = ("J", "S", "M", "Q", "G", "I"), ("dataset", "api", "report", "index")
    return {
        "list, newest": [f"/products?after={20 * i}&x={i}" for i in range(400)],
        "list, two filters": [f"/products?sector={chance.choice(sectors)}&type={chance.choice(kinds)}&after={20 * chance.randrange(40)}&sort=rows"
                              for _ in range(400)],
        "search, one word": [f"/products?q={quote(chance.choice(words))}" for _ in range(400)],
        "one product": [f"/products/CP-2025-{chance.randrange(len(rows)):06d}" for _ in range(400)],
        "list as JSON": [f"/products.json?after={20 * i}" for i in range(400)],
    }  # fmt: skip


def script(folder: Path, name: str, paths: Sequence[str]) -> Path:
    """For wrk: one address after the other."""
    path = folder / f"{name.replace(' ', '_').replace(',', '')}.lua"
    listed = ",".join(f'"{p}"' for p in paths)
    path.write_text(
        f"local p = {{{listed}}}\nlocal i = 0\nrequest = function() i = i % #p + 1; return wrk.format('GET', p[i]) end\n"
        "done = function(s, latency) io.write(string.format('95%%  %.3fms\\n', latency:percentile(95) / 1000)) end\n"
    )
    return path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default=None)
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    rows = list(catalogue.listings(catalogue.folder(given.data), given.listings))
    print(machine())
    with scratch() as name:
        folder = Path(name)
        database = given.keep or folder / "pages.sqlite3"
        os.environ.update(
            SHUGANG_DATABASE_URL=f"sqlite:///{database}",
            DJANGO_SETTINGS_MODULE="shugang.settings",
            SHUGANG_VAR_DIR=str(folder),
            SHUGANG_MASTER_KEY="A" * 43 + "=",
        )
        if not database.exists():
            began = time.process_time()
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            build(database, rows)
            print(
                f"{len(rows):,} products made in {time.process_time() - began:.0f} CPU s, {database.stat().st_size / 1e6:.0f} MB"
            )
        return run(folder, rows, given)


def run(folder: Path, rows: Sequence[Listing], given: argparse.Namespace) -> int:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", port, "--workers", "1", "--blocking-threads", given.threads,
               "--no-ws", "--log-level", "warning", "shugang.wsgi:application"]  # fmt: skip
    pages = addresses(rows)
    with server(command, port) as pid:
        for paths in pages.values():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{paths[0]}", timeout=60) as answer:
                assert answer.status == 200, paths[0]
        url = f"http://127.0.0.1:{port}"

        def case(name: str):
            lua = script(folder, name, pages[name])
            return lambda: wrk(url, lua, given.seconds, CONNECTIONS, pid)

        found = interleaved(given.rounds, {name: case(name) for name in pages})
    return told(found)


def told(found: dict[str, list[Load]]) -> int:
    lines = [
        (name, spread([x.rps for x in loads]), spread([x.p50 for x in loads], 1), spread([x.p95 for x in loads], 1),
         spread([x.cpu_us for x in loads]), f"{1e6 / min(x.cpu_us for x in loads):,.0f}")
        for name, loads in found.items()
    ]  # fmt: skip
    print(table(("page", "requests/s", "p50 ms", "p95 ms", "CPU µs a request", "a core could serve"), lines))
    best = found["list, newest"]
    rps, p95 = max(x.rps for x in best), min(x.p95 for x in best)
    per_core = 1e6 / min(x.cpu_us for x in best)
    reached = per_core >= GOAL_RPS and p95 <= GOAL_P95
    print(
        f"\nlist page: {per_core:,.0f} requests a core-second of CPU (best round by the clock {rps:,.0f}/s), p95 {p95:.1f} ms; "
        f"goal {GOAL_RPS:.0f}/s and {GOAL_P95:.0f} ms: {'reached' if reached else 'NOT reached'}"
    )
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
