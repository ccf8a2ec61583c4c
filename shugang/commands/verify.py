"""`shugang verify`: the whole log from its public key, over a folder or the web. Needs no database and no trust."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from shugang.evidence.audit import audit_log
from shugang.evidence.cosignature import parse_verifier
from shugang.evidence.errors import EvidenceError, FormatError
from shugang.evidence.note import NoteKey, open_note, parse_vkey
from shugang.evidence.store import TileStore
from shugang.evidence.succession import follow

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


def _statements(source: str, remote: bool, read: Callable[[str], bytes | None]) -> list[str]:
    """How the log's keys followed one another, oldest first; [] where nothing (readable) is published."""
    path = Path(source) / "keys.json"
    data = read("keys.json") if remote else path.read_bytes() if path.is_file() else None
    try:
        return [str(key["statement"]) for key in reversed(json.loads(data or b"[]")) if key["statement"]]
    except (ValueError, TypeError, LookupError):
        return []


def _present_key(key: NoteKey, checkpoint: str, statements: list[str]) -> NoteKey:
    """The key that signed the checkpoint: the given one, or one that statements lead to from it."""
    for found in follow(key, statements):
        try:
            open_note(checkpoint, [found])
        except EvidenceError:
            continue
        return found
    return key


def run(source: str, keys: list[str], known: list[str]) -> int:
    """`keys`: the log's own, then others that must have signed too. Exit code 0 when everything verifies, 1 when
    anything does not, 2 when there was nothing to check."""
    if not source:
        source, own = _own_log()
        keys = keys or [own]
    if not keys:
        print("请用 --key 给出日志公钥（日志页面可以看到）。/ Please give the log's key with --key.", file=sys.stderr)
        return 2
    try:
        key, also = parse_vkey(keys[0]), [parse_verifier(text) for text in keys[1:]]
    except FormatError as error:
        print(
            f"公钥读不懂，第一把须是日志的Ed25519公钥。/ Not a key, or not an Ed25519 log key: {error}", file=sys.stderr
        )
        return 2
    remote = source.startswith(("http://", "https://"))
    fetch = _over_http(source) if remote else TileStore(Path(source))
    read = fetch if callable(fetch) else fetch.fetch
    checkpoint = read("checkpoint")
    if checkpoint is None:
        print(
            "这里没有检查点：日志还没有记录，或地址不对。/ No checkpoint here: nothing is logged yet, or the address is wrong.",
            file=sys.stderr,
        )
        return 2
    statements = _statements(source, remote, read)
    present = _present_key(key, checkpoint.decode(errors="replace"), statements)
    if present != key:
        print(
            f"日志已换钥，您的公钥签署的声明指向现在的公钥。/ The key was changed; a statement signed by yours names: {present.vkey}"
        )
    report = audit_log(fetch, present.vkey, [Path(k).read_text() for k in known], None, also, [key])
    for problem in report.problems:
        print(f"✗ {problem.code}  {problem.path}  {problem.detail}")
    if not report.ok:
        print(
            "日志核验不符。请保留现场并通知监管方。/ The log does NOT verify. Keep everything and tell the regulator."
        )
        return 1
    size = report.checkpoint.size if report.checkpoint else 0
    print(
        f"✓ {size}条记录全部核对一致，检查点签名有效。/ All {size} entries agree; the checkpoint's signature is valid."
    )
    for other in also:
        print(f"✓ {other.name} 也签署了。/ signed by it too.")
    return 0
