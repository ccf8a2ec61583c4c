"""The official Delta Sharing client, in its own environment, against a plane of the tests."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shugang.delivery.plane.tests.peer import ROOT, PlaneProcess

CLIENT = Path(os.environ.get("SHUGANG_CLIENT_PYTHON", ROOT / ".venv-client/bin/python"))


def bearer(plane: PlaneProcess, token: str = "t1") -> dict[str, Any]:
    return {"shareCredentialsVersion": 1, "endpoint": f"{plane.url}/delta-sharing", "bearerToken": token}


def run(tmp_path: Path, profile: dict[str, Any], code: str) -> Any:
    """`code` sees `profile` (a path), `delta_sharing` and `rows(frame)`; its `out` comes back as JSON."""
    if not CLIENT.exists():
        pytest.skip("the official client's environment is not installed")
    path = tmp_path / "profile.share"
    path.write_text(json.dumps(profile))
    script = f"""
import json, os, delta_sharing
profile = {str(path)!r}
def rows(frame):
    '''Rows as plain values: no value is None, times and dates are their text in UTC.'''
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{{k: str(v).replace("+00:00", "") if v is not None and not isinstance(v, (int, float, str, bool)) else
             v.item() if hasattr(v, "item") else v for k, v in row.items()}} for row in plain]
{code}
print(json.dumps(out, default=str), flush=True)
os._exit(0)"""  # leaving at once: the client's native libraries now and then abort in the interpreter's shutdown
    done = subprocess.run([CLIENT, "-c", script], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])
