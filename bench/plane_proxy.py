"""A durable, governed, proxied API call against nginx `proxy_pass` to the very same upstream.

Ours authenticates, decides, writes its intent to disk, calls, keeps the granted members of each record, writes the
outcome to disk (WAL, synchronous=FULL) and then answers; nginx passes bytes on. Upstream: an nginx that serves about a
kilobyte of JSON from memory, kept alive to both. 32 connections, no TLS; servers on core 0, wrk and upstream on core 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.common import (
    CLIENT_CORE,
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
from bench.plane_call import CountingControl
from shugang.delivery.plane.tests.peer import PlaneProcess, grant, terms
from shugang.policy.sources import Operation, Param, ProxySource
from shugang.policy.terms import Mask, Quota, Rate, RowFilter

FIELDS = ("code", "name", "city", "phone")
COLUMNS = [{"name": name, "type": "string"} for name in (*FIELDS, "status", "secret")]
RECORD = {"code": "91350200A", "name": "厦门象屿股份有限公司", "city": "厦门", "phone": "05921234567",
          "status": "存续", "secret": "x" * 700}  # fmt: skip
WANTED = 0.15


def nginx(folder: Path, name: str, port: int, place: str) -> list[str | Path]:
    """An nginx that answers at `port` as `place` (the inside of `location /`) says."""
    home = folder / name
    home.mkdir()
    user = "user root;" if os.getuid() == 0 else ""
    temporary = " ".join(f"{kind}_temp_path {home};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "nginx.conf").write_text(f"""
{user} worker_processes 1; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; {temporary} {place.partition("@@")[0]}
  server {{ listen 127.0.0.1:{port}; location / {{ {place.partition("@@")[2]} }} }} }}
""")
    return [need("nginx", "nginx"), "-p", home, "-c", home / "nginx.conf"]


@contextlib.contextmanager
def upstream(folder: Path, port: int) -> Iterator[None]:
    """On the client's core, so that both proxies have theirs to themselves."""
    body = json.dumps({"code": 0, "data": [RECORD]}, ensure_ascii=False)
    say = f"@@ default_type application/json; return 200 '{body}';"
    command = nginx(folder, "upstream", port, say)
    process = subprocess.Popen(["taskset", "-c", CLIENT_CORE, *map(str, command)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
                break
            if time.monotonic() > deadline:
                raise RuntimeError("the upstream did not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    given, _ = parser.parse_known_args()
    need("wrk", "wrk")
    print(machine())
    with scratch() as name:
        return run(Path(name), given)


def run(folder: Path, given: argparse.Namespace) -> int:
    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    print(f"fdatasync here: {sync_latency(folder):.2f} ms (median)\n")
    behind, passing = free_port(), free_port()
    granted = terms(
        FIELDS,
        ("query",),
        rows=(RowFilter("status", "eq", "存续"),),
        masks=(Mask("phone", "keep_ends", {"prefix": 4, "suffix": 2}),),
        quotas=(Quota("calls", 10**9, "day", "charged"), Quota("calls", 10**6, "day", "uncharged")),
        rate=Rate(10**6, 10**6),
    )
    operation = Operation("GET", "/companies/{code}", (Param("code", "string"),), records="/data")
    source = ProxySource("own", (operation,), COLUMNS, "/code", {"0": "found"}, {})
    control = CountingControl()
    revision = control.set(grant("g1", "companies", source, granted, ("k1",)))
    plane = PlaneProcess(
        control,
        folder / "plane",
        None,
        poll_seconds=0.25,
        ship_seconds=0.2,
        role="edge",
        allow=f"127.0.0.1:{behind}",
        connectors={"own": {"url": f"http://127.0.0.1:{behind}", "auth": "bearer", "secret": "s"}},
    )
    plane.start(prefix=("taskset", "-c", "0"))
    plane.at(revision)
    keep = f"upstream u {{ server 127.0.0.1:{behind}; keepalive 64; }} @@"
    keep += 'proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection "";'
    script = folder / "call.lua"
    script.write_text("""
wrk.headers["Authorization"] = "Bearer k1"
request = function() return wrk.format("GET", "/proxy/v1/companies/companies/91350200A") end
""")
    with upstream(folder, behind), server(nginx(folder, "passing", passing, keep), passing) as pid:
        sample = plane.get("/proxy/v1/companies/companies/91350200A", "k1")
        assert sample.status == 200 and sample.json["data"][0]["phone"] == "0592*****67", sample
        assert plane.process is not None
        ours = plane.process.pid

        def load(port: int, process: int):
            return lambda: wrk(f"http://127.0.0.1:{port}", script, given.seconds, given.connections, process)

        found = interleaved(
            given.rounds,
            {"nginx proxy_pass": load(passing, pid), "plane, governed and durable": load(plane.port, ours)},
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
    mine = found["plane, governed and durable"]
    against = ratios([x.rps for x in mine], [x.rps for x in found["nginx proxy_pass"]])
    counted = sum(x.requests for x in mine)
    version = subprocess.run([need("nginx", "nginx"), "-v"], capture_output=True, text=True).stderr.strip()
    print(
        f"\n{given.rounds} rounds of {given.seconds} s, {given.connections} connections, {version}; the journal holds "
        f"{seq:,} records, at least the {counted:,} answers of the counted rounds"
    )
    print(goal("against nginx proxy_pass", against, WANTED))
    if seq < counted:
        print("FAILED: fewer records than answers")
        return 1
    return int(statistics.median(against) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
