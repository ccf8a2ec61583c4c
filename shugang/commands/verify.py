"""`shugang verify`: the whole log from its public key, over a folder or the web. Needs no database and no trust."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from shugang.evidence.audit import audit_log
from shugang.evidence.store import TileStore

_LIMIT = 64 * 1024 * 256


def _over_http(base: str) -> Callable[[str], bytes | None]:
    def fetch(path: str) -> bytes | None:
        try:
            with urllib.request.urlopen(f"{base.rstrip('/')}/{path}", timeout=20) as answer:  # noqa: S310
                data: bytes = answer.read(_LIMIT + 1)
                return data if len(data) <= _LIMIT else None
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    return fetch


def _own_log() -> tuple[str, str]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    from shugang.kernel import sequencer

    return str(sequencer.folder()), sequencer.vkey()


def run(source: str, key: str, known: list[str]) -> int:
    """Exit code 0 when everything verifies, 1 when anything does not, 2 when there was nothing to check."""
    if not source:
        source, own = _own_log()
        key = key or own
    if not key:
        print("请用 --key 给出日志公钥（日志页面可以看到）。/ Please give the log's key with --key.", file=sys.stderr)
        return 2
    remote = source.startswith(("http://", "https://"))
    fetch = _over_http(source) if remote else TileStore(Path(source))
    read = fetch if callable(fetch) else fetch.fetch
    if read("checkpoint") is None:
        print(
            "这里没有检查点：日志还没有记录，或地址不对。/ No checkpoint here: nothing is logged yet, or the address is wrong.",
            file=sys.stderr,
        )
        return 2
    report = audit_log(fetch, key, [Path(k).read_text() for k in known])
    for problem in report.problems:
        print(f"✗ {problem.code}  {problem.path}  {problem.detail}")
    if not report.ok:
        print(
            "日志核验不符。请保留现场并通知监管方。/ The log does NOT verify. Keep everything and tell the regulator."
        )
        return 1
    checkpoint = report.checkpoint
    size = checkpoint.size if checkpoint else 0
    print(
        f"✓ {size}条记录全部核对一致，检查点签名有效。/ All {size} entries agree; the checkpoint's signature is valid."
    )
    return 0
