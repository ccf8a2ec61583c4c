"""Taking a large file in pieces: what is acknowledged is on disk, and any interruption goes on from there.

The file's truth is `Upload.offset`, moved only after the bytes before it were flushed: bytes beyond it are cut off when
the next piece comes, whatever a crash left there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..datasets.services import own_dataset
from ..gates import require_supply
from .keys import check_key_names
from .models import ACTIVE, Upload
from .receiving import UPLOAD, fsync_folder, incoming, plain_name, upload_limit
from .refusals import bad_columns, empty, no_room, too_large
from .services import Wishes, busy, check_quota, hosted
from .sniffing import CHUNK, check_name

UPLOADING = Text("这次上传", "upload")
OPEN_AT_ONCE = 16  # uploads of one party that are not done
FLUSH_EVERY = 16 << 20
# Threads of this process that may wait for senders; the others stay free for pages.
_SENDERS = threading.BoundedSemaphore(4)
_DIGESTS: dict[str, Callable[[], Any]] = {"sha256": hashlib.sha256, "sha1": lambda: hashlib.sha1(usedforsecurity=False)}
ALGORITHMS = tuple(_DIGESTS)


def folder_of(upload: Upload) -> Path:
    return incoming() / upload.key


def expires_at(upload: Upload) -> datetime:
    return upload.seen_at + timedelta(hours=settings.SHUGANG_UPLOAD_HOURS)


def _check_room(party: int, size: int) -> None:
    check_quota(party, size)
    if Upload.objects.filter(party_id=party, state__in=ACTIVE).count() >= OPEN_AT_ONCE:
        raise Refusal(
            "too_many_uploads",
            Text(
                f"未完成的上传已有{OPEN_AT_ONCE}个，请先完成或取消一些。",
                f"There are {OPEN_AT_ONCE} unfinished uploads. Please finish or cancel some first.",
            ),
            429,
        )
    if shutil.disk_usage(incoming()).free < size + (1 << 30):
        raise no_room()


@verb
def open_upload(
    actor: Actor,
    number: str,
    filename: str,
    size: int,
    sha256: str = "",
    wishes: Wishes = Wishes(),  # noqa: B008
) -> Upload:
    """Announce a file of `size` bytes. Raises Refusal `forbidden`, `not_found`, `not_hosted`, `wrong_file_type`,
    `empty_file`, `file_too_large`, `over_quota`, `too_many_uploads`, `no_room`, `bad_columns`."""
    party = require_supply(actor)
    assert actor.person_id is not None  # duties are a person's
    dataset = hosted(own_dataset(actor, number))
    name = plain_name(filename)
    check_name(name)
    if size <= 0:
        raise empty()
    if size > upload_limit():
        raise too_large(upload_limit())
    if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
        raise bad_columns("SHA-256应为64位小写十六进制。", "A SHA-256 is 64 lower-case hexadecimal digits.")
    check_key_names(wishes.keys, wishes.keys)
    Party.objects.select_for_update().get(pk=party)  # two uploads never pass the quota together
    _check_room(party, size)
    now = clock.real_now()
    upload = Upload.objects.create(
        key=secrets.token_hex(16), dataset=dataset, party_id=party, person_id=actor.person_id, name=name, size=size,
        sha256=sha256, wishes=wishes._asdict(), created_at=now, seen_at=now,
    )  # fmt: skip
    folder = folder_of(upload)
    folder.mkdir(mode=0o700)
    (folder / UPLOAD).touch(mode=0o600)
    fsync_folder(folder)
    fsync_folder(folder.parent)
    emit("upload.opened", actor, [("dataset", number)], {"name": name, "size": size})
    return upload


def own_upload(actor: Actor, key: str) -> Upload:
    """The acting supplier's upload. Raises Refusal `forbidden`, `not_found`."""
    party = require_supply(actor)
    found = Upload.objects.filter(key=key, party_id=party).select_related("dataset", "version").first()
    if found is None:
        raise not_found(UPLOADING)
    return found


def _receiving(upload: Upload) -> Upload:
    if upload.state != Upload.State.RECEIVING:
        raise Refusal(
            "upload_closed",
            Text("这次上传已结束，不再接收内容。", "This upload is closed and takes no more."),
            410 if upload.state in (Upload.State.EXPIRED, Upload.State.CANCELLED) else 409,
        )
    return upload


def _wrong_offset(upload: Upload) -> Refusal:
    return Refusal(
        "wrong_offset",
        Text(
            f"应从第{upload.offset}字节继续。请先查询进度再上传。",
            f"The upload goes on at byte {upload.offset}. Please ask for the offset first.",
        ),
        409,
    )


@contextmanager
def _alone(upload: Upload) -> Iterator[BinaryIO]:
    """The upload's file, held by one sender across all processes. Raises Refusal `upload_locked` (423), `busy`."""
    if not _SENDERS.acquire(blocking=False):
        raise busy()
    try:
        try:
            file = (folder_of(upload) / UPLOAD).open("r+b", buffering=0)
        except FileNotFoundError:
            raise not_found(UPLOADING) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal(
                    "upload_locked",
                    Text("这次上传正由另一连接进行，请稍候。", "Another connection is sending this upload."),
                    423,
                ) from None
            yield file
    finally:
        _SENDERS.release()


def receive_piece(
    actor: Actor,
    key: str,
    offset: int,
    stream: BinaryIO,
    length: int | None = None,
    checksum: tuple[str, bytes] | None = None,
) -> Upload:
    """Add a piece at `offset`; the upload as it stands then. `checksum`: (algorithm, digest) of the whole piece.

    A connection that breaks leaves what had arrived, unless a checksum was to hold for all of it.
    Raises Refusal `not_found`, `upload_closed`, `wrong_offset` (409), `file_too_large` (413), `upload_locked` (423),
    `checksum_mismatch` (460), `unknown_checksum`, `busy` (503), `no_room` (507).
    """
    upload = _receiving(own_upload(actor, key))
    if checksum is not None and checksum[0] not in _DIGESTS:
        raise Refusal(
            "unknown_checksum",
            Text("不支持这种校验算法，请用sha256或sha1。", "This checksum is not known; use sha256 or sha1."),
            400,
        )
    if length is not None and offset + length > upload.size:
        raise too_large(upload.size)
    with _alone(upload) as file:
        upload.refresh_from_db()
        if _receiving(upload).offset != offset:
            raise _wrong_offset(upload)
        os.ftruncate(file.fileno(), offset)
        file.seek(offset)
        try:
            _take(upload, file, stream, checksum)
        except OSError as error:
            if error.errno in (27, 28, 122):  # EFBIG, ENOSPC, EDQUOT: what was flushed before stands
                raise no_room() from None
            raise
    if upload.offset == upload.size:
        upload = complete(actor, key)
    return upload


def _take(upload: Upload, file: Any, stream: BinaryIO, checksum: tuple[str, bytes] | None) -> None:
    digest = _DIGESTS[checksum[0]]() if checksum else None
    at = since = upload.offset
    while piece := stream.read(CHUNK):
        if at + len(piece) > upload.size:
            raise too_large(upload.size)
        view = memoryview(piece)
        while view:
            view = view[file.write(view) :]
        at += len(piece)
        if digest is not None:
            digest.update(piece)
        elif at - since >= FLUSH_EVERY:
            _keep(upload, file, at)
            since = at
    if digest is not None and checksum is not None and digest.digest() != checksum[1]:
        raise Refusal(
            "checksum_mismatch",
            Text(
                "这一段内容与校验值不符，请重传这一段。",
                "This piece does not match its checksum. Please send it again.",
            ),
            460,
        )
    _keep(upload, file, at)


def _keep(upload: Upload, file: Any, at: int) -> None:
    """Flush first, then say so."""
    os.fdatasync(file.fileno())
    moment = clock.real_now()
    held = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING)
    if not held.update(offset=at, seen_at=moment):
        raise _closed_meanwhile()
    upload.offset, upload.seen_at = at, moment


def _closed_meanwhile() -> Refusal:
    return Refusal("upload_closed", Text("这次上传已取消。", "This upload was cancelled."), 410)


@verb
def complete(actor: Actor, key: str) -> Upload:
    """All bytes are here: it waits for the worker now."""
    upload = Upload.objects.select_for_update().get(pk=own_upload(actor, key).pk)
    if _receiving(upload).offset != upload.size:
        raise _wrong_offset(upload)
    upload.state, upload.seen_at = Upload.State.WAITING, clock.real_now()
    upload.save(update_fields=["state", "seen_at"])
    emit("upload.received", actor, [("dataset", upload.dataset.number)], {"name": upload.name, "size": upload.size})
    return upload


@verb
def cancel_upload(actor: Actor, key: str) -> Upload:
    """Give an unfinished upload up; its bytes go, its conversion stops. Raises Refusal `not_found`, `upload_closed`."""
    upload = Upload.objects.select_for_update().get(pk=own_upload(actor, key).pk)
    if not upload.active:
        raise _closed_meanwhile()
    end(upload, Upload.State.CANCELLED)
    emit("upload.cancelled", actor, [("dataset", upload.dataset.number)], {"name": upload.name})
    return upload


def end(upload: Upload, state: str, **facts: Any) -> None:
    """The end of an upload, in its transaction; its folder goes once that has committed."""
    for name, value in {"state": state, "seen_at": clock.real_now(), "worker": "", "stage": "", **facts}.items():
        setattr(upload, name, value)
    upload.save()
    folder = folder_of(upload)
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
