"""The log's keys: two algorithms, a place for another key store, and a new key without a gap for anybody."""

from datetime import timedelta

import pytest
from django.db import transaction

from shugang.evidence import sm2
from shugang.evidence.audit import audit_log
from shugang.evidence.errors import VerificationError
from shugang.evidence.keys import ED25519, SM2, Ed25519Key
from shugang.evidence.note import open_note, parse_any_vkey, parse_note, parse_vkey
from shugang.evidence.receipt import verify_receipt
from shugang.evidence.store import TileStore
from shugang.evidence.succession import follow
from shugang.kernel import logkeys, platform, sequencer
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def tell() -> Event:
    with transaction.atomic():
        return emit("kernel.test", SYSTEM, [], {})


def published() -> str:
    return (sequencer.folder() / "checkpoint").read_text()


def test_a_checkpoint_carries_both_lines_and_each_opens():
    tell()
    sequencer.run_once()
    lines = parse_note(published())[1]
    assert len(lines) == 2
    for signer, algorithm in zip(logkeys.signers(sequencer.origin()), (ED25519, SM2), strict=True):
        key = signer.verifier
        assert key.algorithm == algorithm and parse_any_vkey(key.vkey) == key
        assert len(open_note(published(), [key])[1]) == 1


@pytest.mark.parametrize("why", ["no package", "not wanted"])
def test_without_sm2_the_log_goes_on_with_ed25519(monkeypatch, settings, why):
    if why == "no package":
        monkeypatch.setattr(sm2, "find_spec", lambda name: None)
    else:
        settings.SHUGANG_LOG_ALGORITHMS = (ED25519,)
    tell()
    sequencer.run_once()
    assert len(parse_note(published())[1]) == 1
    assert audit_log(TileStore(sequencer.folder()), sequencer.vkey()).ok


class Elsewhere:
    """A key store that keeps nothing in files, as an HSM does not."""

    def can(self, algorithm: str) -> bool:
        return algorithm == ED25519

    def open(self, name: str, algorithm: str) -> Ed25519Key:
        return Ed25519Key(name.encode().ljust(32, b"."))


def test_another_key_store_signs_in_place_of_the_files(settings):
    settings.SHUGANG_KEY_STORE = f"{__name__}.Elsewhere"
    platform.signing_key.cache_clear()
    tell()
    sequencer.run_once()
    assert logkeys.signers("x")[0].verifier.public == Ed25519Key(b"log".ljust(32, b".")).public
    assert not list((sequencer.folder().parent / "keys").glob("log*"))
    assert audit_log(TileStore(sequencer.folder()), sequencer.vkey()).ok


def test_a_new_key_signs_beside_the_former_and_then_alone(settings):
    tell()
    sequencer.run_once()
    before, old = published(), sequencer.vkey()
    # When the keys are changed
    new, new_sm2 = logkeys.rotate(SYSTEM, sequencer.origin())
    sequencer.run_once()
    # Then both keys of both algorithms sign, the newest first
    assert sequencer.vkey() == new.vkey != old
    assert len(parse_note(published())[1]) == 4
    for vkey in (old, new.vkey):
        assert audit_log(TileStore(sequencer.folder()), vkey, [before] if vkey == old else []).ok
    open_note(published(), [new_sm2])
    # And when the former's time is over, the new ones sign alone
    platform.signing_key.cache_clear()
    for event in Event.objects.filter(kind=logkeys.ROTATED):
        event.payload["former_signs_until"] = "2026-01-01T00:00:00.000000Z"
        Event.objects.filter(pk=event.pk).update(payload=event.payload)
    tell()
    sequencer.run_once()
    assert len(parse_note(published())[1]) == 2
    with pytest.raises(VerificationError):
        open_note(published(), [parse_vkey(old)])
    # While what was signed before opens as ever, and the log still recovers from it
    open_note(before, [parse_vkey(old)])
    assert sequencer.run_once() == 0


def test_the_statement_leads_from_the_former_key_to_the_next():
    old = sequencer.vkey()
    new = logkeys.rotate(SYSTEM, sequencer.origin())[0]
    told = logkeys.keys(ED25519)[0].statement
    assert follow(parse_vkey(old), [told]) == [parse_vkey(old), new]
    assert [key["vkey"] for key in logkeys.published(sequencer.origin())][:2] == [new.vkey, old]


def test_a_compromised_key_signs_no_more():
    tell()
    sequencer.run_once()
    old = sequencer.vkey()
    logkeys.rotate(SYSTEM, sequencer.origin(), timedelta(0))
    sequencer.run_once()
    with pytest.raises(VerificationError):
        open_note(published(), [parse_vkey(old)])


def test_receipts_made_before_and_after_open_with_the_key_of_their_time():
    first = tell()
    sequencer.run_once()
    first.refresh_from_db()
    early, old = sequencer.receipt_for(first), sequencer.vkey()
    logkeys.rotate(SYSTEM, sequencer.origin(), timedelta(0))
    between = sequencer.receipt_for(first)  # the checkpoint of the former key is still the published one
    sequencer.run_once()
    late = sequencer.receipt_for(first)
    assert verify_receipt(early, old).index == verify_receipt(between, old).index == 0
    assert late["vkey"] == sequencer.vkey() and verify_receipt(late, sequencer.vkey()).index == 0
