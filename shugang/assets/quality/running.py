"""Starting the counting child and hearing from it. Its files are links, or copies where the child is another user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.delivery.plane.confine import give
from shugang.delivery.vault.running import REPORT, last_word
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from .work import DATA_FILE, SEGMENTS

RESULT = "result.json"
LARGEST_RESULT = 64 << 20


def failed() -> Refusal:
    return Refusal(
        "assessment_failed",
        Text(
            "评价没有完成：内存或时间不够，或数据不能按规则计算。请减少规则或字段后重试。",
            "The assessment did not finish: memory or time ran out, or the data cannot be counted so. Please try fewer rules.",
        ),
        409,
    )


def place(source: Path, target: Path) -> None:
    """Put a sealed file into the child's folder. A root parent's child is `nobody`, who may not read the vault: a copy."""
    if os.geteuid() != 0:
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # another file system
    shutil.copyfile(source, target)


def start(folder: Path, job: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Begin. The child has no secrets in its environment and only this folder."""
    size = (folder / DATA_FILE).stat().st_size
    memory = int(settings.SHUGANG_CONVERT_MEMORY_MB)
    body = {**job, "memory_mb": memory, "cpu": 600 + size // 100_000, "file_size": max(8 * size, 1 << 30)}
    (folder / SEGMENTS).mkdir(exist_ok=True)
    for inner in folder.iterdir():
        if inner.is_dir():
            give(inner)
    give(folder)
    with (folder / REPORT).open("wb") as report:
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "shugang.assets.quality.child"],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=report,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    assert child.stdin is not None
    try:
        with child.stdin as pipe:
            pipe.write(json.dumps(body).encode())
    except BrokenPipeError:
        pass  # it is gone already; the report will say nothing and that is heard
    return child


def outcome(folder: Path) -> dict[str, Any]:
    """The child's result, once it has ended. Raises Refusal `assessment_failed`."""
    path = folder / RESULT
    if last_word(folder).get("made") is not True or path.is_symlink() or not path.is_file():
        raise failed()
    if path.stat().st_size > LARGEST_RESULT:
        raise failed()
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise failed()
    return found


def run_now(folder: Path, job: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Start, wait, hear; for looks that somebody waits for."""
    child = start(folder, job)
    try:
        child.wait(seconds)
    except BaseException:
        child.kill()
        child.wait()
        raise
    return outcome(folder)
