"""Child process: one received file becomes `data.parquet` in its own folder, or a refusal.

Starts in that folder with the file as `upload`, reads a job (JSON) from standard input, shuts itself in, and writes one
JSON object a line on standard output: `{"stage", "done", "total", "rows"}` while it works, then `{"made"}`,
`{"refused"}` or `{"failed"}`.
"""

from __future__ import annotations

import json
import mimetypes
import os
import signal
import sys
from pathlib import Path

from shugang.delivery.plane.confine import Limits, become_nobody, confine


def main() -> int:
    job = json.load(sys.stdin)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails instead
    mimetypes.init()  # reads /etc, for openpyxl
    confine(Path("."), Limits(job["memory_mb"] * (1 << 20) + (2 << 30), job["cpu"], job["file_size"]))
    from .work import Reporter, outcome  # its libraries start threads, which the doors must already hold

    become_nobody()
    reporter = Reporter(os.stat("upload").st_size)
    reporter.say(outcome(job, reporter))
    return 0


if __name__ == "__main__":
    sys.exit(main())
