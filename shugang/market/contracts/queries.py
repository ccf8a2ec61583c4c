"""Reads of contracts: lists, one contract, what may be done under it, what is left, and its proposals."""

from __future__ import annotations

import base64
from typing import Any

from django.db.models import QuerySet

from shugang.delivery.metering.queries import QuotaLeft, quotas_left
from shugang.kernel import permissions, procedure
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import Case
from shugang.parties.keys.services import living_key
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.terms import PURPOSES
from shugang.policy.text import Text

from ..listing.services import may_order
from ..products import pricing
from . import standing
from .models import Contract
from .process import CHANGE, KINDS


def contracts(actor: Actor, state: str = "") -> QuerySet[Contract]:
    rows = Contract.objects.visible_to(actor).select_related("product", "buyer", "supplier", "grant")
    return rows.filter(state=state) if state else rows


def get_contract(actor: Actor, number: str) -> Contract:
    found = (
        Contract.objects.visible_to(actor)
        .select_related(
            "product__supplier", "buyer", "supplier", "grant", "case", "inquiry__case", "certificate__event"
        )
        .filter(number=number)
        .first()
    )
    if found is None:
        raise not_found(standing.CONTRACT)
    return found


def left(contract: Contract) -> list[QuotaLeft]:
    """What is left of each quota of its grant."""
    return quotas_left(contract.grant) if contract.grant else []


def may(contract: Contract) -> list[Text]:
    """What the buyer may do, in plain words."""
    terms, mode = contract.terms, contract.product.mode
    how = {
        "table": Text(
            "用Delta Sharing工具读取授权字段，下载授权范围内的文件",
            "read the granted columns with Delta Sharing tools and download their files",
        ),
        "file": Text("把授权范围内的数据作为一个文件下载", "download the granted data as one file"),
        "api": Text("按约定的键逐条查询", "look up records by the agreed key"),
        "query": Text(
            "运行供方登记的查询，取回约定结果", "run the supplier's registered query and take its agreed result"
        ),
        "proxy": Text(
            "调用供方登记的接口操作，取回授权字段", "call the supplier's registered operations and take granted columns"
        ),
        "push": Text("在登记的存储中接收授权字段的文件", "receive files of the granted columns in a store of its own"),
        "stream": Text("订阅供方的实时数据流，接收授权字段", "subscribe to the supplier's stream of granted columns"),
        "sql": Text("用SQL自行查询授权的字段和数据行", "query the granted columns and rows with SQL of its own"),
    }[mode]
    purpose = PURPOSES[terms.purpose]
    lines = [how, Text(f"用于“{purpose.zh}”", f"use it for “{purpose.en}”")]
    if "compute" in terms.actions:
        lines.append(Text("在本机构内计算分析", "compute on it in your organisation"))
    if "train" in terms.actions:
        lines.append(Text("用于训练模型", "train models on it"))
    lines.append(
        Text("按约定转授他人", "pass it on as agreed")
        if terms.redistribute
        else Text("不得转授他人", "but not pass it on")
    )
    return lines


def signatures(contract: Contract) -> list[dict[str, Any]]:
    """Both sides, with the signature where there is one and whether it holds for the stored digest."""
    made = {s.side: s for s in contract.signatures.select_related("party")}
    found = []
    for side, party in (("supplier", contract.supplier), ("buyer", contract.buyer)):
        row = made.get(side)
        good = row is not None and verify_signature(row.signature, contract.sha256, contract.context)
        found.append(
            {
                "side": side,
                "party": party,
                "row": row,
                "good": good,
                "commands": commands(contract, row.signature) if row else "",
            }
        )
    return found


# SubjectPublicKeyInfo of Ed25519 (RFC 8410 §4): this prefix, then the 32 bytes of the key.
_SPKI = bytes.fromhex("302a300506032b6570032100")


def commands(contract: Contract, signature: dict[str, Any]) -> str:
    """Shell lines that check one signature over the downloaded JSON with openssl alone (3.0 or newer)."""
    key = base64.b64encode(_SPKI + base64.b64decode(signature["public_key"])).decode()
    return (
        f"d=$(sha256sum {contract.number}.json | cut -d' ' -f1)\n"
        f"printf 'shugang-sign-v1\\n{contract.context}\\n%s' \"$d\" > message\n"
        f"echo {signature['signature']} | base64 -d > signature\n"
        f"echo {key} | base64 -d > key.der\n"
        "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in message -sigfile signature"
    )


def changes(contract: Contract) -> list[tuple[Case, Text, Any]]:
    """Proposals to change it, newest first: (case, what, state)."""
    labels = dict(KINDS)
    rows = Case.objects.filter(procedure=CHANGE.code, parent_id=contract.case_id).order_by("-pk")
    return [(c, labels[c.data["kind"]], CHANGE.state(c.state)) for c in rows]


def allowed(contract: Contract, actor: Actor) -> dict[str, bool]:
    """Which buttons to show."""
    spec = procedure.get(contract.case.procedure)
    sign, refuse = spec.transition("sign"), spec.transition("refuse")
    assert sign is not None and refuse is not None
    party = actor.party_id in {contract.buyer_id, contract.supplier_id} and "signer" in actor.duties
    order = may_order(actor)

    def change(kind: str) -> bool:
        if order:
            return kind != "terminate" and standing.may_change(contract, kind, standing.ORDER)
        return party and standing.may_change(contract, kind, standing.PARTIES)

    return {
        "sign": permissions.allowed(contract.case, spec, sign, actor),
        "refuse": permissions.allowed(contract.case, spec, refuse, actor),
        **{kind: change(kind) for kind, _ in KINDS},
    }


def own_custody(actor: Actor) -> bool:
    key = living_key(actor.person_id or 0)
    return key is not None and key.custody == "own"


def price_rows(contract: Contract) -> list[tuple[Text, Any]]:
    """What decides the price, and how the supplier's part is divided where the contract froze shares."""
    shares = contract.snapshot.get("shares", [])
    said = "；".join(f"{number} {share / 10_000:.4f}%" for number, share in shares)
    rows: list[tuple[Text, Any]] = list(pricing.rows(contract.plan, contract.product.mode))
    return [*rows, (Text("供方所得的分配", "Division of the supplier's part"), said)] if said else rows
