"""Sentences for events, from the procedures' own tables and one list for the rest."""

from __future__ import annotations

from shugang.kernel.procedure import event_label
from shugang.policy.text import Text

_OTHERS: dict[str, Text] = {
    "dataset.created": Text("建立数据集", "Dataset created"),
    "dataset.version_published": Text("数据入库，形成不可变版本", "Data stored as an immutable version"),
    "certificate.issued": Text("存证并核发登记凭证", "Certificate issued at evidence deposit"),
    "grant.issued": Text("签发授权", "Grant issued"),
    "grant.suspended": Text("暂停授权", "Grant suspended"),
    "grant.resumed": Text("恢复授权", "Grant resumed"),
    "grant.ended": Text("终止授权", "Grant ended"),
    "credential.issued": Text("签发访问凭据", "Credential issued"),
    "credential.revoked": Text("吊销访问凭据", "Credential revoked"),
    "bill.issued": Text("出具账单", "Bill issued"),
    "bill.confirmed": Text("确认账单", "Bill confirmed"),
    "bill.paid": Text("托管行确认收款", "Payment confirmed by the custodian"),
    "bill.settled": Text("分账完成，账单结清", "Split executed; bill settled"),
    "voucher.issued": Text("出具交易凭证", "Trade voucher issued"),
    "charge.registered": Text("登记计费约定", "Charge agreement registered"),
    "clock.expired": Text("期限届满", "Deadline passed"),
}


def sentence(kind: str) -> Text:
    """What an event says to people. Unknown kinds show their own name rather than nothing."""
    if kind.endswith(".vote"):
        found = event_label(kind.removesuffix(".vote"))
        if found:
            return Text(found.zh + "（其中一方）", found.en + " (one side)")
    return event_label(kind) or _OTHERS.get(kind) or Text(kind, kind)
