"""What the OpenAPI documents of control and plane describe, and what breaks it, a hundred times for each operation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = 100


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("tests", ["tests/test_openapi.py", "shugang/delivery/plane/tests/test_openapi.py"])
def test_no_request_makes_a_server_error(tests):
    environ = {**os.environ, "SHUGANG_API_EXAMPLES": str(EXAMPLES)}
    command = [sys.executable, "-m", "pytest", "-q", "--timeout", "0", tests]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)  # noqa: S603 our own tests
    assert done.returncode == 0, done.stdout[-5000:]
