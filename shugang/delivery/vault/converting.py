"""The worker's part: each pass starts, follows and ends conversions of uploads that are complete.

Nothing is kept in memory that matters: a worker that dies takes its children with it, and the next one finds the rows
and starts again from the received bytes.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.parties.accounts.actor import actor_by_id

from . import running
from .delta import write_missing
from .models import ACTIVE, ENDED, Upload
from .receiving import Received, incoming
from .refusals import failed
from .services import Wishes, job_for, publish
from .store import store
from .transfer import end, folder_of

_log = logging.getLogger("shugang.vault")
AT_ONCE = 2
ATTEMPTS = 3
LOST_AFTER = timedelta(seconds=30)
RETRY_AFTER = timedelta(minutes=5)
ROWS_STAY = timedelta(days=7)
LATER = ("no_room", "vault_unreachable")
_SWEEP_SECONDS = 60.0


class Converter:
    """This process's conversions: at most `AT_ONCE`, one of each party while others wait."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self.children: dict[int, tuple[subprocess.Popen[bytes], int]] = {}
        # Carrying a file to a distant store takes as long as converting it: the pass does not wait for that either.
        self._carrier = ThreadPoolExecutor(1, "vault-store")
        self._carried: dict[int, Future[None]] = {}
        self._swept = 0.0

    def advance(self) -> None:
        """One pass; quick when there is nothing to do."""
        for pk in list(self.children):
            self._follow(pk)
        self._find_lost()
        while len(self.children) < AT_ONCE and (upload := self._next()) is not None:
            self._start(upload)
        if time.monotonic() > self._swept + _SWEEP_SECONDS:
            first, self._swept = not self._swept, time.monotonic()
            if first:
                write_missing()  # what a crash kept from being written
            sweep()

    def stop(self) -> None:
        """End the children; their uploads are found by whoever comes next."""
        for child, _ in self.children.values():
            child.kill()
            child.wait()
        Upload.objects.filter(worker=self.name, state=Upload.State.CONVERTING).update(
            state=Upload.State.WAITING, worker="", stage=""
        )
        self.children.clear()

    def _next(self) -> Upload | None:
        waiting = Upload.objects.filter(state=Upload.State.WAITING).exclude(not_before__gt=clock.real_now())
        busy = Upload.objects.filter(pk__in=self.children).values_list("party_id", flat=True)
        return (
            waiting.exclude(party_id__in=list(busy)).order_by("seen_at").first() or waiting.order_by("seen_at").first()
        )

    def _start(self, upload: Upload) -> None:
        claimed = Upload.objects.filter(pk=upload.pk, state=Upload.State.WAITING).update(
            state=Upload.State.CONVERTING, worker=self.name, seen_at=clock.real_now(), stage="reading", done=0,
            total=upload.size, rows=0, refusal=None, attempts=upload.attempts + 1,
        )  # fmt: skip
        if not claimed:
            return
        upload.refresh_from_db()
        try:
            for left in folder_of(upload).glob("*"):
                if left.name != "upload":
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
            before, job = job_for(upload.dataset, upload.name, Wishes(**upload.wishes))
            child = running.start(folder_of(upload), job._replace(sha256=upload.sha256))
        except OSError:
            _log.exception("a conversion could not be started")
            self._again(upload, failed())
            return
        self.children[upload.pk] = (child, before)

    def _follow(self, pk: int) -> None:
        child, before = self.children[pk]
        upload = Upload.objects.filter(pk=pk).select_related("dataset", "person").first()
        if upload is None or upload.state != Upload.State.CONVERTING or upload.worker != self.name:
            child.kill()  # cancelled, or given to another worker
            child.wait()
            del self.children[pk]
            self._carried.pop(pk, None)
            if upload is not None and not upload.active:
                shutil.rmtree(folder_of(upload), ignore_errors=True)
            return
        if child.poll() is None:
            self._tell(upload)
            return
        try:
            made = running.outcome(folder_of(upload))
            if not self._is_carried(upload, made):
                self._tell(upload)
                return
            self._publish(upload, made, before)
        except Refusal as refusal:
            self._refused(upload, refusal, crashed=child.returncode != 0)
        del self.children[pk]
        self._carried.pop(pk, None)

    def _is_carried(self, upload: Upload, made: running.Converted) -> bool:
        """Whether the store has the file. Raises Refusal `vault_unreachable`."""
        carried = self._carried.get(upload.pk)
        if carried is None:
            send = store().send
            carried = self._carrier.submit(send, made.path, upload.dataset.number, made.sha256)
            self._carried[upload.pk] = carried
            wait([carried], timeout=0.05)  # the folder has nothing to carry
        if not carried.done():
            return False
        carried.result()
        return True

    def _tell(self, upload: Upload) -> None:
        word = running.last_word(folder_of(upload))
        facts: dict[str, Any] = {"seen_at": clock.real_now()}
        if isinstance(word.get("stage"), str):
            numbers = {name: int(word.get(name) or 0) for name in ("done", "total", "rows")}
            facts |= {"stage": word["stage"][:10], **numbers}
        Upload.objects.filter(pk=upload.pk, worker=self.name).update(**facts)

    def _publish(self, upload: Upload, made: running.Converted, before: int) -> None:
        actor = actor_by_id(upload.person, upload.party_id, False)
        with transaction.atomic():
            received = Received(upload.name)
            version = publish(actor, upload.dataset.number, received, made, Wishes(**upload.wishes), before)
            end(Upload.objects.select_for_update().get(pk=upload.pk), Upload.State.STORED, version=version)

    def _refused(self, upload: Upload, refusal: Refusal, crashed: bool) -> None:
        """What may pass by itself is tried again; the rest is over, and said to the supplier."""
        if refusal.code in LATER or (refusal.code == "version_moved" and upload.attempts < ATTEMPTS):
            self._again(upload, refusal, RETRY_AFTER if refusal.code in LATER else timedelta())
        elif crashed and upload.attempts < ATTEMPTS:
            self._again(upload, refusal)
        else:
            with transaction.atomic():
                end(upload, Upload.State.REFUSED, refusal=spoken(refusal))
                said = {"name": upload.name, "code": refusal.code}
                emit("upload.refused", SYSTEM, [("dataset", upload.dataset.number)], said)

    def _again(self, upload: Upload, refusal: Refusal, wait: timedelta = timedelta(seconds=2)) -> None:
        Upload.objects.filter(pk=upload.pk, state=Upload.State.CONVERTING).update(
            state=Upload.State.WAITING, worker="", stage="", refusal=spoken(refusal), not_before=clock.real_now() + wait
        )

    def _find_lost(self) -> None:
        """Conversions whose worker no longer says that it is there."""
        lost = Upload.objects.filter(state=Upload.State.CONVERTING, seen_at__lt=clock.real_now() - LOST_AFTER)
        for upload in lost.exclude(pk__in=self.children):
            self._refused(upload, failed(), crashed=True)


def spoken(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "message": list(refusal.message), "status": refusal.status}


def sweep() -> None:
    """Abandoned uploads expire; old rows and folders that nothing names any more go."""
    now = clock.real_now()
    abandoned = now - timedelta(hours=settings.SHUGANG_UPLOAD_HOURS)
    for upload in Upload.objects.filter(state=Upload.State.RECEIVING, seen_at__lt=abandoned).select_related("dataset"):
        with transaction.atomic():
            end(upload, Upload.State.EXPIRED)
            emit("upload.expired", SYSTEM, [("dataset", upload.dataset.number)], {"name": upload.name})
    Upload.objects.filter(state__in=ENDED, seen_at__lt=now - ROWS_STAY).delete()
    held = set(Upload.objects.filter(state__in=ACTIVE).values_list("key", flat=True))
    for folder in incoming().iterdir():
        age = now.timestamp() - folder.stat().st_mtime
        if folder.name not in held and age > (86400 if folder.name.startswith("direct-") else 3600):
            shutil.rmtree(folder, ignore_errors=True)


_here = Converter()


def advance() -> None:
    """The worker's job, about once a second."""
    _here.advance()
