"""An outsider's tools: golang.org/x/mod's `sumdb/note` and `sumdb/tlog` verify our log, and find what was changed."""

import subprocess
from pathlib import Path

import pytest

from shugang.evidence.cosignature import WitnessSigner
from shugang.evidence.keys import SM2, Ed25519Key, software_key
from shugang.evidence.log import Log
from shugang.evidence.note import Ed25519Signer, NoteSigner, format_note, parse_note
from shugang.evidence.store import TileStore
from shugang.evidence.tests.go import build_verifier
from shugang.evidence.tests.helpers import AT, ORIGIN, SIGNER, VKEY, plain, published, real_entry

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def verify(tmp_path_factory):
    """The program, built by Debian's Go; running it gives (succeeded, what it said)."""
    program = build_verifier(tmp_path_factory.mktemp("go"))

    def run(log: Path, *known: Path, vkey: str = VKEY) -> tuple[bool, str]:
        done = subprocess.run([program, log, vkey, *known], capture_output=True, text=True, timeout=60)
        return done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    published(folder, [real_entry(i) for i in range(1500)], step=311)
    return folder


def test_the_whole_log_is_found_sound(verify, log):
    sound, told = verify(log)
    assert sound and told.startswith("OK 1500 entries"), told


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536 + 300])
def test_every_shape_of_tree(verify, tmp_path, size):
    published(tmp_path, plain(size))
    sound, told = verify(tmp_path)
    assert sound and f"OK {size} entries" in told, told


def test_an_older_checkpoint_is_proved_a_prefix(verify, log, tmp_path):
    older = tmp_path / "older"
    published(older, [real_entry(i) for i in range(700)])
    sound, told = verify(log, older / "checkpoint")
    assert sound, told


def test_a_checkpoint_of_another_history_is_found(verify, log, tmp_path):
    forked = tmp_path / "forked"
    published(forked, [real_entry(i) for i in range(699)] + plain(1))
    sound, told = verify(log, forked / "checkpoint")
    assert not sound and "another history" in told


def test_a_flipped_byte_is_found(verify, log):
    for place in (0, 40_000, -1):
        bundle = log / "tile/entries/003"
        original = bundle.read_bytes()
        changed = bytearray(original)
        changed[place] ^= 1
        bundle.write_bytes(changed)
        assert not verify(log)[0]
        bundle.write_bytes(original)
    assert verify(log)[0]


def test_a_dropped_entry_is_found(verify, log):
    bundle = log / "tile/entries/005.p/220"
    data = bundle.read_bytes()
    length = int.from_bytes(data[:2], "big")
    bundle.write_bytes(data[2 + length :])
    assert not verify(log)[0]


def test_further_signature_lines_are_none_of_its_business(verify, tmp_path):
    """An SM2 line (type 0xff) and a cosignature stand below ours; x/mod knows neither and ignores both."""
    log = Log(TileStore(tmp_path, durable=False), [SIGNER, NoteSigner(ORIGIN, software_key(SM2, b"\x0b" * 32))])
    log.accept(log.stage(plain(300), 0))
    log.publish()
    path = tmp_path / "checkpoint"
    text, own = parse_note(path.read_text())
    line = WitnessSigner("witness.example.cn", Ed25519Key(b"\x0c" * 32)).cosign(text, AT)
    path.write_text(format_note(text, [*own, line]))
    sound, told = verify(tmp_path)
    assert len(own) == 2 and sound and told.startswith("OK 300 entries"), told


def test_another_key_is_refused(verify, log):
    other = Ed25519Signer(ORIGIN, b"\x08" * 32).verifier.vkey
    assert SIGNER.verifier.vkey != other
    sound, told = verify(log, vkey=other)
    assert not sound and "checkpoint" in told
