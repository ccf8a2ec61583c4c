"""Settlement's doors in the desk's menu."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.kernel.actors import sees_every_record
from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add

from .gates import is_operator_finance


def _trades(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and bool(actor.roles & {"buyer", "supplier"} or is_operator_finance(actor))


def _brokers(request: HttpRequest) -> bool:
    """Who gets such fees or pays them."""
    actor = getattr(request, "actor", None)
    return actor is not None and bool(actor.roles & {"reviewer", "supplier"} or is_operator_finance(actor))


def _operates(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and is_operator_finance(actor)


def _supervises(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and sees_every_record(actor)


def _to_confirm(request: HttpRequest) -> int | None:
    from .bills.queries import count_to_confirm

    return count_to_confirm(request.actor)  # type: ignore[attr-defined]


def _to_issue(request: HttpRequest) -> int | None:
    from .invoices.queries import count_to_issue

    return count_to_issue(request.actor)  # type: ignore[attr-defined]


def _to_pay(request: HttpRequest) -> int | None:
    from .deposits.queries import count_to_pay

    return count_to_pay(request.actor)  # type: ignore[attr-defined]


def register() -> None:
    add(MenuItem("desk.money", Text("账单", "Bills"), "bills", "receipt", _trades, _to_confirm, 10))
    add(MenuItem("desk.money", Text("对账单", "Statements"), "statements", "file-text", _trades, None, 20))
    add(
        MenuItem(
            "desk.money", Text("经纪报酬", "Brokers' fees"), "broker-statement", "report-money", _brokers, None, 22
        )
    )
    add(MenuItem("desk.money", Text("应追回款", "To be recovered"), "receivables", "arrow-back-up", _trades, None, 23))
    add(MenuItem("desk.money", Text("发票", "Invoices"), "invoices", "report-money", _trades, _to_issue, 25))
    add(MenuItem("desk.money", Text("保证金", "Deposits"), "deposits", "shield-lock", _trades, _to_pay, 30))
    add(MenuItem("desk.operate", Text("清结算", "Settlement"), "settlement", "coin-yuan", _operates, None, 50))
    add(MenuItem("desk.operate", Text("账本", "Ledger"), "ledger", "wallet", _operates, None, 60))
    add(MenuItem("desk.operate", Text("账本核验", "Ledger checks"), "ledger-checks", "wallet", _supervises, None, 61))
    add(MenuItem("desk.operate", Text("存管往来", "Custodian"), "bank", "building-bank", _operates, None, 70))
    add(MenuItem("desk.operate", Text("对账", "Reconciliation"), "reconciliation", "scale", _operates, None, 80))
