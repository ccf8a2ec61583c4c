"""The file of an evidence bundle: a ZIP that has one spelling only, so that no byte of it can differ unseen.

Entries are stored, not compressed, in the order of their ASCII names, with one date and no comment. Whoever unpacks packs
again and compares: headers, padding and the directory are held as firmly as the contents.
"""

import io
import re
import zipfile
from collections.abc import Mapping

from shugang.evidence.errors import FormatError

FORMAT = "shugang-bundle-v1"
MANIFEST, RECEIPT = "manifest.json", "receipt.json"
MAX_FILES = 2000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}(/[A-Za-z0-9._-]{1,60}){0,3}")
_DATE = (1980, 1, 1, 0, 0, 0)


def pack(files: Mapping[str, bytes]) -> bytes:
    """The bytes of the file. FormatError for a name that is not plain ASCII segments, or ends in dots."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            if not _NAME.fullmatch(name) or any(part.strip(".") == "" for part in name.split("/")):
                raise FormatError(f"a bundle holds no file of the name {name[:80]!r}")
            info = zipfile.ZipInfo(name, _DATE)
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, files[name])
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Strict inverse of `pack`. FormatError for anything else, whatever other programs make of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES:
                raise FormatError(f"more than {MAX_FILES} files")
            if any(e.compress_type != zipfile.ZIP_STORED or e.file_size > len(data) for e in entries):
                raise FormatError("its files are stored, not compressed")
            files = {e.filename: archive.read(e) for e in entries}
    except FormatError:
        raise
    except Exception as error:  # zipfile raises many kinds over foreign bytes: struct.error, EOFError, UnicodeError …
        raise FormatError(f"not a bundle: {error}") from error
    if pack(files) != data:
        raise FormatError("the archive is not the one that was written")
    return files
