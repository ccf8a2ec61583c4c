"""An amendment (补充协议): proposed against the state of the contract, signed by both over its digest, then carried out.

Grants are never rewritten: changed terms make a new grant, which takes over the keys of the former. Prices are never
rewritten either: a new charge agreement begins on a day, the former ends on the day before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from shugang.delivery.grants.services import end_grant, issue_grant, take_over_keys
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.policy.codec import canonical
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms
from shugang.policy.text import Text

from ..products import offer
from ..trade import compliance
from . import charging, standing, templates
from .drafting import agreed, digests
from .guards import as_read
from .models import Amendment, Contract

# Settled before delivery; a change afterwards would move the ground under an inspection.
FIXED = ("acceptance", "inspection_days", "quality_in_use")
# A new price begins with a month that leaves both sides time to sign.
NOTICE = timedelta(days=14)


def base_digest(state: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what an amendment builds on: terms, plan and answers as they stand."""
    return hashlib.sha256(canonical({k: state[k] for k in ("terms", "plan", "answers")})).hexdigest()


def _refuse(code: str, zh: str, en: str, status: int = 409) -> Refusal:
    return Refusal(code, Text(zh, en), status)


def proposed(
    contract: Contract, terms: Mapping[str, Any] | None, plan: Mapping[str, Any] | None, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """What an amendment would state: before, after, from when the price counts. Raises Refusal: the rule that forbids it."""
    before = contract.current
    if not before["answers"]:
        raise _refuse("fixed_text", "这份合同签署较早，不能以补充协议变更，请终止后另签。",
                      "This contract is of the former shape; please end it and conclude a new one.")  # fmt: skip
    template = templates.load(contract.snapshot["template"]["code"], contract.snapshot["template"]["version"])
    new_terms, new_plan = offer.readable(terms or before["terms"], plan or before["plan"])
    after = {
        "terms": new_terms.to_json(),
        "plan": new_plan.to_json(),
        "answers": template.check({**before["answers"], **answers}),
    }
    if base_digest(after) == base_digest(before):
        raise _refuse("nothing_changed", "补充协议没有改动任何约定。", "The amendment changes nothing.", 422)
    if any(after["answers"].get(name) != before["answers"].get(name) for name in FIXED):
        raise _refuse(
            "acceptance_fixed", "验收的约定在合同生效后不能变更。", "The acceptance is settled once in force."
        )
    checked = check(contract, after)
    old_terms, old_plan = Terms.from_json(before["terms"]), PricePlan.from_json(before["plan"])
    return {
        "before": {k: before[k] for k in ("terms", "plan", "answers")},
        "after": after,
        "price_from": _price_from(contract, old_terms, old_plan, new_terms, new_plan),
        "compliance": checked,
    }


def check(contract: Contract, after: Mapping[str, Any]) -> dict[str, Any]:
    """The compliance check of the deal, for the terms and the price that are to hold."""
    purpose = contract.snapshot["inquiry"]["purpose"]
    return compliance.check_deal(
        contract.product, contract.buyer, contract.supplier, purpose, after["terms"], after["plan"]
    )


def _price_from(contract: Contract, old: Terms, old_plan: PricePlan, new: Terms, plan: PricePlan) -> str:
    """The first day of a new charge, "" where the present one goes on."""
    if new.valid_until < old.valid_until or new.valid_from != old.valid_from:
        raise _refuse("shorter_period", "补充协议不能缩短期限或改动起始日，请提议终止。",
                      "An amendment cannot shorten the period or move its start; please propose the end.")  # fmt: skip
    renews, reprices = new.valid_until > old.valid_until, plan != old_plan
    if offer.outcomes(plan, contract.product.mode) != offer.outcomes(old_plan, contract.product.mode):
        raise _refuse("outcomes_fixed", "计费的结果口径不能在履行中变更，请另签合同。",
                      "Which outcomes are charged cannot change in force; please conclude a new contract.")  # fmt: skip
    if renews and (reprices or plan.whole_term):
        end = (old.valid_until - timedelta(microseconds=1)).astimezone(clock.zone()).date()
        return (end + timedelta(days=1)).isoformat()
    if not reprices:
        return ""
    if plan.whole_term or old_plan.whole_term or "period" in (plan.kind, old_plan.kind):
        raise _refuse("price_fixed_for_term", "一次性、按期或整期计价的，价格只能随续期变更。",
                      "A price for the whole term or by subscription changes only with a renewal.")  # fmt: skip
    ahead = clock.today() + NOTICE
    return (ahead.replace(day=1) + timedelta(days=32)).replace(day=1).isoformat()


def amendment_of(ctx: Context) -> Amendment:
    return Amendment.objects.get(case=ctx.case)


def _contract_of(row: Amendment) -> Contract:
    """The contract under its row lock, with what the checks read."""
    standing.locked(row.contract.number)
    return Contract.objects.select_related(
        "product__supplier", "product__asset", "product__dataset_version__dataset", "product__certificate",
        "buyer", "supplier", "inquiry__case", "certificate__event", "grant",
    ).get(pk=row.contract_id)  # fmt: skip


def signable(ctx: Context) -> None:
    """Make or check the acting side's signature. Raises Refusal; nothing is kept then."""
    row = amendment_of(ctx)
    contract = _contract_of(row)
    if contract.state != Contract.State.ACTIVE:
        raise standing.wrong_state(contract)
    if contract.grant is None or contract.grant.state != "active":
        # A new grant would escape what holds the present one: a dispute, a suspended party.
        raise _refuse(
            "grant_held", "授权正被暂停，待恢复后再签补充协议。", "The grant is held; please sign once it is released."
        )
    if digests(row.content) != (row.sha256, row.sm3):
        raise _refuse("contract_altered", "补充协议文本与摘要不符，已停止签署。", "The text no longer fits its digest.")
    as_read(row.sha256, ctx.data.pop("read", ""))
    if row.content["base"] != base_digest(contract.current):
        raise _refuse("stale_amendment", "合同在提出后已有变更，请重新提出补充协议。",
                      "The contract has changed since; please propose the amendment again.")  # fmt: skip
    if row.content["price_from"] and date.fromisoformat(row.content["price_from"]) <= clock.today():
        raise _refuse("late_amendment", "已过约定的起始日，请重新提出补充协议。",
                      "The agreed first day has passed; please propose the amendment again.")  # fmt: skip
    checked = check(contract, row.content["after"])
    side = "buyer" if ctx.actor.party_id == contract.buyer_id else "supplier"
    made = sign_digest(ctx.actor, row.sha256, row.context, ctx.data.pop("own_signature", ""))
    setattr(row, f"{side}_signature", made)
    row.save(update_fields=[f"{side}_signature"])
    ctx.data |= {"side": side, "sha256": row.sha256, "sm3": row.sm3, "signature": made, "compliance": checked}
    ctx.refs += row.event_refs()


def in_force(ctx: Context) -> None:
    """Both have signed: the contract's state, its grant and its charge move in this transaction."""
    row = amendment_of(ctx)
    contract = _contract_of(row)
    before, after = row.content["before"], row.content["after"]
    terms, plan = agreed({**contract.snapshot, **after})
    renews = terms.valid_until > Terms.from_json(before["terms"]).valid_until
    contract.amended = {**after, "amendment": row.number}
    contract.valid_until, contract.revision = terms.valid_until, contract.revision + 1
    contract.save(update_fields=["amended", "valid_until", "revision"])
    if after["terms"] != before["terms"]:
        ctx.outputs["grant"] = _regrant(ctx.actor, contract, row, terms)
    if row.content["price_from"]:
        first = date.fromisoformat(row.content["price_from"])
        ctx.outputs["charge"] = charging.change(ctx.actor, contract, plan, first)
    elif renews:
        ctx.outputs["charge"] = charging.extend(ctx.actor, contract)
    row.state, row.effective_at = Amendment.State.IN_FORCE, clock.now()
    row.save(update_fields=["state", "effective_at"])
    ctx.refs += row.event_refs()


def _regrant(actor: Actor, contract: Contract, row: Amendment, terms: Terms) -> str:
    """A grant on the new terms stands on contract, amendment and certificate; holds of a certificate would have refused."""
    former = contract.grant
    assert former is not None and contract.certificate.event is not None
    grant = issue_grant(
        actor, grantee=contract.buyer, supplier=contract.supplier, product=contract.product.number,
        contract=contract.number, mode=contract.product.mode, terms=terms, source=contract.source,
        outcomes=contract.outcomes, plane=contract.plane,
        bases=[
            {"kind": "contract", "reference": contract.number, "digest": contract.sha256, "valid_until": contract.valid_until},
            {"kind": "amendment", "reference": row.number, "digest": row.sha256, "valid_until": contract.valid_until},
            {"kind": "certificate", "reference": contract.certificate.number, "digest": contract.certificate.event.sha256,
             "valid_until": contract.certificate.valid_until},
        ],
    )  # fmt: skip
    take_over_keys(actor, former.number, grant.number)
    end_grant(actor, former.number, f"amended by {row.number}")
    contract.grant = grant
    contract.save(update_fields=["grant"])
    return str(grant.number)


def void(ctx: Context) -> None:
    row = amendment_of(ctx)
    row.state = Amendment.State.VOID
    row.save(update_fields=["state"])
    ctx.refs += row.event_refs()
