"""Witnessing both ways inside one process: the endpoint, the rounds, the quorum, and peers that lie."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from shugang.evidence.checkpoint import Checkpoint as Head
from shugang.evidence.cosignature import WitnessSigner, parse_cosigner
from shugang.evidence.keys import Ed25519Key
from shugang.evidence.note import Ed25519Signer, open_note, parse_note, parse_vkey, sign_note
from shugang.evidence.receipt import verify_receipt
from shugang.evidence.tests.helpers import Database, open_log, plain
from shugang.evidence.witness import SIZE_TYPE, Seen, add_checkpoint, format_request
from shugang.kernel import clock, peers, sequencer, witnessing
from shugang.kernel.actors import SYSTEM, PlainActor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.models import Checkpoint, Cosignature, Event, Witness, WitnessedLog
from shugang.kernel.witnessing import Reply

pytestmark = [pytest.mark.django_db, pytest.mark.both]
PEER = Ed25519Signer("peer.example.cn/log", b"\x21" * 32)
ENGINEER = PlainActor(1, 1, frozenset({"operator"}), frozenset({"engineer"}), label="运营")


def tell(count: int = 1) -> Event:
    for _ in range(count):
        with transaction.atomic():
            event = emit("kernel.test", SYSTEM, [], {})
    return event


class PeerLog:
    """Another city's log, and how it asks us."""

    def __init__(self, folder, signer=PEER):
        self.log, self.database = open_log(folder), Database()
        self.log.signers, self.log.origin = [signer], signer.name

    def grow(self, count):
        self.database.commit(self.log, plain(count, self.log.size))
        return self.database.text

    def ask(self, old, note=None, proof=None):
        new = self.log.size
        if proof is None:
            proof = self.log.consistency_proof(old, new) if 0 < old < new else []
        body = format_request(old, proof, note or self.database.text)
        return Client().post("/witness/add-checkpoint", body.encode(), content_type="text/plain")


@pytest.fixture
def peer(tmp_path):
    peers.witness_log(ENGINEER, "邻市数据公司", PEER.verifier.vkey)
    return PeerLog(tmp_path / "peer")


def seen() -> int:
    return WitnessedLog.objects.get(origin=PEER.name).seen_size


def test_a_checkpoint_that_continues_is_cosigned_and_kept_before_the_answer(peer):
    for count, old in ((5, 0), (300, 5), (1, 305)):
        note = peer.grow(count)
        answer = peer.ask(old)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        text, _ = parse_note(note)
        _, good = open_note(f"{text}\n{answer.content.decode()}", [witnessing.signer().cosigner])
        assert len(good) == 1 and seen() == peer.log.size
    assert WitnessedLog.objects.get().seen_note == note


def test_lying_peers_are_told_what_the_protocol_says_and_nothing_is_kept(peer, tmp_path):
    # Given 8 entries seen
    peer.grow(8)
    assert peer.ask(0).status_code == 200
    kept = WitnessedLog.objects.values().get()
    fork = PeerLog(tmp_path / "fork")
    fork.database.commit(fork.log, [b"other", *plain(7, 1)])
    # Then a fork of the same size, a fork that grows, a rollback, bad proofs and strangers are refused
    assert fork.ask(8).status_code == 409
    fork.grow(3)
    assert fork.ask(8).status_code == 422
    behind = peer.ask(5)
    assert (behind.status_code, behind.headers["Content-Type"], behind.content) == (409, SIZE_TYPE, b"8\n")
    short = PeerLog(tmp_path / "short")
    short.grow(5)
    assert short.ask(5).status_code == 409 and short.ask(8).status_code == 400
    peer.grow(4)
    assert peer.ask(8, proof=[]).status_code == 422
    assert peer.ask(8, proof=[bytes(32)]).status_code == 422
    stranger = Ed25519Signer("nobody.example.cn", b"\x22" * 32)
    unknown = sign_note(Head(stranger.name, 12, bytes(32)).text(), [stranger])
    assert peer.ask(8, unknown, []).status_code == 404
    forger = Ed25519Signer(PEER.name, b"\x23" * 32)
    forged = sign_note(Head(PEER.name, 12, peer.log.root()).text(), [forger])
    assert peer.ask(8, forged).status_code == 403
    for body in (b"", b"old\n", b"\xff\xfe", b"old 8\n" + b"A" * 70_000):
        assert Client().post("/witness/add-checkpoint", body, content_type="text/plain").status_code == 400
    assert Client().get("/witness/add-checkpoint").status_code == 405
    assert WitnessedLog.objects.values().get() == kept
    # And the honest one goes on
    assert peer.ask(8).status_code == 200


def test_a_dropped_log_is_unknown(peer):
    peer.grow(3)
    peers.stop_witnessing(ENGINEER, WitnessedLog.objects.get().pk)
    assert peer.ask(0).status_code == 404


def test_what_was_seen_is_told_in_our_own_log_once_an_interval(peer, settings):
    peer.grow(5)
    peer.ask(0)
    assert witnessing.anchor_peers() == 1
    told = Event.objects.get(kind=witnessing.ANCHORED).payload
    assert (told["origin"], told["size"]) == (PEER.name, 5)
    open_note(told["checkpoint"], [parse_vkey(PEER.verifier.vkey)])
    peer.grow(5)
    peer.ask(5)
    assert witnessing.anchor_peers() == 0
    settings.SHUGANG_ANCHOR_SECONDS = 0
    assert (witnessing.anchor_peers(), witnessing.anchor_peers()) == (1, 0)


class Other:
    """A witness elsewhere, by the same protocol, that can be made to misbehave."""

    def __init__(self, number, operator):
        self.signer = WitnessSigner(f"w{number}.example.cn", Ed25519Key(bytes([number]) * 32))
        self.seen = Seen(0, bytes(32))
        self.reply = None
        self.row = peers.add_witness(
            ENGINEER, operator, self.signer.cosigner.vkey, f"https://w{number}.example.cn/witness"
        )

    def answer(self, ask):
        assert ask.url == f"https://{self.signer.cosigner.name}/witness/add-checkpoint"
        if self.reply:
            return self.reply
        log = sequencer.signer().verifier
        found = add_checkpoint(ask.body, lambda _: (log, self.seen), self.signer, clock.real_now())
        self.seen = found.seen or self.seen
        return Reply(found.status, found.content_type, found.body)


@pytest.fixture
def three(settings):
    """Their registrations are the first three entries of our own log."""
    settings.SHUGANG_WITNESS_SECONDS = 0
    return [Other(1, "甲市"), Other(2, "甲市"), Other(3, "乙市")]


def go(witnesses) -> int:
    by_key = {witness.row.pk: witness for witness in witnesses}
    return witnessing.run_round(sequencer.reader(), lambda asks: [by_key[ask.witness].answer(ask) for ask in asks])


def published() -> str:
    return (sequencer.folder() / "checkpoint").read_text()


def test_enough_different_operators_make_a_checkpoint_witnessed(three):
    event = tell(3)
    sequencer.run_once()
    event.refresh_from_db()
    # When two witnesses of one operator have signed, it is not enough
    three[2].reply = Reply(0, "", "TimeoutError")
    assert go(three) == 2
    assert witnessing.witnessed() is None and sequencer.proof_state(event) == "logged"
    # And with the second operator it is
    three[2].reply = None
    assert go(three) == 1
    assert sequencer.proof_state(event) == "witnessed" and witnessing.operators(6) == ["乙市", "甲市"]
    # And the lines are published with the checkpoint, and go into receipts
    sequencer.run_once()
    keys = [sequencer.signer().verifier, *(parse_cosigner(w.row.vkey) for w in three)]
    assert len(open_note(published(), keys)[1]) == 4
    tell()
    sequencer.run_once()
    receipt = sequencer.receipt_for(event)
    assert verify_receipt(receipt, sequencer.vkey()).checkpoint.size == 6
    assert len(open_note(receipt["proof"].partition("\n\n")[2], keys)[1]) == 4
    assert Client().get("/log/checkpoint.witnessed").content.decode() == witnessing.witnessed_text()


def test_rounds_continue_and_a_witness_that_was_elsewhere_is_asked_again(three):
    tell(3)
    sequencer.run_once()
    assert go(three) == 3 and go(three) == 0
    Witness.objects.update(size=0)  # as after a restored backup: we no longer know what they saw
    tell(400)
    sequencer.run_once()
    assert go(three) == 3
    assert set(Witness.objects.values_list("size", "fault")) == {(406, "")}


def test_a_round_waits_for_its_time(three, settings):
    tell()
    sequencer.run_once()
    go(three)
    tell()
    sequencer.run_once()
    settings.SHUGANG_WITNESS_SECONDS = 60
    assert go(three) == 0
    settings.SHUGANG_WITNESS_SECONDS = 0
    assert go(three) == 3


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(0, "", "TimeoutError"), "no answer: TimeoutError"),
        (Reply(500, "text/html", "<h1>"), "500: <h1>"),
        (Reply(200, "text/plain", "— w3.example.cn AAAAAAAA\n"), "its cosignature does not hold"),
        (Reply(200, "text/plain", ""), "its cosignature does not hold"),
        (Reply(409, SIZE_TYPE, "x"), "409 without a size"),
        (Reply(409, SIZE_TYPE, "900\n"), "it has seen 900 entries, we publish 4"),
        (Reply(409, "text/plain", "another root"), "409: another root"),
        (Reply(403, "text/plain", "not your key"), "403: not your key"),
    ],
)
def test_a_witness_that_does_not_sign_is_named_with_its_reason(three, reply, fault):
    tell()
    sequencer.run_once()
    three[2].reply = reply
    assert go(three) == 2
    row = Witness.objects.get(pk=three[2].row.pk)
    assert (row.fault, row.size) == (fault, 0)
    assert not Cosignature.objects.filter(witness=row).exists() and witnessing.witnessed() is None


def test_another_key_s_line_is_no_cosignature(three):
    tell()
    sequencer.run_once()
    text, _ = parse_note(published())
    three[2].reply = Reply(200, "text/plain", three[1].signer.cosign(text, clock.real_now()).line())
    assert go(three) == 2
    assert witnessing.witnessed() is None


def test_a_witness_that_is_silent_for_long_is_an_alarm(three):
    from shugang.commands import doctor

    tell()
    sequencer.run_once()
    assert witnessing.standing().stale_since is None and not doctor._witnesses()
    Checkpoint.objects.update(at=clock.real_now() - timedelta(hours=1))
    three[0].reply = three[1].reply = Reply(0, "", "TimeoutError")
    go(three)
    assert witnessing.standing().stale_since
    [finding] = doctor._witnesses()
    assert "TimeoutError" in finding.text.en
    assert "还没有达到见证规定数" in Client().get("/log").content.decode()
    three[0].reply = three[1].reply = None
    go(three)
    assert (witnessing.standing().stale_since is None and "甲市、乙市") or "乙市、甲市" in Client().get(
        "/log"
    ).content.decode()


def test_too_few_operators_are_named_by_the_doctor(settings):
    from shugang.commands import doctor

    Other(1, "甲市")
    [finding] = doctor._witnesses()
    assert "quorum" in finding.text.en
    settings.SHUGANG_WITNESS_QUORUM = 1
    assert not doctor._witnesses()


def test_the_policy_names_keys_and_quorum(three):
    text = Client().get("/log/policy").content.decode()
    assert text.splitlines()[0] == f"log {sequencer.vkey()} http://127.0.0.1:8600/log"
    assert "group operator-1 any w1.example.cn w2.example.cn" in text and "group operator-2 any w3.example.cn" in text
    assert text.splitlines()[-2:] == ["group quorum-of-operators 2 operator-1 operator-2", "quorum quorum-of-operators"]
    peers.drop_witness(ENGINEER, three[2].row.pk)
    assert Client().get("/log/policy").content.decode().splitlines()[-1] == "quorum none"


def test_only_the_operator_registers_and_bad_keys_are_refused():
    stranger = PlainActor(2, 2, frozenset({"buyer"}), frozenset({"engineer"}), label="需方")
    good = WitnessSigner("w.example.cn", Ed25519Key(b"\x05" * 32)).cosigner.vkey
    tries = [
        (lambda: peers.add_witness(stranger, "甲", good, "https://a.example.cn"), "forbidden"),
        (lambda: peers.witness_log(stranger, "甲", PEER.verifier.vkey), "forbidden"),
        (lambda: peers.add_witness(ENGINEER, " ", good, "https://a.example.cn"), "invalid_form"),
        (lambda: peers.add_witness(ENGINEER, "甲", PEER.verifier.vkey, "https://a.example.cn"), "bad_key"),
        (
            lambda: peers.add_witness(ENGINEER, "甲", witnessing.signer().cosigner.vkey, "https://a.example.cn"),
            "bad_key",
        ),
        (lambda: peers.witness_log(ENGINEER, "甲", good), "bad_key"),
        (lambda: peers.witness_log(ENGINEER, "甲", sequencer.vkey()), "bad_key"),
        (lambda: peers.add_witness(ENGINEER, "甲", good, "ftp://a.example.cn"), "address_refused"),
        (lambda: peers.add_witness(ENGINEER, "甲", good, "https://u:p@a.example.cn"), "address_refused"),
        (lambda: peers.drop_witness(ENGINEER, 99), "not_found"),
        (lambda: peers.stop_witnessing(ENGINEER, 99), "not_found"),
    ]
    for act, code in tries:
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == code
    assert not Witness.objects.exists() and not WitnessedLog.objects.exists() and not Event.objects.exists()


def test_a_changed_key_of_a_peer_keeps_what_was_seen(peer):
    peer.grow(5)
    peer.ask(0)
    new = Ed25519Signer(PEER.name, b"\x29" * 32)
    peers.witness_log(ENGINEER, "邻市数据公司", new.verifier.vkey)
    peer.log.signers = [new]
    peer.grow(2)
    assert peer.ask(5).status_code == 200 and seen() == 7
