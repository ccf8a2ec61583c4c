"""A durable metered API call answered from memory, against a trivial RSGI app and a FastAPI hello.

Ours authenticates, decides, meters, and has its record on disk (WAL, synchronous=FULL) before it answers, and ships
the journal meanwhile; the baselines do nothing of this. Same server, same answer size, 32 connections, no TLS;
server on core 0, wrk on core 1.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from pathlib import Path

from aiohttp import web

from bench.common import (
    CLIENT_CORE,
    bench_python,
    free_port,
    goal,
    interleaved,
    machine,
    need,
    ratios,
    scratch,
    server,
    spread,
    sync_latency,
    table,
    wrk,
)
from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess, grant, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.policy.terms import Quota, Rate

ROWS = 500_000
FIELDS = ("prefix7", "province", "city", "carrier")


class CountingControl(FakeControl):
    """Acknowledges without verifying: it shares the client's core and must leave it to wrk."""

    async def _journal(self, request: web.Request) -> web.Response:
        body = await request.read()
        # A plane that starts asks with no records what control has.
        told = re.findall(rb'"seq":(\d+),"state"', body[-2000:]) or [b"0"]
        return web.json_response({"acked_seq": int(told[-1])})


def script(folder: Path, path: str, headers: str) -> Path:
    """Random keys, so that nothing is answered from a processor's cache."""
    file = folder / f"{abs(hash(path))}.lua"
    file.write_text(f"""
math.randomseed(7)
{headers}
request = function()
  return wrk.format("GET", string.format("{path}", 1300000 + math.random(0, {ROWS - 1})))
end
""")
    return file


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args()
    need("wrk", "wrk")
    print(machine())
    with scratch() as name:
        return run(Path(name), given)


def run(folder: Path, given: argparse.Namespace) -> int:
    import os

    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    print(f"fdatasync here: {sync_latency(folder):.2f} ms (median)\n")
    control = CountingControl()
    granted = terms(
        FIELDS,
        quotas=(Quota("calls", 10**9, "day", "charged"), Quota("calls", 10**6, "day", "uncharged")),
        rate=Rate(10**6, 10**6),
    )
    revision = control.set(grant("g1", "segments", api_source(folder / "vault", ROWS), granted, ("k1",)))
    plane = PlaneProcess(control, folder / "plane", folder / "vault", poll_seconds=0.25, ship_seconds=0.2)
    plane.start(prefix=("taskset", "-c", "0"))
    plane.at(revision)
    path = "/api/v1/lookup/segments?prefix7=%d"
    sample = plane.get(path % 1300001, "k1")
    size = len(sample.body)
    assert plane.process is not None
    ours = plane.process.pid
    trivial, hello = free_port(), free_port()
    auth = 'wrk.headers["Authorization"] = "Bearer k1"'
    asked, flat = script(folder, path, auth), script(folder, "/hello?prefix7=%d", auth)
    with (
        server([bench_python(), "bench/baselines.py", "rsgi", str(trivial), str(size)], trivial) as rsgi,
        server([bench_python(), "bench/baselines.py", "fastapi", str(hello), str(size)], hello) as fastapi,
    ):

        def load(port: int, lua: Path, pid: int):
            return lambda: wrk(f"http://127.0.0.1:{port}", lua, given.seconds, given.connections, pid)

        found = interleaved(
            given.rounds,
            {
                "trivial RSGI": load(trivial, flat, rsgi),
                "FastAPI hello": load(hello, flat, fastapi),
                "plane, durable and metered": load(plane.port, asked, ours),
            },
        )
    plane.wait(lambda: plane.health()["unshipped"] == 0, 120)
    seq = plane.health()["journal_seq"]
    plane.stop()
    print(
        table(
            ("", "requests/s", "p50 ms", "p99 ms", "CPU µs/request"),
            [
                (
                    name,
                    spread([x.rps for x in loads]),
                    spread([x.p50 for x in loads], 2),
                    spread([x.p99 for x in loads], 2),
                    spread([x.cpu_us for x in loads], 1),
                )
                for name, loads in found.items()
            ],
        )
    )
    rps = {name: [x.rps for x in loads] for name, loads in found.items()}
    mine = rps["plane, durable and metered"]
    against = (ratios(mine, rps["trivial RSGI"]), ratios(mine, rps["FastAPI hello"]))
    counted = sum(x.requests for x in found["plane, durable and metered"])
    print(
        f"\n{given.rounds} rounds of {given.seconds} s, {given.connections} connections, {size}-byte answers, "
        f"{ROWS:,} rows; journal holds {seq:,} records, at least the {counted:,} answers of the counted rounds"
    )
    print(goal("against the trivial RSGI app", against[0], 0.50))
    print(goal("against FastAPI hello", against[1], 1.80))
    if seq < counted:
        print("FAILED: fewer records than answers")
        return 1
    return int(statistics.median(against[0]) < 0.50 or statistics.median(against[1]) < 1.80)


if __name__ == "__main__":
    sys.exit(main())
