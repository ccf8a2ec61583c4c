"""Events, the sequencer, idempotency, numbering, search: what must hold whatever the trade does."""

import pytest
from django.db import transaction

from shugang.evidence.audit import audit_log
from shugang.evidence.receipt import verify_receipt
from shugang.evidence.store import TileStore
from shugang.kernel import idempotency, numbering, sequencer, textindex
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.models import Checkpoint, Event, IdempotencyRecord, LogEntry, Serial
from shugang.kernel.reactions import _handlers, on
from shugang.kernel.verbs import NoTrace, verb

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def tell(n=1):
    for i in range(n):
        with transaction.atomic():
            event = emit("kernel.test", SYSTEM, [("party", f"P-{i}")], {"n": i})
    return event


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_a_defect():
    with pytest.raises(RuntimeError):
        emit("kernel.test", SYSTEM, [])


def test_a_verb_without_a_trace_rolls_back():
    @verb
    def silent():
        Serial.objects.create(name="silent")

    with pytest.raises(NoTrace):
        silent()
    assert not Serial.objects.filter(name="silent").exists()


def test_every_event_gets_one_number_and_the_log_verifies_from_its_key():
    tell(300)
    assert sequencer.run_once() == 300
    assert list(Event.objects.order_by("log_index").values_list("log_index", flat=True)) == list(range(300))
    report = audit_log(TileStore(sequencer.folder()).fetch, sequencer.vkey())
    assert report.ok, report


def test_a_receipt_opens_offline_and_changed_content_is_found_out():
    event = tell()
    assert sequencer.receipt_for(event) is None
    sequencer.run_once()
    event.refresh_from_db()
    receipt = sequencer.receipt_for(event)
    assert verify_receipt(receipt, sequencer.vkey()).payload["payload"] == {"n": 0}
    Event.objects.filter(pk=event.pk).update(payload={"n": 7})
    event.refresh_from_db()
    assert not sequencer.content_matches(event)


def test_a_lost_tile_folder_is_rebuilt_and_the_log_goes_on():
    import shutil

    tell(5)
    sequencer.run_once()
    shutil.rmtree(sequencer.folder())
    tell(5)
    assert sequencer.run_once() == 5
    assert audit_log(TileStore(sequencer.folder()).fetch, sequencer.vkey()).ok


def test_a_transaction_that_fails_while_numbering_leaves_the_log_as_it_was(monkeypatch):
    tell(3)
    with sequencer.leadership():
        log = sequencer.open_log()

        def fail(*args, **kwargs):
            raise OSError("disk full")

        with monkeypatch.context() as m:
            m.setattr(Checkpoint, "save", fail)
            with pytest.raises(OSError, match="disk full"):
                sequencer.append_batch(log)
        assert (LogEntry.objects.count(), log.size) == (0, 0)
        assert sequencer.drain(log) == 3


def test_two_sequencers_never_lead_at_once():
    import multiprocessing  # noqa: F401  (a second process is what the file lock is for; here: a second handle)

    from django.db import connection

    with sequencer.leadership() as first:
        assert first
        if connection.vendor == "sqlite":
            with sequencer.leadership() as second:
                assert not second


def test_the_same_key_gives_the_same_answer_once():
    calls = []

    def act():
        calls.append(1)
        return {"number": len(calls)}

    first = idempotency.once(SYSTEM, "k", "h", act)
    assert idempotency.once(SYSTEM, "k", "h", act) == first == {"number": 1}
    assert len(calls) == 1


def test_the_same_key_for_another_request_is_refused():
    idempotency.once(SYSTEM, "k", "h", dict)
    with pytest.raises(Refusal) as no:
        idempotency.once(SYSTEM, "k", "other", dict)
    assert (no.value.code, no.value.status) == ("idempotency_conflict", 409)


def test_an_act_that_fails_leaves_no_key_behind():
    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        idempotency.once(SYSTEM, "k", "h", fail)
    assert not IdempotencyRecord.objects.exists()


def test_numbers_have_no_gaps_after_a_rollback():
    with transaction.atomic():
        assert numbering.next_number("n") == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        numbering.next_number("n")
        raise RuntimeError
    with transaction.atomic():
        assert numbering.next_number("n") == 2


def test_a_reaction_runs_in_the_transaction_of_its_event():
    seen = []
    handler = on("kernel.reacts")(lambda event: seen.append(event.pk))
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            emit("kernel.reacts", SYSTEM, [])
            raise RuntimeError
        assert len(seen) == 1 and not Event.objects.exists()
    finally:
        _handlers["kernel.reacts"].remove(handler)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("空气", ["A"]),
        ("空气质量", ["A"]),
        ("号段", ["B"]),
        ("查询", ["B"]),
        ("API", ["B"]),
        ("api 手机", ["B"]),
        ("质空", []),
        ("厦门", ["A", "B"]),
        ("气", ["A"]),
        ("'; DROP", []),
        ("", []),
    ],
)
def test_two_character_words_are_found(query, found):
    textindex.put("product", "A", "厦门空气质量站点小时值", "PM2.5 逐小时")
    textindex.put("product", "B", "手机号段查询 API", "厦门 归属地")
    assert sorted(textindex.search("product", query)) == found


def test_a_match_in_the_title_comes_first_and_a_removed_object_is_not_found():
    textindex.put("product", "body", "目录", "空气 " * 3)
    textindex.put("product", "title", "空气", "目录")
    assert textindex.search("product", "空气") == ["title", "body"]
    textindex.remove("product", "title")
    assert textindex.search("product", "空气") == ["body"]
