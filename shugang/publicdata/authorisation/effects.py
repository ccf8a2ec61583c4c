"""What the steps of an authorised operation bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Avg

from shugang.delivery.grants.services import end_by_basis, resume_by_basis, suspend_by_basis
from shugang.kernel import clock, engine
from shugang.kernel.models import CaseParty
from shugang.kernel.procedure import Context
from shugang.market.contracts.drafting import digests, party_facts
from shugang.market.products.models import DataProduct

from .. import granting
from . import caps, reading
from .guards import bid_of, living_bids, operation_of, registered, rules_of
from .models import BidScore, Operation, OperationBid, OperationProduct

PURPOSE = "product_development"


def planned(ctx: Context) -> None:
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    row = Operation.objects.create(
        case=ctx.case, authoriser_id=held["authoriser"], implementer_id=held["implementer"], plan=_plan(ctx.data), planned_at=clock.now()
    )  # fmt: skip
    row.resources.set(reading.resources(ctx.data["resources"]))
    ctx.refs += row.event_refs()


def _plan(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "products": reading.products(data["products"]), "resources": reading.resources(data["resources"]) and granting.split_names(
        data["resources"].replace(" ", "\n"))}  # fmt: skip


def revised(ctx: Context) -> None:
    row = operation_of(ctx)
    row.plan = _plan(ctx.data)
    row.save(update_fields=["plan"])
    row.resources.set(reading.resources(ctx.data["resources"]))
    ctx.case.data, ctx.case.title = ctx.data, ctx.data["title"]
    ctx.case.save(update_fields=["data", "title"])
    ctx.refs += row.event_refs()


def told(ctx: Context) -> None:
    ctx.refs += operation_of(ctx).event_refs()


def bid_made(ctx: Context) -> None:
    """The bid's row is made by its verb, which knows the operation."""


def bid_ended(ctx: Context) -> None:
    row = bid_of(ctx)
    row.living = False
    row.save(update_fields=["living"])
    ctx.refs.append(("operation", row.operation.number))


def scored(ctx: Context) -> None:
    """With the last needed score: every scorer's points are kept, averaged, and ranked; equal totals by the security points."""
    row = operation_of(ctx)
    bids = {b.number: b for b in living_bids(row)}
    turn = (
        BidScore.objects.filter(bid__operation=row).order_by("-round").values_list("round", flat=True).first() or 0
    ) + 1
    BidScore.objects.bulk_create(
        BidScore(bid=bids[number], person_id=vote["person"], round=turn, points=said, total=sum(said.values()), at=clock.now())
        for vote in ctx.votes for number, said in vote["data"]["scores"].items() if number in bids
    )  # fmt: skip
    row.ranking = sorted((_standing(bid, turn) for bid in bids.values()), key=lambda r: (-r[1], -r[2], r[0]))
    row.save(update_fields=["ranking"])
    ctx.outputs["ranking"] = row.ranking
    ctx.refs += row.event_refs()


def _standing(bid: OperationBid, turn: int) -> list[Any]:
    rows = bid.scores.filter(round=turn)
    security = [s.points["security"] for s in rows]
    return [
        bid.number,
        round(float(rows.aggregate(a=Avg("total"))["a"]) * 100),
        round(sum(security) * 100 / len(security)),
    ]


def answered(ctx: Context) -> None:
    row = operation_of(ctx)
    row.objections.filter(answer="").update(answer=ctx.data["opinion"])
    ctx.refs += row.event_refs()


def confirmed(ctx: Context) -> None:
    """The first in rank becomes the developer; the agreement is frozen for both to sign."""
    row = operation_of(ctx)
    chosen = OperationBid.objects.select_related("applicant", "case").get(case__number=row.ranking[0][0])
    row.developer = chosen.applicant
    CaseParty.objects.get_or_create(case=ctx.case, party_id=chosen.applicant_id, capacity="developer")
    row.until = _years_on(clock.today(), int(row.plan["years"]))
    row.content = _agreement(row, chosen)
    row.sha256, row.sm3 = digests(row.content)
    row.save()
    for bid in living_bids(row):
        engine.fire(bid.number, "select" if bid.pk == chosen.pk else "pass_over")
    ctx.outputs |= {"developer": chosen.applicant.number, "sha256": row.sha256}
    ctx.refs += row.event_refs()


def _years_on(day: date, years: int) -> date:
    try:
        end = day.replace(year=day.year + years)
    except ValueError:  # 29 February
        end = day.replace(year=day.year + years, day=28)
    return end - timedelta(days=1)


def _agreement(row: Operation, bid: OperationBid) -> dict[str, Any]:
    rules = rules_of(row)
    return {
        "number": row.number, "title": row.case.title, "basis": rules["source"],
        "parties": {"authoriser": party_facts(row.authoriser), "implementer": party_facts(row.implementer),
                    "developer": party_facts(bid.applicant)},
        "resources": [{"number": r.number, "code": r.code, "name": r.name} for r in row.resources.order_by("id")],
        "until": row.until.isoformat() if row.until else "", "products": row.plan["products"], "aims": row.plan["aims"],
        "security": row.plan["security"], "duties": row.plan["duties"], "exit": row.plan["exit"],
        "environment": "isolated", "min_group": int(rules["min_group"]), "bid": bid.number,
    }  # fmt: skip


def last_moment(row: Operation) -> datetime:
    assert row.until is not None
    return datetime.combine(row.until + timedelta(days=1), time(), tzinfo=clock.zone())


def in_force(ctx: Context) -> None:
    """Both have signed: a grant for each resource, aggregates only, in an isolated environment."""
    row = operation_of(ctx)
    assert row.developer is not None
    row.effective_at = clock.now()
    row.save(update_fields=["effective_at"])
    until, rules = last_moment(row), rules_of(row)
    made = []
    for resource in row.resources.select_related("department", "dataset").order_by("id"):
        bases: list[dict[str, Any]] = [
            {"kind": granting.OPERATION, "reference": row.number, "digest": row.sha256, "valid_until": until}
        ]
        certificate = registered(resource)
        if certificate is not None and certificate.event is not None:
            bases.append({"kind": "certificate", "reference": certificate.number, "digest": certificate.event.sha256,
                          "valid_until": certificate.valid_until})  # fmt: skip
        grant = granting.issue(
            ctx.actor, resource=resource, grantee=row.developer, mode="sql", names=[], way="sharing", purpose=PURPOSE, until=until,
            bases=bases, reviewed=bool(rules["needs_security_review"]), min_group=int(rules["min_group"]), environment="isolated",
            notes=row.number,
        )  # fmt: skip
        made.append(grant.number)
    ctx.outputs["grants"] = made
    ctx.refs += [*row.event_refs(), *(("grant", g) for g in made)]


def suspended(ctx: Context) -> None:
    row = operation_of(ctx)
    ctx.outputs["grants"] = suspend_by_basis(ctx.actor, granting.OPERATION, row.number, str(ctx.data["reason"]))
    ctx.refs += row.event_refs()


def resumed(ctx: Context) -> None:
    row = operation_of(ctx)
    ctx.outputs["grants"] = resume_by_basis(ctx.actor, granting.OPERATION, row.number)
    ctx.refs += row.event_refs()


def ended(ctx: Context) -> None:
    row = operation_of(ctx)
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    reason = str(ctx.data.get("reason", "expired"))
    ctx.outputs["grants"] = end_by_basis(ctx.actor, granting.OPERATION, row.number, reason)
    ctx.refs += row.event_refs()


def failed(ctx: Context) -> None:
    row = operation_of(ctx)
    for bid in living_bids(row):
        engine.fire(bid.number, "pass_over")
    ctx.refs += row.event_refs()


def product_named(ctx: Context) -> None:
    row = operation_of(ctx)
    product = DataProduct.objects.get(number=ctx.data["product"])
    made = OperationProduct.objects.create(
        operation=row, product=product, agreed=ctx.data["agreed"], named_at=clock.now()
    )
    ctx.outputs["cap"] = caps.cap_on(made).to_json()
    ctx.refs += [*row.event_refs(), ("product", product.number)]
