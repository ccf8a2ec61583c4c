"""Taking a backup while the platform runs.

Order matters: what the log has published is read first, then one snapshot of the control database, then files and the
planes' journals, which are therefore as new as the database or newer.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from shugang import __version__

from . import archive, fleets, postgres, sealing, stores
from .check import integrity
from .errors import Stopped

CONTROL_SQLITE, CONTROL_POSTGRES = "control.sqlite3", "control.pgdump"
JOURNAL = "journal.sqlite3"
_SQLITE = b"SQLite format 3\x00"
# Rebuildable, or of a process that runs.
_LEFT_OUT_FOLDERS = frozenset({"cache", ".incoming", ".tmp"})
_LEFT_OUT_ENDINGS = ("-wal", "-shm", "-journal", ".lock", ".part")
_NOT_KEPT = frozenset({"SHUGANG_VAR_DIR", "SHUGANG_DATABASE_URL"})


def secret(name: str) -> bool:
    """Whether a file of the data folder goes among the sealed keys. Settings of planes may hold passwords."""
    return name.startswith("keys/") or name.endswith((".key", ".pem", ".toml"))


def take(target: Path, passphrase: str = "", recipient: str = "") -> Path:
    """The finished, checked archive. Django must be set up. Raises Stopped; then nothing is left."""
    from django.utils import timezone

    if target.is_dir():
        target /= f"shugang-{timezone.localtime():%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise Stopped(f"{target}已存在，不会覆盖。", f"{target} exists and stays as it is.")
    sealing.seal({}, b"", passphrase, recipient)  # refuse a bad passphrase before any work
    try:
        writer = archive.Writer(target)
    except FileExistsError:
        raise Stopped(
            f"另一次备份正在写{target}.part；如果没有，请删掉它再试。",
            f"Another backup is writing {target}.part; if there is none, remove that file and try again.",
        ) from None
    except OSError as error:
        raise Stopped(f"不能写入{target.parent}：{error}。", f"{target.parent} cannot be written: {error}.") from None
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".shugang-backup-") as folder:
            _fill(writer, Path(folder), passphrase, recipient)
        writer.finish()
        archive_check(writer.part, passphrase)
        writer.appear()
    except (OSError, sqlite3.Error) as error:
        raise Stopped(
            f"备份没有完成（{error}），没有留下文件。请检查磁盘空间后再试。",
            f"The backup was not finished ({error}); no file was left. Please check the disk's space and try again.",
        ) from None
    finally:
        writer.drop()
    return target


def archive_check(path: Path, passphrase: str) -> None:
    """What was just written, read again from the disk."""
    from . import check

    check.contents(path)
    if passphrase:
        reader = archive.Reader(path)
        sealing.unseal(reader.sealed, reader.manifest_bytes, passphrase)
        reader.close()


def data_folder() -> Path:
    from django.conf import settings

    return Path(settings.VAR_DIR)


def _fill(writer: archive.Writer, folder: Path, passphrase: str, recipient: str) -> None:
    from django.conf import settings
    from django.db import connection

    from shugang.kernel import clock, sequencer

    root = data_folder()
    seen = _text(sequencer.folder() / "checkpoint")
    control = folder / "control"
    if connection.vendor == "postgresql":
        postgres.dump(settings.DATABASES["default"], control)
        database = CONTROL_POSTGRES
    else:
        copy_sqlite(Path(str(settings.DATABASES["default"]["NAME"])), control)
        database = CONTROL_SQLITE
    writer.add_file(database, control)
    control.unlink()
    secrets: dict[str, Any] = {"files": {}, "environment": _environment()}
    shared = list(fleets.fleets(root, fleets.settings_environment()))
    addresses = {fleet.url_file for fleet in shared}
    planes = []
    for name, path in _files(root, writer.part.parent):
        if secret(name) or path in addresses:
            secrets["files"][name] = base64.b64encode(path.read_bytes()).decode()
        elif _is_sqlite(path):
            copy_sqlite(path, folder / "copy")
            writer.add_file(name, folder / "copy")
            if path.name == JOURNAL:
                planes.append({"journal": name, "seq": last_record(folder / "copy")})
            (folder / "copy").unlink()
        else:
            writer.add_file(name, path)
    planes += [_shared(writer, fleet, folder / "copy") for fleet in shared]
    _distant(writer, folder)
    manifest = json.dumps(
        {
            "format": archive.FORMAT, "software": __version__, "made_at": clock.real_now().isoformat(), "folder": str(root),
            "database": database, "log": {"origin": sequencer.origin(), "vkey": sequencer.vkey(), "published": seen},
            "planes": planes, "files": writer.files,
        },
        ensure_ascii=False, indent=1,
    ).encode()  # fmt: skip
    writer.add_bytes(archive.MANIFEST, manifest)
    writer.add_bytes(archive.KEYS, sealing.seal(secrets, manifest, passphrase, recipient))


def _shared(writer: archive.Writer, fleet: fleets.Fleet, copy: Path) -> dict[str, Any]:
    """A journal in PostgreSQL, read after the control database, so that it is as new or newer."""
    seq = fleets.save(fleet, copy)
    writer.add_file(fleet.dump, copy)
    copy.unlink()
    return {"journal": fleet.dump, "plane": fleet.plane, "seq": seq}


def _distant(writer: archive.Writer, folder: Path) -> None:
    """What the vault has in a store alone."""
    store = stores.objects()
    if store is None:
        return
    have = {str(told["name"]) for told in writer.files}
    for name, copy in stores.missing(store, have, folder):
        writer.add_file(name, copy)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k.startswith("SHUGANG_") and k not in _NOT_KEPT}


def _files(root: Path, target: Path) -> Iterator[tuple[str, Path]]:
    """(name below the data folder, path) of all that has to be kept, the control database aside."""
    from django.conf import settings

    from shugang.kernel import sequencer

    control, log = Path(str(settings.DATABASES["default"]["NAME"])).resolve(), sequencer.folder()
    for where, folders, names in os.walk(root, followlinks=True):
        here = Path(where)
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT_FOLDERS and not f.startswith(".shugang-backup-"))
        if here == log:
            folders[:], names = [f for f in folders if f != "tile"], [n for n in names if n != "checkpoint"]
        for name in sorted(names):
            path = here / name
            backup = here == target and name.startswith("shugang-") and name.endswith(".tar")
            if backup or name.endswith(_LEFT_OUT_ENDINGS) or not path.is_file() or path.resolve() == control:
                continue
            yield path.relative_to(root).as_posix(), path


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def copy_sqlite(source: Path, target: Path) -> None:
    """One consistent moment of a database that others write to, by SQLite's online backup; its writers never wait."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=20)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        # One file without a log beside it, whatever the original's mode.
        copy.execute("PRAGMA journal_mode=DELETE")
    if (why := integrity(target)) is not None:
        raise Stopped(f"{source}已损坏：{why}", f"{source} is damaged: {why}")


def last_record(journal: Path) -> int:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if "batch" not in tables:
            return 0
        return int(database.execute("SELECT coalesce(max(last), 0) FROM batch").fetchone()[0])
