"""Starting the converting child and hearing from it. The child's words are data: they are checked like an upload."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..plane.confine import give
from .refusals import failed
from .tables import TARGET

_log = logging.getLogger("shugang.vault")
REPORT = "report.jsonl"
INFLATION = 8  # a packed file may unfold to so many times the limit of an upload
_TYPE = re.compile(
    r"TINYINT|SMALLINT|INTEGER|BIGINT|FLOAT|DOUBLE|DATE|TIMESTAMP( WITH TIME ZONE)?|BOOLEAN|VARCHAR|DECIMAL\(\d{1,2},\d{1,2}\)"
)


class Converted(NamedTuple):
    """`path` is sealed: read-only, durable, with this digest."""

    path: Path
    columns: list[tuple[str, str]]
    rows: int
    bytes: int
    sha256: str
    source_sha256: str


class Job(NamedTuple):
    """`earlier`: (stored file, columns) of the version whose rows come first, or None. `sha256`: as the sender said it."""

    name: str
    types: Mapping[str, str]
    keys: Sequence[str]
    earlier: tuple[Path, list[tuple[str, str]]] | None = None
    sha256: str = ""


def start(folder: Path, job: Job) -> subprocess.Popen[bytes]:
    """Begin to convert `folder/upload`. The child has no secrets in its environment and only this folder."""
    size, limit = (folder / "upload").stat().st_size, int(settings.SHUGANG_UPLOAD_MAX_BYTES) * INFLATION
    body: dict[str, Any] = {
        "name": job.name,
        "types": dict(job.types),
        "keys": list(job.keys),
        "sha256": job.sha256,
        "earlier": None,
        "limit": limit,
        "file_size": max(limit, 1 << 30),
        "memory_mb": int(settings.SHUGANG_CONVERT_MEMORY_MB),
        "cpu": 600 + size // 100_000,
    }
    handles = []
    if job.earlier is not None:
        handles = [os.open(job.earlier[0], os.O_RDONLY)]
        body["earlier"] = {"fd": handles[0], "columns": job.earlier[1]}
    give(folder)
    try:
        with (folder / REPORT).open("wb") as report:
            child = subprocess.Popen(
                [sys.executable, "-I", "-m", "shugang.delivery.vault.child"],
                cwd=folder,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=report,
                stderr=subprocess.DEVNULL,
                pass_fds=handles,
                start_new_session=True,
            )
    finally:
        for handle in handles:
            os.close(handle)
    assert child.stdin is not None
    try:
        with child.stdin as pipe:
            pipe.write(json.dumps(body).encode())
    except BrokenPipeError:
        pass  # it is gone already; the report will say nothing and that is heard
    return child


def last_word(folder: Path) -> dict[str, Any]:
    """The newest complete line of the report; {} when there is none."""
    try:
        with (folder / REPORT).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - (256 << 10)))
            lines = file.read().split(b"\n")[:-1]
        found = json.loads(lines[-1])
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError, IndexError):
        return {}


def outcome(folder: Path) -> Converted:
    """What became of it, once the child has ended. Raises Refusal, `conversion_failed` when the child was broken."""
    word = last_word(folder)
    if "refused" in word:
        raise _refusal(word["refused"])
    if "made" not in word:
        _log.warning("a conversion ended without a result: %s", str(word.get("failed", "killed"))[:60])
        raise failed()
    return _checked(word["made"], folder)


def convert_now(folder: Path, job: Job) -> Converted:
    """Start, wait, hear. For files small enough that somebody waits for the answer."""
    child = start(folder, job)
    try:
        child.wait()
    except BaseException:
        child.kill()
        child.wait()
        raise
    return outcome(folder)


def _refusal(said: Any) -> Refusal:
    try:
        fields = {str(k): Text(*map(str, v)) for k, v in said["fields"].items()}
        return Refusal(str(said["code"])[:40], Text(*map(str, said["message"])), int(said["status"]), fields)
    except (KeyError, TypeError, ValueError, AttributeError):
        return failed()


def _checked(made: Any, folder: Path) -> Converted:
    try:
        columns = [(str(name), str(kind)) for name, kind in made["columns"]]
        numbers = int(made["rows"]), int(made["bytes"])
        digests = str(made["sha256"]), str(made["source_sha256"])
        found = Converted(folder / TARGET, columns, *numbers, *digests)
    except (KeyError, TypeError, ValueError):
        raise failed() from None
    right = all(_TYPE.fullmatch(kind) for _, kind in columns) and all(re.fullmatch("[0-9a-f]{64}", d) for d in digests)
    path = found.path
    if not right or path.is_symlink() or not path.is_file() or path.stat().st_size != found.bytes:
        raise failed()
    return found
