"""The voucher's answer to /verify: what the record says, and whether the tables still agree. No amount."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shugang.assets.registration.verify import MISMATCH, Difference, Verification, proof_of, register
from shugang.policy.text import Text

from . import documents
from .models import TradeVoucher

TITLE = Text("数据交易凭证", "Trade voucher")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _differences(voucher: TradeVoucher, said: dict[str, Any]) -> list[Difference]:
    rows = [
        (Text("凭证内容", "Content"), said, voucher.content),
        (Text("合同摘要", "Contract digest"), said["contract"]["sha256"], voucher.contract.sha256),
    ]
    return [Difference(name, str(a)[:80], str(b)[:80]) for name, a, b in rows if a != b]


def check(number: str) -> Verification | None:
    """Public: one voucher by its number, or None."""
    voucher = (
        TradeVoucher.objects.select_related("contract", "event").filter(number=number, event__isnull=False).first()
    )
    if voucher is None or voucher.event is None:
        return None
    said = voucher.event.payload.get("voucher")
    if not isinstance(said, dict):
        return Verification(
            kind="voucher", number=number, title=TITLE, state=Text("无法核对", "Cannot be checked"), tone="bad",
            in_force=False, facts=[], event=voucher.event, proof=MISMATCH, content={"state": "unknown", "voucher": None},
        )  # fmt: skip
    wrong = _differences(voucher, said)
    proof = proof_of(voucher.event, wrong, [])
    good = proof != MISMATCH
    return Verification(
        kind="voucher",
        number=number,
        title=TITLE,
        state=Text("已结清", "Settled") if good else Text("核验不符", "Does not verify"),
        tone="ok" if good else "bad",
        in_force=good,
        facts=documents.facts(said),
        event=voucher.event,
        proof=proof,
        content={"state": "settled" if good else "mismatch", "voucher": said},
        valid_from=_moment(said["issued_at"]),
        differences=wrong,
        history=[(Text("出具", "Issued"), voucher.event)],
        pdf=lambda: documents.pdf(voucher, with_amount=False),
    )


register("voucher", check)
