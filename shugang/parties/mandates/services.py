"""Verbs of the mandate: drafted by the principal, signed with its key, revoked at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from ..keys.services import sign_digest
from ..organisations.models import Party
from .acts import ACTS
from .models import Mandate

MANDATE = Text("这份授权委托书", "mandate")
LONGEST_DAYS = 366 * 3
MOST_FEE_BP = 5_000
FORM = Form(
    2,
    (
        Field("broker", "text", Text("数据经纪机构", "Broker"), Text("机构编号，例：P-000012", "Its number, such as P-000012"), max_length=12),
        Field("acts", "multi", Text("授权事项", "What it may do"), choices=tuple(ACTS.items())),
        Field("products", "textarea", Text("限定产品", "Products"), Text("产品编号，每行一个；不填表示不限。", "Numbers, one a line; empty means all."), required=False, max_length=2000),
        Field("limit", "money", Text("每次金额上限（元）", "Limit of one act (¥)"), Text("需求预算或产品一年费用不得超过；不填表示不限。", "Bounds a demand's budget or a product's yearly price; empty means none."), required=False),
        Field("valid_from", "date", Text("起", "From")),
        Field("valid_until", "date", Text("止（含当日）", "Until, that day included")),
        Field("fee_bp", "int", Text("成交报酬：价款的基点（万分之一）", "Fee: basis points of the price"), Text("由供方委托、随“代为答复报价邀请”约定：150即1.5%，每张账单从供方所得中分给经纪；不约定不填。", "A supplier's, with “answer invitations”: 150 is 1.5 %, taken from its part of each bill; empty for none."), required=False, minimum=1, maximum=MOST_FEE_BP),
        Field("fee", "money", Text("或：每份合同的固定报酬（元，含税）", "Or: a fixed fee a contract (¥, tax included)"), Text("与上一项只填一项。", "Fill in one of the two only."), required=False),
        Field("both_sides", "bool", Text("同意该机构在同一笔交易中也代表对方", "We agree that it may act for the other side of a deal too")),
    ),
)  # fmt: skip


def _wrong(name: str, text: Text) -> Refusal:
    return Refusal(
        "invalid_form",
        Text("有1处需要补正，请修改后再提交。", "1 answer needs correction. Please mend it and submit again."),
        422,
        {name: text},
    )


def _content(principal: Party, broker: Party, said: Mapping[str, Any], number: str) -> dict[str, Any]:
    products = sorted({line.strip() for line in said.get("products", "").splitlines() if line.strip()})
    return {
        "number": number, "principal": principal.uscc, "broker": broker.uscc, "acts": said["acts"], "products": products,
        "limit_fen": said.get("limit"), "both_sides": said["both_sides"], "valid_from": said["valid_from"], "valid_until": said["valid_until"],
        **{name: said[given] for given, name in (("fee_bp", "fee_bp"), ("fee", "fee_fen")) if said.get(given)},
    }  # fmt: skip


def _check_fee(actor: Actor, said: Mapping[str, Any]) -> None:
    """The fee is paid out of what a supplier earns by an answer; a buyer's broker is paid by an agreement of brokerage.

    Raises Refusal `invalid_form`.
    """
    field = "fee_bp" if said.get("fee_bp") else "fee" if said.get("fee") else ""
    if not field:
        return
    if said.get("fee_bp") and said.get("fee"):
        raise _wrong("fee", Text("比例和固定报酬只填一项。", "Give either the rate or the fixed fee."))
    if "supplier" not in actor.roles or "answer" not in said["acts"]:
        raise _wrong(
            field,
            Text(
                "随账单分给经纪的报酬由供方约定，授权事项须含“代为答复报价邀请”。需方请另签数据中介服务合同。",
                "A fee out of the bills is a supplier's, with “answer invitations”. As a buyer, sign a contract for brokerage instead.",
            ),
        )


@verb
def draft(actor: Actor, data: Mapping[str, Any]) -> Mandate:
    """Put down a mandate for signature. Raises Refusal `forbidden`, `invalid_form`."""
    if (
        actor.party_id is None
        or not {"handler", "signer", "manager"} & actor.duties
        or not {"supplier", "buyer"} & actor.roles
    ):
        raise forbidden(
            "委托书由需方或供方的经办、签署或管理员起草。",
            "A mandate is drafted by a buyer's or supplier's handler, signer or manager.",
        )
    said = clean(FORM, data)
    broker = (
        Party.objects.filter(number=said["broker"], is_reviewer=True, status=Party.Status.ACTIVE)
        .exclude(pk=actor.party_id)
        .first()
    )
    if broker is None:
        raise _wrong(
            "broker",
            Text(
                "没有这个在营的第三方服务机构，请核对编号。",
                "There is no such active third-party agency. Please check the number.",
            ),
        )
    _check_fee(actor, said)
    start, end = date.fromisoformat(said["valid_from"]), date.fromisoformat(said["valid_until"])
    if not max(start, clock.today()) <= end or (end - start).days > LONGEST_DAYS:
        raise _wrong(
            "valid_until",
            Text(
                "止日不能早于起日和今天，最长三年。",
                "It ends neither before its start nor today, and lasts three years at most.",
            ),
        )
    number = yearly_number("WTS", clock.today().year)
    content = _content(Party.objects.get(pk=actor.party_id), broker, said, number)
    row = Mandate.objects.create(
        number=number, principal_id=actor.party_id, broker=broker, acts=content["acts"], products=content["products"],
        limit_fen=content["limit_fen"], both_sides=content["both_sides"], valid_from=start, valid_until=end, content=content,
        digest=hashlib.sha256(canonical(content)).hexdigest(), created_at=clock.now(),
    )  # fmt: skip
    emit("mandate.drafted", actor, [("mandate", number)], {"digest": row.digest})
    return row


def _own(actor: Actor, number: str) -> Mandate:
    row = Mandate.objects.select_for_update().filter(number=number, principal_id=actor.party_id or 0).first()
    if row is None:
        raise not_found(MANDATE)
    return row


@verb
def sign(actor: Actor, number: str, own_signature: str = "") -> Mandate:
    """The principal signs; the mandate acts from its first day. Raises Refusal `not_found`, `already_done`, what `sign_digest` says."""
    row = _own(actor, number)
    if row.signed_at is not None or row.revoked_at is not None:
        raise Refusal(
            "already_done", Text("这份委托书已签署或已撤销。", "This mandate is signed or revoked already."), 409
        )
    row.signature = sign_digest(actor, row.digest, row.context, own_signature)
    row.signed_at = clock.now()
    row.save(update_fields=["signature", "signed_at"])
    emit(
        "mandate.signed", actor, _refs(row), {"digest": row.digest, "signature": row.signature, "content": row.content}
    )
    return row


def _refs(row: Mandate) -> list[tuple[str, str]]:
    return [("mandate", row.number), ("party", row.principal.number), ("party", row.broker.number)]


@verb
def revoke(actor: Actor, number: str, reason: str) -> Mandate:
    """The principal takes it back, with effect from now. Raises Refusal `not_found`, `forbidden`, `already_done`, `invalid_form`."""
    row = _own(actor, number)
    if not {"signer", "manager", "handler"} & actor.duties:
        raise forbidden("撤销由本机构的经办、签署或管理员办理。", "Your handler, signer or manager revokes it.")
    if row.revoked_at is not None:
        raise Refusal("already_done", Text("这份委托书已撤销。", "This mandate is revoked already."), 409)
    if not reason.strip() or len(reason) > 400:
        raise _wrong("reason", Text("请写明理由，最多400字。", "Please give the reason, at most 400 characters."))
    row.revoked_at, row.reason = clock.now(), reason.strip()
    row.save(update_fields=["revoked_at", "reason"])
    emit("mandate.revoked", actor, _refs(row), {"reason": row.reason})
    return row
