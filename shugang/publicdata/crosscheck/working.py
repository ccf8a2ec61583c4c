"""The worker's part: starts, follows and ends runs, as quality's countings are. One whose worker died is begun again."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from shugang.assets.quality.reading import Readable
from shugang.assets.quality.running import outcome, place
from shugang.delivery.plane.confine import give
from shugang.delivery.vault.running import REPORT, last_word
from shugang.delivery.vault.store import store
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.parties.accounts.actor import actor_by_id
from shugang.policy.lowering import lower_select, parquet
from shugang.policy.text import Text

from . import plan, ticketing
from .blaming import blamed
from .models import CheckRun, Discrepancy
from .services import folder_of, refs, source_data

_log = logging.getLogger("shugang.crosscheck")
ATTEMPTS = 3
LOST_AFTER = timedelta(seconds=30)


class Runner:
    """This process's runs, one at a time."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self.children: dict[int, subprocess.Popen[bytes]] = {}

    def advance(self) -> None:
        """One pass; quick when there is nothing to do."""
        for pk in list(self.children):
            self.follow(pk)
        lost = CheckRun.objects.filter(state=CheckRun.State.RUNNING, seen_at__lt=clock.real_now() - LOST_AFTER)
        lost.exclude(worker=self.name).update(state=CheckRun.State.WAITING, worker="", stage="")
        if not self.children:
            row = CheckRun.objects.filter(state=CheckRun.State.WAITING).order_by("pk").first()
            if row is not None:
                self.start(row)

    def start(self, row: CheckRun) -> None:
        claimed = CheckRun.objects.filter(pk=row.pk, state=CheckRun.State.WAITING).update(
            state=CheckRun.State.RUNNING,
            worker=self.name,
            seen_at=clock.real_now(),
            stage="reading",
            done=0,
            total=0,
            attempts=row.attempts + 1,
        )
        if not claimed:
            return
        row.refresh_from_db()
        try:
            self.children[row.pk] = start_child(row)
        except Refusal as refusal:
            end(row, refusal)
        except OSError:
            _log.exception("a cross-check could not be started")
            self.again(row)

    def follow(self, pk: int) -> None:
        child = self.children[pk]
        row = CheckRun.objects.select_related("check_of__party").filter(pk=pk).first()
        if row is None or row.state != CheckRun.State.RUNNING or row.worker != self.name:
            child.kill()  # stopped, or given to another worker
            child.wait()
            del self.children[pk]
            if row is not None and not row.active:
                shutil.rmtree(work_folder(row), ignore_errors=True)
            return
        if child.poll() is None:
            said = last_word(work_folder(row))
            CheckRun.objects.filter(pk=pk, state=CheckRun.State.RUNNING).update(
                seen_at=clock.real_now(),
                stage=str(said.get("stage", "reading"))[:12],
                done=int(said.get("done", 0)),
                total=int(said.get("total", 0)),
            )
            return
        del self.children[pk]
        try:
            finish(row, outcome(work_folder(row)))
        except Refusal as refusal:
            end(
                row, failed() if refusal.code == "assessment_failed" else refusal
            ) if row.attempts >= ATTEMPTS or child.returncode == 1 else self.again(row)
        except (KeyError, TypeError, ValueError):
            _log.exception("a cross-check's result was not one")
            end(row, failed())

    def again(self, row: CheckRun) -> None:
        if row.attempts >= ATTEMPTS:
            end(row, failed())
        else:
            CheckRun.objects.filter(pk=row.pk, worker=self.name).update(state=CheckRun.State.WAITING, worker="")


_runner: list[Runner] = []


def advance() -> None:
    """Registered as the worker's job."""
    if not _runner:
        _runner.append(Runner())
    _runner[0].advance()


def run_now(row: CheckRun) -> CheckRun:
    """Run at once and wait, for a demonstration and for tests."""
    runner = Runner()
    runner.start(row)
    while runner.children:
        for child in list(runner.children.values()):
            child.wait()
        for pk in list(runner.children):
            runner.follow(pk)
    row.refresh_from_db()
    return row


def failed() -> Refusal:
    return Refusal("crosscheck_failed", Text(
        "校核没有完成：内存或时间不够，或数据不能按方案比较。请缩小范围或减少元素后重试。",
        "The check did not finish: memory or time ran out, or the data cannot be compared so. Please narrow it and try again."), 409)  # fmt: skip


def work_folder(row: CheckRun) -> Path:
    return folder_of(f".work/{row.number}")


def start_child(row: CheckRun) -> subprocess.Popen[bytes]:
    """The right to read is looked at again when reading begins. The child has no secrets and only its folder."""
    actor = actor_by_id(row.person, row.check_of.party_id, False)
    pinned = {
        **row.check_of.document,
        "sources": [{**s, "version": row.versions[s["name"]]} for s in row.check_of.document["sources"]],
    }
    data = source_data(actor, pinned)
    folder = work_folder(row)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    size = 0
    for at, found in enumerate(data.values()):
        place(store().local(found.version.path, found.version.sha256), folder / f"{at}.parquet")
        size += (folder / f"{at}.parquet").stat().st_size
    memory = int(settings.SHUGANG_CONVERT_MEMORY_MB)
    job = {
        "document": row.check_of.document, "sources": {name: _source(at, found) for at, (name, found) in enumerate(data.items())},
        "memory_mb": memory, "cpu": 600 + size // 50_000, "file_size": max(16 * size, 1 << 30),
    }  # fmt: skip
    give(folder)
    with (folder / REPORT).open("wb") as report:
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "shugang.publicdata.crosscheck.child"], cwd=folder, stdin=subprocess.PIPE, stdout=report,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    assert child.stdin is not None
    try:
        with child.stdin as pipe:
            pipe.write(json.dumps(job).encode())
    except BrokenPipeError:
        pass  # it is gone already; the report will say nothing and that is heard
    return child


def _source(at: int, found: Readable) -> dict[str, Any]:
    body: dict[str, Any] = {"path": f"{at}.parquet", "columns": list(found.columns), "granted": None}
    if found.grant is not None:
        terms = found.grant.read_terms()
        keys = {str(m.args["key_id"]): secrets.token_hex(32) for m in terms.masks if "key_id" in m.args}
        sql, params = lower_select(parquet(body["path"]), found.version.policy_columns(), terms, keys=keys)
        body["granted"] = {"sql": sql, "params": params}
    return body


def finish(row: CheckRun, found: dict[str, Any]) -> None:
    """Record the result with its lines, and send tickets to the sources. Nothing of the data is touched."""
    if refused := found.get("refused"):
        end(row, Refusal(str(refused["rule"])[:40], Text(*refused["text"]), 422))
        return
    lines = found.pop("lines")
    declared = plan.read(row.check_of.document)
    digest = hashlib.sha256(json.dumps(found, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    with transaction.atomic():
        current = CheckRun.objects.select_for_update(of=("self",)).select_related("check_of__party").get(pk=row.pk)
        if current.state != CheckRun.State.RUNNING:
            return
        current.state, current.finished_at, current.result, current.digest = (
            CheckRun.State.DONE,
            clock.now(),
            found,
            digest,
        )
        current.save()
        Discrepancy.objects.bulk_create(
            [_line(current, at, x, blamed(declared, x)) for at, x in enumerate(lines)], batch_size=500
        )
        emit("crosscheck.finished", SYSTEM, refs(current), {"digest": digest, "lines": len(lines)})
        ticketing.send(current, declared, lines)
    shutil.rmtree(work_folder(row), ignore_errors=True)


def _line(run: CheckRun, at: int, line: dict[str, Any], asked: list[str]) -> Discrepancy:
    more = {k: line[k] for k in ("metres", "times", "rule", "holders", "lacking") if k in line}
    return Discrepancy(
        run=run, position=at, kind=line["kind"], element=line["element"], key=line["key"][:400], values=line["values"], rows=line["rows"],
        stands=line.get("stands", ""), blamed=asked, reason=line.get("reason"), more=more,
    )  # fmt: skip


def end(row: CheckRun, refusal: Refusal) -> None:
    """It came to nothing; why is kept and told."""
    with transaction.atomic():
        current = CheckRun.objects.select_for_update(of=("self",)).select_related("check_of__party").get(pk=row.pk)
        if not current.active:
            return
        current.state, current.finished_at = CheckRun.State.FAILED, clock.now()
        current.refusal = {"code": refusal.code, "message": list(refusal.message)}
        current.save()
        emit("crosscheck.failed", SYSTEM, refs(current), {"code": refusal.code})
    shutil.rmtree(work_folder(row), ignore_errors=True)
