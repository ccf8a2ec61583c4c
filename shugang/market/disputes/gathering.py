"""What goes into an evidence bundle for one reader: the record of the contract and of this dispute, nothing of others.

Both sides, the venue and the agency of the case get the same, for each must be able to answer the other (and the case under
examination is the basis on which venue and agency read). Never in it: keys and who collected them, what the bank moved,
other disputes, and the data themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.models import Acknowledgement, DeletionStatement
from shugang.evidence.checkpoint import open_checkpoint
from shugang.evidence.encoding import to_base64
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.proofs import inclusion_proof, verify_inclusion
from shugang.evidence.reader import LogReader
from shugang.evidence.store import TileStore
from shugang.evidence.tiles import node_at, tiles_of
from shugang.kernel import logkeys, materials, sequencer
from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.kernel.models import Event, Evidenced
from shugang.kernel.queries import events_about
from shugang.policy.codec import canonical
from shugang.policy.text import Text
from shugang.settlement.bills.models import Bill

from ..contracts.models import Contract
from .models import Dispute

MAX_USES = 20_000
KINDS = (
    "market.trade.", "quotation.", "market.contract.", "contract.", "market.change.", "grant.", "charge.", "bill.issued",
    "bill.confirmed", "bill.disputed", "bill.dispute_rejected", "bill.voided", "bill.credited", "delivery.acknowledged",
    "deletion.", "voucher.", "funds.", "market.dispute.", "dispute.", "market.settlement.",
)  # fmt: skip


def withheld() -> list[str]:
    return [
        "密钥的领取记录、存管银行流水、其他争议、数据本身 / who collected keys, what the bank moved, other disputes, the data themselves"
    ]


def events(dispute: Dispute) -> list[Event]:
    """Everything recorded about the contract's trade and this dispute, oldest first."""
    contract = dispute.contract
    refs = [("contract", contract.number), ("inquiry", contract.inquiry.case.number), ("dispute", dispute.number),
            ("case", dispute.number)]  # fmt: skip
    found = []
    for event in events_about(refs):
        others = {r.key for r in event.refs.all() if r.kind == "dispute"} - {dispute.number}
        if event.kind.startswith(KINDS) and not others and event.kind != "dispute.bundle_exported":
            found.append(event)
    return found


def usage(contract: Contract) -> QuerySet[UsageRecord]:
    """Raises Refusal `too_many`: such a file would be no help to anybody; take the uses of the period in question by API."""
    rows = (
        UsageRecord.objects.filter(grant=contract.grant, grant_seq__gt=0).select_related("plane").order_by("grant_seq")
    )
    if contract.grant is None:
        return rows.none()
    if rows.count() > MAX_USES:
        raise Refusal(
            "too_many",
            Text(
                f"用量超过{MAX_USES}条，请按期间从接口取用。",
                f"More than {MAX_USES} uses; take them by period from the API.",
            ),
            409,
        )
    return rows


def openings(rows: Iterable[Evidenced], checkpoint: str, size: int) -> list[dict[str, Any]]:
    """Each record with its salt and its proof under one checkpoint. Raises Refusal `not_logged_yet`."""
    keys = logkeys.verifiers(sequencer.origin())
    reader = LogReader(lru_cache(maxsize=512)(TileStore(sequencer.folder()).fetch), keys)
    root, tiles = open_checkpoint(checkpoint, keys).root, tiles_of(reader.fetch, size)
    found = []
    for row in rows:
        if row.log_index is None or row.log_index >= size:
            raise not_logged()
        entry = reader.entry(row.log_index, size)
        path = inclusion_proof(row.log_index, size, lambda h, i: node_at(tiles, h, i))
        verify_inclusion(leaf_hash(entry), row.log_index, size, path, root)
        found.append({
            "entry": entry.decode(), "index": row.log_index, "path": [to_base64(h) for h in path],
            "salt": to_base64(bytes(row.salt)), "payload": row.commitment_payload(),
        })  # fmt: skip
    return found


def not_logged() -> Refusal:
    return Refusal(
        "not_logged_yet",
        Text(
            "还有记录等待锚定，请几秒后再导出。",
            "Some records are not anchored yet. Please export again in a few seconds.",
        ),
        409,
    )


def files(dispute: Dispute, checkpoint: str, size: int) -> tuple[dict[str, bytes], int]:
    """(path → bytes, number of uses)."""
    contract = dispute.contract
    uses = openings(usage(contract).iterator(chunk_size=1000), checkpoint, size)
    found: dict[str, Any] = {
        "contract/contract.json": contract.snapshot,
        "contract/signatures.json": [
            {"side": s.side, "context": contract.context, "signature": s.signature} for s in contract.signatures.order_by("side")
        ],
        "events.json": openings(events(dispute), checkpoint, size),
        "usage.json": uses,
    }  # fmt: skip
    for q in contract.inquiry.quotations.order_by("version"):
        found[f"quotations/{q.version:03d}.json"] = {
            "version": q.version, "side": q.side, "terms": q.terms, "plan": q.plan, "message": q.message, "digest": q.digest,
            "made_at": iso(q.made_at),
        }  # fmt: skip
    for bill in Bill.objects.filter(agreement__number=contract.number, number__isnull=False).order_by("pk"):
        found[f"bills/{bill.number}.json"] = _bill(bill)
    grants = Q(grant=contract.grant) if contract.grant else Q(pk__in=[])
    for a in Acknowledgement.objects.filter(grants).select_related("grant").order_by("pk"):
        found[f"acknowledgements/{a.number}.json"] = {
            "statement": a.statement, "sha256": a.sha256, "context": a.context, "signature": a.signature,
        }  # fmt: skip
    for d in DeletionStatement.objects.filter(grants):
        found["deletion/statement.json"] = {"statement": d.statement, "sha256": d.sha256, "signature": d.signature}
    for row in dispute.decisions.exclude(state="proposed").exclude(signatures=[]).select_related("case"):
        found[f"decisions/{row.number}.json"] = {
            "kind": row.kind, "content": row.content, "sha256": row.sha256, "context": row.context,
            "signatures": row.signatures, "state": row.state,
        }  # fmt: skip
    made = {path: canonical(content) for path, content in found.items()}
    made["log/checkpoint.txt"] = checkpoint.encode()
    return made | _evidence(dispute), len(uses)


def _bill(bill: Bill) -> dict[str, Any]:
    return {
        "number": bill.number, "kind": bill.kind, "state": bill.state, "total_fen": bill.total_fen, "tax_fen": bill.tax_fen,
        "period_from": bill.period_from.isoformat(), "period_to": bill.period_to.isoformat(),
        "corrects": bill.corrects.number if bill.corrects else None, "issued_at": iso(bill.issued_at) if bill.issued_at else None,
        "lines": [
            {"position": x.position, "period_from": x.period_from.isoformat(), "period_to": x.period_to.isoformat(),
             "charge_reason": x.charge_reason, "late": x.late, "unit": x.unit, "quantity": x.quantity,
             "unit_price_e8": x.unit_price_e8, "unit_size": x.unit_size, "amount_fen": x.amount_fen, "tax_fen": x.tax_fen,
             "grant": x.grant, "outcomes": x.outcomes}
            for x in bill.lines.order_by("position")
        ],
    }  # fmt: skip


def _evidence(dispute: Dispute) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    index = []
    for row in dispute.evidence.select_related("material", "party").order_by("position"):
        path = f"evidence/{row.position:03d}.bin"
        found[path] = (materials.folder() / row.material.sha256).read_bytes()
        index.append({
            "position": row.position, "path": path, "name": row.material.name, "sha256": row.material.sha256,
            "size": row.material.size, "content_type": row.material.content_type, "party": row.party.number,
            "proves": row.proves, "filed_at": iso(row.filed_at),
        })  # fmt: skip
    found["evidence/index.json"] = canonical(index)
    return found
