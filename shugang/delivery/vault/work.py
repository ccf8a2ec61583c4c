"""What the confined child does with a file. What is wrong is told without the values that it concerns."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl  # noqa: F401  before the child is nobody
import pyarrow.compute  # noqa: F401

from shugang.kernel.errors import Refusal

from . import sheets  # noqa: F401
from .keys import check_keys
from .refusals import no_room, other_digest, too_heavy
from .sniffing import CHUNK, sniff
from .tables import TARGET, Earlier, Steps, convert

UPLOAD = "upload"
for _name in ("utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "ascii", "latin-1", "idna"):
    codecs.lookup(_name)  # loaded now: the installed Python may lie where `nobody` cannot read
_FULL = {27, 28, 122}  # EFBIG, ENOSPC, EDQUOT


class Reporter:
    """Lines on standard output, at most two a second while the work goes on."""

    def __init__(self, total: int) -> None:
        self._total, self._next = total, 0.0

    def say(self, line: dict[str, Any]) -> None:
        os.write(1, json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def step(self, stage: str, done: int, total: int, rows: int = 0) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 0.5
            self.say({"stage": stage, "done": done, "total": total, "rows": rows})

    def steps(self) -> Steps:
        return Steps(
            lambda done: self.step("reading", done, self._total),
            lambda rows, of: self.step("writing", rows, of, rows),
        )


def work(job: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    folder = Path(".")
    source_sha256 = _digest(folder / UPLOAD, lambda done, size: reporter.step("receiving", done, size))
    if job["sha256"] not in ("", source_sha256):
        raise other_digest()
    source = sniff(folder / UPLOAD, job["name"], job["limit"])
    before = job["earlier"]
    earlier = Earlier(os.fdopen(before["fd"], "rb"), [tuple(c) for c in before["columns"]]) if before else None
    made = convert(source, folder, job["types"], earlier, job["limit"], reporter.steps())
    if job["keys"]:
        reporter.say({"stage": "keys", "done": 0, "total": 1, "rows": made.rows})
        check_keys(folder / TARGET, job["keys"], [name for name, _ in made.columns], job["memory_mb"])
    path, size = folder / TARGET, (folder / TARGET).stat().st_size
    sha256 = _digest(path, lambda done, of: reporter.step("sealing", done, of, made.rows))
    path.chmod(0o400)
    facts = {"columns": made.columns, "rows": made.rows, "bytes": size}
    return facts | {"sha256": sha256, "source_sha256": source_sha256}


def _digest(path: Path, step: Callable[[int, int], None]) -> str:
    """The SHA-256 of a file whose bytes are durable from then on."""
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            step(done, size)
        os.fsync(file.fileno())
    return digest.hexdigest()


def outcome(job: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    try:
        return {"made": work(job, reporter)}
    except Refusal as refusal:
        return {"refused": _spoken(refusal)}
    except MemoryError:
        return {"refused": _spoken(too_heavy())}
    except OSError as error:
        full = error.errno in _FULL or "No space left" in str(error) or "File too large" in str(error)
        return {"refused": _spoken(no_room())} if full else {"failed": type(error).__name__}
    except duckdb.OutOfMemoryException:
        return {"refused": _spoken(too_heavy())}
    except Exception as error:
        return {"failed": type(error).__name__}  # the message might hold values


def _spoken(refusal: Refusal) -> dict[str, Any]:
    fields = {name: list(text) for name, text in refusal.fields.items()}
    return {"code": refusal.code, "message": list(refusal.message), "status": refusal.status, "fields": fields}
