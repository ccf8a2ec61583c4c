"""The probes, every function and the generated queries on DuckDB 2.0, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("duckdb==2.0.0", "pyarrow", "sqlglot==30.30.0", "rfc8785", "cryptography", "pytest", "hypothesis")


@pytest.mark.timeout(1800)
def test_nothing_leaks_on_duckdb_2(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)  # noqa: S603
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True)  # noqa: S603
    tests = "shugang/policy/governed/tests"
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "--noconftest",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir=.",
        tests,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout[-3000:]
