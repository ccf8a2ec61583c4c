"""The worker's part: starts, follows and ends countings. Nothing that matters is kept in memory; one whose worker died is
found by the next and begun again."""

from __future__ import annotations

import logging
import secrets
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count

from shugang.delivery.models import DatasetVersion, Grant, UsageRecord
from shugang.delivery.vault.running import last_word
from shugang.delivery.vault.store import store
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.parties.accounts.actor import actor_by_id

from . import engine, running, scoring
from .models import Assessment, DimensionResult, RuleResult
from .reading import Readable, lowered, readable
from .rules import digest, read
from .services import folder_of, refs
from .states import ENGINE, State
from .work import DATA_FILE, SEGMENTS

_log = logging.getLogger("shugang.quality")
AT_ONCE = 1
ATTEMPTS = 3
LOST_AFTER = timedelta(seconds=30)
ANSWERED_DAYS = 90


class Counter:
    """This process's countings."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self.children: dict[int, subprocess.Popen[bytes]] = {}

    def advance(self) -> None:
        """One pass; quick when there is nothing to do."""
        for pk in list(self.children):
            self._follow(pk)
        lost = Assessment.objects.filter(state=Assessment.State.RUNNING, seen_at__lt=clock.real_now() - LOST_AFTER)
        lost.exclude(worker=self.name).update(state=Assessment.State.WAITING, worker="", stage="")
        while len(self.children) < AT_ONCE and (row := self._next()) is not None:
            self._start(row)

    def _next(self) -> Assessment | None:
        rows = Assessment.objects.filter(state=Assessment.State.WAITING).select_related("rules__dataset", "after")
        return rows.order_by("pk").first()

    def _start(self, row: Assessment) -> None:
        claimed = Assessment.objects.filter(pk=row.pk, state=Assessment.State.WAITING).update(
            state=Assessment.State.RUNNING, worker=self.name, seen_at=clock.real_now(), stage="rows", done=0, total=0,
            attempts=row.attempts + 1,
        )  # fmt: skip
        if not claimed:
            return
        row.refresh_from_db()
        try:
            found = still_readable(row)
            self.children[row.pk] = running.start(prepared(row, found), job_of(row, found))
        except Refusal as refusal:
            end(row, refusal)
        except OSError:
            _log.exception("an assessment could not be started")
            self._again(row)

    def _follow(self, pk: int) -> None:
        child = self.children[pk]
        row = Assessment.objects.select_related("rules__dataset", "after").filter(pk=pk).first()
        if row is None or row.state != Assessment.State.RUNNING or row.worker != self.name:
            child.kill()  # stopped, or given to another worker
            child.wait()
            del self.children[pk]
            if row is not None and not row.active:
                shutil.rmtree(work_folder(row), ignore_errors=True)
            return
        if child.poll() is None:
            said = last_word(work_folder(row))
            Assessment.objects.filter(pk=pk, state=Assessment.State.RUNNING).update(
                seen_at=clock.real_now(), stage=str(said.get("stage", "rows"))[:10], done=int(said.get("done", 0)),
                total=int(said.get("total", 0)),
            )  # fmt: skip
            return
        del self.children[pk]
        try:
            finish(row, State.from_json(running.outcome(work_folder(row))))
        except Refusal as refusal:
            end(row, refusal) if row.attempts >= ATTEMPTS or child.returncode == 1 else self._again(row)
        except (KeyError, TypeError, ValueError):
            _log.exception("an assessment's result was not one")
            end(row, running.failed())

    def _again(self, row: Assessment) -> None:
        if row.attempts >= ATTEMPTS:
            end(row, running.failed())
        else:
            Assessment.objects.filter(pk=row.pk, worker=self.name).update(state=Assessment.State.WAITING, worker="")

    def stop(self) -> None:
        for child in self.children.values():
            child.kill()
            child.wait()
        self.children.clear()


_counter: list[Counter] = []


def advance() -> None:
    """Registered as the worker's job."""
    if not _counter:
        _counter.append(Counter())
    _counter[0].advance()


def run_now(row: Assessment) -> Assessment:
    """Count at once and wait, for a demonstration and for tests."""
    counter = Counter()
    counter._start(row)
    while counter.children:
        for child in list(counter.children.values()):
            child.wait()
        counter.advance()
    row.refresh_from_db()
    return row


def work_folder(row: Assessment) -> Path:
    return folder_of(f".work/{row.number}")


def kept_folder(row: Assessment) -> Path:
    """Digests of keys of this assessment's part, for those that continue it."""
    return folder_of(f"segments/{row.number}")


def still_readable(row: Assessment) -> Readable:
    """The right to read, looked at again when reading begins. Raises Refusal `no_standing_grant`."""
    actor = actor_by_id(row.person, row.party_id, False)
    found = readable(actor, row.dataset_version.dataset.number, row.dataset_version.version)
    if (found.grant.pk if found.grant else None) != row.grant_id:
        row.grant = found.grant
        row.save(update_fields=["grant"])
    return found


def prepared(row: Assessment, found: Readable) -> Path:
    """The child's folder with its files: the data, those that foreign keys look into, digests of parts before."""
    folder = work_folder(row)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    running.place(store().local(found.version.path, found.version.sha256), folder / DATA_FILE)
    for number, version in row.references.items():
        other = DatasetVersion.objects.get(dataset__number=number, version=version)
        running.place(store().local(other.path, other.sha256), folder / f"{number}.parquet")
    for place, before in enumerate(parts_before(row)):
        for file in kept_folder(before).glob("*.parquet"):
            running.place(file, folder / f"{file.stem}.{place}.keys")
    return folder


def parts_before(row: Assessment) -> list[Assessment]:
    """The assessments whose parts this one adds to, first the nearest; [] when it reads everything."""
    found = []
    before = row.after
    while before is not None:
        found.append(before)
        before = before.after
    return found


def continues(row: Assessment) -> bool:
    """Whether the earlier counts can be added to: made by this engine, with the digests of every part at hand."""
    if row.after is None or row.after.counts is None or row.after.counts["engine"] != ENGINE:
        return False
    keyed = [name for name, counted in row.after.counts["rules"].items() if counted["keys"] is not None]
    return all((kept_folder(part) / f"{name}.parquet").is_file() for part in parts_before(row) for name in keyed)


def job_of(row: Assessment, found: Readable) -> dict[str, Any]:
    references = {}
    for number, version in row.references.items():
        columns = DatasetVersion.objects.get(dataset__number=number, version=version).columns.order_by("position")
        references[number] = {"path": f"{number}.parquet", "columns": {c.name: c.type for c in columns}}
    if row.after is not None and not continues(row):
        row.after = None
        row.save(update_fields=["after"])
    earlier: dict[str, list[str]] = {}
    for place, before in enumerate(parts_before(row)):
        for file in kept_folder(before).glob("*.parquet"):
            earlier.setdefault(file.stem, []).append(f"{file.stem}.{place}.keys")
    return {
        "kind": "assess", "columns": found.columns, "document": row.rules.document, "references": references,
        "granted": lowered(found), "first": row.after.dataset_version.rows if row.after else 0,
        "keep": found.grant is None, "earlier": earlier,
    }  # fmt: skip


def facts(row: Assessment, found: Readable) -> dict[str, tuple[int, int]]:
    """What the platform itself knows: columns that are explained, and how requests were answered."""
    columns = found.version.columns.filter(name__in=found.columns)
    since = clock.now() - timedelta(days=ANSWERED_DAYS)
    grants = Grant.objects.filter(source__dataset=found.version.dataset.number)
    uses = UsageRecord.objects.filter(grant__in=grants, at__gte=since).values("state").annotate(n=Count("pk"))
    by_state = {u["state"]: u["n"] for u in uses.order_by()}
    answered, aborted = by_state.get("answered", 0), by_state.get("aborted", 0)
    return {
        "described": (sum(bool(c.comment) for c in columns), len(columns)),
        "answered": (answered, answered + aborted),
    }


def finish(row: Assessment, state: State) -> None:
    """Add to what was counted before, score, and record. Raises Refusal where the right to read ended meanwhile."""
    found = still_readable(row)
    rules = read(row.rules.document, found.columns)
    if row.after is not None and row.after.counts is not None:
        state = engine.add(State.from_json(row.after.counts), state, rules)
    local = clock.now().astimezone(clock.zone())
    report = scoring.report(rules, state, facts(row, found), local.replace(tzinfo=None), found.columns)
    report |= _about(row, found)
    kept = kept_folder(row)
    for file in (work_folder(row) / SEGMENTS).glob("*.parquet"):
        shutil.copyfile(file, kept / file.name)
    with transaction.atomic():
        current = Assessment.objects.select_for_update().get(pk=row.pk)
        if current.state != Assessment.State.RUNNING:
            return
        current.state, current.finished_at = Assessment.State.DONE, clock.now()
        current.counts = state.to_json() if found.grant is None else None
        current.report, current.digest, current.score = report, digest(report), report["score"]
        current.save()
        _results(current, report)
        emit(
            "assessment.finished",
            SYSTEM,
            refs(current),
            {"digest": current.digest, "score": current.score, "rows": state.rows},
        )
    shutil.rmtree(work_folder(row), ignore_errors=True)


def _about(row: Assessment, found: Readable) -> dict[str, Any]:
    """What was assessed, by which rules, and by what right it was read."""
    return {
        "number": row.number, "assessor": row.party.name,
        "dataset": {"number": found.version.dataset.number, "name": found.version.dataset.name, "version": found.version.version,
                    "sha256": found.version.sha256, "rows": found.version.rows},
        "rule_set": {"number": row.rules.number, "version": row.rules.version, "name": row.rules.name, "digest": row.rules.digest},
        "read_by": found.grant.number if found.grant else "", "references": row.references,
        "continues": row.after.number if row.after else "", "at": clock.now().isoformat(timespec="seconds"),
    }  # fmt: skip


def _results(row: Assessment, report: dict[str, Any]) -> None:
    RuleResult.objects.bulk_create(
        RuleResult(
            assessment=row, rule=line["id"], indicator=line["indicator"], a=line["a"], b=line["b"], value=line["value"],
            passed=line["passed"],
        )
        for line in report["rules"]
    )  # fmt: skip
    DimensionResult.objects.bulk_create(
        DimensionResult(assessment=row, dimension=d["name"], score=d["score"]) for d in report["dimensions"]
    )


def end(row: Assessment, refusal: Refusal) -> None:
    """It came to nothing; why is kept and told."""
    with transaction.atomic():
        current = Assessment.objects.select_for_update().get(pk=row.pk)
        if not current.active:
            return
        current.state, current.finished_at = Assessment.State.FAILED, clock.now()
        current.refusal = {"code": refusal.code, "message": list(refusal.message)}
        current.save()
        emit("assessment.failed", SYSTEM, refs(current), {"code": refusal.code})
    shutil.rmtree(work_folder(row), ignore_errors=True)
