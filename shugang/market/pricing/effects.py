"""What the steps of a pricing model ask, and what they bring about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import CaseParty
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership
from shugang.policy.text import Text

from . import lines
from .definition import define
from .formula import FormulaError
from .models import PricingModel


def model_of(ctx: Context) -> PricingModel:
    return PricingModel.objects.select_related("case", "owner", "replaces__case").get(case=ctx.case)


def checked(data: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as columns. Raises Refusal `invalid_form` naming the field and the rule."""
    field = "factors"
    try:
        factors = lines.factors(data["factors"])
        field = "examples"
        examples = lines.examples(data["examples"])
        field = "formula"
        found = define(factors, data["formula"], data["spread"], examples)
    except FormulaError as error:
        field = (
            "examples"
            if error.code in ("bad_example", "example_fails", "no_example", "missing_input", "out_of_range")
            else field
        )
        field = "factors" if error.code == "bad_factor" else field
        raise Refusal("invalid_form", error.text, 422, {field: error.text}) from error
    if data["valid_until"] < data["valid_from"]:
        wrong = Text("最后一日早于起始日。", "The last day is before the first.")
        raise Refusal("invalid_form", wrong, 422, {"valid_until": wrong})
    return {
        **{name: data[name] for name in ("title", "sector", "type", "scenario", "basis", "formula", "spread", "valid_from", "valid_until")},
        "factors": [f.to_json() for f in found.factors],
        "examples": [e.to_json() for e in found.examples],
        "notes": data.get("notes", ""),
    }  # fmt: skip


def _replaced(ctx: Context) -> PricingModel | None:
    number = ctx.data.get("replaces")
    if not number:
        return None
    owner = ctx.case.parties.get(capacity="owner").party_id
    found = (
        PricingModel.objects.select_related("case")
        .filter(case__number=number, owner_id=owner, state="published")
        .first()
    )
    if found is None:
        wrong = Text("没有本单位已发布的这个模型。", "There is no published model of yours with this number.")
        raise Refusal("invalid_form", wrong, 422, {"replaces": wrong})
    return found


def drafted(ctx: Context) -> None:
    old = _replaced(ctx)
    owner = ctx.case.parties.get(capacity="owner").party_id
    row = PricingModel.objects.create(
        case=ctx.case,
        owner_id=owner,
        replaces=old,
        version=old.version + 1 if old else 1,
        state="draft",
        **checked(ctx.data),
    )
    ctx.refs += row.event_refs()


def revised(ctx: Context) -> None:
    row, old = model_of(ctx), _replaced(ctx)
    row.replaces, row.version = old, old.version + 1 if old else 1
    for name, value in checked(ctx.data).items():
        setattr(row, name, value)
    row.save()
    ctx.case.data, ctx.case.title = ctx.data, row.title
    ctx.case.save(update_fields=["data", "title"])
    ctx.refs += row.event_refs()


def moved(ctx: Context) -> None:
    row = model_of(ctx)
    row.state = ctx.transition.target
    row.save(update_fields=["state"])
    ctx.refs += row.event_refs()


def independent(ctx: Context) -> None:
    """Nobody reviews a model of a party that he belongs to himself (回避)."""
    owner = CaseParty.objects.filter(case=ctx.case, capacity="owner").values("party_id")
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=owner, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text("您是编制单位的成员，按回避规则不能评审。请由其他人员办理。",
                 "You belong to the author, so by the rule of recusal you may not review it."),
            403,
        )  # fmt: skip


def holds(ctx: Context) -> None:
    """The examples are worked through again. Raises Refusal `example_fails` and the other rules of a definition."""
    row = model_of(ctx)
    try:
        _ = row.definition
    except FormulaError as error:
        raise Refusal(error.code, error.text, 422) from error


def publishable(ctx: Context) -> None:
    """Raises Refusal `conflict_of_interest`, `model_expired`, `not_the_newest`, and what `holds` says."""
    independent(ctx)
    holds(ctx)
    row = model_of(ctx)
    if row.valid_until < clock.today():
        raise Refusal(
            "model_expired",
            Text("模型的适用期已过，请退回修改。", "The model's validity is over; please return it."),
            422,
        )
    if row.replaces is not None and row.replaces.state != "published":
        raise Refusal(
            "not_the_newest",
            Text("所取代的版本已不在发布状态，请退回修改。", "The version that it replaces is no longer published; please return it."),
            409,
        )  # fmt: skip


def published(ctx: Context) -> None:
    """Public at once; the version that it replaces is superseded in the same transaction."""
    row = model_of(ctx)
    row.state, row.published_at = "published", clock.now()
    row.save(update_fields=["state", "published_at"])
    ctx.refs += row.event_refs()
    if row.replaces is not None:
        engine.act(row.replaces.number, "supersede", ctx.actor)


def has_successor(ctx: Context) -> None:
    if not model_of(ctx).later.filter(state="published").exists():
        raise Refusal("no_successor", Text("还没有已发布的新版本。", "No newer version has been published."), 409)
