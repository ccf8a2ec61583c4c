"""Random verbs on the ledger, for `test_ledger_survives`: one of eight workers that are killed and started again.

`python -m soak.ledger_load prepare|work|check …`, with the settings in the environment. A worker's operations follow from
its number and from what it finds, so that one who starts again is the client who retries with the same keys. Where a hold
has come since, the content is another one, and that has to be refused.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ORDERS = [f"order:HT-{n}:escrow" for n in range(20)]
OTHERS = ["platform:commission", "platform:vat", "suspense:recon"]
REPEATS = 3  # operations before the last acknowledged one that a worker repeats when it starts again


def prepare() -> None:
    from shugang.commands import setup
    from shugang.settlement.ledger import accounts

    setup.migrate()
    for account in (accounts.custody, accounts.commission, accounts.vat, accounts.suspense):
        account()
    for number in range(len(ORDERS)):
        accounts.escrow(f"HT-{number}")


def operation(worker: int, number: int) -> list[Any]:
    """The postings of one operation: a verb alone, or a batch of several."""
    from shugang.settlement.ledger import accounts, services
    from shugang.settlement.ledger.models import Transfer
    from shugang.settlement.ledger.postings import Posting

    chosen = random.Random(f"{worker}:{number}")  # noqa: S311
    key = f"w{worker}:{number}"

    def earlier(mine: int) -> Transfer | None:
        """A transfer of any worker, by a key that it may have posted."""
        return Transfer.objects.filter(key=f"w{mine}:{chosen.randrange(max(1, number))}").first()

    def one(name: str) -> Any:
        verb = chosen.choice(["hold", "hold", "post", "settle", "release", "reverse"])
        target, amount = chosen.choice(ORDERS), chosen.randint(1, 500)
        found = earlier(chosen.randrange(8)) if verb in ("settle", "release", "reverse") else None
        if found is not None and verb == "reverse":
            return services.reversing(name, found, AT)
        if found is not None and found.kind == "hold":
            if verb == "release":
                return services.releasing(name, found, chosen.choice(OTHERS), AT)
            held = max(services.booked(found).values())
            return services.settling(name, found, {OTHERS[0]: chosen.randint(1, held)}, AT)
        if verb == "post":
            source, to = chosen.sample([*ORDERS, *OTHERS], 2)
            return Posting(name, "move", {source: -amount, to: amount}, AT)
        return services.holding(name, accounts.CUSTODY, target, amount, AT)

    return (
        [one(key)]
        if chosen.random() < 0.7
        else [one(key), *(one(f"{key}.{n}") for n in range(1, chosen.randint(2, 6)))]
    )


def work(worker: int, first: int, last: int) -> None:
    """Operations first … last - 1; each is said on standard output once it is committed or refused for good."""
    from django.db import DatabaseError, connection

    from shugang.kernel.errors import Refusal
    from shugang.settlement.ledger.services import post_many

    print("ready", flush=True)
    number = first
    while number < last:
        try:
            post_many(operation(worker, number))
            print(f"{number} done", flush=True)
        except Refusal as refusal:
            print(f"{number} {refusal.code}", flush=True)
        except DatabaseError:  # a server that went away or a lock that was too long: again, with the same key
            connection.close()
            time.sleep(0.02)
            continue
        number += 1


def check() -> None:
    from django.db.models import Count

    from shugang.settlement.ledger.invariants import violations
    from shugang.settlement.ledger.models import Entry, Transfer

    twice = Transfer.objects.values("key").annotate(n=Count("id")).filter(n__gt=1).count()
    print(json.dumps({
        "violations": [str(v) for v in violations()], "twice": twice, "transfers": Transfer.objects.count(),
        "entries": Entry.objects.count(), "keys": list(Transfer.objects.values_list("key", flat=True)),
        "kinds": dict(Transfer.objects.values_list("kind").annotate(n=Count("id"))),
    }))  # fmt: skip


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    what, *numbers = sys.argv[1:]
    {"prepare": prepare, "work": work, "check": check}[what](*map(int, numbers))


if __name__ == "__main__":
    main()
