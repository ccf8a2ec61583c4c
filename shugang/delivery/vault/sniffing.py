"""What a file is, judged by its bytes; its name only has to agree."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from .refusals import at_row, broken, empty, inflates_too_far, wrong_type

CHUNK = 1 << 20
HEAD = 4096
_FOREIGN = (
    (b"PK\x05\x06", "空的ZIP", "an empty ZIP"),
    (b"MZ", "Windows程序", "a Windows program"),
    (b"\x7fELF", "程序", "a program"),
    (b"%PDF", "PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "旧版Excel（.xls）或带密码的Excel", "old Excel (.xls) or Excel with a password"),
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
# Ending of a name → the kinds of content that it may stand for.
ENDINGS = {
    "csv": ("csv",), "tsv": ("csv",), "json": ("json", "jsonl"), "jsonl": ("jsonl", "json"),
    "ndjson": ("jsonl", "json"), "xlsx": ("xlsx",), "parquet": ("parquet",),
}  # fmt: skip
PACKABLE = ("csv", "tsv", "json", "jsonl", "ndjson")


class Source(NamedTuple):
    """A file as it was sent: `kind` is csv, json, jsonl, xlsx or parquet; `packed`: inside gzip."""

    path: Path
    kind: str
    packed: bool

    def open(self, limit: int, seen: Callable[[int], None] = lambda _: None) -> IO[bytes]:
        """The plain bytes; `seen` hears how far the stored file has been read. Raises Refusal at `limit` bytes."""
        return io.BufferedReader(_Plain(self, limit, seen), CHUNK)


class _Plain(io.RawIOBase):
    def __init__(self, source: Source, limit: int, seen: Callable[[int], None]) -> None:
        self._stored = source.path.open("rb")
        self._plain: Any = gzip.GzipFile(fileobj=self._stored) if source.packed else self._stored
        self._limit, self._seen, self._size = limit, seen, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = int(self._plain.readinto(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise broken(
                "压缩文件已损坏或不完整，请重新压缩后上传。",
                "The compressed file is damaged or cut short. Please pack it again.",
            ) from None
        self._size += count
        if self._size > self._limit:
            raise inflates_too_far(self._limit)
        self._seen(self._stored.tell())
        return count

    def close(self) -> None:
        self._stored.close()
        super().close()


def check_name(name: str) -> str:
    """The ending that the name claims, such as `csv` or `csv.gz`. Raises Refusal `wrong_file_type`."""
    lower = name.lower()
    for ending in ENDINGS:
        if lower.endswith(f".{ending}"):
            return ending
        if ending in PACKABLE and lower.endswith(f".{ending}.gz"):
            return f"{ending}.gz"
    raise wrong_type("不支持这种文件。", "This kind of file is not supported.")


def sniff(path: Path, name: str, limit: int) -> Source:
    """Raises Refusal `empty_file`, `wrong_file_type`, `broken_file`, `file_too_large`."""
    ending = check_name(name)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise empty()
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        with Source(path, "csv", True).open(limit) as plain:
            head = plain.read(HEAD)
        if not head:
            raise empty()
    kind = _kind(head, ending)
    if packed != ending.endswith(".gz") or kind not in ENDINGS[ending.removesuffix(".gz")]:
        raise wrong_type("文件内容与文件名的后缀不符。", "The content does not fit the file's ending.")
    return Source(path, kind, packed)


def _kind(head: bytes, ending: str) -> str:
    if head.startswith(b"PK\x03\x04"):
        if ending != "xlsx":
            raise wrong_type(
                "文件内容是Excel、Word或ZIP，与文件名不符。",
                "The content is Excel, Word or ZIP, not what its name says.",
            )
        return "xlsx"
    for magic, zh, en in _FOREIGN:
        if head.startswith(magic):
            raise wrong_type(f"文件内容是{zh}，与文件名不符。", f"The content is {en}, not what its name says.")
    if head.startswith(b"PAR1"):
        return "parquet"
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if text[:9].lower().startswith(_MARKUP):
        raise wrong_type(
            "文件内容是网页或XML，与文件名不符。", "The content is a web page or XML, not what its name says."
        )
    if "json" not in ending:
        return "csv"
    return "json" if text.startswith(b"[") else "jsonl" if text.startswith(b"{") else "csv"


def encoding_of(source: Source, limit: int, seen: Callable[[int], None]) -> str:
    """utf-8-sig, gb18030 or utf-16, by decoding the whole file. Raises Refusal `bad_encoding` with the line."""
    with source.open(limit) as file:
        head = file.read(2)
    names = ("utf-16",) if head in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    furthest = 1
    for name in names:
        line = _stops(source, name, limit, seen)
        if line is None:
            return name
        furthest = max(furthest, line)
    raise at_row(
        furthest,
        "有无法识别的字节，文字编码应为UTF-8、UTF-16（带BOM）或GB18030。",
        "bytes that are neither UTF-8, UTF-16 (with a byte order mark) nor GB18030.",
        "bad_encoding",
    )


def _stops(source: Source, encoding: str, limit: int, seen: Callable[[int], None]) -> int | None:
    """The line at which `encoding` no longer reads the file; None when it reads all. A NUL is refused at once."""
    decoder, line = codecs.getincrementaldecoder(encoding)("strict"), 1
    with source.open(limit, seen) as file:
        for chunk in _chunks(file):
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return line + bytes(error.object[: error.start]).count(b"\n")
            if "\x00" in text:
                raise at_row(
                    line + text[: text.index("\x00")].count("\n"),
                    "含有空字符（NUL），文件可能是UTF-16而没有BOM，或已损坏。",
                    "a NUL character; the file may be UTF-16 without a byte order mark, or damaged.",
                    "bad_encoding",
                )
            line += text.count("\n")
    return None


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces, an empty one last."""
    while chunk := file.read(CHUNK):
        yield chunk
    yield b""
