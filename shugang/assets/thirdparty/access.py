"""Data for an assessor: by grant, like anyone. The basis is the order, a case under examination (`GrantBasis` kind `case`)."""

from __future__ import annotations

from datetime import timedelta

from shugang.delivery.grants import sources
from shugang.delivery.grants.services import end_by_basis, issue_grant
from shugang.delivery.models import Grant
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.policy.terms import Terms

from .guards import rules
from .models import ServiceOrder
from .signing import digest_of

BASIS = "case"
PURPOSE = "assessment"
ACTIONS = {"sql": ("read", "query"), "file": ("read", "download")}
DELETE_AFTER_DAYS = 30


def order_digest(order: ServiceOrder) -> str:
    """What the grant's basis points at: who assesses what for whom, as agreed."""
    return digest_of({
        "order": order.number, "kind": order.kind, "client": order.client.uscc, "agency": order.agency.uscc,
        "object": [order.object_kind, order.object_number],
        "version_sha256": order.version.sha256 if order.version else "",
        "fee_fen": order.fee_fen, "days": order.days,
    })  # fmt: skip


def give(actor: Actor, order: ServiceOrder, mode: str, columns: tuple[str, ...]) -> Grant:
    """Grant the agency what the order is about, for assessment only, no redistribution, deleted afterwards.

    Raises Refusal `not_hosted`, `bad_terms` (an unknown column), `no_life`.
    """
    version = order.version
    assert version is not None and order.holder is not None
    now = clock.now()
    until = now + timedelta(days=int(rules(order.case).data["access_days"]))
    terms = Terms(
        actions=ACTIONS[mode],
        purpose=PURPOSE,
        fields=columns or tuple(c.name for c in version.policy_columns()),
        valid_from=now,
        valid_until=until,
        delete_after_days=DELETE_AFTER_DAYS,
        notes=f"{order.number}",
    )
    make = {
        "sql": lambda: sources.sql_source(version, "data"),
        "file": lambda: sources.file_source(version, order.object_name),
    }
    return issue_grant(
        actor,
        grantee=order.agency,
        supplier=order.holder,
        product=order.number,
        contract="",
        mode=mode,
        terms=terms,
        bases=[{"kind": BASIS, "reference": order.number, "digest": order_digest(order), "valid_until": until}],
        source=make[mode](),
        outcomes={"found": False, "not_found": False, "delivered": False},
    )


def end(order: ServiceOrder, reason: str) -> list[str]:
    """End what the order had opened; returns the grants' numbers."""
    return end_by_basis(SYSTEM, BASIS, order.number, reason)
