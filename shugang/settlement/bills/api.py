"""Bills through the API: list, one with its lines and uses, the steps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import idempotency, paging
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.forms import Form, clean
from shugang.policy.text import Text

from ..rating.usage import uses_of, visible_uses
from . import queries
from .lifecycle import STATES
from .models import Bill, BillLine
from .steps import STEPS

router = Router(tags=["bills"])


class Label(Schema):
    zh: str
    en: str


class BillOut(Schema):
    """Amounts in 分 (1/100 元), tax included; `stage`: billed, paid, settled or void."""

    number: str
    kind: str
    state: str
    state_label: Label
    stage: str
    revision: int
    contract: str
    grant: str
    buyer: str
    supplier: str
    period_from: date
    period_to: date
    total_fen: int
    tax_fen: int
    issued_at: datetime
    due_on: date | None
    corrects: str | None
    credited_fen: int
    due_fen: int
    reserved_until: datetime | None
    credit_notes: list[str]


class LineOut(Schema):
    """`unit_price_e8` in 1e-8 元 per `unit_size` units; `late`: use that arrived after its period was billed."""

    position: int
    period_from: date
    period_to: date
    charge_reason: str
    tier: int | None
    late: bool
    outcomes: list[str]
    unit: str
    quantity: int
    unit_price_e8: int
    unit_size: int
    amount_fen: int
    tax_fen: int
    rate_bp: int


class BillDetail(BillOut):
    lines: list[LineOut]
    steps: list[str]


class BillPage(Schema):
    items: list[BillOut]
    next: str
    total: int


class UseOut(Schema):
    seq: int
    plane: str
    request_id: str
    at: datetime
    outcome: str
    charged: bool
    rows: int
    bytes: int
    log_index: int | None


class UsePage(Schema):
    items: list[UseOut]
    next: str
    total: int


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _label(text: Text) -> dict[str, str]:
    return text.to_json()


def _bill(bill: Bill) -> dict[str, Any]:
    state = STATES[bill.state]
    return {
        "number": bill.number,
        "kind": bill.kind,
        "state": bill.state,
        "state_label": _label(state.label),
        "stage": state.stage,
        "revision": bill.revision,
        "contract": bill.agreement.number,
        "grant": bill.agreement.grant,
        "buyer": bill.buyer.number,
        "supplier": bill.supplier.number,
        "period_from": bill.period_from,
        "period_to": bill.period_to,
        "total_fen": bill.total_fen,
        "tax_fen": bill.tax_fen,
        "issued_at": bill.issued_at,
        "due_on": bill.due_on,
        "corrects": bill.corrects.number if bill.corrects else None,
        "credited_fen": bill.credited_fen,
        "due_fen": bill.due_fen,
        "reserved_until": bill.reserved_until,
        "credit_notes": [note.number for note in bill.credit_notes.all()],
    }


def _line(line: BillLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in LineOut.model_fields}


def _detail(bill: Bill, actor: Actor) -> dict[str, Any]:
    lines = [_line(line) for line in bill.lines.order_by("position")]
    return {**_bill(bill), "lines": lines, "steps": queries.steps_for(bill, actor)}


@router.get("/bills", response=BillPage, summary="Bills of the acting party, newest first")
def bills(request: HttpRequest, after: str = "", stage: str = "", contract: str = "") -> dict[str, Any]:
    found = paging.page(queries.bills(_actor(request), stage, contract), after)
    return {"items": [_bill(b) for b in found.items], "next": found.next, "total": found.total}


@router.get("/bills/{number}", response=BillDetail, summary="One bill with its lines and the steps open to the caller")
def bill(request: HttpRequest, number: str) -> dict[str, Any]:
    return _detail(queries.bill(_actor(request), number), _actor(request))


@router.get("/bills/{number}/lines/{position}/uses", response=UsePage, summary="The metered uses behind one line")
def uses(request: HttpRequest, number: str, position: int, after: str = "") -> dict[str, Any]:
    actor = _actor(request)
    found = paging.page(uses_of(queries.line(actor, number, position), visible_uses(actor)), after, 100)
    items = [
        {
            "seq": u.seq,
            "plane": u.plane.number,
            "request_id": u.request_id,
            "at": u.at,
            "outcome": u.outcome,
            "charged": u.charged,
            "rows": u.rows,
            "bytes": u.bytes,
            "log_index": u.log_index,
        }
        for u in found.items
    ]
    return {"items": items, "next": found.next, "total": found.total}


@router.post("/bills/{number}/{name}", response=BillDetail, summary="Take a step of a bill; its fields in the body")
def step(
    request: HttpRequest,
    number: str,
    name: str,
    answers: dict[str, str] = Body(default={}),
    revision: int | None = None,
) -> dict[str, Any]:
    """confirm and split: no field. dispute, contest, dismiss, void, refund: `reason`. reject_dispute: `outcome`
    reject|uphold, `reason`. credit: `line_1` … in 元 as text, `reason`."""
    actor = _actor(request)
    seen = queries.bill(actor, number)
    found = STEPS.get(name)
    if found is None:
        raise not_found(Text("这个操作", "such step"))
    checked = clean(Form(1, found.fields_for(seen)), answers)
    _once(request, [answers, revision], lambda: found.act(actor, number, checked, revision))
    return _detail(queries.bill(actor, number), actor)


def _once(request: HttpRequest, what: list[object], act: Any) -> None:
    """Once per `Idempotency-Key`; without the header every request acts."""

    def run() -> dict[str, Any]:
        act()
        return {}

    key = request.headers.get("Idempotency-Key")
    idempotency.once(_actor(request), key, idempotency.fingerprint(request.path, what), run)
