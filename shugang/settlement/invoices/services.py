"""Verbs on invoices: request, issue, refuse, withdraw, redden; and what a credit note does to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Sum

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Form, clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.organisations.queries import the_operator
from shugang.policy.identifiers import check_uscc, is_email
from shugang.policy.money import parse_yuan
from shugang.policy.text import Text

from .. import gates
from ..bills import lifecycle as bills
from ..bills.models import Bill
from ..payouts.reserve import remaining
from .lifecycle import MOVES, REQUEST, check_state
from .models import Invoice, InvoicePaper

PREFIX = "FP"
INVOICE = Text("这份发票申请", "invoice request")
# The buyer has agreed to the amount; a contested one is settled first.
INVOICEABLE = ("confirmed", "paid", "reserved", "splitting", "failed", "settled")
_NUMBER = re.compile(r"\d{8}|\d{20}")


class Paper(NamedTuple):
    number: str
    dated: date
    amount_fen: int


def amounts(bill: Bill, subject: str) -> tuple[int, int]:
    """(amount, tax) in 分 that can be invoiced now; (0, 0) for a commission that was not split yet."""
    if subject == Invoice.Subject.BILL:
        credited = bill.credit_notes.aggregate(sum=Sum("tax_fen"))["sum"] or 0
        return bill.due_fen, bill.tax_fen + credited
    if bill.state not in ("reserved", "contested", "splitting", "failed", "settled") or not bill.total_fen:
        return 0, 0
    left = remaining(bill)
    net, tax = left.get("platform:commission", 0), left.get("platform:vat", 0)
    return net + tax, tax


@verb
def request_invoice(actor: Actor, number: str, subject: str, data: Mapping[str, Any]) -> Invoice:
    """The buyer asks the supplier, or the supplier the platform for its commission. `data` answers REQUEST.

    Raises Refusal `not_found`, `forbidden`, `not_invoiceable`, `invalid_form`, `already_requested`.
    """
    bill = bills.lock(number, actor)
    sides = {"bill": (bill.supplier, bill.buyer), "commission": (the_operator(), bill.supplier)}
    if subject not in sides:
        raise not_found(Text("这种发票", "such invoice"))
    issuer, receiver = sides[subject]
    _require(receiver.pk, actor)
    said = _checked(clean(Form(1, REQUEST), data))
    amount, tax = amounts(bill, subject)
    if bill.kind != Bill.Kind.BILL or bill.state not in INVOICEABLE or amount <= 0:
        raise Refusal(
            "not_invoiceable",
            Text("账单确认后、且有应付金额时方可申请发票；平台服务费在分账后申请。",
                 "An invoice is asked for once the bill is confirmed and something is due; the commission's after the split."),
            409,
        )  # fmt: skip
    row = Invoice(
        number=yearly_number(PREFIX, clock.today().year), bill=bill, subject=subject, issuer=issuer, receiver=receiver,
        amount_fen=amount, tax_fen=tax, requested_at=clock.now(), **said,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refusal(
            "already_requested",
            Text("这份账单的发票已经申请或开具。", "The invoice of this bill was asked for already."),
            409,
        ) from None
    _tell(actor, "invoice.requested", row)
    return row


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    wrong: dict[str, Text] = {}
    said["tax_number"] = str(said["tax_number"]).upper()
    if check_uscc(said["tax_number"]) is not None:
        wrong["tax_number"] = Text(
            "纳税人识别号须为18位统一社会信用代码且校验位正确，请核对。",
            "The tax number is a unified social credit code of 18 characters with a correct check sign.",
        )
    if not is_email(said["email"]):
        wrong["email"] = Text("请填写有效的邮箱地址。", "Please give a valid e-mail address.")
    if wrong:
        raise Refusal("invalid_form", Text("开票信息需要更正。", "The details need correction."), 422, wrong)
    return said


def _require(party_id: int, actor: Actor) -> None:
    if not gates.may_decide_for(party_id, actor):
        raise forbidden(
            "这一步由对应一方的财务或经办办理，您的岗位不能办理。",
            "Only finance or a handler of the party concerned may take this step.",
        )


def _tell(actor: Actor, kind: str, row: Invoice, **more: Any) -> None:
    told = {"invoice": row.number, "subject": row.subject, "kind": row.kind, "state": row.state}
    emit(kind, actor, row.event_refs(), {**told, "amount_fen": row.amount_fen, "tax_fen": row.tax_fen, **more})


def _locked(actor: Actor, number: str, step: str, revision: int | None) -> Invoice:
    """The request under its lock, for the side whose step it is."""
    row = Invoice.objects.visible_to(actor).select_for_update(of=("self",)).filter(number=number).first()
    if row is None:
        raise not_found(INVOICE)
    _require(row.issuer_id if MOVES[step].by == "issuer" else row.receiver_id, actor)
    if revision is not None and revision != row.revision:
        raise Refusal(
            "stale_version",
            Text("发票申请已更新，请刷新后核对再办理。", "The request has changed; please reload and check it again."),
            409,
        )
    check_state(row, step)
    found: Invoice = row
    return found


def _save(row: Invoice, *names: str) -> None:
    row.revision += 1
    row.save(update_fields=["state", "revision", *names])


def parse_papers(text: str) -> list[Paper]:
    """Lines of `number date amount`. Raises Refusal `invalid_form` naming the line."""
    found = []
    for place, line in enumerate(filter(None, (x.strip() for x in text.splitlines())), 1):
        try:
            number, dated, amount = re.split(r"[\s,，]+", line)
            if not _NUMBER.fullmatch(number):
                raise ValueError(number)
            found.append(Paper(number, date.fromisoformat(dated), parse_yuan(amount)))
        except ValueError:
            wrong = Text(
                f"第{place}行读不懂：请按“号码 日期 金额”填写，号码为20位（或8位）数字。",
                f"Line {place} is not a number of 20 (or 8) digits, a date and an amount.",
            )
            raise Refusal("invalid_form", wrong, 422, {"papers": wrong}) from None
    return found


def _enter(row: Invoice, papers: Sequence[Paper], must_fen: int) -> None:
    """Keep the papers, which sum to `must_fen`. Raises Refusal `amount_differs`, `invalid_form`, `number_used`."""
    total = sum(p.amount_fen for p in papers)
    wrong_sign = any(p.amount_fen * must_fen <= 0 for p in papers)
    if not papers or wrong_sign or total != must_fen:
        text = Text(
            f"发票金额合计须为{must_fen / 100:.2f}元，填写的是{total / 100:.2f}元。",
            f"The invoices must sum to {must_fen / 100:.2f}; those given sum to {total / 100:.2f}.",
        )
        raise Refusal("amount_differs", text, 422, {"papers": text})
    if any(p.dated > clock.today() for p in papers):
        text = Text("开票日期不能晚于今天。", "An invoice is not dated in the future.")
        raise Refusal("invalid_form", text, 422, {"papers": text})
    rows = [InvoicePaper(invoice=row, entered_at=clock.now(), **p._asdict()) for p in papers]
    try:
        with transaction.atomic():
            InvoicePaper.objects.bulk_create(rows)
    except IntegrityError:
        text = Text("有发票号码已登记过，请核对。", "One of the invoice numbers was entered before.")
        raise Refusal("number_used", text, 409, {"papers": text}) from None
    row.papers_fen += total


@verb
def issue_invoice(actor: Actor, number: str, papers: Sequence[Paper], revision: int | None = None) -> Invoice:
    """The issuer enters what the tax authority's platform issued; the sum is what was asked for."""
    row = _locked(actor, number, "issue", revision)
    _enter(row, papers, row.amount_fen)
    row.state, row.issued_at = "issued", clock.now()
    _save(row, "papers_fen", "issued_at")
    _tell(actor, "invoice.issued", row, papers=[p.number for p in papers])
    return row


@verb
def redden_invoice(actor: Actor, number: str, papers: Sequence[Paper], revision: int | None = None) -> Invoice:
    """The issuer enters the red invoices for what the bill was credited by; all of it ends the invoice."""
    row = _locked(actor, number, "redden", revision)
    _enter(row, papers, row.amount_fen - row.papers_fen)
    row.state = "issued" if row.amount_fen else "reddened"
    row.ended_at = None if row.amount_fen else clock.now()
    _save(row, "papers_fen", "ended_at")
    _tell(actor, "invoice.reddened", row, papers=[p.number for p in papers])
    return row


@verb
def refuse_request(actor: Actor, number: str, reason: str, revision: int | None = None) -> Invoice:
    row = _locked(actor, number, "refuse", revision)
    row.state, row.reason, row.ended_at = "refused", reason.strip()[:400], clock.now()
    _save(row, "reason", "ended_at")
    _tell(actor, "invoice.refused", row, reason=row.reason)
    return row


@verb
def withdraw_request(actor: Actor, number: str, revision: int | None = None) -> Invoice:
    row = _locked(actor, number, "withdraw", revision)
    row.state, row.ended_at = "withdrawn", clock.now()
    _save(row, "ended_at")
    _tell(actor, "invoice.withdrawn", row)
    return row


def follow_credit(actor: Actor, bill: Bill) -> None:
    """After a credit note: open requests shrink with the bill, issued invoices are due for a red letter."""
    rows = Invoice.objects.select_for_update(of=("self",)).filter(
        bill=bill, state__in=["requested", "issued", "red_due"]
    )
    for row in rows.order_by("pk"):
        amount, tax = (0, 0) if bill.state in ("void", "credited") else amounts(bill, row.subject)
        if amount == row.amount_fen:
            continue
        row.amount_fen, row.tax_fen = amount, tax
        if row.state != "requested":
            row.state = "red_due"
        elif amount == 0:
            row.state, row.ended_at = "withdrawn", clock.now()
        _save(row, "amount_fen", "tax_fen", "ended_at")
        _tell(actor, "invoice.red_due" if row.state == "red_due" else "invoice.changed", row)


def act(actor: Actor, number: str, name: str, answers: Mapping[str, Any], revision: int | None) -> Invoice:
    """A step by its name. Raises as the step does."""
    if name == "issue":
        return issue_invoice(actor, number, parse_papers(str(answers["papers"])), revision)
    if name == "redden":
        return redden_invoice(actor, number, parse_papers(str(answers["papers"])), revision)
    if name == "refuse":
        return refuse_request(actor, number, str(answers["reason"]), revision)
    return withdraw_request(actor, number, revision)
