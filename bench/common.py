"""What the benchmarks share: pinned processes, interleaved rounds, medians with their spread, the machine."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVER_CORE, CLIENT_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")


def need(tool: str, package: str) -> str:
    found = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")
    if not found:
        sys.exit(f"{tool} is not installed (Debian package {package}); this benchmark needs it")
    return found


def machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown",
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    parts = [f"{name} {version(name)}" for name in ("granian", "uvloop", "duckdb", "pyarrow")]
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"{', '.join(parts)}; load before {load}"
    )


def sync_latency(folder: Path) -> float:
    """Median milliseconds of a small fdatasync in `folder`: no durable rate means anything without it."""
    path, took = folder / "sync", []
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    for _ in range(200):
        os.write(handle, b"x" * 512)
        began = time.perf_counter()
        os.fdatasync(handle)
        took.append(time.perf_counter() - began)
    os.close(handle)
    path.unlink()
    return statistics.median(took) * 1000


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder on the product's own disk, where git takes nothing that a killed run leaves behind."""
    (ROOT / "var").mkdir(exist_ok=True)
    return tempfile.TemporaryDirectory(dir=ROOT / "var")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def server(command: Sequence[str | Path], port: int, cwd: Path = ROOT) -> Iterator[int]:
    """A server pinned to its core; its process id once the port answers."""
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *map(str, command)], cwd=cwd, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and the children that it has not yet reaped."""
    total = 0.0
    for entry in [pid, *_children(pid)]:
        fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def _children(pid: int) -> list[int]:
    try:
        found = [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*found, *(grand for child in found for grand in _children(child))]


@dataclass
class Load:
    rps: float
    p50: float
    p99: float
    cpu_us: float
    requests: int
    p95: float = 0.0  # where the script prints it


def wrk(url: str, script: Path, seconds: int, connections: int, pid: int) -> Load:
    """One round of wrk on the client core; every answer must be 2xx."""
    before = cpu_seconds(pid)
    done = subprocess.run(
        [
            "taskset",
            "-c",
            CLIENT_CORE,
            need("wrk", "wrk"),
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            script,
            url,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    used = cpu_seconds(pid) - before
    out = done.stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    requests = int(re.search(r"(\d+) requests in", out)[1])  # type: ignore[index]
    return Load(
        float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),  # type: ignore[index]
        _ms(out, "50%"),
        _ms(out, "99%"),
        used / requests * 1e6,
        requests,
        _ms(out, "95%") if "95% " in out else 0.0,
    )


def _ms(out: str, label: str) -> float:
    value, unit = re.search(rf"{label}\s+([\d.]+)(us|ms|s)", out).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def spread(values: Sequence[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} [{min(values):,.{digits}f}–{max(values):,.{digits}f}]"


def interleaved(rounds: int, cases: dict[str, Callable[[], Load]]) -> dict[str, list[Load]]:
    """A/B/C, A/B/C …: what disturbs the machine disturbs all cases alike. The first round is thrown away."""
    found: dict[str, list[Load]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name, run in cases.items():
            load = run()
            if number:
                found[name].append(load)
    return found


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round, since the rounds are interleaved."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def goal(name: str, found: Sequence[float], wanted: float) -> str:
    reached = "reached" if statistics.median(found) >= wanted else "NOT reached"
    return f"{name}: {spread(found, 2)}x, to reach {wanted:.2f}x: {reached}"


def bench_python(name: str = "bench") -> Path:
    """An environment of baselines, from the locked `requirements/NAME.txt`; never the product's own."""
    folder = ROOT / f".venv-{name}"
    python = folder / "bin/python"
    locked = ROOT / f"requirements/{name}.txt"
    wanted = locked.read_text()
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [
                python,
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
                locked,
            ],
            check=True,
        )
        stamp.write_text(wanted)
    return python
