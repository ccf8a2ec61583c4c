"""Factories for tests of scenarios and of the trace, built on the real verbs.

city = make_city(); developer = make_developer()
approval = approved(city); use = in_use(city, approval, developer)
"""

from __future__ import annotations

from typing import Any

from shugang.assets.testing import make_reviewed
from shugang.kernel import engine
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party
from shugang.policy.identifiers import make_uscc

from ..sharing.testing import City
from . import services
from .models import ClassApproval, ScenarioUse


def make_developer(department: str = "9", category: str = "1") -> PartyActor:
    """A secondary developer; of another kind of subject by its credit code."""
    party = make_party("supplier", "buyer")
    party.uscc = make_uscc(f"developer-{party.pk}", department=department, category=category)
    Party.objects.filter(pk=party.pk).update(uscc=party.uscc)
    return make_actor(party, ("handler", "engineer", "analyst", "signer"))


def class_form(city: City, **changes: Any) -> dict[str, Any]:
    return {
        "title": "社区商业网点选址", "scenario_class": "commerce", "uses": "按街道人口测算网点。",
        "resources": f"{city.resource.number}：街道名称、常住人口", "subjects": ["enterprise"], "purpose": "product_development",
        "mode": "sql", "min_group": "2", "most_days": "180", **changes,
    }  # fmt: skip


def use_form(approval: ClassApproval, **changes: Any) -> dict[str, Any]:
    return {
        "approval": approval.number, "title": "便利店选址助手", "scenario_class": "commerce", "text": "为连锁店推荐街道。", "days": "90",
        **changes,
    }  # fmt: skip


def approved(city: City, reviewed: bool = True, **changes: Any) -> ClassApproval:
    if reviewed:
        make_reviewed(city.handler, city.version)
    row = services.propose_class(city.clerk, class_form(city, **changes))
    engine.act(row.number, "consent", city.officer)
    engine.act(row.number, "approve", city.reviewer, {"opinion": "同类应用需求明确。"})
    return ClassApproval.objects.select_related("case").get(pk=row.pk)


def in_use(city: City, approval: ClassApproval, developer: PartyActor, **changes: Any) -> ScenarioUse:
    row = services.apply(developer, use_form(approval, **changes))
    engine.act(row.number, "approve", city.clerk, {"opinion": "在审定范围内。"})
    return ScenarioUse.objects.select_related("case", "approval", "applicant").get(pk=row.pk)
