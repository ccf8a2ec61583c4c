"""Tables of a gigabyte and more: memory stays small, kills lose nothing."""

from __future__ import annotations

import gzip
import random
import time

import pytest

from shugang.delivery.vault import running
from shugang.delivery.vault.tests.test_survives import Site, table, upload_through_kills

GB = 1 << 30
# Reading and writing hold batches alone; a key check may use half of SHUGANG_CONVERT_MEMORY_MB before it spills.
MOST_RESIDENT_MB = {False: 600, True: 600 + 1024}


def quickly_packed(path, mode):
    return gzip.open(path, mode, compresslevel=1)


def text_table(path, size, opener=open):
    """A CSV of about `size` bytes of text, codes, amounts and times; the number of rows."""
    noise, rows, written = random.Random(3), 0, 0  # noqa: S311 no secret
    with opener(path, "wb") as file:
        file.write("编号,区号,名称,金额,时间,备注\n".encode())
        while written < size:
            lines = "".join(
                f"{rows + i},059{i % 10},厦门市第{noise.randrange(10**6)}号,{noise.randrange(10**7) / 100:.2f},"
                f"2026-01-{i % 28 + 1:02d} 10:00:{i % 60:02d},备注{noise.getrandbits(60):x}\n"
                for i in range(50_000)
            )
            rows += 50_000
            written += file.write(lines.encode())
    return rows


def convert(folder, name, keys=()):
    """(the child's outcome, its peak of resident memory in MB, seconds, CPU seconds)."""
    start = time.monotonic()
    child = running.start(folder, running.Job(name, {}, keys))
    peak, cpu = 0, 0.0
    while child.poll() is None:
        with open(f"/proc/{child.pid}/status") as status:
            found = [line for line in status if line.startswith("VmHWM")]
        with open(f"/proc/{child.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
            cpu = max(cpu, (int(fields[11]) + int(fields[12])) / 100)
        peak = max([peak, *(int(line.split()[1]) >> 10 for line in found)])
        time.sleep(0.1)
    return running.outcome(folder), peak, time.monotonic() - start, cpu


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("packed", "keys"), [(False, ()), (True, ("编号",))], ids=["plain", "gzip with a key"])
def test_a_gigabyte_of_text_is_converted_in_little_memory(tmp_path, packed, keys):
    rows = text_table(tmp_path / "upload", GB, quickly_packed if packed else open)
    made, peak, seconds, cpu = convert(tmp_path, "a.csv.gz" if packed else "a.csv", keys)
    print(f"{rows:,} rows, {made.bytes:,} bytes stored: {seconds:.0f} s, {cpu:.0f} CPU s, {peak} MB resident at most")
    assert made.rows == rows and peak < MOST_RESIDENT_MB[bool(keys)]
    kinds = ["BIGINT", "VARCHAR", "VARCHAR", "DECIMAL(18,2)", "TIMESTAMP", "VARCHAR"]
    assert [kind for _, kind in made.columns] == kinds


@pytest.mark.timeout(3600)
def test_fifty_kills_on_the_way(tmp_path):
    site = Site(tmp_path / "site")
    try:
        digest = table(tmp_path / "large.csv", 12_000_000)
        upload_through_kills(site, tmp_path / "large.csv", 12_000_000, digest, 50)
    finally:
        site.close()
