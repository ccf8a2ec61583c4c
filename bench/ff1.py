"""Format-preserving encryption of telephone and card numbers: FF1 over columns, against ff3 and pyffx one by one.

Each in a process of its own, one after the other on the same core, interleaved; measured in CPU seconds, so that a busy machine
does not decide. ff3 is FF3-1, which NIST's draft of 2025 withdraws;
pyffx is an own construction after FFX. The nine samples of NIST for FF1 are tests (`policy/tests/test_ff1.py`).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

from bench.common import CLIENT_CORE, ROOT, bench_python, goal, machine, ratios, spread, table

WANTED = 1_000_000
OURS = """
import random, sys, time
import pyarrow as pa
pa.set_cpu_count(1)
from shugang.policy.ff1 import FF1
count, length = int(sys.argv[1]), int(sys.argv[2])
make = random.Random(7)
texts = pa.array([str(make.randrange(10 ** (length - 1), 10**length)) for _ in range(count)])
ff1 = FF1(bytes(32))
began = time.process_time()
secret = ff1.encrypt_column(texts)
took = time.process_time() - began
assert ff1.decrypt_column(secret).equals(texts)
print(count / took)
"""
_PEER = """
import random, sys, time
count, length = int(sys.argv[1]), int(sys.argv[2])
make = random.Random(7)
texts = [str(make.randrange(10 ** (length - 1), 10**length)) for _ in range(count)]
{setup}
began = time.process_time()
secret = [{encrypt} for text in texts]
took = time.process_time() - began
assert [{decrypt} for text in secret[:100]] == texts[:100]
print(count / took)
"""
FF3 = _PEER.format(
    setup="from ff3 import FF3Cipher\ncipher = FF3Cipher('00' * 32, '00' * 7)",
    encrypt="cipher.encrypt(text)",
    decrypt="cipher.decrypt(text)",
)
PYFFX = _PEER.format(
    setup="import pyffx\ncipher = pyffx.String(bytes(32), alphabet='0123456789', length=length)",
    encrypt="cipher.encrypt(text)",
    decrypt="cipher.decrypt(text)",
)


def rate(python: Path | str, code: str, count: int, length: int) -> float:
    """Values a CPU second, as the process itself measures it."""
    command = ["taskset", "-c", CLIENT_CORE, str(python), "-c", code, str(count), str(length)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--values", type=int, default=1_000_000)
    given, _ = parser.parse_known_args()
    peers = bench_python("bench-masking")
    print(f"{machine()}\n{given.rounds} rounds, interleaved, one core\n")
    missed = 0
    for length in (11, 16):
        cases = {
            "shugang FF1": (sys.executable, OURS, given.values),
            "ff3 (FF3-1)": (peers, FF3, 20_000),
            "pyffx": (peers, PYFFX, 20_000),
        }
        found: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(given.rounds):
            for name, (python, code, count) in cases.items():
                found[name].append(rate(python, code, count, length))
        print(table((f"{length} digits", "values/CPU s"), [(name, spread(rates)) for name, rates in found.items()]))
        ours = found["shugang FF1"]
        for name in ("ff3 (FF3-1)", "pyffx"):
            print(f"against {name}: {spread(ratios(ours, found[name]), 1)}x")
        print(goal(f"{length} digits, in millions of values a CPU second", [r / WANTED for r in ours], 1.0), "\n")
        missed |= int(statistics.median(ours) < WANTED)
    return missed


if __name__ == "__main__":
    sys.exit(main())
