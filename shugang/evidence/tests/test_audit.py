"""An auditor sees every change anywhere in a published log."""

import random
import shutil
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from shugang.evidence.audit import MAX_PROBLEMS, audit_log
from shugang.evidence.checkpoint import Checkpoint
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.note import Ed25519Signer, sign_note
from shugang.evidence.store import TileStore
from shugang.evidence.tests.helpers import ORIGIN, SIGNER, VKEY, files, plain, published
from shugang.evidence.tiles import decode_bundle, encode_bundle
from shugang.evidence.tree import Tree


def codes(folder, known=()):
    report = audit_log(TileStore(folder), VKEY, known)
    assert not report.ok
    return {problem.code for problem in report.problems}


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000, 65_536, 66_000])
def test_a_sound_log_is_sound(tmp_path, size):
    log, database = published(tmp_path, plain(size), step=max(1, size // 3))
    if not size:
        database.commit(log, [])
        log.publish()
    report = audit_log(TileStore(tmp_path), VKEY, [database.text])
    assert report.ok and report.problems == []
    assert report.entries == size == report.checkpoint.size
    assert report.checkpoint_text == database.text
    assert report.tiles == sum(
        1 for name in files(tmp_path) if name.startswith("tile/") and "/entries/" not in name and ".p" not in name
    ) + len(log._state.tree.partial_tiles())


def test_every_flipped_byte_of_a_sample_is_seen_in_every_file(tmp_path):
    published(tmp_path, plain(1200), step=90)
    draw, tried = random.Random(20260301), 0
    for name, data in sorted(files(tmp_path).items()):
        for at in {0, len(data) - 1, *(draw.randrange(len(data)) for _ in range(60))}:
            changed = bytearray(data)
            changed[at] ^= 1 << draw.randrange(8)
            (tmp_path / name).write_bytes(changed)
            report = audit_log(TileStore(tmp_path), VKEY)
            assert not report.ok and report.problems, (name, at)
            tried += 1
        (tmp_path / name).write_bytes(data)
    assert tried > 1000
    assert audit_log(TileStore(tmp_path), VKEY).ok


def test_a_flipped_entry_is_named(tmp_path):
    published(tmp_path, plain(1000))
    bundle = tmp_path / "tile/entries/002"
    entries = decode_bundle(bundle.read_bytes(), 256)
    entries[88] = entries[88].replace(b"600", b"601")
    bundle.write_bytes(encode_bundle(entries))
    report = audit_log(TileStore(tmp_path), VKEY)
    assert any(p.code == "entry" and "entry 600 " in p.detail for p in report.problems)


def _rewrite(folder, n, width, change):
    name = f"tile/entries/{n:03}" + (f".p/{width}" if width < 256 else "")
    entries = decode_bundle((folder / name).read_bytes(), width)
    (folder / name).write_bytes(encode_bundle(change(entries)))


@pytest.mark.parametrize("n,width", [(0, 256), (3, 232)])
@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries[1:],
        lambda entries: entries[:-1],
        lambda entries: entries[:5] + entries[6:],
        lambda entries: [*entries, b"added"],
        lambda entries: [entries[1], entries[0], *entries[2:]],
        lambda entries: [b"replaced", *entries[1:]],
        lambda entries: [],
    ],
)
def test_dropped_added_and_moved_entries_are_seen(tmp_path, n, width, change):
    published(tmp_path, plain(1000))
    _rewrite(tmp_path, n, width, change)
    assert codes(tmp_path) & {"bundle", "entry"}


def test_an_entry_dropped_together_with_its_tile_hash_is_seen(tmp_path):
    published(tmp_path, plain(1000))
    _rewrite(tmp_path, 3, 232, lambda entries: [*entries[:100], b"forged", *entries[101:]])
    tile = tmp_path / "tile/0/003.p/232"
    row = bytearray(tile.read_bytes())
    row[3200:3232] = leaf_hash(b"forged")
    tile.write_bytes(row)
    assert codes(tmp_path) == {"root"}


def test_a_flipped_byte_above_the_leaves_is_seen_in_a_folder_and_by_fetch_alone(tmp_path):
    log, _ = published(tmp_path, plain(66_000))
    for name in ("tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"):
        path, data = tmp_path / name, (tmp_path / name).read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        for source in (log.store, log.store.fetch):
            assert {p.path for p in audit_log(source, VKEY).problems} == {name}
        path.write_bytes(data)


def test_a_whole_log_rewritten_consistently_is_seen_by_its_signature_alone(tmp_path):
    published(tmp_path / "true", plain(600))
    forger = Ed25519Signer(ORIGIN, b"\x66" * 32)
    tree = Tree()
    tree.append([leaf_hash(entry) for entry in plain(599)])
    text = sign_note(Checkpoint(ORIGIN, 599, tree.root()).text(), [forger])
    (tmp_path / "true" / "checkpoint").write_text(text)
    assert codes(tmp_path / "true") == {"checkpoint"}


@pytest.mark.parametrize("name", ["tile/entries/001", "tile/0/001", "tile/1/000.p/3", "tile/entries/003.p/232"])
@pytest.mark.parametrize("damage", ["deleted", "truncated", "emptied", "lengthened"])
def test_missing_and_truncated_files_are_seen(tmp_path, name, damage):
    published(tmp_path, plain(1000))
    path, data = tmp_path / name, (tmp_path / name).read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes({"truncated": data[:-7], "emptied": b"", "lengthened": data + b"\x00\x01x"}[damage])
    assert codes(tmp_path) & {"bundle", "tile"}


def test_without_bundle_and_tile_the_audit_stops_and_is_not_ok(tmp_path):
    published(tmp_path, plain(1000))
    (tmp_path / "tile/entries/001").unlink()
    (tmp_path / "tile/0/001").unlink()
    assert "bundle" in codes(tmp_path)


def test_a_missing_or_unreadable_checkpoint_is_said(tmp_path):
    published(tmp_path, plain(3))
    (tmp_path / "checkpoint").write_bytes(b"\xff\xfe")
    assert codes(tmp_path) == {"checkpoint"}
    (tmp_path / "checkpoint").unlink()
    assert codes(tmp_path) == {"checkpoint"}


def test_a_fork_is_seen_by_who_kept_an_earlier_checkpoint(tmp_path):
    log, true = published(tmp_path / "true", plain(700), step=350)
    first = true.text
    true.commit(log, plain(300, 700))
    log.publish()
    _, forged = published(tmp_path / "forged", [*plain(100), b"other", *plain(899, 101)])
    assert audit_log(TileStore(tmp_path / "forged"), VKEY).ok
    assert codes(tmp_path / "forged", [first]) == {"fork"}
    assert codes(tmp_path / "forged", [first, true.text]) == {"fork"}
    assert audit_log(TileStore(tmp_path / "true"), VKEY, [true.text, first]).ok
    assert forged.text != true.text


def test_a_log_that_went_back_is_seen_by_who_kept_a_later_checkpoint(tmp_path):
    log, database = published(tmp_path, plain(300))
    shutil.copytree(tmp_path, tmp_path.with_name("old"))
    database.commit(log, plain(1, 300))
    assert codes(tmp_path.with_name("old"), [database.text]) == {"rollback"}


def test_a_known_checkpoint_that_is_not_valid_is_said(tmp_path):
    published(tmp_path, plain(3))
    assert codes(tmp_path, ["nonsense"]) == {"known_checkpoint"}


def test_a_stray_file_is_said_and_a_batch_being_published_is_not(tmp_path):
    log, database = published(tmp_path, plain(300))
    database.commit(log, plain(300, 300))
    log.store.write_checkpoint = lambda text: None
    log.publish()
    assert (tmp_path / "tile/0/001").exists()
    assert audit_log(TileStore(tmp_path), VKEY).ok
    (tmp_path / "tile/0/hello").write_bytes(b"x")
    assert codes(tmp_path) == {"file"}


def test_the_caller_can_compare_entries_with_records_of_its_own(tmp_path):
    published(tmp_path, plain(300))
    report = audit_log(
        TileStore(tmp_path), VKEY, check_entry=lambda index, entry: "not in the database" if index == 7 else None
    )
    assert [p.detail for p in report.problems] == ["entry 7: not in the database"]


def test_a_report_does_not_grow_without_end(tmp_path):
    published(tmp_path, plain(300))
    report = audit_log(TileStore(tmp_path), VKEY, check_entry=lambda index, entry: "no")
    assert len(report.problems) == MAX_PROBLEMS and report.truncated and not report.ok


def test_a_log_is_audited_over_http(tmp_path):
    published(tmp_path, plain(1000))

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments):
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    Thread(target=server.serve_forever, daemon=True).start()

    def fetch(path):
        try:
            with urlopen(f"http://127.0.0.1:{server.server_port}/{path}", timeout=10) as answer:
                return answer.read()
        except HTTPError:
            return None

    try:
        assert audit_log(fetch, VKEY).ok
        (tmp_path / "tile/entries/001").unlink()
        assert not audit_log(fetch, VKEY).ok
    finally:
        server.shutdown()
        server.server_close()


def test_the_signer_of_these_tests_is_the_one_that_is_checked():
    assert SIGNER.verifier.vkey == VKEY
