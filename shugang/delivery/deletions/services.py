"""The buyer states by signature that the data is deleted."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import rfc8785

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit, iso
from shugang.kernel.verbs import verb
from shugang.parties.keys.services import sign_digest
from shugang.policy.text import Text

from ..gates import GRANT
from ..grants.models import Grant
from ..grants.services import refs
from .models import DeletionDemand, DeletionStatement


def ended_at(grant: Grant) -> datetime | None:
    """When use ended; None while it has not. Use under a contract goes on in the grant that followed by an amendment."""
    following = (
        Grant.objects.filter(contract=grant.contract, pk__gt=grant.pk).order_by("-pk") if grant.contract else None
    )
    successor = following.first() if following is not None and grant.ended_at is not None else None
    if successor is not None:
        return ended_at(successor)
    if grant.ended_at is not None:
        return min(grant.ended_at, grant.valid_until)
    return grant.valid_until if clock.now() >= grant.valid_until else None


def due_at(grant: Grant) -> datetime | None:
    """Until when the statement is due, by what is known today; None where neither the terms nor a decision ask for one."""
    days = grant.terms["delete_after_days"]
    agreed = None if days is None else (ended_at(grant) or grant.valid_until) + timedelta(days=days + 1)
    demand = DeletionDemand.objects.filter(grant=grant).first()
    if demand is None:
        return agreed
    asked = demand.demanded_at + timedelta(days=demand.days + 1)
    return min(agreed, asked) if agreed else asked


@verb
def demand_deletion(actor: Actor, number: str, days: int, reference: str) -> Grant:
    """A decision asks the grantee to delete within `days` of today and to state so; repeated, the first stands.

    Raises Refusal `not_found`.
    """
    grant = Grant.objects.select_for_update().filter(number=number).first()
    if grant is None:
        raise not_found(GRANT)
    DeletionDemand.objects.get_or_create(
        grant=grant, defaults={"reference": reference, "days": days, "demanded_at": clock.now()}
    )
    emit("deletion.demanded", actor, refs(grant), {"reference": reference, "days": days})
    return grant


def statement_of(grant: Grant) -> dict[str, Any]:
    """What is signed: the grant, and the sentence in which its holder vouches for the deletion."""
    return {
        "v": 1,
        "grant": grant.number,
        "contract": grant.contract,
        "product": grant.product,
        "terms_digest": grant.terms_digest,
        "says": "本机构已删除依据本授权取得的全部数据及其副本、备份和可还原的衍生数据，不再保有。",
        "says_en": "We have deleted all data obtained under this grant, its copies and backups, and derived data that "
        "could restore it, and keep none of it.",
    }


def digest(statement: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(statement)).hexdigest()


def context(grant: Grant) -> str:
    """What the signature names besides the digest, so that it serves nothing else."""
    return f"deletion:{grant.number}"


@verb
def state_deletion(actor: Actor, number: str, own_signature: str = "") -> DeletionStatement:
    """Keep the grantee's signed statement. Raises Refusal `not_found`, `forbidden`, `not_asked`, `wrong_state`, and those
    of `sign_digest`."""
    grant = Grant.objects.visible_to(actor).select_for_update().filter(number=number).first()
    if grant is None:
        raise not_found(GRANT)
    if grant.grantee_id != actor.party_id:
        raise not_the_buyer()
    if due_at(grant) is None:
        raise Refusal("not_asked", Text("条款没有约定删除义务。", "The terms ask for no deletion."), 409)
    if ended_at(grant) is None:
        raise Refusal(
            "wrong_state",
            Text("授权还在有效期内，结束使用后再声明。", "The grant still stands. Please state it once use has ended."),
            409,
        )
    if DeletionStatement.objects.filter(grant=grant).exists():
        raise Refusal("wrong_state", Text("已经声明过了。", "It has been stated already."), 409)
    said = statement_of(grant)
    sha256 = digest(said)
    signature = sign_digest(actor, sha256, context(grant), own_signature)
    row = DeletionStatement.objects.create(
        grant=grant,
        statement=said,
        sha256=sha256,
        signature=signature,
        person_id=actor.person_id or 0,
        signed_at=clock.now(),
    )
    due = due_at(grant)
    late = due is not None and row.signed_at >= due
    told = {"statement": said, "sha256": sha256, "signature": signature, "due": iso(due) if due else "", "late": late}
    emit("deletion.stated", actor, refs(grant), told)
    return row


def not_the_buyer() -> Refusal:
    return forbidden("删除声明由需方签署。", "The statement of deletion is signed by the buyer.")
