"""Registering and ending charge agreements. The market calls these when a contract takes effect or stops."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import rfc8785

from shugang.kernel import clock, profiles
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.priceplan import PricePlan
from shugang.policy.text import Text

from . import vat
from .models import ChargeAgreement

T = TypeVar("T")
AGREEMENT = Text("这份计费约定", "charge agreement")
PROFILE = "settlement"
NEVER_BEGAN = "never_began"
RUN_CHUNK = 500  # agreements to a transaction of a settlement run
PROFILES = Path(__file__).resolve().parent.parent / "profiles"


def load_profiles() -> list[RuleProfile]:
    """Store the shipped rule profiles (tax rate, commission, days to pay)."""
    return profiles.load_profiles(sorted(PROFILES.glob("*.json")))


def rules(on: date) -> RuleProfile:
    """The settlement profile in force on a day; the shipped ones are loaded at first need."""
    try:
        return current_profile(PROFILE, on)
    except RuleProfile.DoesNotExist:
        load_profiles()
        return current_profile(PROFILE, on)


def plan_digest(plan: PricePlan) -> str:
    """SHA-256 (hex) of the plan's canonical JSON, RFC 8785."""
    return hashlib.sha256(rfc8785.dumps(plan.to_json())).hexdigest()


class BrokerFee(NamedTuple):
    """What the supplier's mandate promised: basis points of each bill, or 分 a contract; tax at `vat_bp` included."""

    party: Party
    bp: int
    fen: int
    vat_bp: int

    def fields(self) -> dict[str, Any]:
        return {"broker": self.party, "broker_bp": self.bp, "broker_fen": self.fen, "broker_vat_bp": self.vat_bp}

    def check(self, buyer: Party, supplier: Party, commission_bp: int, sharing: Sequence[str]) -> None:
        """Raises Refusal `invalid_broker`."""
        one = (self.bp > 0) != (self.fen > 0) and min(self.bp, self.fen, self.vat_bp) >= 0
        apart = self.party.pk not in (buyer.pk, supplier.pk) and self.party.number not in sharing
        if not one or not apart or self.bp + commission_bp > 10_000 or self.vat_bp > 10_000:
            raise Refusal(
                "invalid_broker",
                Text(
                    "经纪报酬只能是比例或固定金额之一，与服务费合计不超过价款；经纪不能是交易一方或分成方。",
                    "A broker's fee is a rate or an amount, with the commission at most the price; a broker is no side and no sharer.",
                ),
                422,
            )


@verb
def register_charge(
    actor: Actor,
    *,
    number: str,
    buyer: Party,
    supplier: Party,
    grant: str,
    plan: PricePlan | dict[str, Any],
    starts_on: date,
    ends_on: date,
    title: str = "",
    refs: Iterable[tuple[str, str]] = (),
    commission_bp: int | None = None,
    vat_bp: int | None = None,
    shares: Sequence[tuple[str, int]] = (),
    supply: str = "data_service",
    reserve_days: int | None = None,
    held_for: str = "",
    broker: BrokerFee | None = None,
) -> ChargeAgreement:
    """Freeze what the use under a contract costs.

    `number` is the contract's; `plan` is checked (TermsError); `refs` name upstream objects for the trace.
    Rates in basis points default to the rule profile: the commission's as in force on `starts_on`, the supplier's by line,
    for its kind of `supply`, as in force at the service period. `shares`: (party number, weight) among which the
    supplier's part is divided. `reserve_days` after a split nothing is paid out (default by the profile).
    `held_for`: nothing is billed until `release_charge`. `broker`: who is paid out of the supplier's part of each bill.
    Raises Refusal `already_registered`, `invalid_charge`, `invalid_shares`, `unknown_supply`.
    """
    checked = plan if isinstance(plan, PricePlan) else PricePlan.from_json(plan)
    profile = rules(starts_on)
    commission = profile.data["commission_bp"] if commission_bp is None else commission_bp
    vat.check_supply(supply)
    own_vat = vat.rate_of(profile, supply) if vat_bp is None else vat_bp
    reserve = profile.data.get("reserve_days", 0) if reserve_days is None else reserve_days
    _check_shares(shares)
    if broker is not None:
        broker.check(buyer, supplier, commission, [number for number, _ in shares])
    _check(number, buyer, supplier, starts_on, ends_on, commission, own_vat)
    agreement = ChargeAgreement.objects.create(
        number=number,
        buyer=buyer,
        supplier=supplier,
        grant=grant,
        title=title[:200],
        plan=checked.to_json(),
        plan_digest=plan_digest(checked),
        commission_bp=commission,
        vat_bp=own_vat,
        supply=supply,
        vat_by_date=vat_bp is None,
        commission_vat_bp=vat.rate_of(profile, vat.COMMISSION),
        reserve_days=reserve,
        profile=profile,
        starts_on=starts_on,
        ends_on=ends_on,
        refs=sorted([list(r) for r in set(refs)]),
        shares=[list(share) for share in shares],
        held_for=held_for,
        registered_at=clock.now(),
        **(broker.fields() if broker else {}),
    )
    payload = {
        "plan": agreement.plan_digest,
        "commission_bp": commission,
        "vat_bp": own_vat,
        "commission_vat_bp": agreement.commission_tax_bp,
        "reserve_days": reserve,
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
        **({"shares": agreement.shares} if agreement.shares else {}),
        **({"held_for": held_for} if held_for else {}),
        **({"broker": [broker.party.number, broker.bp, broker.fen, broker.vat_bp]} if broker else {}),
    }
    emit("charge.registered", actor, agreement.event_refs(), payload)
    return agreement


def _check(
    number: str, buyer: Party, supplier: Party, starts_on: date, ends_on: date, commission_bp: int, vat_bp: int
) -> None:
    if ChargeAgreement.objects.filter(number=number).exists():
        raise Refusal(
            "already_registered",
            Text(
                f"合同{number}的计费约定已登记，价格以首次登记为准。",
                f"The charges of contract {number} are registered already; the first registration stands.",
            ),
            409,
        )
    if buyer.pk == supplier.pk or ends_on < starts_on or not (0 <= commission_bp <= 10_000 and 0 <= vat_bp <= 10_000):
        raise Refusal(
            "invalid_charge",
            Text(
                "计费约定不成立：供需双方须为不同机构，止期不早于起期，费率在0至100%之间。",
                "Invalid charges: two different parties, an end not before the start, rates between 0 and 100 %.",
            ),
            422,
        )


def _check_shares(shares: Sequence[tuple[str, int]]) -> None:
    numbers = [number for number, _ in shares]
    known = Party.objects.filter(number__in=numbers).count()
    sound = known == len(set(numbers)) == len(numbers) and all(weight >= 0 for _, weight in shares)
    if shares and not (sound and sum(weight for _, weight in shares) > 0):
        raise Refusal(
            "invalid_shares",
            Text("分成份额须是不同的机构，各不为负，且合计大于零。",
                 "Shares name different parties, none negative, with a sum above 0."),
            422,
        )  # fmt: skip


def lock_agreement(number: str) -> ChargeAgreement:
    """The agreement under its row lock, which orders everything that changes what of it is billed.

    Raises Refusal `not_found`.
    """
    return lock_agreements([number])[0]


def lock_agreements(numbers: Sequence[str]) -> list[ChargeAgreement]:
    """Agreements under their row locks, taken in id order. Raises Refusal `not_found`."""
    rows = ChargeAgreement.objects.select_for_update(of=("self",)).select_related("buyer", "supplier")
    found = list(rows.filter(number__in=list(numbers)).order_by("pk"))
    if len(found) < len(set(numbers)):
        raise not_found(AGREEMENT)
    return found


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    whole = list(items)
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


@verb
def end_charge(actor: Actor, number: str, last_day: date, reason: str) -> ChargeAgreement:
    """Stop charging after `last_day` (never later than agreed); what was used until then is still billed.

    One that would have begun only later never bills anything.
    """
    agreement = lock_agreement(number)
    if agreement.state == ChargeAgreement.State.ENDED:
        raise Refusal("already_ended", Text("计费已终止，无需重复办理。", "Charging has ended already."), 409)
    if last_day < agreement.starts_on:
        agreement.held_for = NEVER_BEGAN
    agreement.ends_on = max(agreement.starts_on, min(agreement.ends_on, last_day))
    agreement.state = ChargeAgreement.State.ENDED
    agreement.save(update_fields=["ends_on", "state", "held_for"])
    emit("charge.ended", actor, agreement.event_refs(), {"ends_on": agreement.ends_on.isoformat(), "reason": reason})
    return agreement


@verb
def release_charge(actor: Actor, number: str) -> ChargeAgreement:
    """What the agreement waited for has come: it may be billed. Raises Refusal `not_found`, `not_held`."""
    agreement = lock_agreement(number)
    if not agreement.held_for:
        raise Refusal("not_held", Text("这份计费约定没有被暂缓。", "This charge agreement waits for nothing."), 409)
    held, agreement.held_for = agreement.held_for, ""
    agreement.save(update_fields=["held_for"])
    emit("charge.released", actor, agreement.event_refs(), {"held_for": held})
    return agreement


@verb
def extend_charge(actor: Actor, number: str, last_day: date) -> ChargeAgreement:
    """The same price until a later day. Raises Refusal `not_found`, `already_ended`, `invalid_charge`."""
    agreement = lock_agreement(number)
    if agreement.state == ChargeAgreement.State.ENDED:
        raise Refusal("already_ended", Text("计费已终止，不能延长。", "Charging has ended; it cannot go on."), 409)
    if last_day < agreement.ends_on:
        raise Refusal("invalid_charge", Text("止期只能推后。", "The end can only be put off."), 422)
    agreement.ends_on = last_day
    agreement.save(update_fields=["ends_on"])
    emit("charge.extended", actor, agreement.event_refs(), {"ends_on": last_day.isoformat()})
    return agreement
