"""Backing up a platform that works, and bringing it back: real processes, real files, on both databases."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shugang.commands.keeping.archive import Reader
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.evidence.note import Ed25519Signer, sign_note
from tests import migrated

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[4]
PASSPHRASE = "eleven herons over the harbour"
LOAD = [
    sys.executable, "-c",
    "import sys, django; django.setup(); from shugang.commands.keeping.tests import load; load.main(sys.argv[1])",
]  # fmt: skip


class Platform:
    """One data folder and its database, spoken to through its own programs."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment

    def run(self, *command: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
        def lower() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, preexec_fn=lower, timeout=200
        )

    def shugang(self, *words: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "shugang.cli", *words, limit=limit)

    def load(self, what: str) -> dict[str, Any]:
        done = self.run(*LOAD, what)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def backup(self, target: Path, *words: str) -> None:
        done = self.shugang("backup", str(target), *(words or self.passphrase()))
        assert done.returncode == 0, done.stderr

    def passphrase(self) -> tuple[str, str]:
        file = self.folder.parent / "backup" / "passphrase"
        file.write_text(PASSPHRASE + "\n")
        return "--passphrase-file", str(file)

    def restore(
        self, source: Path, name: str, *words: str, limit: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        secret = () if {"--identity", "--passphrase-file"} & set(words) else self.passphrase()
        target = str(self.folder.parent / name)
        return self.shugang("restore", str(source), "--to", target, *words, *secret, limit=limit)

    def restored(self, name: str) -> Platform:
        folder = self.folder.parent / name
        told = dict(line.split("=", 1) for line in (folder / "shugang.env").read_text().splitlines())
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_")}
        clean["DJANGO_SETTINGS_MODULE"] = "shugang.settings"
        return Platform(folder, clean | {k: v.strip("'") for k, v in told.items()})


def _environment(folder: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_DATABASE")}
    return clean | {
        "SHUGANG_VAR_DIR": str(folder), "SHUGANG_LOG_ORIGIN": "city/log",
        "DJANGO_SETTINGS_MODULE": "shugang.settings",
    }  # fmt: skip


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a platform that was set up, with a few entries in its log."""
    folder = tmp_path_factory.mktemp("first") / "platform"
    folder.mkdir()
    made = Platform(folder, _environment(folder))
    migrated.lay(folder / "control.sqlite3")  # on PostgreSQL, below, `init` migrates by itself
    done = made.shugang("init", "--quiet")
    assert done.returncode == 0, done.stderr
    script = "import django; django.setup(); from shugang.kernel import sequencer; sequencer.run_once()"
    assert made.run(sys.executable, "-c", script).returncode == 0
    (folder / "vault" / "table.parquet").write_bytes(os.urandom(3_000_000))
    return folder


@pytest.fixture
def platform(first: Path, tmp_path: Path) -> Platform:
    shutil.copytree(first, tmp_path / "platform")
    (tmp_path / "backup").mkdir()
    return Platform(tmp_path / "platform", _environment(tmp_path / "platform"))


@pytest.fixture
def working(platform: Platform) -> Iterator[Platform]:
    """The same, with events, uses, folds and checkpoints going on."""
    process = subprocess.Popen([*LOAD, "work"], env=platform.environment, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    platform.process = process  # type: ignore[attr-defined]
    yield platform
    if process.poll() is None:
        process.kill()
    process.wait(10)


def stop(platform: Platform) -> None:
    process = platform.process  # type: ignore[attr-defined]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def published_size(platform: Platform) -> int:
    return int((platform.folder / "log" / "checkpoint").read_text().splitlines()[1])


def no_traces(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.name not in {"platform", "backup", "var"}]


def test_a_backup_under_load_comes_back_whole_and_its_journal_is_folded_once(working, tmp_path):
    # Given two backups of a platform at work
    saved = tmp_path / "backup"
    for number in range(2):
        working.backup(saved / f"{number}.tar")
    stop(working)
    truth = working.load("state")
    # When the last of them is restored beside, knowing what the old log published
    done = working.restore(saved / "1.tar", "again", "--published", str(working.folder / "log"))
    assert done.returncode == 0, done.stderr
    again = working.restored("again")
    came = again.load("state")
    # Then it is a moment of the first, and every commitment opens
    assert 0 < came["records"] <= truth["records"] and came["unequal"] == []
    assert (again.folder / "vault" / "table.parquet").read_bytes() == (
        working.folder / "vault" / "table.parquet"
    ).read_bytes()
    assert (again.folder / "plane" / "plane.key").read_text() == "the plane's secret"
    assert str(again.folder) in (again.folder / "plane" / "plane.toml").read_text()
    assert not (again.folder / "plane" / "cache").exists()
    # And the journal, which is as new as the database or newer, is folded: each use once
    folded = again.load("fold")
    assert folded["records"] == folded["journal_seq"] == folded["charged"] == folded["keys"] >= came["records"]
    again.load("sequence")
    assert again.shugang("verify").returncode == 0


def test_behind_what_was_published_the_log_goes_on_under_a_new_name(working, tmp_path):
    # Given a backup, after which the platform worked on and published
    saved = tmp_path / "backup"
    working.backup(saved / "a.tar")
    before = published_size(working)
    while published_size(working) <= before:
        time.sleep(0.1)
    stop(working)
    known = tmp_path / "backup" / "known"
    shutil.copy(working.folder / "log" / "checkpoint", known)
    size = published_size(working)
    # When it is restored by that checkpoint, by the old folder
    for name, source in (("by-file", known), ("by-folder", working.folder / "log")):
        done = working.restore(saved / "a.tar", name, "--published", str(source))
        assert done.returncode == 0, done.stderr
        again = working.restored(name)
        now = again.load("sequence")
        # Then nothing more is signed under the old name
        assert now["origin"] == "city/log/2" and now["unequal"] == []
        assert again.shugang("verify").returncode == 0
        assert (again.folder / "log-2" / "checkpoint").read_text().startswith("city/log/2\n")
        # And the first entry of the new name names the old one, how far it was seen, and what came back
        script = (
            "import json, django; django.setup()\n"
            "from shugang.kernel import origins\n"
            "print(json.dumps([[f.origin, f.known_size, f.restored_size, f.event.log_index] for f in origins.former()]))"
        )
        told = json.loads(again.run(sys.executable, "-c", script).stdout)
        assert told == [["city/log", size, told[0][2], told[0][2]]] and told[0][2] < size
    # And the old log still stands, whole, where its files were given
    vkey = Reader(saved / "a.tar").manifest["log"]["vkey"]
    old = working.folder.parent / "by-folder" / "log"
    assert again.shugang("verify", str(old), "--key", vkey, "--known", str(known)).returncode == 0
    assert not (working.folder.parent / "by-file" / "log").exists()


def test_a_backup_says_when_it_was_changed_and_restores_nothing(platform, tmp_path):
    # Given a good backup, and copies of it with one thing changed
    saved = tmp_path / "backup"
    good = saved / "good.tar"
    platform.backup(good)
    raw = good.read_bytes()
    for name, bad in {
        "flipped.tar": raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 1]) + raw[len(raw) // 2 + 1 :],
        "short.tar": raw[: len(raw) * 2 // 3],
        "more.tar": _with(raw, "data/../../evil", b"x"),
        # The manifest itself, with a size kept: its digest binds the keys.
        "manifest.tar": raw.replace(b'"origin": "city/log"', b'"origin": "town/log"'),
    }.items():  # fmt: skip
        (saved / name).write_bytes(bad)
        # When it is restored, then it is refused, and nothing is there
        done = platform.restore(saved / name, "again", "--published", str(platform.folder / "log"))
        assert done.returncode == 1, name
        assert "Traceback" not in done.stderr and no_traces(tmp_path) == []
    # And the good one verifies
    assert platform.shugang("backup", str(good), "--verify", *platform.passphrase()).returncode == 0
    assert platform.shugang("backup", str(saved / "flipped.tar"), "--verify").returncode == 1


def _with(raw: bytes, name: str, data: bytes) -> bytes:
    buffer = io.BytesIO(raw)
    with tarfile.open(fileobj=buffer, mode="a:") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_keys_open_with_their_passphrase_or_private_key_alone(platform, tmp_path):
    saved = tmp_path / "backup"
    # Given a backup for a recipient, and one with a passphrase
    recipient = platform.shugang("backup", "--new-recipient", str(saved / "identity")).stdout.strip()
    assert (saved / "identity").stat().st_mode & 0o077 == 0
    platform.backup(saved / "r.tar", "--recipient", recipient)
    platform.backup(saved / "p.tar")
    # Then neither holds a key in clear
    for name in ("r.tar", "p.tar"):
        raw = (saved / name).read_bytes()
        for secret in (
            platform.environment["SHUGANG_MASTER_KEY"].encode(),
            platform.environment["SHUGANG_SECRET_KEY"].encode(),
            *(key.read_bytes() for key in (platform.folder / "keys").iterdir()),
        ):
            assert secret not in raw
    # And another passphrase, another key, no key and an old restore are refused
    (saved / "wrong").write_text("another harbour, other herons")
    platform.shugang("backup", "--new-recipient", str(saved / "other"))
    unseen = ("--nothing-published",)
    for source, words in (
        ("p.tar", ("--passphrase-file", str(saved / "wrong"))),
        ("r.tar", ("--identity", str(saved / "other"))),
        ("r.tar", ()),
    ):
        done = platform.restore(saved / source, "again", *unseen, *words)
        assert done.returncode == 1 and "Traceback" not in done.stderr and no_traces(tmp_path) == []
    # And the right one opens it, once: what stands is never overwritten
    for code in (0, 1):
        done = platform.restore(saved / "r.tar", "again", *unseen, "--identity", str(saved / "identity"))
        assert done.returncode == code, done.stderr
    assert platform.shugang("backup", str(saved / "p.tar"), *platform.passphrase()).returncode == 1


def test_a_full_disk_leaves_nothing_half_done(platform, tmp_path):
    saved = tmp_path / "backup"
    # Given a disk that ends early: within the database's copy, within the archive
    for limit in (600_000, 2_500_000):
        # When a backup is taken
        done = platform.shugang("backup", str(saved), *platform.passphrase(), limit=limit)
        # Then it fails in words, and no file stays
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert [p.name for p in saved.iterdir()] == ["passphrase"]
    # And so does a restore
    platform.backup(saved / "good.tar")
    for limit in (100_000, 1_000_000):
        done = platform.restore(saved / "good.tar", "again", "--nothing-published", limit=limit)
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
        assert no_traces(tmp_path) == []


def test_a_log_that_is_not_this_one_is_refused(platform, tmp_path):
    saved = tmp_path / "backup"
    platform.backup(saved / "a.tar")
    # Given the checkpoint of another platform of the same name
    (saved / "other").write_text(sign_note("city/log\n9\n" + "A" * 43 + "=\n", [Ed25519Signer("city/log", b"x" * 32)]))
    # When it is given as what was published
    done = platform.restore(saved / "a.tar", "again", "--published", str(saved / "other"))
    # Then nothing is restored
    assert done.returncode == 1 and "regulator" in done.stderr and no_traces(tmp_path) == []


@pytest.fixture
def s3(tmp_path) -> Iterator[Store]:
    (tmp_path / "backup").mkdir(exist_ok=True)
    made = Store(tmp_path / "backup")
    yield made
    made.close()


def _address(s3: Store, prefix: str) -> str:
    return f"s3+http://{ACCESS}:{quote(SECRET, safe='')}@127.0.0.1:{s3.port}/{BUCKET}/{prefix}?region=us-east-1"


def test_a_vault_in_a_store_is_saved_and_put_into_another(platform, s3):
    # Given versions of which no copy is in the data folder
    platform.environment["SHUGANG_VAULT_S3_URL"] = _address(s3, "one")
    platform.load("hosted")
    before = {key.removeprefix("one/") for key in s3.names()}
    assert sum(key.endswith(".parquet") for key in before) == 2 <= sum("_delta_log" in key for key in before)
    saved = platform.folder.parent / "backup" / "a.tar"
    platform.backup(saved)
    with tarfile.open(saved) as archive:
        names = archive.getnames()
    assert sum(name.startswith("data/vault/") and name.endswith(".parquet") for name in names) == 3  # one of `first`
    assert quote(SECRET, safe="").encode() not in saved.read_bytes()
    # When the store is lost, and it is restored with another
    url = _address(s3, "two")
    done = platform.restore(saved, "again", "--nothing-published", "--vault-s3-url", url)
    assert done.returncode == 0, done.stderr
    # Then the new one has all that the old one had, and every version is read from it
    assert {key.removeprefix("two/") for key in s3.names() if key.startswith("two/")} == before
    again = platform.restored("again")
    assert again.environment["SHUGANG_VAULT_S3_URL"] == url
    assert len(again.load("stored")["versions"]) == 2


def test_a_store_that_is_away_stops_the_backup_and_leaves_nothing(platform, s3):
    platform.environment["SHUGANG_VAULT_S3_URL"] = _address(s3, "one")
    platform.load("hosted")
    s3.close()
    done = platform.shugang("backup", str(platform.folder.parent / "backup" / "a.tar"), *platform.passphrase())
    assert done.returncode == 1 and "S3" in done.stderr and "Traceback" not in done.stderr
    assert not [p.name for p in (platform.folder.parent / "backup").iterdir() if "tar" in p.name]


POSTGRES = os.environ.get("SHUGANG_DATABASE_URL", "")


@pytest.mark.both
@pytest.mark.skipif(not POSTGRES.startswith("postgres"), reason="run by scripts/with_postgres.py")
def test_postgresql_comes_back_into_an_empty_database_alone(tmp_path):
    # Given a platform on a database of its own, with work in it, and a backup
    base = POSTGRES.rsplit("/", 1)[0]
    for name in ("saved", "fresh"):
        subprocess.run(["psql", POSTGRES, "-qc", f"CREATE DATABASE {name}_{os.getpid()}"], check=True)
    saved, fresh = (f"{base}/{name}_{os.getpid()}" for name in ("saved", "fresh"))
    folder = tmp_path / "platform"
    folder.mkdir()
    (tmp_path / "backup").mkdir()
    platform = Platform(folder, _environment(folder) | {"SHUGANG_DATABASE_URL": saved})
    assert platform.shugang("init", "--quiet").returncode == 0
    process = subprocess.Popen([*LOAD, "work"], env=platform.environment, cwd=ROOT, stdout=subprocess.PIPE)
    platform.process = process  # type: ignore[attr-defined]
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    platform.backup(tmp_path / "backup" / "a.tar")
    stop(platform)
    old = ("--published", str(folder / "log"))
    # When it is to go into a database in use, or into none, then it is refused
    for url in (saved, ""):
        done = platform.restore(tmp_path / "backup" / "a.tar", "again", *old, "--database-url", url)
        assert done.returncode == 1 and "Traceback" not in done.stderr and no_traces(tmp_path) == []
    # And when the log is not the one that was saved, then the empty database is empty again
    (tmp_path / "backup" / "other").write_text("no checkpoint")
    wrong = ("--published", str(tmp_path / "backup" / "other"))
    done = platform.restore(tmp_path / "backup" / "a.tar", "again", *wrong, "--database-url", fresh)
    assert done.returncode == 1 and no_traces(tmp_path) == []
    # And into an empty one it goes, whole
    done = platform.restore(tmp_path / "backup" / "a.tar", "again", *old, "--database-url", fresh)
    assert done.returncode == 0, done.stderr
    again = platform.restored("again")
    came = again.load("state")
    folded = again.load("fold")
    assert came["unequal"] == [] and came["records"] > 0
    assert folded["records"] == folded["journal_seq"] == folded["charged"] == folded["keys"]
    again.load("sequence")
    assert again.shugang("verify").returncode == 0
