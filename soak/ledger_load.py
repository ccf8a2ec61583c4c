"""Random verbs on the ledger, for `test_ledger_survives`: eight workers that are killed (-9) and start again.

`python -m soak.ledger_load prepare` and then `… play OPERATIONS KILLS`, with the settings in the environment. A worker's
operations follow from its number and from what it finds, so that one who starts again is the client who retries with the
same keys. Where a hold has come since, the content is another one, and that has to be refused.

The player loads the product once and forks its workers, who open their own connections: starting Python anew for each kill
took more than all operations together. It opens none itself; checks run in a fork too, on one snapshot, beside the workers.
"""

from __future__ import annotations

import json
import os
import random
import resource
import selectors
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ORDERS = [f"order:HT-{n}:escrow" for n in range(20)]
OTHERS = ["platform:commission", "platform:vat", "suspense:recon"]
WORKERS = 8
REPEATS = 3  # operations before the last acknowledged one that a worker repeats when it starts again
ALL_AT_ONCE = 10  # each so-many-th kill takes all workers, so that nobody is left who has the database open


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
        found = earlier(chosen.randrange(WORKERS)) if verb in ("settle", "release", "reverse") else None
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


def work(worker: int, first: int, last: int, say: Callable[[str], None]) -> None:
    """Operations first … last - 1; each is said once it is committed or refused for good."""
    from django.db import DatabaseError, connection

    from shugang.kernel.errors import Refusal
    from shugang.settlement.ledger.services import post_many

    number = first
    while number < last:
        try:
            post_many(operation(worker, number))
            say(f"{number} done\n")
        except Refusal as refusal:
            say(f"{number} {refusal.code}\n")
        except DatabaseError:  # a server that went away or a lock that was too long: again, with the same key
            connection.close()
            time.sleep(0.02)
            continue
        number += 1


def check(acknowledged: set[str]) -> dict[str, Any]:
    """What holds in the database at one moment; everything `acknowledged` before has to be in it."""
    from django.db import connection
    from django.db.models import Count

    from shugang.settlement.ledger.invariants import violations
    from shugang.settlement.ledger.models import Entry, Transfer

    with connection.cursor() as cursor:
        cursor.execute("BEGIN" if connection.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ")
        keys = list(Transfer.objects.values_list("key", flat=True))
        found = {
            "violations": [str(v) for v in violations()],
            "lost": sorted(acknowledged.difference(keys))[:20],
            "twice": len(keys) - len(set(keys)),
            "transfers": len(keys),
            "entries": Entry.objects.count(),
            "kinds": dict(Transfer.objects.values_list("kind").annotate(n=Count("id"))),
        }
        cursor.execute("COMMIT")
    return found


def forked(act: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """(process, what it says to be read): `act` in a process of its own."""
    reads, writes = os.pipe()
    if (pid := os.fork()) == 0:
        _act_and_exit(act, reads, writes)
    os.close(writes)
    return pid, reads


def _act_and_exit(act: Callable[[Callable[[str], None]], None], reads: int, writes: int) -> NoReturn:
    code = 1
    try:
        os.close(reads)
        with os.fdopen(writes, "w", buffering=1) as out:
            act(lambda text: out.write(text) and None)
        code = 0
    finally:
        os._exit(code)  # nothing of the parent's is closed or flushed twice


class Client:
    """One worker: started again until its operations are through; what it was told stays."""

    def __init__(self, number: int, share: int, watch: selectors.BaseSelector) -> None:
        self.number, self.share, self.watch = number, share, watch
        self.told: dict[int, str] = {}
        self.starts = 0
        self.start()

    def start(self) -> None:
        first = max(0, len(self.told) - REPEATS)  # a client that does not know what was answered asks again
        self.pid, self.pipe = forked(lambda say: work(self.number, first, self.share, say))
        self.starts, self.rest = self.starts + 1, ""
        self.watch.register(self.pipe, selectors.EVENT_READ, self)

    def read(self) -> None:
        """What it said by now. One that was killed starts again once all of that is read."""
        if text := os.read(self.pipe, 65536).decode():
            *lines, self.rest = (self.rest + text).split("\n")
            for line in lines:
                number, how = line.split()
                self.told.setdefault(int(number), how)
            return
        self.watch.unregister(self.pipe)
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        if status not in (0, signal.SIGKILL):
            raise RuntimeError(f"worker {self.number} ended with {status}")
        self.pid = 0
        if len(self.told) < self.share:
            self.start()

    def done(self) -> set[str]:
        return {f"w{self.number}:{number}" for number, how in self.told.items() if how == "done"}


class Player:
    def __init__(self, operations: int, kills: int) -> None:
        self.watch = selectors.DefaultSelector()
        self.clients = [Client(number, operations // WORKERS, self.watch) for number in range(WORKERS)]
        self.chosen = random.Random(11)  # noqa: S311
        self.at = [operations * n // (kills + 1) for n in range(1, kills + 1)]  # kills, by operations told
        self.events = self.killed = 0
        self.checks: list[float] = []

    def play(self) -> dict[str, Any]:
        while any(client.pid for client in self.clients):
            for key, _ in self.watch.select(5):
                key.data.read()
            if self.events < len(self.at) and sum(len(c.told) for c in self.clients) >= self.at[self.events]:
                self.kill()
                found = self.checked()
                if found["violations"] or found["lost"] or found["twice"]:
                    return self.end(found)
        return self.end(self.checked())

    def kill(self) -> None:
        """One worker or all, somewhere in what they are just doing."""
        self.events += 1
        time.sleep(self.chosen.uniform(0, 0.02))
        running = [client.pid for client in self.clients if client.pid]
        for pid in running if self.events % ALL_AT_ONCE == 0 else [self.chosen.choice(running)]:
            os.kill(pid, signal.SIGKILL)
            self.killed += 1

    def checked(self) -> dict[str, Any]:
        acknowledged = set().union(*(client.done() for client in self.clients))
        began = time.monotonic()
        pid, reads = forked(lambda say: say(json.dumps(check(acknowledged))))
        with os.fdopen(reads) as told:
            text = told.read()
        os.waitpid(pid, 0)
        self.checks.append(time.monotonic() - began)
        found: dict[str, Any] = json.loads(text)
        return found

    def end(self, found: dict[str, Any]) -> dict[str, Any]:
        for client in self.clients:
            if client.pid:
                os.kill(client.pid, signal.SIGKILL)
                os.waitpid(client.pid, 0)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            **found,
            "told": Counter(how for client in self.clients for how in client.told.values()),
            "operations": sum(len(client.told) for client in self.clients),
            "kills": self.events,
            "killed": self.killed,
            "starts": sum(client.starts for client in self.clients),
            "checks": len(self.checks),
            "checking_s": round(sum(self.checks), 1),
            "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    what, *numbers = sys.argv[1:]
    if what == "prepare":
        prepare()
        return
    began = time.monotonic()
    found = Player(*map(int, numbers)).play()
    print(json.dumps({**found, "wall_s": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
