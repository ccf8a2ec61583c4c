"""What a step of a service offer asks beyond duty and state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock, materials
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, CaseParty, RuleProfile
from shugang.kernel.procedure import Context
from shugang.kernel.profiles import current_profile
from shugang.parties.models import Membership
from shugang.policy.text import Text

from .kinds import ServiceKind, read_kinds
from .models import Qualification, ServiceOffer

PROFILE = "thirdparty"
FILES = ("document", "materials", "file")


def rules(case: Case | None = None) -> RuleProfile:
    """The profile that a case began under, or the one in force today."""
    if case is not None and case.profile is not None:
        return case.profile
    return current_profile(PROFILE, clock.today())


def kinds(case: Case | None = None) -> dict[str, ServiceKind]:
    return read_kinds(rules(case).data)


def known_kind(code: str, case: Case | None = None) -> ServiceKind:
    """Raises Refusal `invalid_form` for a kind that the profile does not have."""
    found = kinds(case).get(code)
    if found is None:
        wrong(
            {
                "kind": Text(
                    "没有这个服务类别，请从列表中选择。",
                    "There is no such kind of service. Please choose one of the list.",
                )
            }
        )
    assert found is not None
    return found


def wrong(fields: Mapping[str, Text]) -> None:
    """Raises Refusal `invalid_form` when there is anything to say (一次告知)."""
    if fields:
        raise Refusal(
            "invalid_form",
            Text(f"有{len(fields)}处需要补正，请逐项修改后再提交。", f"{len(fields)} answer(s) need correction."),
            422,
            fields,
        )


def offer_of(ctx: Context) -> ServiceOffer:
    return ServiceOffer.objects.select_related("agency", "case").get(case=ctx.case)


def apart(ctx: Context) -> None:
    """Nobody decides on a party that he belongs to himself (回避)."""
    others = CaseParty.objects.filter(case=ctx.case).exclude(party_id=ctx.actor.party_id or 0).values("party_id")
    if Membership.objects.filter(person_id=ctx.actor.person_id or 0, party_id__in=others, active=True).exists():
        raise Refusal(
            "conflict_of_interest",
            Text("您是当事机构的成员，按回避规则不能办理这一步。请由其他人员办理。",
                 "You belong to one of the parties, so by the rule of recusal you may not decide. Please let a colleague act."),
            403,
        )  # fmt: skip


def own_files(data: Mapping[str, Any], actor: Actor) -> dict[str, Text]:
    """Files have to be those that the acting party itself uploaded."""
    return materials.not_own(data, FILES, actor)


def life(data: Mapping[str, Any]) -> dict[str, Text]:
    """A qualification has to be in force today, and to end after it begins."""
    if not (data.get("valid_from") and data.get("valid_until")):
        return {}
    start, end = date.fromisoformat(data["valid_from"]), date.fromisoformat(data["valid_until"])
    if end < start:
        return {"valid_until": Text("止期不能早于起期。", "It may not end before it begins.")}
    if start > clock.today():
        return {
            "valid_from": Text("资质尚未生效，生效后再提交。", "It is not in force yet. Please submit it once it is.")
        }
    if end < clock.today():
        return {"valid_until": Text("资质已经过期，请先更新。", "It has expired. Please renew it first.")}
    return {}


def check_offer(data: Mapping[str, Any], actor: Actor) -> None:
    """Raises Refusal `invalid_form` with every wrong answer at once."""
    found = own_files(data, actor) | life(data)
    if data["kind"] not in kinds():
        found["kind"] = Text(
            "没有这个服务类别，请从列表中选择。", "There is no such kind of service. Please choose one of the list."
        )
    if not data["declaration"]:
        found["declaration"] = Text("请声明内容真实。", "Please state that the application is true.")
    wrong(found)


def correction_holds(ctx: Context) -> None:
    wrong(own_files(ctx.data, ctx.actor) | life({**ctx.case.data, **ctx.data}))


def renewal_holds(ctx: Context) -> None:
    """A renewal has to reach further than what is held."""
    found = own_files(ctx.data, ctx.actor) | life(ctx.data)
    held = in_force(offer_of(ctx))
    if held is not None and not found and date.fromisoformat(ctx.data["valid_until"]) <= held.valid_until:
        found["valid_until"] = Text(
            f"新资质的止期须晚于现有的{held.valid_until}。", f"It must end after the present one, {held.valid_until}."
        )
    wrong(found)


def in_force(offer: ServiceOffer, on: date | None = None) -> Qualification | None:
    """The checked qualification that reaches furthest and is in force on a day (today by default)."""
    day = on or clock.today()
    rows = offer.qualifications.filter(checked_at__isnull=False, valid_from__lte=day, valid_until__gte=day)
    return rows.order_by("-valid_until").first()


def _checked(ctx: Context) -> None:
    apart(ctx)
    if not ctx.data["document_checked"]:
        wrong(
            {
                "document_checked": Text(
                    "请先核对资质，再勾选。", "Please check the qualification first, then tick this."
                )
            }
        )


def may_be_listed(ctx: Context) -> None:
    """The decision rests on a qualification in force today and on an agency that is admitted."""
    _checked(ctx)
    offer = offer_of(ctx)
    if "reviewer" not in offer.agency.roles:
        raise Refusal(
            "party_inactive",
            Text("该机构未入驻为第三方服务机构，或已暂停。", "It is not admitted as a third party, or is suspended."),
            409,
        )
    if not _covers_today(offer):
        raise Refusal(
            "no_qualification",
            Text(
                "资质现在不在有效期内，请退回更新。",
                "The qualification is not in force now. Please return it for renewal.",
            ),
            409,
        )


def _covers_today(offer: ServiceOffer) -> bool:
    day = clock.today()
    return offer.qualifications.filter(valid_from__lte=day, valid_until__gte=day).exists()


def renewal_checked(ctx: Context) -> None:
    _checked(ctx)
