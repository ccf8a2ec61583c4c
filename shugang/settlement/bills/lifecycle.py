"""The life of a bill as one table: which step leads from which states to which. Words for people included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text

from .models import Bill

BILL = Text("这份账单", "bill")


class State(NamedTuple):
    """`stage` is how the money stands, in one word; `tone` is the page's colour."""

    label: Text
    tone: str
    stage: str


class Move(NamedTuple):
    label: Text
    sources: tuple[str, ...]
    target: str


STAGES = {
    "unbilled": Text("未出账", "Unbilled"),
    "billed": Text("已出账未付", "Billed, unpaid"),
    "paid": Text("已付未结清", "Paid, not settled"),
    "settled": Text("已结清", "Settled"),
    "void": Text("已作废", "Void"),
}
STATES = {
    "draft": State(Text("草稿", "Draft"), "off", "unbilled"),
    "issued": State(Text("待需方确认", "Awaiting the buyer"), "run", "billed"),
    "disputed": State(Text("需方有异议", "Disputed"), "warn", "billed"),
    "confirmed": State(Text("已确认，待付款", "Confirmed, to be paid"), "run", "billed"),
    "paid": State(Text("已付款，待分账", "Paid, to be split"), "run", "paid"),
    "reserved": State(Text("已分账，争议期留存", "Split, kept for the dispute window"), "run", "paid"),
    "contested": State(Text("争议期内有异议", "Contested within the window"), "warn", "paid"),
    "splitting": State(Text("分账办理中", "Being paid out"), "run", "paid"),
    "failed": State(Text("分账未成", "Pay-out failed"), "bad", "paid"),
    "settled": State(Text("已结清", "Settled"), "ok", "settled"),
    "void": State(Text("已作废", "Void"), "off", "void"),
    "credited": State(Text("已全额冲减", "Credited in full"), "off", "void"),
}
MOVES = {
    "issue": Move(Text("出具账单", "Issue"), ("draft",), "issued"),
    "close": Move(Text("出具零额对账单", "Issue a zero statement"), ("draft",), "settled"),
    "confirm": Move(Text("确认账单", "Confirm"), ("issued",), "confirmed"),
    "dispute": Move(Text("提出异议", "Dispute"), ("issued",), "disputed"),
    "reject_dispute": Move(Text("驳回异议", "Reject the dispute"), ("disputed",), "issued"),
    "void": Move(Text("作废并开具红字账单", "Void with a credit note"), ("issued", "disputed", "confirmed"), "void"),
    "pay": Move(Text("登记到账", "Record the receipt"), ("confirmed",), "paid"),
    "refund": Move(Text("作废并退款", "Void and refund"), ("paid",), "void"),
    "split": Move(Text("发出分账指令", "Instruct the split"), ("paid",), "splitting"),
    "reserve": Move(Text("分账并留存", "Split, and keep for the window"), ("paid",), "reserved"),
    "contest": Move(Text("争议期内提出异议", "Contest within the window"), ("reserved",), "contested"),
    "dismiss": Move(Text("异议处理完毕", "End the objection"), ("contested",), "reserved"),
    "release": Move(Text("争议期满，发出分账指令", "Pay out after the window"), ("reserved",), "splitting"),
    "exhaust": Move(
        Text("全额冲减", "Credit in full"),
        ("issued", "disputed", "confirmed", "paid", "reserved", "contested"),
        "credited",
    ),
    "fail": Move(Text("登记分账失败", "Record a failed pay-out"), ("splitting", "failed"), "failed"),
    "retry": Move(Text("重发指令", "Send again"), ("failed",), "splitting"),
    "settle": Move(Text("结清", "Settle"), ("splitting",), "settled"),
}


def lock(number: str, actor: Actor) -> Bill:
    """The bill under its row lock. Raises Refusal `not_found`, also for one that the actor may not see."""
    visible = Bill.objects if "system" in actor.roles else Bill.objects.visible_to(actor)
    bill: Bill | None = visible.select_for_update(of=("self",)).filter(number=number).first()
    if bill is None:
        raise not_found(BILL)
    return bill


def check_revision(bill: Bill, revision: int | None) -> None:
    """Raises Refusal `stale_version` when the page that the actor acted on is out of date."""
    if revision is not None and revision != bill.revision:
        raise Refusal(
            "stale_version",
            Text(
                f"账单已更新为第{bill.revision}版，您看到的是第{revision}版。请核对后再办理。",
                f"The bill is now at revision {bill.revision}; you saw {revision}. Please check it again.",
            ),
            409,
        )


def check_state(bill: Bill, step: str) -> None:
    """Raises Refusal `wrong_state` unless `step` leads on from the bill's state."""
    move = MOVES[step]
    if bill.state not in move.sources:
        now = STATES[bill.state].label
        raise Refusal(
            "wrong_state",
            Text(
                f"账单当前状态是“{now.zh}”，不能“{move.label.zh}”。请刷新页面看可办理的操作。",
                f"The bill is “{now.en}”, so “{move.label.en}” is not possible. Please reload the page.",
            ),
            409,
        )


def take(bill: Bill, step: str, **changes: object) -> None:
    """Make the step: state, revision and the step's own fields. The caller holds the lock and emits the event."""
    move(bill, step, **changes)
    bill.save(update_fields=["state", "revision", *changes])


def move(bill: Bill, step: str, **changes: object) -> None:
    """The step of a bill that is saved with others (`save_all`)."""
    check_state(bill, step)
    bill.state = MOVES[step].target
    bill.revision += 1
    for name, value in changes.items():
        setattr(bill, name, value)


def save_all(bills: Sequence[Bill], *changed: str) -> None:
    """Save the moves of many bills by one prepared statement."""
    fields = [f for f in Bill._meta.concrete_fields if f.name in ("state", "revision", *changed)]
    sets = ", ".join(f"{field.column} = %s" for field in fields)
    values = [
        [*(field.get_db_prep_save(getattr(bill, field.attname), connection) for field in fields), bill.pk]
        for bill in bills
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE settlement_bill SET {sets} WHERE id = %s", values)  # noqa: S608  the model's columns


def touch(bill: Bill, **changes: object) -> None:
    """Change the bill's own fields without a step: a page that shows it is out of date from now on."""
    bill.revision += 1
    for name, value in changes.items():
        setattr(bill, name, value)
    bill.save(update_fields=["revision", *changes])


def possible(bill: Bill, *steps: str) -> list[str]:
    return [step for step in steps if bill.state in MOVES[step].sources]
