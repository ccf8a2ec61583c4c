"""Downloading a granted view through the plane, against nginx (sendfile) serving the very same file.

Ours checks the signature and the grant, meters each new range durably, and looks at the grant again with every piece that
leaves; nginx does nothing of this. One connection, whole file, loopback, page cache warm; server on core 0, curl on core 1.
Then a metered API call of the same plane, alone and beside two such downloads that go on and on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from bench.common import (
    CLIENT_CORE,
    cpu_seconds,
    free_port,
    goal,
    machine,
    need,
    ratios,
    scratch,
    server,
    spread,
    table,
)
from bench.point_lookup import FIRST, Line, Round, timed
from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess, grant, split, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.policy.sources import TableSource
from shugang.policy.terms import RowFilter

SEGMENTS, CALLS = 100_000, 1500
# Times the p99 of a call alone.
MOST_BESIDE = 3.0
COLUMNS = [
    {"name": "id", "type": "long"},
    {"name": "station", "type": "string"},
    {"name": "value", "type": "double"},
    {"name": "token", "type": "string"},
    {"name": "hidden", "type": "string"},
]


def nginx_settings(folder: Path, root: Path, port: int) -> Path:
    path = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    temporary = " ".join(f"{name}_temp_path {folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path.write_text(f"""
{user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{ sendfile on; tcp_nopush on; access_log off; {temporary}
  server {{ listen 127.0.0.1:{port}; root {root}; }} }}
""")
    return path


def source(vault: Path, rows: int) -> TableSource:
    """Random digits do not compress: the file is about 60 bytes a row."""
    import hashlib

    vault.mkdir(exist_ok=True)
    path = vault / "big.parquet"
    duckdb.execute(
        f"COPY (SELECT i AS id, 'S' || (i % 97) AS station, random() AS value, md5(i::VARCHAR) AS token,"
        f" 'hidden' AS hidden FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)"
    )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return TableSource("bench", "main", "big", "ds-big", 1, path.name, digest, COLUMNS)


def download(url: str, size: int, pid: int) -> tuple[float, float]:
    """(bytes a second, CPU seconds of the server per gigabyte)."""
    before = cpu_seconds(pid)
    done = subprocess.run(
        [
            "taskset",
            "-c",
            CLIENT_CORE,
            need("curl", "curl"),
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} %{size_download} %{time_total}",
            url,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    code, got, seconds = done.stdout.split()
    if code != "200" or int(got) != size:
        raise RuntimeError(f"answer {code}, {got} of {size} bytes")
    return size / float(seconds), (cpu_seconds(pid) - before) / (size / 1e9)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--rows", type=int, default=6_000_000)
    given = parser.parse_args()
    nginx = need("nginx", "nginx-light")
    print(machine())
    with scratch() as name:
        folder = Path(name)
        folder.chmod(0o755)
        return run(folder, nginx, given)


def run(folder: Path, nginx: str, given: argparse.Namespace) -> int:
    control = FakeControl()
    fields = ("id", "station", "value", "token")
    granted = terms(fields, rows=(RowFilter("station", "ne", "S0"),))
    made = grant("g1", "big", source(folder / "vault", given.rows), granted, ("t1",))
    called = grant("g2", "segments", api_source(folder / "vault", SEGMENTS), terms(("prefix7", "city")), ("k1",))
    revision = control.set(made, called)
    settings = {"part_rows": 2 * given.rows}  # one file, so that both servers have the same to send
    plane = PlaneProcess(control, folder / "plane", folder / "vault", **settings).start(prefix=("taskset", "-c", "0"))
    plane.wait(lambda: plane.health()["revision"] >= revision)
    reply = plane.get("/delta-sharing/shares/bench/schemas/main/tables/big/query", "t1", "POST", b"{}")
    file = json.loads(reply.body.splitlines()[2])["file"]
    size = int(file["size"])
    (part,) = (folder / "plane/data/cache").glob("*/part-00000.parquet")
    port = free_port()
    assert plane.process is not None
    ours, theirs, cpu = [], [], {"plane": [], "nginx": []}
    with server([nginx, "-c", nginx_settings(folder, part.parent, port)], port) as peer:
        for number in range(given.rounds + 1):
            a = download(plane.url + split(file["url"]), size, plane.process.pid)
            b = download(f"http://127.0.0.1:{port}/{part.name}", size, peer)
            if number:
                ours.append(a[0])
                theirs.append(b[0])
                cpu["plane"].append(a[1])
                cpu["nginx"].append(b[1])
    alone, beside = calls(plane, plane.url + split(file["url"]), given.rounds)
    records = [record for record in plane.shipped() if record["outcome"] in ("delivered", "continued")]
    plane.stop()
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr.strip()
    print(
        table(
            ("", "MB/s", "server CPU s/GB"),
            [
                ("plane, governed and metered", spread([x / 1e6 for x in ours]), spread(cpu["plane"], 3)),
                (
                    f"nginx sendfile ({version.rpartition('/')[2]})",
                    spread([x / 1e6 for x in theirs]),
                    spread(cpu["nginx"], 3),
                ),
            ],
        )
    )
    found = ratios(ours, theirs)
    print(f"\n{given.rounds} rounds of {size / 1e6:,.0f} MB; {len(records)} records (steps of 64 MB) for all of them")
    print(goal("against nginx", found, 0.85))
    slower = told(alone, beside)
    whole = sum(record["bytes"] for record in records if record["grant"] == "g1") == size
    return int(statistics.median(found) < 0.85 or slower > MOST_BESIDE or not whole)


def calls(plane: PlaneProcess, url: str, rounds: int) -> tuple[list[Round], list[Round]]:
    """Rounds of calls one after another: alone, and beside two downloads; the first of each is thrown away."""
    assert plane.process is not None
    pid, line, chance = plane.process.pid, Line(plane.port), random.Random(7)
    found: tuple[list[Round], list[Round]] = [], []
    for _ in range(rounds + 1):
        keys = [str(FIRST + chance.randrange(SEGMENTS)) for _ in range(CALLS)]
        found[0].append(timed(line.ask, keys, lambda: cpu_seconds(pid)))
        with downloading(url), downloading(url):
            found[1].append(timed(line.ask, keys, lambda: cpu_seconds(pid)))
    return found[0][1:], found[1][1:]


@contextlib.contextmanager
def downloading(url: str) -> Iterator[None]:
    """One client that fetches the file again and again."""
    loop = ["taskset", "-c", CLIENT_CORE, "sh", "-c", 'while :; do curl -s -o /dev/null "$0"; done', url]
    process = subprocess.Popen(loop, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def told(alone: list[Round], beside: list[Round]) -> float:
    """How many times the p99 of a call alone is its p99 beside two downloads."""
    cases = (("API call alone", alone), ("API call beside two downloads", beside))
    lines = [(name, spread([one.p50 for one in them], 2), spread([one.p99 for one in them], 2)) for name, them in cases]
    print("\n" + table(("", "p50 ms", "p99 ms"), lines))
    times = [b.p99 / a.p99 for a, b in zip(alone, beside, strict=True)]
    middle = statistics.median(times)
    reached = "reached" if middle <= MOST_BESIDE else "NOT reached"
    print(f"p99 beside two downloads: {spread(times, 2)}x alone, at most {MOST_BESIDE:.1f}x: {reached}")
    return middle


if __name__ == "__main__":
    sys.exit(main())
