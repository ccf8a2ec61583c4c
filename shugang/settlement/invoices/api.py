"""Invoices through the API: list, one, ask for one, the steps. Amounts in 分."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import idempotency, paging
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.forms import Form, clean
from shugang.policy.text import Text

from ..http import actor_of
from . import queries, services
from .lifecycle import FIELDS
from .models import Invoice

router = Router(tags=["invoices"])


class Ask(Schema):
    """`subject` bill (buyer of supplier) or commission (supplier of platform); `kind` special or ordinary."""

    bill: str
    subject: str
    kind: str
    title: str
    tax_number: str
    email: str


def _shown(x: Invoice, actor: Actor) -> dict[str, Any]:
    papers = [{"number": p.number, "dated": p.dated, "amount_fen": p.amount_fen} for p in x.papers.order_by("pk")]
    return {
        "number": x.number, "bill": x.bill.number, "subject": x.subject, "kind": x.kind, "state": x.state,
        "revision": x.revision, "issuer": x.issuer.number, "receiver": x.receiver.number, "title": x.title,
        "tax_number": x.tax_number, "email": x.email, "amount_fen": x.amount_fen, "tax_fen": x.tax_fen,
        "papers_fen": x.papers_fen, "reason": x.reason, "papers": papers, "steps": queries.steps_for(x, actor),
    }  # fmt: skip


def _once(request: HttpRequest, what: list[object], act: Callable[[], Invoice]) -> dict[str, Any]:
    key, actor = request.headers.get("Idempotency-Key"), actor_of(request)
    same = idempotency.fingerprint(request.path, what)
    number = idempotency.once(actor, key, same, lambda: {"number": act().number})["number"]
    return _shown(queries.invoice(actor, number), actor)


@router.get("/invoices", summary="Invoices that the acting party asked for or issues, newest first")
def invoices(request: HttpRequest, after: str = "", state: str = "") -> dict[str, Any]:
    actor = actor_of(request)
    page = paging.page(queries.invoices(actor, state).prefetch_related("papers"), after)
    return {"items": [_shown(x, actor) for x in page.items], "next": page.next, "total": page.total}


@router.get("/invoices/{number}", summary="One invoice request with its invoices and the steps open to the caller")
def invoice(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request)
    return _shown(queries.invoice(actor, number), actor)


@router.post("/invoices", summary="Ask for the invoice of a bill, or of the commission on it")
def ask(request: HttpRequest, body: Ask) -> dict[str, Any]:
    said = body.dict(exclude={"bill", "subject"})
    actor = actor_of(request)
    return _once(request, [body.dict()], lambda: services.request_invoice(actor, body.bill, body.subject, said))


@router.post("/invoices/{number}/{name}", summary="Take a step of an invoice request")
def step(
    request: HttpRequest,
    number: str,
    name: str,
    answers: dict[str, str] = Body(default={}),
    revision: int | None = None,
) -> dict[str, Any]:
    """issue, redden: `papers`, a line each of number, date and amount in 元. refuse: `reason`. withdraw: nothing."""
    actor = actor_of(request)
    queries.invoice(actor, number)
    if name not in FIELDS:
        raise not_found(Text("这个操作", "such step"))
    checked = clean(Form(1, FIELDS[name]), answers)
    return _once(request, [answers, revision], lambda: services.act(actor, number, name, checked, revision))
