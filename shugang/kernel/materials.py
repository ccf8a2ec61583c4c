"""Uploaded files of cases: size-limited, type sniffed from the bytes, stored by digest."""

from __future__ import annotations

import codecs
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from shugang.policy.text import Text

from . import clock
from .actors import Actor
from .errors import Refusal, not_found
from .models import Material

# First bytes of what a reviewer may be given; anything else is refused whatever its name says.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
)
MAX_BYTES = 20 * 1024 * 1024


def folder() -> Path:
    path: Path = settings.VAR_DIR / "materials"
    path.mkdir(parents=True, exist_ok=True)
    return path


def sniff(head: bytes) -> str:
    for magic, content_type in _SIGNATURES:
        if head.startswith(magic):
            return content_type
    try:
        # Not final: the first block may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        raise Refusal(
            "wrong_file_type",
            Text(
                "这种文件不能作为材料。请上传PDF、PNG、JPG、ZIP或UTF-8文本。",
                "This kind of file is not accepted. Please upload PDF, PNG, JPG, ZIP or UTF-8 text.",
            ),
            422,
        ) from None
    return "text/plain"


def store(actor: Actor, name: str, stream: BinaryIO) -> dict[str, Any]:
    """Keep a file for the acting party; returns the description that a `file` field takes."""
    digest, size, head = hashlib.sha256(), 0, b""
    with tempfile.NamedTemporaryFile(dir=folder(), delete=False) as out:
        try:
            while chunk := stream.read(1 << 20):
                head = head or chunk[:512]
                size += len(chunk)
                if size > MAX_BYTES:
                    raise Refusal(
                        "file_too_large",
                        Text(
                            "材料不能超过20 MB，请压缩或拆分后再传。",
                            "A material may not exceed 20 MB. Please compress or split it.",
                        ),
                        413,
                    )
                digest.update(chunk)
                out.write(chunk)
            content_type = sniff(head)
            out.flush()
            os.fsync(out.fileno())
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise
    Path(out.name).rename(folder() / digest.hexdigest())
    row = Material.objects.create(
        party_id=actor.party_id or 0,
        name=Path(name).name[:200],
        content_type=content_type,
        sha256=digest.hexdigest(),
        size=size,
        created_at=clock.now(),
    )
    return {"material": row.pk, "name": row.name, "sha256": row.sha256, "size": size}


def not_own(form: Mapping[str, Any], names: Iterable[str], actor: Actor) -> dict[str, Text]:
    """Those of the answers `names` whose file the acting party itself did not upload, with what to tell it."""
    mine = Material.objects.visible_to(actor).filter(party_id=actor.party_id or 0)
    wrong = {}
    for name in names:
        file = form.get(name)
        if file and not mine.filter(pk=file["material"], sha256=file["sha256"]).exists():
            wrong[name] = Text("没有找到这份材料，请重新上传。", "This material was not found. Please upload it again.")
    return wrong


def open_material(pk: int, actor: Actor) -> tuple[Material, Path]:
    row = Material.objects.visible_to(actor).filter(pk=pk).first()
    if row is None:
        raise not_found(Text("这份材料", "material"))
    return row, folder() / row.sha256
