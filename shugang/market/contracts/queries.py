"""Reads of contracts: lists, one contract, what may be done under it, what is left, and its proposals."""

from __future__ import annotations

import base64
from typing import Any

from django.db.models import QuerySet

from shugang.delivery.metering.queries import QuotaLeft, quotas_left
from shugang.kernel import permissions, procedure
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.forms import Field
from shugang.kernel.models import Case
from shugang.parties.keys.services import living_key
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms
from shugang.policy.text import Text

from ..listing.services import may_order
from ..products import pricing
from ..trade.queries import differences
from . import standing, templates
from .amending import FIXED
from .models import Amendment, Contract
from .process import AMENDMENT, BREACH, CHANGE, KINDS
from .templates import Template


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


def held(actor: Actor) -> QuerySet[Contract]:
    """Contracts in force, or suspended, under which the acting party is the buyer; newest first by primary key."""
    rows = contracts(actor).filter(buyer_id=actor.party_id or 0, state__in=["active", "suspended"])
    return rows.select_related("grant", "case")


def left(contract: Contract) -> list[QuotaLeft]:
    """What is left of each quota of its grant."""
    return quotas_left(contract.grant) if contract.grant else []


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
    sign, refuse, fill_in = (spec.transition(name) for name in ("sign", "refuse", "fill_in"))
    assert sign is not None and refuse is not None and fill_in is not None
    party = actor.party_id in {contract.buyer_id, contract.supplier_id} and "signer" in actor.duties
    order = may_order(actor)

    def change(kind: str) -> bool:
        if order:
            return standing.may_change(contract, kind, standing.ORDER)
        return party and standing.may_change(contract, kind, standing.PARTIES)

    return {
        "sign": permissions.allowed(contract.case, spec, sign, actor),
        "refuse": permissions.allowed(contract.case, spec, refuse, actor),
        "fill_in": "answers" in contract.snapshot
        and permissions.allowed(contract.case, spec, fill_in, actor)
        and not contract.signatures.exists(),
        "amend": not order
        and actor.party_id in {contract.buyer_id, contract.supplier_id}
        and bool(actor.duties & {"handler", "signer"})
        and contract.state == Contract.State.ACTIVE
        and bool(contract.answers),
        "breach": not order and party and standing.may_change(contract, "terminate", standing.PARTIES),
        **{kind: change(kind) for kind, _ in KINDS},
    }


def form_of(contract: Contract) -> Template:
    """The template that the contract was drawn up from, in its version. Raises Refusal `not_found`."""
    said = contract.snapshot.get("template")
    if said is None:
        raise not_found(Text("这份合同的约定表", "form of this contract"))
    return templates.load(said["code"], said["version"])


def amendable(contract: Contract) -> list[Field]:
    """The questions of the form that an amendment may answer anew. Raises Refusal `not_found` for the former shape."""
    return [f for f in form_of(contract).form.fields if f.name not in FIXED]


def get_amendment(actor: Actor, number: str) -> Amendment:
    """Raises Refusal `not_found`."""
    rows = Amendment.objects.visible_to(actor).select_related(
        "case", "contract__product", "contract__buyer", "contract__supplier", "contract__case"
    )
    found = rows.filter(case__number=number).first()
    if found is None:
        raise not_found(Text("这份补充协议", "amendment"))
    return found


def amendments(contract: Contract) -> list[tuple[Amendment, Any]]:
    """(amendment, state of its case), newest first."""
    rows = contract.amendments.select_related("case").order_by("-sequence")
    return [(a, AMENDMENT.state(a.case.state)) for a in rows]


def breaches(contract: Contract) -> list[tuple[Case, Any]]:
    """Notices of breach, newest first, with their states."""
    rows = Case.objects.filter(procedure=BREACH.code, parent_id=contract.case_id).order_by("-pk")
    return [(c, BREACH.state(c.state)) for c in rows]


def amendment_diff(row: Amendment) -> list[tuple[Text, Text | None, Text | None]]:
    """(what, before, after) for everything that the amendment changes: terms, price, answers."""
    before, after, mode = row.content["before"], row.content["after"], row.contract.product.mode
    old, new = ((Terms.from_json(s["terms"]), PricePlan.from_json(s["plan"])) for s in (before, after))
    found = differences(old, new, mode)
    for field in form_of(row.contract).form.fields:
        a, b = (_answer(field, s["answers"].get(field.name)) for s in (before, after))
        if a != b:
            found.append((field.label, a, b))
    return found


def _answer(field: Field, value: Any) -> Text | None:
    if value in (None, ""):
        return None
    if field.kind == "bool":
        return Text("是", "Yes") if value else Text("否", "No")
    return dict(field.choices).get(value, Text(str(value), str(value)))


def amendment_signatures(row: Amendment) -> list[tuple[str, str, Any, bool]]:
    """(side, party's name, signature or None, whether it holds)."""
    found = []
    for side, party in (("supplier", row.contract.supplier), ("buyer", row.contract.buyer)):
        made = getattr(row, f"{side}_signature")
        found.append((side, party.name, made, bool(made) and verify_signature(made, row.sha256, row.context)))
    return found


def acceptance_case(contract: Contract) -> Case | None:
    """The case of the contract's acceptance (room `acceptance`), which hangs under the signing case."""
    return Case.objects.filter(procedure="market.acceptance", parent_id=contract.case_id).first()


def own_custody(actor: Actor) -> bool:
    key = living_key(actor.person_id or 0)
    return key is not None and key.custody == "own"


def price_rows(contract: Contract) -> list[tuple[Text, Any]]:
    """What decides the price, and how the supplier's part is divided where the contract froze shares."""
    shares = contract.snapshot.get("shares", [])
    said = "；".join(f"{number} {share / 10_000:.4f}%" for number, share in shares)
    rows: list[tuple[Text, Any]] = list(pricing.rows(contract.plan, contract.product.mode))
    return [*rows, (Text("供方所得的分配", "Division of the supplier's part"), said)] if said else rows
