"""Factories for tests of this room and those above, built on the real verbs.

agency = make_agency("quality"); case = order_service(client, agency.offers["quality"], dataset=number)
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shugang.kernel import clock, engine, materials
from shugang.kernel.actors import Actor
from shugang.kernel.models import Case
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party, make_signer

from . import services
from .models import SignedReport

_count = itertools.count(1)


@dataclass(frozen=True)
class Agency:
    """An admitted third party: who handles, who signs, and the numbers of its offers by kind."""

    party: Party
    handler: PartyActor
    signer: PartyActor
    offers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """The operator with the two people whom a review asks for."""

    party: Party
    handler: PartyActor
    reviewer: PartyActor


def make_desk() -> Desk:
    from ..testing import load_profiles

    load_profiles()
    party = Party.objects.filter(is_operator=True).first() or make_party("operator")
    return Desk(party, make_actor(party, ("handler",)), make_actor(party, ("reviewer",)))


def make_file(actor: Actor, text: str = "") -> dict[str, Any]:
    return materials.store(actor, "文件.pdf", io.BytesIO(b"%PDF-1.7 " + (text or str(next(_count))).encode()))


def qualification(actor: Actor, days: int = 365, **changes: Any) -> dict[str, Any]:
    """Answers about a qualification in force for `days` more; a document is stored unless one is given."""
    today = clock.today()
    if "document" not in changes:
        changes["document"] = make_file(actor)
    return {
        "qualification_name": "检验检测机构资质认定（CMA）证书", "qualification_number": "示例CMA-0001",
        "qualification_issuer": "示例市场监督管理局", "valid_from": (today - timedelta(days=30)).isoformat(),
        "valid_until": (today + timedelta(days=days)).isoformat(), **changes,
    }  # fmt: skip


def offer_form(actor: Actor, kind: str = "quality", **changes: Any) -> dict[str, Any]:
    """A form that every rule allows; None removes an answer."""
    given = {"document": changes["document"]} if "document" in changes else {}
    form = {
        "kind": kind, "title": f"示例{kind}服务", "title_en": f"Sample {kind} service", "scope": "按GB/T 36344评价一张表，交付证书。",
        "scope_en": "One table by GB/T 36344, with a certificate.", "price_fen": "8000", "days": "10",
        **qualification(actor, **given), "declaration": True, **changes,
    }  # fmt: skip
    return {k: v for k, v in form.items() if v is not None}


def list_offer(agency: Agency, desk: Desk, kind: str, **changes: Any) -> str:
    """Through the whole procedure; returns the offer's number."""
    case = services.apply_offer(agency.handler, offer_form(agency.handler, kind, **changes))
    engine.act(case.number, "accept", desk.handler)
    engine.act(case.number, "list", desk.reviewer, {"document_checked": True})
    agency.offers[kind] = case.number
    return str(case.number)


def make_agency(*kinds: str, desk: Desk | None = None, **changes: Any) -> Agency:
    desk = desk or make_desk()
    party = make_party("reviewer")
    agency = Agency(party, make_actor(party, ("handler",)), make_signer(party))
    for kind in kinds:
        list_offer(agency, desk, kind, **changes)
    return agency


def order_form(dataset: str = "", **changes: Any) -> dict[str, Any]:
    form = {"object_kind": "dataset" if dataset else None, "object_number": dataset or None, "purpose": "上架前质量评价",
            "need": "按六个维度。", **changes}  # fmt: skip
    return {k: v for k, v in form.items() if v is not None}


def order_service(client: Actor, offer: str, dataset: str = "", **changes: Any) -> Case:
    return services.place_order(client, offer, order_form(dataset, **changes))


ANSWERS: dict[str, dict[str, Any]] = {
    "quote": {"fee_fen": "12000", "days": "15"},
    "ask_access": {"reason": "需要逐行核对。"},
    "give_access": {"mode": "sql"},
    "confirm": {},
}
_REASONS = (
    "decline",
    "cancel",
    "refuse_access",
    "reopen",
    "object",
    "maintain",
    "uphold",
    "dismiss",
    "withdraw",
    "resign",
)


def answers_for(step: str, actor: Actor) -> dict[str, Any]:
    """Form answers that a step of an order accepts."""
    if step == "draft":
        return report_form(actor)
    return {"reason": "示例理由。"} if step in _REASONS else dict(ANSWERS.get(step, {}))


def report_form(actor: Actor, **changes: Any) -> dict[str, Any]:
    form = {"file": make_file(actor), "result": "favourable", "summary": "六个维度逐项核对，未发现不符合项。",
            "score": "96", **changes}  # fmt: skip
    return {k: v for k, v in form.items() if v is not None}


PATHS: dict[str, tuple[str, ...]] = {
    "requested": (),
    "quoted": ("quote",),
    "working": ("accept",),
    "access": ("accept", "ask_access"),
    "drafted": ("accept", "draft"),
    "delivered": ("accept", "draft", "sign"),
    "objected": ("accept", "draft", "sign", "object"),
    "disputed": ("accept", "draft", "sign", "object", "maintain"),
    "completed": ("accept", "draft", "sign", "confirm"),
    "declined": ("decline",),
    "cancelled": ("cancel",),
    "terminated": ("accept", "withdraw"),
}
_CLIENT = {"cancel", "agree", "confirm", "object", "withdraw", "give_access", "refuse_access"}
_SIGNER = {"sign", "reopen", "maintain"}


def to_state(case: Case, agency: Agency, client: Actor, state: str, **report: Any) -> Case:
    """Lead an order to a state by real steps; the client holds the data; `report` changes the report's form."""
    for step in PATHS[state]:
        actor = client if step in _CLIENT else agency.signer if step in _SIGNER else agency.handler
        data = report_form(actor, **report) if step == "draft" else answers_for(step, actor)
        engine.act(case.number, step, actor, data)
    return Case.objects.get(pk=case.pk)


def make_report(
    client: Actor, dataset: str, kind: str = "quality", agency: Agency | None = None, **report: Any
) -> SignedReport:
    """A report that stands: offered, ordered, drafted, signed and accepted."""
    agency = agency or make_agency(kind)
    case = order_service(client, agency.offers[kind], dataset)
    to_state(case, agency, client, "completed", **report)
    return SignedReport.objects.get(case=case)
