"""What the steps of an order bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import date
from typing import Any

from shugang.kernel import clock, workdays
from shugang.kernel.events import emit
from shugang.kernel.models import CaseClock, CaseParty
from shugang.kernel.procedure import Context
from shugang.parties.organisations.queries import the_operator

from . import access, assessed, objects, signing
from .effects import attach
from .models import ServiceOffer, ServiceOrder, SignedReport
from .order_guards import kind_of, longest, order_of


def opened(ctx: Context) -> None:
    """Tie the new case to the offer that `services.place_order` checked in the same transaction."""
    number = next((key for kind, key in ctx.refs if kind == "service"), None)
    offer = ServiceOffer.objects.select_related("agency", "case").filter(case__number=number).first()
    if offer is None:
        raise ValueError("an order is opened by services.place_order only")
    client = ctx.case.parties.get(capacity="client").party_id
    kind, key = ctx.data.get("object_kind", ""), ctx.data.get("object_number", "")
    subject = objects.find(ctx.actor, kind, key) if kind else objects.Subject("", "", "")
    order = ServiceOrder.objects.create(
        case=ctx.case, offer=offer, client_id=client, agency=offer.agency, kind=offer.kind, object_kind=subject.kind,
        object_number=subject.number, object_name=subject.name[:200], version=subject.version, holder=subject.holder,
    )  # fmt: skip
    attach(ctx.case, ctx.data)
    ctx.refs += order.event_refs()


def told(ctx: Context) -> None:
    ctx.refs += order_of(ctx).event_refs()


def quoted(ctx: Context) -> None:
    order = order_of(ctx)
    order.fee_fen, order.days = ctx.data["fee_fen"], ctx.data["days"]
    order.save(update_fields=["fee_fen", "days"])
    ctx.refs += order.event_refs()


def engaged(ctx: Context) -> None:
    """Agreed: fee and days are fixed, and the clock of the work runs for exactly these days."""
    order = order_of(ctx)
    if order.fee_fen is None:
        plan = order.offer.plan
        assert plan is not None
        order.fee_fen, order.days = plan.price_fen, order.offer.days
    order.state, order.engaged_at = ServiceOrder.State.ENGAGED, clock.now()
    order.save()
    row = ctx.case.clocks.get(name="work")
    row.days = order.days or 1
    row.due_at, row.provisional = workdays.due(row.started_at, row.days, row.unit)
    row.save(update_fields=["days", "due_at", "provisional"])
    ctx.outputs |= {"fee_fen": order.fee_fen, "days": order.days, "order_digest": access.order_digest(order)}
    ctx.refs += order.event_refs()


def not_engaged(ctx: Context) -> None:
    order = order_of(ctx)
    order.state, order.finished_at = ServiceOrder.State.NOT_ENGAGED, clock.now()
    order.save(update_fields=["state", "finished_at"])
    ctx.refs += order.event_refs()


def access_asked(ctx: Context) -> None:
    """The holder of the data takes part from here on: it is his to give."""
    order = order_of(ctx)
    assert order.holder_id is not None
    CaseParty.objects.get_or_create(case=ctx.case, party_id=order.holder_id, capacity="holder")
    ctx.refs += order.event_refs()


def access_given(ctx: Context) -> None:
    order = order_of(ctx)
    columns = tuple(line.strip() for line in ctx.data.get("columns", "").splitlines() if line.strip())
    grant = access.give(ctx.actor, order, ctx.data["mode"], columns)
    ctx.outputs["grant"] = grant.number
    ctx.refs += [("grant", grant.number), *order.event_refs()]


def drafted(ctx: Context) -> None:
    """Fix what will be signed: the file's digest and the conclusion, as one document with one digest."""
    order = order_of(ctx)
    kind, data = kind_of(order), ctx.data
    end = data.get("valid_until") or longest(kind, clock.today()).isoformat()
    basis = assessed.find(order, data["assessment"]) if data.get("assessment") else None
    file = data["file"] if basis is None or data.get("file") else assessed.paper(ctx.actor, basis)
    content: dict[str, Any] = {
        "kind": "shugang-report-v1",
        "order": order.number,
        "service": order.kind,
        "agency": order.agency.uscc,
        "client": order.client.uscc,
        "object": [order.object_kind, order.object_number],
        "dataset": order.version.dataset.number if order.version else "",
        "version_sha256": order.version.sha256 if order.version else "",
        "file_sha256": file["sha256"],
        "result": data["result"],
        "summary": data["summary"],
        "valid_until": end,
        **{name: data[name] for name in ("score", "amount", "level") if data.get(name) is not None},
        **({"assessment": assessed.stated(basis), "score": assessed.whole(basis)} if basis else {}),
    }
    order.draft = {"content": content, "digest": signing.digest_of(content), "file": file}
    order.drafted_by = ctx.actor.person_id
    order.save(update_fields=["draft", "drafted_by"])
    attach(ctx.case, {"file": file})
    ctx.outputs["digest"] = order.draft["digest"]
    ctx.refs += order.event_refs()


def signed(ctx: Context) -> None:
    order = order_of(ctx)
    assert order.draft is not None
    content = order.draft["content"]
    report = signing.sign_report(
        ctx.actor,
        kind=order.kind,
        result=content["result"],
        agency=order.agency,
        client=order.client,
        case=ctx.case,
        content=content,
        context=f"report:{order.number}",
        version=order.version,
        about=(order.object_kind, order.object_number),
        file=order.draft["file"],
        own_signature=ctx.data.get("own_signature", ""),
        valid_until=date.fromisoformat(content["valid_until"]),
    )
    if order.delivered_at is None:
        order.delivered_at = clock.now()
        order.on_time = order.delivered_at <= CaseClock.objects.get(case=ctx.case, name="work").due_at
        order.save(update_fields=["delivered_at", "on_time"])
    ctx.outputs |= {"report": report.number, "digest": report.digest}
    ctx.refs += [("report", report.number), *order.event_refs()]


def _report(ctx: Context) -> SignedReport:
    rows = SignedReport.objects.select_related("agency", "case", "version__dataset")
    return rows.get(case=ctx.case, state=SignedReport.State.DELIVERED)


def objected(ctx: Context) -> None:
    order = order_of(ctx)
    order.objections += 1
    order.save(update_fields=["objections"])
    ctx.refs += order.event_refs()


def reworking(ctx: Context) -> None:
    """The agency grants the objection: the report is replaced by the next one."""
    order = order_of(ctx)
    signing.end(_report(ctx), SignedReport.State.SUPERSEDED, "机构接受异议", ctx.actor)
    order.upheld += 1
    order.save(update_fields=["upheld"])
    ctx.refs += order.event_refs()


def disputed(ctx: Context) -> None:
    """The operator takes part from here on, to decide; before, the order is between its two sides."""
    CaseParty.objects.get_or_create(case=ctx.case, party_id=the_operator().pk, capacity="operator")
    told(ctx)


def completed(ctx: Context) -> None:
    """The report stands, the data is closed, and the fee is due: settlement reacts to `service.completed`."""
    order = order_of(ctx)
    report = _report(ctx)
    signing.let_stand(report)
    _finish(ctx, order, ServiceOrder.State.COMPLETED, "委托完成")
    ctx.outputs |= {"report": report.number, "fee_fen": order.fee_fen}
    refs = [("report", report.number), ("case", order.number), *order.event_refs()]
    payload = {
        "fee_fen": order.fee_fen, "client": order.client.number, "agency": order.agency.number, "title": ctx.case.title,
    }  # fmt: skip
    emit("service.completed", ctx.actor, refs, payload, ctx.case)


def upheld(ctx: Context) -> None:
    order = order_of(ctx)
    signing.end(_report(ctx), SignedReport.State.WITHDRAWN, ctx.data["reason"], ctx.actor)
    order.upheld += 1
    _finish(ctx, order, ServiceOrder.State.TERMINATED, "异议成立")


def terminated(ctx: Context) -> None:
    _finish(ctx, order_of(ctx), ServiceOrder.State.TERMINATED, "委托方解除")


def resigned(ctx: Context) -> None:
    order = order_of(ctx)
    order.resigned = True
    for report in SignedReport.objects.filter(case=ctx.case, state=SignedReport.State.DELIVERED):
        signing.end(report, SignedReport.State.WITHDRAWN, ctx.data["reason"], ctx.actor)
    _finish(ctx, order, ServiceOrder.State.TERMINATED, "机构辞任")


def _finish(ctx: Context, order: ServiceOrder, state: str, why: str) -> None:
    order.state, order.finished_at = state, clock.now()
    order.save()
    access.end(order, why)
    ctx.refs += order.event_refs()
