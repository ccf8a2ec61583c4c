"""Child process: runs a declared check over files in its own folder, shut in by the kernel.

Reads a job (JSON) from standard input, shuts itself in, and writes one JSON object a line on standard output:
`{"stage", "done", "total"}` while it works, then `{"made": true}` with the result in `result.json`, or `{"failed"}`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from shugang.delivery.plane.confine import Limits, become_nobody, confine


def main() -> int:
    job = json.load(sys.stdin)
    confine(Path("."), Limits(job["memory_mb"] * (1 << 20) + (2 << 30), job["cpu"], job["file_size"]))
    from .work import warm, work  # its libraries start threads, which the doors must already hold

    if os.geteuid() == 0:
        warm()
    become_nobody()
    try:
        result = work(job, _say)
    except BaseException as error:
        _say({"failed": type(error).__name__})  # the message might hold values
        return 1
    Path("result.json").write_text(json.dumps(result, ensure_ascii=False, default=str), encoding="utf-8")
    _say({"made": True})
    return 0


def _say(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
