"""Exporting an evidence bundle: the record frozen under one checkpoint, its manifest in the log, the file given out.

Two steps, because a receipt exists only once the sequencer has numbered the export: `export_bundle` keeps the files and
records the manifest's digest; `bundle_bytes` adds the receipt of that record. Checked by `shugang verify-bundle`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from shugang.evidence.packing import FORMAT, MANIFEST, RECEIPT, pack, unpack
from shugang.kernel import clock, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit, iso
from shugang.kernel.models import Event
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from . import gathering
from .models import Dispute, EvidenceBundle

BUNDLE = Text("这个证据包", "evidence bundle")


def folder() -> Path:
    path: Path = settings.VAR_DIR / "bundles"
    path.mkdir(parents=True, exist_ok=True)
    return path


@verb
def export_bundle(actor: Actor, number: str) -> EvidenceBundle:
    """Gather the record for the acting party. Raises Refusal `not_found`, `not_logged_yet`, `too_many`, `forbidden`."""
    dispute = (
        Dispute.objects.visible_to(actor)
        .select_related(
            "case",
            "contract__grant",
            "contract__inquiry__case",
            "contract__product",
            "contract__buyer",
            "contract__supplier",
        )
        .filter(case__number=number)
        .first()
    )
    party = Party.objects.filter(pk=actor.party_id or 0).first()
    if dispute is None or party is None:
        raise not_found(Text("这项争议", "dispute"))
    last = sequencer.current_checkpoint()
    if last is None:
        raise gathering.not_logged()
    files, uses = gathering.files(dispute, last.text, last.size)
    manifest = canonical({
        "format": FORMAT, "dispute": dispute.number, "contract": dispute.contract.number, "made_at": iso(clock.now()),
        "reader": {"number": party.number, "name": party.name, "capacity": _capacity(dispute, party)},
        "log": {"vkey": sequencer.vkey(), "size": last.size}, "uses": uses, "withheld": gathering.withheld(),
        "files": {p: {"sha256": hashlib.sha256(b).hexdigest(), "size": len(b)} for p, b in sorted(files.items())},
    })  # fmt: skip
    sha256 = hashlib.sha256(manifest).hexdigest()
    _keep(sha256, pack({**files, MANIFEST: manifest}))
    told = {"manifest_sha256": sha256, "reader": party.number, "log_size": last.size, "files": len(files)}
    event = emit("dispute.bundle_exported", actor, dispute.event_refs(), told, dispute.case)
    return EvidenceBundle.objects.create(
        dispute=dispute, party=party, person_id=actor.person_id or 0, manifest_sha256=sha256, files=sorted(files),
        bytes=sum(map(len, files.values())), log_size=last.size, event=event, made_at=clock.now(),
    )  # fmt: skip


def _capacity(dispute: Dispute, party: Party) -> str:
    held = dispute.case.parties.filter(party_id=party.pk).order_by("capacity").values_list("capacity", flat=True)
    return ",".join(held) or "supervisor"


def _keep(sha256: str, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=folder(), delete=False) as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    Path(out.name).rename(folder() / sha256)


def get_bundle(actor: Actor, number: str, pk: int) -> EvidenceBundle:
    """An export that the acting party made, while it may still see the dispute. Raises Refusal `not_found`."""
    rows = EvidenceBundle.objects.visible_to(actor).filter(dispute__in=Dispute.objects.visible_to(actor))
    found: EvidenceBundle | None = (
        rows.select_related("event", "dispute__case").filter(pk=pk, dispute__case__number=number).first()
    )
    if found is None or found.party_id != actor.party_id:
        raise not_found(BUNDLE)
    return found


def bundle_bytes(row: EvidenceBundle) -> bytes:
    """The file with the receipt of its export. Raises Refusal `not_logged_yet`."""
    event = Event.objects.filter(pk=row.event_id or 0).first()  # as numbered since
    receipt = sequencer.receipt_for(event) if event else None
    if receipt is None:
        raise Refusal(
            "not_logged_yet",
            Text(
                "导出记录正在锚定，请几秒后再下载。", "The export is being anchored. Please download in a few seconds."
            ),
            409,
        )
    files = unpack((folder() / row.manifest_sha256).read_bytes())
    return pack({**files, RECEIPT: canonical(receipt)})
