"""The sequencer's way through the log: stage, commit, accept, publish; and what a crash leaves behind."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.evidence.audit import audit_log
from shugang.evidence.checkpoint import open_checkpoint
from shugang.evidence.errors import FormatError, InconsistentLogError, MissingDataError, VerificationError
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.log import Log
from shugang.evidence.note import Ed25519Signer
from shugang.evidence.proofs import verify_consistency, verify_inclusion
from shugang.evidence.reader import LogReader
from shugang.evidence.store import TileStore
from shugang.evidence.tests.helpers import (
    ORIGIN,
    SIGNER,
    VKEY,
    Database,
    files,
    open_log,
    plain,
    published,
)


def assert_sound(folder: Path, size: int, known: list[str] | None = None) -> None:
    report = audit_log(TileStore(folder), VKEY, known or [])
    assert report.problems == []
    assert report.ok and report.entries == size


def test_staging_changes_nothing(tmp_path):
    log, _ = published(tmp_path, plain(10))
    before, size, root = files(tmp_path), log.size, log.root()
    log.stage(plain(300, 10), 10)
    assert (log.size, log.root(), files(tmp_path)) == (size, root, before)


def test_a_batch_whose_transaction_failed_is_just_dropped(tmp_path):
    log, database = published(tmp_path, plain(10))
    log.stage([b"rolled back"], 10)
    database.commit(log, [b"kept"])
    log.publish()
    assert_sound(tmp_path, 11)
    assert LogReader(log.store.fetch, SIGNER.verifier).entry(10, 11) == b"kept"


def test_the_index_must_be_the_next_one(tmp_path):
    log, _ = published(tmp_path, plain(10))
    for index in (9, 11):
        with pytest.raises(InconsistentLogError):
            log.stage([b"x"], index)
    assert log.size == 10


def test_two_batches_staged_on_one_state_cannot_both_be_accepted(tmp_path):
    log, _ = published(tmp_path, plain(10))
    first, second = log.stage([b"a"], 10), log.stage([b"b"], 10)
    log.accept(first)
    for batch in (second, first):
        with pytest.raises(InconsistentLogError):
            log.accept(batch)
    assert log.size == 11


@pytest.mark.parametrize("entry", [b"", b"x" * 65_536])
def test_an_entry_that_does_not_fit_stops_its_batch(tmp_path, entry):
    log, _ = published(tmp_path, plain(3))
    with pytest.raises(FormatError):
        log.stage([b"fine", entry], 3)
    assert log.size == 3


def test_the_text_of_a_batch_is_the_signed_checkpoint_after_it(tmp_path):
    log = open_log(tmp_path)
    batch = log.stage(plain(5), 0)
    checkpoint = open_checkpoint(batch.text, SIGNER.verifier)
    assert checkpoint == batch.checkpoint
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 5)


def test_an_empty_log_can_sign_its_beginning(tmp_path):
    log, database = open_log(tmp_path), Database()
    database.commit(log, [])
    log.publish()
    assert list(files(tmp_path)) == ["checkpoint"]
    database.commit(log, plain(2))
    log.publish()
    assert_sound(tmp_path, 2)


def test_nothing_is_published_before_anything_was_accepted(tmp_path):
    open_log(tmp_path).publish()
    assert files(tmp_path) == {}


def test_full_tiles_never_change_and_replaced_partials_are_cleared(tmp_path):
    log, database = published(tmp_path, plain(250), step=50)
    assert (tmp_path / "tile/0/000.p/50").exists()
    database.commit(log, plain(20, 250))
    log.publish()
    names = set(files(tmp_path))
    assert {"tile/0/000", "tile/entries/000", "tile/0/001.p/14", "tile/entries/001.p/14", "tile/1/000.p/1"} < names
    assert not any(name.startswith(("tile/0/000.p", "tile/entries/000.p")) for name in names)
    before = files(tmp_path)["tile/0/000"]
    database.commit(log, plain(400, 270))
    log.publish()
    assert files(tmp_path)["tile/0/000"] == before
    with pytest.raises(InconsistentLogError):
        log.store.write_tiles([("tile/0/000", b"\x00" * 8192)])


def test_the_store_writes_only_tiles_and_never_empty_ones(tmp_path):
    store = TileStore(tmp_path / "log")
    for path, data in [("tile/0/000.p/1", b""), ("../x", b"x"), ("tile/0/x", b"x"), ("checkpoint", b"x")]:
        with pytest.raises(ValueError):
            store.write_tiles([(path, data)])
    assert not (tmp_path / "log").exists()
    (tmp_path / "log").mkdir()
    for name in ("secret", "log/secret"):
        (tmp_path / name).write_bytes(b"secret")
    for path in ("../secret", "secret", "tile/../../secret", str(tmp_path / "secret")):
        assert store.fetch(path) is None


def test_several_accepted_batches_are_published_at_once(tmp_path):
    log, database = open_log(tmp_path), Database()
    for start in range(0, 1000, 100):
        database.commit(log, plain(100, start))
    assert files(tmp_path) == {}
    log.publish()
    assert_sound(tmp_path, 1000)


def test_proofs_hold_before_and_after_publishing(tmp_path):
    log, database = published(tmp_path, plain(600))
    database.commit(log, plain(300, 600))
    for _ in range(2):
        for size in (1, 256, 257, 600, 700, 900):
            for index in {0, size // 2, size - 1}:
                proof = log.inclusion_proof(index, size)
                verify_inclusion(leaf_hash(database.entries[index]), index, size, proof, log.root(size))
            verify_consistency(size, 900, log.consistency_proof(size), log.root(size), log.root())
        log.publish()
    with pytest.raises(ValueError):
        log.inclusion_proof(0, 901)


def test_a_second_signer_adds_a_line_and_outsiders_need_not_know_it(tmp_path):
    log = Log(TileStore(tmp_path, durable=False), [SIGNER, Ed25519Signer("second.example.cn", b"\x09" * 32)])
    log.accept(log.stage(plain(3), 0))
    log.publish()
    assert (tmp_path / "checkpoint").read_text().count("\n— ") == 2
    assert_sound(tmp_path, 3)


def test_a_durable_store_writes_the_same_files(tmp_path):
    log = Log(TileStore(tmp_path / "a" / "b"), SIGNER)
    log.accept(log.stage(plain(300), 0))
    log.publish()
    assert_sound(tmp_path / "a" / "b", 300)


class TestRecovery:
    def test_a_fresh_log_has_nothing_to_recover(self, tmp_path):
        log = open_log(tmp_path)
        assert log.recover(None, Database().read) == "current"
        assert log.size == 0

    def test_a_restart_goes_on_where_it_stopped(self, tmp_path):
        _, database = published(tmp_path, plain(1000), step=300)
        earlier, before = database.text, files(tmp_path)
        log = open_log(tmp_path)
        assert log.recover(database.text, database.read) == "current"
        assert files(tmp_path) == before
        database.commit(log, plain(50, 1000))
        log.publish()
        assert_sound(tmp_path, 1050, [earlier])

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 600), st.integers(0, 600))
    def test_a_folder_that_lags_is_caught_up(self, tmp_path_factory, out, committed_only):
        folder = tmp_path_factory.mktemp("log")
        log, database = published(folder, plain(out))
        for start in range(0, committed_only, 100):
            database.commit(log, plain(min(100, committed_only - start), out + start))
        log = open_log(folder)
        how = log.recover(database.text, database.read)
        assert how == ("current" if not committed_only else "caught_up" if out else "rebuilt")
        assert log.size == out + committed_only
        if database.text:
            assert_sound(folder, log.size)

    def test_a_lost_folder_is_rebuilt_as_it_was(self, tmp_path):
        _, database = published(tmp_path, plain(70_000))
        before = files(tmp_path)
        shutil.rmtree(tmp_path)
        log = open_log(tmp_path)
        assert log.recover(database.text, database.read) == "rebuilt"
        assert files(tmp_path) == before

    @pytest.mark.parametrize("name", ["checkpoint", "tile/0/003.p/232", "tile/entries/003.p/232", "tile/1/000.p/3"])
    @pytest.mark.parametrize("damage", ["flip", "delete", "empty"])
    def test_a_damaged_edge_is_rebuilt(self, tmp_path, name, damage):
        _, database = published(tmp_path, plain(1000))
        before = files(tmp_path)
        data = bytearray(before[name])
        data[-3] ^= 1
        if damage == "delete":
            (tmp_path / name).unlink()
        else:
            (tmp_path / name).write_bytes(bytes(data) if damage == "flip" else b"")
        log = open_log(tmp_path)
        log.recover(database.text, database.read)
        assert files(tmp_path) == before

    def test_damage_within_is_repaired_by_rebuild(self, tmp_path):
        _, database = published(tmp_path, plain(1000))
        before = files(tmp_path)
        (tmp_path / "tile/0/001").write_bytes(b"\x00" * 8192)
        log = open_log(tmp_path)
        log.rebuild(database.text, database.read)
        assert files(tmp_path) == before

    def test_a_crash_at_any_write_leaves_a_readable_log_and_a_restart_heals_it(self, tmp_path, monkeypatch):
        survived = 0
        for crash_at in range(1, 40):
            folder = tmp_path / str(crash_at)
            log, database = published(folder, plain(200))
            earlier = database.text
            database.commit(log, plain(700, 200))
            place, calls = TileStore._place, 0

            def dying(store, temporary, target, place=place, crash_at=crash_at):
                nonlocal calls
                calls += 1
                if calls == crash_at:
                    raise OSError("power cut")
                return place(store, temporary, target)

            monkeypatch.setattr(TileStore, "_place", dying)
            try:
                log.publish()
                survived += 1
            except OSError:
                assert LogReader(TileStore(folder).fetch, SIGNER.verifier).check_extends(earlier).size == 200
                assert_sound(folder, 200)
            monkeypatch.setattr(TileStore, "_place", place)
            if calls >= crash_at and crash_at % 2:
                log.publish()
            else:
                open_log(folder).recover(database.text, database.read)
            assert_sound(folder, 900, [earlier])
        assert 0 < survived < 39

    def test_what_a_killed_writer_left_half_written_is_swept(self, tmp_path):
        _, database = published(tmp_path, plain(5))
        (tmp_path / ".tmp").mkdir(exist_ok=True)
        (tmp_path / ".tmp" / "1-1").write_bytes(b"half")
        open_log(tmp_path).recover(database.text, database.read)
        assert not (tmp_path / ".tmp").exists()


class TestForksAreRefused:
    def assert_refused(self, folder: Path, text: str | None, database: Database) -> None:
        before, log = files(folder), open_log(folder)
        with pytest.raises(InconsistentLogError):
            log.recover(text, database.read)
        assert files(folder) == before
        assert log.size == 0

    def test_a_database_restored_from_an_old_backup(self, tmp_path):
        log, database = published(tmp_path, plain(500))
        old_text, old_entries = database.text, list(database.entries)
        database.commit(log, plain(100, 500))
        log.publish()
        database.entries = old_entries
        self.assert_refused(tmp_path, old_text, database)

    def test_an_entry_changed_at_the_edge_while_its_bundle_is_lost(self, tmp_path):
        _, database = published(tmp_path, plain(500))
        database.entries[499] = b"changed"
        (tmp_path / "tile/entries/001.p/244").unlink()
        self.assert_refused(tmp_path, database.text, database)

    def test_a_database_that_forgot_that_it_ever_signed(self, tmp_path):
        _, database = published(tmp_path, plain(5))
        self.assert_refused(tmp_path, None, database)

    @pytest.mark.parametrize("index", [0, 300, 499])
    def test_an_entry_changed_in_the_database(self, tmp_path, index):
        _, database = published(tmp_path, plain(500))
        database.entries[index] = b"changed"
        shutil.rmtree(tmp_path / "tile")
        self.assert_refused(tmp_path, database.text, database)

    def test_an_entry_changed_behind_the_published_edge(self, tmp_path):
        log, database = published(tmp_path, plain(500))
        database.commit(log, plain(10, 500))
        database.entries[505] = b"changed"
        self.assert_refused(tmp_path, database.text, database)

    def test_an_entry_missing_in_the_database(self, tmp_path):
        _, database = published(tmp_path, plain(500))
        del database.entries[499]
        shutil.rmtree(tmp_path / "tile")
        self.assert_refused(tmp_path, database.text, database)

    @pytest.mark.parametrize("tiles", ["kept", "lost"])
    def test_another_history_of_the_same_length_was_published(self, tmp_path, tiles):
        published(tmp_path / "out", plain(500))
        _, other = published(tmp_path / "other", [*plain(499), b"other"])
        if tiles == "lost":
            shutil.rmtree(tmp_path / "out" / "tile")
        self.assert_refused(tmp_path / "out", other.text, other)

    def test_a_shorter_history_that_is_not_a_prefix_was_published(self, tmp_path):
        published(tmp_path / "out", [*plain(99), b"other"])
        _, other = published(tmp_path / "other", plain(500))
        self.assert_refused(tmp_path / "out", other.text, other)

    def test_a_checkpoint_that_another_key_signed(self, tmp_path):
        _, database = published(tmp_path, plain(5))
        log = Log(TileStore(tmp_path / "new"), Ed25519Signer(ORIGIN, b"\x08" * 32))
        with pytest.raises(VerificationError):
            log.recover(database.text, database.read)


class TestReader:
    def test_it_reads_and_proves_any_entry(self, tmp_path):
        log, database = published(tmp_path, plain(777), step=111)
        reader = LogReader(log.store.fetch, SIGNER.verifier)
        checkpoint, text = reader.checkpoint()
        assert text == database.text
        for index in (0, 255, 256, 776):
            entry, proof = reader.proof(index)
            assert entry == database.entries[index]
            verify_inclusion(leaf_hash(entry), index, checkpoint.size, proof.hashes, checkpoint.root)

    def test_an_entry_that_is_not_out_yet_is_missing(self, tmp_path):
        log, database = published(tmp_path, plain(5))
        database.commit(log, [b"later"])
        reader = LogReader(log.store.fetch, SIGNER.verifier)
        with pytest.raises(MissingDataError):
            reader.proof(5)
        with pytest.raises(MissingDataError):
            LogReader({}.get, SIGNER.verifier).checkpoint()

    def test_it_never_hands_out_a_proof_that_does_not_hold(self, tmp_path):
        log, _ = published(tmp_path, plain(600))
        path = tmp_path / "tile/0/000"
        path.write_bytes(path.read_bytes()[:-32] + b"\x00" * 32)
        with pytest.raises(VerificationError):
            LogReader(log.store.fetch, SIGNER.verifier).proof(0)

    def test_it_sees_a_log_that_went_back_or_split(self, tmp_path):
        log, database = published(tmp_path / "a", plain(600))
        _, forked = published(tmp_path / "b", [*plain(599), b"other"])
        early = database.text
        database.commit(log, plain(1, 600))
        reader = LogReader(log.store.fetch, SIGNER.verifier)
        assert reader.check_extends(early).size == 600
        for text in (forked.text, database.text):
            with pytest.raises(VerificationError):
                reader.check_extends(text)


SUCCESSOR = Ed25519Signer(ORIGIN + "/2", b"\x07" * 32)


def test_a_log_of_a_new_name_takes_over_what_came_back(tmp_path):
    # Given a log of 700 entries, of which a database with 600 came back
    log, database = published(tmp_path / "old", plain(600))
    restored = (database.text, list(database.entries))
    database.commit(log, plain(100, 600))
    log.publish()
    database.text, database.entries = restored
    with pytest.raises(InconsistentLogError):
        open_log(tmp_path / "old").recover(database.text, database.read)
    # When a log of a new name succeeds it
    new = Log(TileStore(tmp_path / "new", durable=False), SUCCESSOR)
    new.succeed(SIGNER.verifier, database.text, database.read)
    assert not (tmp_path / "new" / "checkpoint").exists()
    database.commit(new, [b"continues"])
    new.publish()
    # Then the old entries keep their numbers, the first own one follows, and all of it verifies
    report = audit_log(TileStore(tmp_path / "new"), SUCCESSOR.verifier.vkey)
    assert report.ok and report.entries == 601
    reader = LogReader(new.store.fetch, SUCCESSOR.verifier)
    assert (reader.entry(0, 601), reader.entry(600, 601)) == (plain(1)[0], b"continues")
    assert new.root(600) == open_checkpoint(restored[0], SIGNER.verifier).root
    # And it opens again as any log does
    again = Log(TileStore(tmp_path / "new", durable=False), SUCCESSOR)
    assert again.recover(database.text, database.read) == "current"


def test_a_log_succeeds_only_another_whose_entries_are_here(tmp_path):
    _, database = published(tmp_path / "old", plain(300))
    for signer, entries, folder in (
        (SIGNER, plain(300), "own"),  # itself
        (SUCCESSOR, plain(299), "fewer"),
        (SUCCESSOR, [*plain(299), b"other"], "others"),
        (SUCCESSOR, plain(300), "old"),  # a folder in use
    ):
        before = files(tmp_path / folder)
        with pytest.raises(InconsistentLogError):
            Log(TileStore(tmp_path / folder, durable=False), signer).succeed(
                SIGNER.verifier, database.text, lambda start, end, rows=entries: rows[start:end]
            )
        assert files(tmp_path / folder) == before
