"""Factories: an office, departments with their people, a designated source."""

from __future__ import annotations

from datetime import date
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party

from . import services
from .models import SourceOfTruth


def make_office() -> Actor:
    return make_actor(make_party("data_office", name="示例公共数据管理局"), ("reviewer", "handler"))


def make_people(name: str) -> tuple[Party, Actor, Actor]:
    """A department, its handler and its chief data officer."""
    party = make_party("department", name=name)
    return party, make_actor(party, ("handler",)), make_actor(party, ("chief_data_officer",))


def claim_form(element: str = "DE00001", **facts: Any) -> dict[str, Any]:
    return {"element": element, "name": "婚姻登记日期", "region": "350200", "basis": "婚姻登记条例（国务院令第804号）第二条",
            "valid_from": date(2025, 9, 1).isoformat(), **facts}  # fmt: skip


def make_source(handler: Actor, chief: Actor, office: Actor, **facts: Any) -> SourceOfTruth:
    case = services.claim_source(handler, claim_form(**facts))
    engine.act(case.number, "sign", chief)
    engine.act(case.number, "designate", office)
    return SourceOfTruth.objects.get(case=case)
