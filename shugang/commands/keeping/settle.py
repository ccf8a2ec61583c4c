"""The second half of a restore, in a process with the restored settings: the log goes on without ever contradicting what
the world has seen, and the planes are told apart: ahead, behind, together.

`python -m shugang.commands.keeping.settle [PUBLISHED]`; prints what the operator should know, a line each.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from shugang.evidence.errors import EvidenceError
from shugang.evidence.store import TileStore

from . import collect, fleets, stores
from .errors import Stopped
from .restore import REFUSED

Fetch = Callable[[str], bytes | None]
# Planes refuse grants of an older revision than they have seen; what they saw after the backup is not known here.
REVISIONS_AHEAD = 1_000_000


class Published:
    """What the world has seen of the log: a folder, an address or a kept checkpoint; `fetch` None: no tiles."""

    def __init__(self, source: str) -> None:
        from ..verify import _over_http

        self.fetch: Fetch | None = None
        path = Path(source)
        if source.startswith(("http://", "https://")):
            self.fetch = _over_http(source)
        elif path.is_dir():
            self.fetch = TileStore(path).fetch
        try:
            found = self.fetch("checkpoint") if self.fetch else path.read_bytes()
            self.text = (found or b"").decode()
        except (OSError, UnicodeDecodeError) as error:
            raise Stopped(f"{source}读不出：{error}。", f"{source} cannot be read: {error}.") from None
        if not self.text:
            raise Stopped(
                f"{source}里没有检查点。请给出旧日志的文件夹、网址或检查点文件。",
                f"No checkpoint at {source}. Please give the old log's folder, its address or a checkpoint file.",
            )


def settle_log(seen: Published | None) -> list[str]:
    """Go on under the same name where nothing newer was published, under a new one otherwise. Raises EvidenceError."""
    from shugang.evidence.checkpoint import open_checkpoint
    from shugang.evidence.errors import InconsistentLogError
    from shugang.kernel import logkeys, origins, sequencer

    last = sequencer.current_checkpoint()
    size = last.size if last else 0
    known = open_checkpoint(seen.text, logkeys.verifiers(sequencer.origin())) if seen else None
    if seen is None or known is None or known.size <= size:
        with sequencer.leadership() as held:
            assert held
            log = sequencer.open_log()
            if known is not None and log.root(known.size) != known.root:
                raise InconsistentLogError(f"another log of size {known.size} was published under this name")
        return [f"日志共{size}条，沿用原名称。/ The log has {size} entries and keeps its name."]
    before = origins.current()
    kept = _keep_former(seen, origins.folder(before.epoch))
    name = sequencer.continue_under_a_new_name(seen.text)
    lost = known.size - size
    return [
        f"! 已公布的日志比备份多{lost}条。原名称{before.name}不再签署；今后的日志名称是{name}，第一条记录写明了这一点。"
        f"/ The published log has {lost} entries more than the backup. {before.name} signs no more; the log goes on as "
        f"{name}, and its first entry says so.",
        "! 备份之后的业务（合同、吊销、授权变更等）没有恢复，请对照旧日志逐项补办，并告知监管方和各方。"
        "/ What was decided after the backup (contracts, revocations, grants) is not here: do it again, and tell the "
        "regulator and the parties.",
        *([] if kept else [
            "! 没有旧日志的文件，原地址不再提供；旧回执仍可凭旧公钥离线核验。"
            "/ Without the old log's files its address serves nothing; old receipts still verify offline with the old key."
        ]),
    ]  # fmt: skip


def _keep_former(seen: Published, folder: Path) -> bool:
    """The old log, whole and verified, at its old address; False where only a checkpoint is left of it."""
    from shugang.evidence.audit import audit_log
    from shugang.evidence.errors import InconsistentLogError
    from shugang.kernel import logkeys, sequencer

    if seen.fetch is None:
        return False
    if folder.exists():
        shutil.rmtree(folder)
    store, fetch = TileStore(folder), seen.fetch

    def keep(path: str) -> bytes | None:
        data = fetch(path)
        if data and path != "checkpoint":
            store.write_tiles([(path, data)])
        return data

    report = audit_log(keep, logkeys.opens(seen.text, logkeys.verifiers(sequencer.origin())).vkey)
    if not report.ok:
        raise InconsistentLogError(report.problems[0].detail if report.problems else "entries are missing")
    store.write_checkpoint(seen.text)
    return True


def _planes(folder: Path) -> list[str]:
    """Planes accept what they are given from now on; a journal that is behind control is named."""
    from django.db.models import F

    from shugang.delivery.planes.models import Plane

    Plane.objects.update(revision=F("revision") + REVISIONS_AHEAD)
    told = []
    for number, seq in _journals(folder):
        plane = Plane.objects.filter(number=number).first()
        if plane is None:
            continue
        if seq < plane.journal_seq:
            told.append(
                f"! 节点{plane.number}的用量日志到第{seq}条，平台已入账到第{plane.journal_seq}条：日志落后。"
                "请停用该节点，用新的一次性代码接入一个新节点。"
                f"/ Plane {plane.number}'s journal ends at {seq}, control has recorded {plane.journal_seq}: it is behind. "
                "Suspend it and enrol a new plane with a one-time code."
            )
        elif seq > plane.journal_seq:
            ahead = seq - plane.journal_seq
            told.append(
                f"节点{plane.number}有{ahead}条记录待入账，启动后自动上报。"
                f"/ Plane {plane.number} has {ahead} records to send; it does so when it starts."
            )
    return told


def _journals(folder: Path) -> Iterator[tuple[str, int]]:
    """The plane and the last record of each journal, in files and in PostgreSQL."""
    for journal in sorted(folder.rglob(collect.JOURNAL)):
        yield _plane_of(journal), collect.last_record(journal)
    for fleet in fleets.fleets(folder, fleets.settings_environment()):
        yield fleet.plane, fleets.last_record(fleet.dsn, fleet.plane)


def _store(folder: Path) -> list[str]:
    """The vault's objects into its store, where it has one."""
    store = stores.objects()
    if store is None:
        return []
    sent = stores.fill(store, folder / stores.VAULT)
    return [f"数据仓库的存储补写了{sent}个对象。/ {sent} objects were put into the vault's store."]


def _plane_of(journal: Path) -> str:
    settings = journal.parent / "plane.toml"
    try:
        return str(tomllib.loads(settings.read_text())["plane"]["plane_id"])
    except (OSError, ValueError, KeyError):
        return ""


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "shugang.settings"
    import django

    django.setup()
    from .. import setup

    setup.migrate()
    try:
        told = settle_log(Published(sys.argv[1]) if len(sys.argv) > 1 else None)
        for line in [*told, *_planes(collect.data_folder()), *_store(collect.data_folder())]:
            print(line)
        return 0
    except Stopped as error:
        print(f"{error.text.zh}\n{error.text.en}", file=sys.stderr)
    except EvidenceError as error:
        print(
            f"恢复的日志与已公布的不符：{error}。请保留现场并告知监管方。\n"
            f"The restored log does not fit what was published: {error}. Keep everything and tell the regulator.",
            file=sys.stderr,
        )
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
