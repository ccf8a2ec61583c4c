"""The chart of accounts. Holders' accounts never fall below 0; the mirror of the bank has no bound of its own."""

from __future__ import annotations

from shugang.policy.text import Text

from .models import Account

CUSTODY = "custody:bank"
COMMISSION = "platform:commission"
VAT = "platform:vat"
SUSPENSE = "suspense:recon"

LABELS: dict[str, Text] = {
    "custody": Text("存管银行账户（镜像）", "Custodian's account (mirror)"),
    "escrow": Text("合同待分账款", "Held for a contract"),
    "payable": Text("应付供方", "Payable to a supplier"),
    "refund": Text("应退付款方", "Refundable to a payer"),
    "deposit": Text("保证金", "Deposit of a party"),
    "reserve": Text("争议期留存", "Reserved for the dispute window"),
    "receivable": Text("应追回款（对方尚欠）", "To be recovered from a party"),
    "claim": Text("待追回后退付款方", "Owed to a payer once recovered"),
    "prepaid": Text("合同预付款", "Prepaid under a contract"),
    "commission": Text("平台服务费", "Platform commission"),
    "vat": Text("服务费增值税", "VAT on the commission"),
    "suspense": Text("待查款项", "Unmatched receipts"),
}


def open_account(code: str, kind: str, party_id: int | None = None) -> Account:
    """The account under `code`, opened at first use. Its floor is 0 unless it mirrors the bank or stands for a debt."""
    floor = None if kind in (Account.Kind.CUSTODY, Account.Kind.RECEIVABLE) else 0
    defaults = {"kind": kind, "party_id": party_id, "floor": floor}
    return Account.objects.get_or_create(code=code, defaults=defaults)[0]


def custody() -> Account:
    return open_account(CUSTODY, "custody")


def suspense() -> Account:
    return open_account(SUSPENSE, "suspense")


def commission() -> Account:
    return open_account(COMMISSION, "commission")


def vat() -> Account:
    return open_account(VAT, "vat")


def escrow(contract: str) -> Account:
    return open_account(f"order:{contract}:escrow", "escrow")


def payable(party_number: str, party_id: int) -> Account:
    return open_account(f"seller:{party_number}:payable", "payable", party_id)


def contributor(party_number: str, party_id: int) -> Account:
    return open_account(f"contributor:{party_number}:payable", "payable", party_id)


def broker(party_number: str, party_id: int) -> Account:
    return open_account(f"broker:{party_number}:payable", "payable", party_id)


def broker_reserve(party_number: str, party_id: int) -> Account:
    return open_account(f"broker:{party_number}:reserve", "reserve", party_id)


def refund(party_number: str, party_id: int) -> Account:
    return open_account(f"buyer:{party_number}:refund", "refund", party_id)


def receivable(party_number: str, party_id: int) -> Account:
    """What a party owes: below 0 until its pay-outs have made it good."""
    return open_account(f"receivable:{party_number}", "receivable", party_id)


def claim(party_number: str, party_id: int) -> Account:
    """What a payer is to get of it: no money of the custodian's stands behind it before it is recovered."""
    return open_account(f"buyer:{party_number}:claim", "claim", party_id)


def deposit(party_number: str, party_id: int) -> Account:
    return open_account(f"deposit:{party_number}", "deposit", party_id)


def reserve(party_number: str, party_id: int) -> Account:
    return open_account(f"seller:{party_number}:reserve", "reserve", party_id)


def prepaid(contract: str, buyer_id: int) -> Account:
    return open_account(f"order:{contract}:prepaid", "prepaid", buyer_id)
