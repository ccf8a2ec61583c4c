"""The certificate's answer to /verify: its record, its standing by the events, and whether the table agrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, sequencer
from shugang.kernel.events import iso
from shugang.kernel.models import Event
from shugang.policy.text import Text

from . import burdens, documents
from .life import CERTIFICATE, STATE_BY_EVENT
from .models import Certificate
from .rights import RIGHTS
from .verify import MISMATCH, Difference, Verification, proof_of, register

EVENT_LABELS: dict[str, Text] = {
    "certificate.issued": Text("存证生效", "Deposited, in effect"),
    "certificate.suspended": Text("暂停", "Suspended"),
    "certificate.resumed": Text("恢复", "Resumed"),
    "certificate.lapsed": Text("到期失效", "Lapsed"),
    "certificate.cancelled": Text("注销", "Cancelled"),
    "certificate.revoked": Text("撤销", "Revoked"),
    "certificate.replaced": Text("由新凭证取代", "Replaced"),
    "certificate.transferred": Text("权利全部转让", "All rights transferred"),
}
GONE = ("replaced", "transferred", "lapsed", "cancelled", "revoked")
_NAMES: dict[str, Text] = {
    "number": Text("编号", "Number"),
    "name": Text("数据名称", "Name of the data"),
    "summary": Text("概述", "Summary"),
    "rights": Text("权利", "Rights"),
    "holder": Text("权利人", "Holder"),
    "sha256": Text("数据版本摘要", "Digest of the version"),
    "schema": Text("数据结构摘要", "Digest of the structure"),
    "valid_until": Text("有效期至", "Valid until"),
    "state": Text("状态", "Standing"),
    "content": Text("凭证内容", "Content"),
}


def trail(certificate: Certificate) -> list[Event]:
    """The events of this certificate's life, oldest first."""
    found = Event.objects.filter(kind__in=STATE_BY_EVENT, refs__kind="certificate", refs__key=certificate.number)
    return list(found.order_by("id").prefetch_related("refs"))


def _table(certificate: Certificate) -> dict[str, str]:
    """The same facts, read from the tables."""
    asset, content = certificate.asset, certificate.content
    if certificate.state in GONE:  # the asset has moved on: what the certificate said stands in its own row alone
        name, summary, rights = content["asset"]["name"], content["asset"]["summary"], content["rights"]
    else:
        name, summary = asset.name, asset.summary
        rights = sorted(asset.rights.filter(party=certificate.party).values_list("right", flat=True))
    return {
        "number": certificate.number,
        "name": name,
        "summary": summary,
        "rights": ",".join(rights),
        "holder": certificate.party.number,
        "sha256": asset.dataset_version.sha256,
        "schema": asset.dataset_version.schema_digest,
        "valid_until": iso(certificate.valid_until),
        "state": certificate.state,
    }


def _recorded(said: Mapping[str, Any], state: str) -> dict[str, str]:
    return {
        "number": said["number"],
        "name": said["asset"]["name"],
        "summary": said["asset"]["summary"],
        "rights": ",".join(said["rights"]),
        "holder": said["holder"]["number"],
        "sha256": said["dataset"]["sha256"],
        "schema": said["dataset"]["schema_digest"],
        "valid_until": said["valid_until"],
        "state": state,
    }


def differences(certificate: Certificate, said: Mapping[str, Any], state: str) -> list[Difference]:
    recorded, found = _recorded(said, state), _table(certificate)
    wrong = [Difference(_NAMES[k], recorded[k], found[k]) for k in recorded if recorded[k] != found[k]]
    if not wrong and dict(said) != certificate.content:
        wrong.append(Difference(_NAMES["content"], "", ""))
    return wrong


def _standing(certificate: Certificate, events: list[Event], said: Mapping[str, Any]) -> str:
    """The state that the events lead to; past its end a certificate has lapsed, whether or not the worker has run."""
    state = STATE_BY_EVENT[events[-1].kind] if events else certificate.state
    if state in {"valid", "suspended"} and clock.now() > documents.moment(said["valid_until"]):
        return "lapsed"
    return state


def check(number: str) -> Verification | None:
    """Public: what the evidence record says about one certificate."""
    certificate = (
        Certificate.objects.select_related(
            "asset__dataset_version__dataset", "asset__party", "party", "registrar", "event",
            "registration__case__profile",
        )
        .filter(number=number, event__isnull=False)
        .first()
    )  # fmt: skip
    if certificate is None or certificate.event is None:
        return None
    events = trail(certificate)
    said = certificate.event.payload.get("certificate")
    if not isinstance(said, dict):
        return _unreadable(certificate)
    recorded_state = STATE_BY_EVENT[events[-1].kind] if events else "valid"
    wrong = differences(certificate, said, recorded_state)
    state = _standing(certificate, events, said)
    proof = proof_of(certificate.event, wrong, events)
    label = CERTIFICATE.state(state)
    return Verification(
        kind="certificate",
        number=number,
        title=documents.title(certificate),
        state=label.label,
        tone=label.tone,
        in_force=state == "valid" and proof != MISMATCH,
        facts=[(Text("登记机构", "Registrar"), said["registrar"]["name"]), *documents.facts(certificate, said),
               (Text("备注", "Remarks"), said["remarks"] or None),
               *_now(certificate)],
        event=certificate.event,
        proof=proof,
        content={"state": state, "in_force": state == "valid" and proof != MISMATCH, "certificate": said},
        valid_from=documents.moment(said["issued_at"]),
        valid_until=documents.moment(said["valid_until"]),
        rights=[(documents.right_label(certificate, r), _limits(said, r))
                for r in RIGHTS if r in said["rights"]],
        differences=wrong,
        history=[(EVENT_LABELS[e.kind], e) for e in events],
        pdf=(lambda: documents.read(certificate)) if certificate.pdf_path else None,
    )  # fmt: skip


def _now(certificate: Certificate) -> list[tuple[Text, Any]]:
    """What has come since it was issued: encumbrances that stand, and the certificate that took its place."""
    rows = [
        (Text("现存负担", "Encumbrances now"), _burdens(certificate)),
        (Text("由此取代", "Replaced by"), _successor(certificate)),
    ]
    return [(label, value) for label, value in rows if value]


def _burdens(certificate: Certificate) -> Text | None:
    found = burdens.line(certificate.asset) if certificate.state in ("valid", "suspended") else None
    return found if found and found.zh else None


def _limits(said: Mapping[str, Any], right: str) -> Text | str | None:
    """The right's own end, where it has one, and the limits."""
    end, limits = said.get("right_ends", {}).get(right), said["right_limits"]
    if not end:
        return limits or None
    return Text(f"至{end}。{limits}", f"Until {end}. {limits}")


def _successor(certificate: Certificate) -> str | None:
    """The certificate that took this one's place, if any."""
    heir = certificate.asset.certificates.filter(pk__gt=certificate.pk, content__previous=certificate.number).first()
    return heir.number if heir else None


def _unreadable(certificate: Certificate) -> Verification:
    """The record's content was removed or replaced: nothing of the table is shown in its place."""
    return Verification(
        kind="certificate", number=certificate.number,
        title=Text("数据资产登记凭证", "Certificate of a registered data asset"),
        state=Text("无法核对", "Cannot be checked"), tone="bad", in_force=False, facts=[], event=certificate.event,
        proof=MISMATCH, content={"state": "unknown", "in_force": False, "certificate": None},
    )  # fmt: skip


def anchor_facts(event: Event | None) -> dict[str, Any]:
    """Index, checkpoint and digests of an event, for the page and its JSON twin."""
    checkpoint = sequencer.current_checkpoint()
    anchored = event is not None and sequencer.proof_state(event) != "pending"
    return {
        "log_index": event.log_index if event and anchored else None,
        "checkpoint_size": checkpoint.size if checkpoint and anchored else None,
        "checkpoint_root": checkpoint.root if checkpoint and anchored else None,
        "checkpoint_at": checkpoint.at if checkpoint and anchored else None,
        "sha256": event.sha256 if event else None,
        "sm3": event.sm3 if event else None,
    }


register("certificate", check)
