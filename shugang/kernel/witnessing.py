"""Witnessing, both ways (C2SP tlog-witness 1.0.0): we cosign the checkpoints of logs that the operator registered, and
witnesses that he registered cosign ours.

Nothing here opens a connection: a room above sends what `asks` makes and brings the replies to `take`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from shugang.evidence import witness as protocol
from shugang.evidence.cosignature import WitnessSigner, parse_cosigner, seen
from shugang.evidence.encoding import from_decimal
from shugang.evidence.errors import EvidenceError
from shugang.evidence.note import Signature, open_note, parse_note, parse_vkey
from shugang.evidence.reader import LogReader
from shugang.evidence.witness import Answer, Seen

from . import clock, origins
from .actors import SYSTEM
from .events import emit
from .models import Checkpoint, Cosignature, Witness, WitnessedLog
from .platform import signing_key

ANCHORED = "anchor.peer"


# As a witness of others.


def signer() -> WitnessSigner:
    return WitnessSigner(settings.SHUGANG_WITNESS_NAME, signing_key("witness"))


def add_checkpoint(body: str) -> Answer:
    """Answer one `add-checkpoint` request. What is refused takes no lock; what would be cosigned is looked at again
    under the log's row lock, and what was seen is stored before the line is let out."""
    answer = _decide(body, lock=False)
    if answer.seen is None:
        return answer
    with transaction.atomic():
        return _decide(body, lock=True)


def _decide(body: str, lock: bool) -> Answer:
    found: list[WitnessedLog] = []

    def known(origin: str) -> tuple[protocol.Verifier, Seen] | None:
        rows = WitnessedLog.objects.select_for_update() if lock else WitnessedLog.objects
        found.extend(rows.filter(origin=origin, active=True))
        return (
            (parse_vkey(found[0].vkey), Seen(found[0].seen_size, bytes.fromhex(found[0].seen_root))) if found else None
        )

    now = clock.real_now()
    answer = protocol.add_checkpoint(body, known, signer(), now)
    if lock and answer.seen is not None:
        row = found[0]
        row.seen_size, row.seen_root = answer.seen.size, answer.seen.root.hex()
        row.seen_note, row.seen_at = answer.checkpoint, now
        row.save(update_fields=["seen_size", "seen_root", "seen_note", "seen_at"])
    return answer


def anchor_peers() -> int:
    """Tell in our own log how far we saw each peer's: then nobody rewrites one log without rewriting all. At most once
    an interval a peer, for each such entry is news to the peer in turn. Returns how many were told."""
    before = clock.real_now() - timedelta(seconds=settings.SHUGANG_ANCHOR_SECONDS)
    due = [
        row
        for row in WitnessedLog.objects.filter(active=True).order_by("id")
        if row.seen_size > row.anchored_size and (row.anchored_at is None or row.anchored_at <= before)
    ]
    for row in due:
        with transaction.atomic():
            payload = {"origin": row.origin, "size": row.seen_size, "root": row.seen_root, "checkpoint": row.seen_note}
            emit(ANCHORED, SYSTEM, [("log", row.origin)], payload)
            WitnessedLog.objects.filter(pk=row.pk).update(anchored_size=row.seen_size, anchored_at=clock.real_now())
    return len(due)


# As a log that others witness.


class Target(NamedTuple):
    """A published checkpoint that a round asks all witnesses about, so that their lines stand below one text."""

    size: int
    note: str


class Ask(NamedTuple):
    witness: int
    url: str
    body: str


class Reply(NamedTuple):
    """`status` 0: no answer; then `body` says why."""

    status: int
    content_type: str
    body: str


Post = Callable[[Sequence[Ask]], Sequence[Reply]]


def run_round(reader: LogReader, post: Post) -> int:
    """Ask every witness that is behind, when a round is due; a witness that was elsewhere than we thought is asked once
    more. Returns how many cosigned."""
    target = _target(reader)
    if target is None:
        return 0
    asks = _asks(reader, target, _behind(target))
    replies = list(post(asks)) if asks else []
    cosigned = [take(target, ask.witness, reply) for ask, reply in zip(asks, replies, strict=True)]
    again = [ask.witness for ask, reply in zip(asks, replies, strict=True) if _moved(reply)]
    second = _asks(reader, target, list(Witness.objects.filter(pk__in=again).order_by("id")))
    if second:
        cosigned += [take(target, a.witness, r) for a, r in zip(second, post(second), strict=True)]
    return sum(cosigned)


def _target(reader: LogReader) -> Target | None:
    """The published checkpoint, when somebody is due to be asked about it; read no files otherwise."""
    last = Checkpoint.objects.order_by("-size").first()
    waiting = Witness.objects.filter(active=True)
    if last is None or not waiting.filter(size__lt=last.size).exists():
        return None
    tried = waiting.order_by("-tried_at").exclude(tried_at=None).values_list("tried_at", flat=True).first()
    if tried is not None and clock.real_now() - tried < timedelta(seconds=settings.SHUGANG_WITNESS_SECONDS):
        return None
    try:
        checkpoint, text = reader.checkpoint()
    except EvidenceError:
        return None  # not published yet
    return Target(checkpoint.size, text) if checkpoint.size else None


def _behind(target: Target) -> list[Witness]:
    return list(Witness.objects.filter(active=True, size__lt=target.size).order_by("id"))


def _asks(reader: LogReader, target: Target, witnesses: Sequence[Witness]) -> list[Ask]:
    asks = []
    for row in witnesses:
        proof = reader.consistency(row.size, target.size) if 0 < row.size < target.size else []
        body = protocol.format_request(row.size, proof, target.note)
        asks.append(Ask(row.pk, f"{row.url.rstrip('/')}/add-checkpoint", body))
    return asks


def _moved(reply: Reply) -> bool:
    return reply.status == 409 and reply.content_type.split(";")[0].strip() == protocol.SIZE_TYPE


@transaction.atomic
def take(target: Target, witness: int, reply: Reply) -> bool:
    """Store what a witness answered; whether it cosigned. Its line is verified first."""
    row = Witness.objects.select_for_update().get(pk=witness)
    now = clock.real_now()
    row.tried_at, row.fault = now, ""
    signature = _cosignature(row, target, reply) if reply.status == 200 else None
    if signature is not None:
        at = seen(signature.signature) or now
        row.size, row.cosigned_at = target.size, now
        Cosignature.objects.get_or_create(witness=row, size=target.size, defaults={"line": signature.line(), "at": at})
        _count(target.size)
    elif _moved(reply):
        row.size, row.fault = _stated_size(target, reply, row)
    else:
        row.fault = _fault(reply)
    row.save(update_fields=["tried_at", "fault", "size", "cosigned_at"])
    return signature is not None


def _cosignature(row: Witness, target: Target, reply: Reply) -> Signature | None:
    text, _ = parse_note(target.note)
    try:
        _, good = open_note(f"{text}\n{reply.body}", [parse_cosigner(row.vkey)])
    except EvidenceError:
        return None
    return good[0]


def _stated_size(target: Target, reply: Reply, row: Witness) -> tuple[int, str]:
    try:
        size = from_decimal(reply.body.strip())
    except EvidenceError:
        return row.size, "409 without a size"
    if size > target.size:
        # Either the files are behind the database, or somebody signs a longer log with our key.
        return row.size, f"it has seen {size} entries, we publish {target.size}"
    return size, ""


def _fault(reply: Reply) -> str:
    if reply.status == 200:
        return "its cosignature does not hold"
    return f"{reply.status or 'no answer'}: {reply.body.strip()}"[:200]


def _count(size: int) -> None:
    """Witnessed is what enough different operators cosigned: one operator with three keys is one witness."""
    if len(operators(size)) >= settings.SHUGANG_WITNESS_QUORUM:
        Checkpoint.objects.filter(size=size, witnessed_at=None).update(witnessed_at=clock.real_now())


def operators(size: int) -> list[str]:
    """Who cosigned the checkpoint of this size."""
    rows = Cosignature.objects.filter(size=size).values_list("witness__operator", flat=True)
    return sorted(set(rows))


def cosignatures(size: int) -> list[Signature]:
    """The witnesses' lines on the checkpoint of this size, in the order in which the witnesses were registered."""
    lines = Cosignature.objects.filter(size=size).order_by("witness_id").values_list("line", flat=True)
    return [parse_note(f"-\n\n{line}")[1][0] for line in lines]


def witnessed() -> Checkpoint | None:
    """The newest checkpoint that enough witnesses cosigned."""
    rows = Checkpoint.objects.exclude(witnessed_at=None).order_by("-size")
    return rows.filter(text__startswith=f"{origins.current().name}\n").first()


def witnessed_text() -> str | None:
    """That checkpoint with our lines and the witnesses'."""
    found = witnessed()
    if found is None:
        return None
    return found.text + "".join(line.line() for line in cosignatures(found.size))


class Standing(NamedTuple):
    """`enough`: as many different operators as the quorum are registered. `stale_since`: the oldest checkpoint that
    nobody has witnessed for too long, None when all is well."""

    witnesses: list[Witness]
    enough: bool
    last: Checkpoint | None
    by: list[str]
    stale_since: datetime | None


def standing() -> Standing:
    """For the log page, the API and `shugang doctor`."""
    active = list(Witness.objects.filter(active=True).order_by("id"))
    last = witnessed()
    waiting = Checkpoint.objects.filter(size__gt=last.size if last else 0).order_by("size").first()
    limit = clock.real_now() - timedelta(seconds=settings.SHUGANG_WITNESS_ALARM_SECONDS)
    stale = waiting.at if active and waiting is not None and waiting.at < limit else None
    enough = len({row.operator for row in active}) >= settings.SHUGANG_WITNESS_QUORUM
    return Standing(active, enough, last, operators(last.size) if last else [], stale)


def policy(vkey: str) -> str:
    """The trust policy in C2SP's format (tlog-policy): whom an outsider has to believe, and how many of them."""
    lines = [f"log {vkey} {settings.SHUGANG_PUBLIC_URL}/log"]
    groups: dict[str, list[str]] = {}
    for row in Witness.objects.filter(active=True).order_by("id"):
        name = parse_cosigner(row.vkey).name
        lines.append(f"witness {name} {row.vkey} {row.url}")
        groups.setdefault(row.operator, []).append(name)
    members = []
    for number, (operator, names) in enumerate(groups.items(), 1):
        lines += [f"# {operator}", f"group operator-{number} any {' '.join(names)}"]
        members.append(f"operator-{number}")
    quorum = settings.SHUGANG_WITNESS_QUORUM
    if 0 < quorum <= len(members):
        lines += [f"group quorum-of-operators {quorum} {' '.join(members)}", "quorum quorum-of-operators"]
    else:
        lines.append("quorum none")
    return "\n".join(lines) + "\n"
