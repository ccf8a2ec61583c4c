"""Checking a backup: every digest, every database's integrity, and that its entries give the root that was signed."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from shugang.evidence.hashing import leaf_hash
from shugang.evidence.tree import Tree

from . import archive, postgres, sealing
from .errors import Stopped


def integrity(path: Path) -> str | None:
    """What SQLite finds wrong with a database, None when nothing."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else found


def contents(path: Path) -> archive.Reader:
    """Reads the whole archive. Raises Stopped for the first thing that is wrong."""
    reader = archive.Reader(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".shugang-backup-") as folder:
        for told in reader.manifest["files"]:
            name = told["name"]
            if not name.endswith((".sqlite3", ".pgdump")):
                for _ in reader.chunks(told):
                    pass
                continue
            copy = Path(folder) / "copy"
            reader.extract(told, copy)
            _database(copy, name, reader)
            copy.unlink()
    return reader


def _database(copy: Path, name: str, reader: archive.Reader) -> None:
    if name.endswith(".pgdump"):
        postgres.listing(copy)
        return
    if (why := integrity(copy)) is not None:
        raise archive.damaged(f"{name}: {why}")
    if name == reader.manifest["database"]:
        _log(copy)


def _log(control: Path) -> None:
    """The entries of the control database give the root of its last checkpoint."""
    with closing(sqlite3.connect(f"file:{control}?mode=ro", uri=True)) as database:
        last = database.execute("SELECT size, root FROM kernel_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        if last is None:
            return
        tree = Tree()
        rows = database.execute('SELECT data FROM kernel_logentry WHERE "index" < ? ORDER BY "index"', (last[0],))
        while part := rows.fetchmany(4096):
            tree.append([leaf_hash(bytes(data)) for (data,) in part])
    if (tree.size, tree.root().hex()) != tuple(last):
        raise archive.damaged("the log's entries do not give the root that was signed")


def run(path: Path, passphrase: str, identity: Path | None) -> None:
    """`shugang backup --verify`: says what was found. Raises Stopped."""
    reader = contents(path)
    told = reader.manifest
    size = sum(file["size"] for file in told["files"])
    print(
        f"✓ {len(told['files'])}个文件、{size}字节核对一致，数据库与日志完好（{told['made_at']}）。/ "
        f"{len(told['files'])} files, {size} bytes agree; databases and log are sound ({told['made_at']})."
    )
    if not passphrase and identity is None:
        print("! 没有给出口令或私钥，密钥未核对。/ No passphrase or private key given: the keys were not tried.")
        return
    found = sealing.unseal(reader.sealed, reader.manifest_bytes, passphrase, identity)
    if "keys/bundle.key" not in found["files"]:  # the log's may live in an HSM
        raise Stopped("备份里没有平台私钥。", "The platform's keys are not in this backup.")
    print(f"✓ 密钥可以打开（{len(found['files'])}个）。/ The keys open ({len(found['files'])} files).")
