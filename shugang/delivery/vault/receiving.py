"""Taking an upload to disk within its limit, and judging it by its bytes, not its name."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings

from .refusals import broken, inflates_too_far, too_large, wrong_type

CHUNK = 1 << 20
INFLATION = 8
_FOREIGN = (
    (b"PK\x03\x04", "Excel、Word或ZIP", "Excel, Word or ZIP"),
    (b"PK\x05\x06", "ZIP", "ZIP"),
    (b"MZ", "Windows程序", "a Windows program"),
    (b"\x7fELF", "程序", "a program"),
    (b"%PDF", "PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "旧版Excel", "old Excel"),
    (b"7z\xbc\xaf\x27\x1c", "7z压缩包", "a 7z archive"),
    (b"Rar!", "RAR压缩包", "a RAR archive"),
    (b"\x89PNG", "图片", "a picture"),
    (b"\xff\xd8\xff", "图片", "a picture"),
    (b"GIF8", "图片", "a picture"),
    (b"SQLite format 3\x00", "SQLite数据库", "an SQLite database"),
    (b"\x28\xb5\x2f\xfd", "zstd压缩", "zstd"),
    (b"BZh", "bzip2压缩", "bzip2"),
    (b"\xfd7zXZ", "xz压缩", "xz"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<script")


class Received(NamedTuple):
    """A file in the vault's own waiting room; `kind` is csv or parquet (a .csv.gz has been unfolded)."""

    path: Path
    kind: str
    sha256: str
    name: str


def upload_limit() -> int:
    """Bytes that one upload may have."""
    return int(settings.SHUGANG_UPLOAD_MAX_BYTES)


def vault_root() -> Path:
    root = Path(settings.VAR_DIR) / "vault"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return root


@contextmanager
def waiting_room() -> Iterator[Path]:
    """A folder for one upload; gone afterwards whatever happened."""
    incoming = vault_root() / ".incoming"
    incoming.mkdir(exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=incoming) as folder:
        yield Path(folder)


def receive(stream: BinaryIO, filename: str, folder: Path) -> Received:
    """Store `stream` in `folder`, counted while it arrives. Raises Refusal `file_too_large`, `wrong_file_type`."""
    limit = upload_limit()
    name = filename.replace("\\", "/").rsplit("/", 1)[-1][:200]
    kind = _claimed(name)
    path, digest, size = folder / "upload", hashlib.sha256(), 0
    with path.open("wb") as out:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            digest.update(chunk)
            out.write(chunk)
    if size == 0:
        raise broken(
            "文件是空的。请检查后重新上传。", "The file is empty. Please check it and upload again.", "empty_file"
        )
    with path.open("rb") as file:
        _check_head(file.read(512), kind)
    if kind == "csv.gz":
        path, kind = _unfold(path, folder / "unfolded", limit * INFLATION), "csv"
    return Received(path, kind, digest.hexdigest(), name)


def _claimed(name: str) -> str:
    lower = name.lower()
    for ending in ("csv.gz", "csv", "parquet"):
        if lower.endswith("." + ending):
            return ending
    raise wrong_type("不支持这种文件。", "This kind of file is not supported.")


def _check_head(head: bytes, kind: str) -> None:
    for magic, zh, en in _FOREIGN:
        if head.startswith(magic):
            raise wrong_type(f"文件内容是{zh}，与文件名不符。", f"The content is {en}, not what its name says.")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:9].lower().startswith(_MARKUP):
        raise wrong_type(
            "文件内容是网页或XML，与文件名不符。", "The content is a web page or XML, not what its name says."
        )
    packed, parquet = head.startswith(b"\x1f\x8b"), head.startswith(b"PAR1")
    if (packed, parquet) != (kind == "csv.gz", kind == "parquet"):
        raise wrong_type("文件内容与文件名的后缀不符。", "The content does not fit the file's ending.")


def _unfold(packed: Path, target: Path, limit: int) -> Path:
    """gzip → plain, never beyond `limit` bytes, however small the packed file is."""
    size = 0
    try:
        with gzip.open(packed, "rb") as source, target.open("wb") as out:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise inflates_too_far(limit)
                out.write(chunk)
    except (OSError, EOFError, zlib.error):
        raise broken(
            "压缩文件已损坏或不完整，请重新压缩后上传。",
            "The compressed file is damaged or cut short. Please pack it again.",
        ) from None
    if size == 0:
        raise broken(
            "文件是空的。请检查后重新上传。", "The file is empty. Please check it and upload again.", "empty_file"
        )
    with target.open("rb") as file:
        _check_head(file.read(512), "csv")
    return target


def encoding_of(path: Path) -> str:
    """utf-8-sig or gb18030, by decoding the whole file. Raises Refusal for UTF-16, NUL bytes or anything else."""
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            raise broken(
                "文件是UTF-16编码，请另存为UTF-8后再传。",
                "The file is UTF-16. Please save it as UTF-8.",
                "bad_encoding",
            )
    for name in ("utf-8-sig", "gb18030"):
        if _decodes(path, name):
            return name
    raise broken(
        "文件的文字编码无法识别，请另存为UTF-8或GB18030后再传。",
        "The text encoding is neither UTF-8 nor GB18030. Please save it as one of them.",
        "bad_encoding",
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                if b"\x00" in chunk:
                    return False
                decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
