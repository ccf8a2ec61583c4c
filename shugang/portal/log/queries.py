"""The state of the log and of its witnesses, its former names, and receipts of events for those who may read the event."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from shugang.evidence.cosignature import parse_cosigner, seen
from shugang.evidence.errors import EvidenceError
from shugang.evidence.note import Signature, Verifier, open_note, parse_any_vkey
from shugang.evidence.receipt import verify_receipt
from shugang.kernel import logkeys, origins, sequencer, timestamps, witnessing
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.models import Event, Witness, WitnessedLog
from shugang.policy.text import Text

from ..reading import Reader

RECEIPT = Text("这份回执", "receipt")


def may_read(event: Event, actor: Actor) -> bool:
    return Reader(actor, [event]).may_read(event)


def receipt(pk: int, actor: Actor) -> dict[str, Any]:
    """The receipt with content. Raises Refusal `not_found`, or `not_anchored` until a checkpoint covers the event."""
    event = Event.objects.prefetch_related("refs").filter(pk=pk).first()
    if event is None or not may_read(event, actor):
        raise not_found(RECEIPT)
    found = sequencer.receipt_for(event)
    if found is None:
        raise Refusal(
            "not_anchored",
            Text(
                "这一步正在等待下一个检查点，约一秒后即可下载回执。",
                "This step waits for the next checkpoint; try again in a second.",
            ),
            409,
        )
    return found


def witness(row: Witness) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": parse_cosigner(row.vkey).name,
        "operator": row.operator,
        "vkey": row.vkey,
        "url": row.url,
        "active": row.active,
        "size": row.size,
        "cosigned_at": row.cosigned_at,
        "fault": row.fault,
    }


def witnessed_log(row: WitnessedLog) -> dict[str, Any]:
    return {
        "id": row.pk,
        "origin": row.origin,
        "operator": row.operator,
        "vkey": row.vkey,
        "active": row.active,
        "seen_size": row.seen_size,
        "seen_at": row.seen_at,
        "told_size": row.anchored_size,
    }


def peers() -> dict[str, Any]:
    """For the operator's page: both lists, and what he gives to the other side."""
    return {
        "standing": witnessing.standing(),
        "witnesses": [witness(row) for row in Witness.objects.order_by("-active", "id")],
        "logs": [witnessed_log(row) for row in WitnessedLog.objects.order_by("-active", "id")],
        "quorum": settings.SHUGANG_WITNESS_QUORUM,
        "vkey": sequencer.vkey(),
        "witness_vkey": witnessing.signer().cosigner.vkey,
        "witness_url": f"{settings.SHUGANG_PUBLIC_URL}/witness",
    }


def state() -> dict[str, Any]:
    """Public facts, as the API tells them."""
    now, standing, stamp = sequencer.status(), witnessing.standing(), timestamps.last()
    return {
        "origin": sequencer.origin(),
        "size": now["size"],
        "root": now["root"],
        "signed_at": now["at"],
        "backlog": now["backlog"],
        "keys": logkeys.published(sequencer.origin()),
        "witnessed": {
            "size": standing.last.size if standing.last else 0,
            "by": standing.by,
            "quorum": settings.SHUGANG_WITNESS_QUORUM,
            "stale_since": standing.stale_since,
        },
        "witnesses": [witness(row) for row in standing.witnesses],
        "time_stamp": {"size": stamp.size, "at": stamp.at, "authority": stamp.authority} if stamp else None,
        "own_witness_vkey": witnessing.signer().cosigner.vkey,
    }


def address() -> str:
    """Where the present log is served, below the site."""
    epoch = origins.current().epoch
    return "/log" if epoch == 1 else f"/log/{epoch}"


def vkey_of(epoch: int) -> str | None:
    if epoch == origins.current().epoch:
        return sequencer.vkey()
    return next((name.vkey for name in origins.former() if name.epoch == epoch), None)


def former_names() -> list[dict[str, Any]]:
    return [
        {
            "origin": name.origin,
            "vkey": name.vkey,
            "checkpoint": name.checkpoint,
            "known_size": name.known_size,
            "restored_size": name.restored_size,
            "receipt": sequencer.receipt_for(name.event),
        }
        for name in origins.former()
    ]


def receipt_facts(receipt: dict[str, Any]) -> dict[str, Any]:
    """What a receipt says, for its page; `signed` are the lines that hold: (name, when a witness saw it or None)."""
    proved = verify_receipt(receipt, receipt["vkey"])
    note = receipt["proof"].partition("\n\n")[2]
    found: list[tuple[str, Any]] = []
    for told in logkeys.published(proved.checkpoint.origin):
        key = parse_any_vkey(told["vkey"])
        found += [(f"{key.name} ({key.algorithm})", None) for _ in _lines(note, key)]
    for row in Witness.objects.order_by("id"):
        witness = parse_cosigner(row.vkey)
        found += [(f"{row.operator} ({witness.name})", seen(line.signature)) for line in _lines(note, witness)]
    return {"proved": proved, "signed": found}


def _lines(note: str, key: Verifier) -> list[Signature]:
    try:
        return open_note(note, [key])[1]
    except EvidenceError:
        return []
