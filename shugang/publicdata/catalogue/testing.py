"""Factories for tests of this wing and those above.

resource = make_resource(make_department(), name="婚姻登记信息", items=["姓名", "证件号码"])
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from shugang.kernel import clock, engine, profiles
from shugang.kernel.numbering import next_number, yearly_number
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party

from . import content as contents
from . import publishing
from .models import PublicResource

ITEMS = ("姓名", "登记日期", "登记机关")


def make_department(name: str = "") -> Party:
    return make_party("department", name=name)


def make_content(department: Party, **facts: Any) -> dict[str, Any]:
    """A whole content; `items`: names, or facts of items with their `name`. `dataset`: a `Dataset` or its number."""
    items = [{"name": i} if isinstance(i, str) else i for i in facts.pop("items", ITEMS)]
    dataset = facts.pop("dataset", "")
    blank = {"name_en": "", "element": "", "data_type": "C", "length": None, "column": "", "sharing": "", "opening": "",
             "required": False, "description": ""}  # fmt: skip
    return {
        "name": "社会组织登记信息", "name_en": "Registered social organisations", "summary": "本市登记的社会组织。",
        "kind": "department", "base_library": "", "theme": "civil", "format": "database", "sharing": "unconditional",
        "sharing_condition": "", "sharing_method": "interface", "opening": "unconditional", "opening_condition": "",
        "update_cycle": "monthly", "related": [], "code": f"306001/{next_number('catalogue.code.306001'):06d}",
        **facts,
        "dataset": getattr(dataset, "number", dataset),
        "items": [{**blank, **item} for item in items],
    }  # fmt: skip


@transaction.atomic
def make_resource(department: Party | None = None, **facts: Any) -> PublicResource:
    """A published resource with its items, its first version and its line in the change feed."""
    department = department or make_department()
    content = make_content(department, **facts)
    now = clock.now()
    resource = PublicResource(
        number=yearly_number("GM", clock.today().year), department=department, created_at=now, version=0
    )
    contents.apply(resource, content)
    resource.save()
    publishing.publish([(resource, content)], None, now)
    return resource


def make_answers(**changes: Any) -> dict[str, Any]:
    """Good answers of the form of an entry, with two items."""
    return {
        "name": "社会组织登记信息", "summary": "本市登记的社会组织。", "kind": "department", "classification": "306001", "theme": "civil",
        "format": "database", "update_cycle": "monthly", "sharing": "unconditional", "sharing_method": "interface",
        "opening": "unconditional", "items": [{"name": "名称", "data_type": "C", "length": 100}, {"name": "登记日期", "data_type": "D"}],
        **changes,
    }  # fmt: skip


def load_profiles() -> None:
    profiles.load_profiles(sorted((Path(__file__).parent.parent / "profiles").glob("*.json")))


@dataclass(frozen=True)
class Bodies:
    """A department with its handler and chief data officer, and the office that examines."""

    department: Party
    handler: PartyActor
    officer: PartyActor
    office: Party
    examiner: PartyActor

    def to_done(self, number: str) -> None:
        """From draft to in force, by the people whose steps they are."""
        engine.act(number, "submit", self.handler)
        engine.act(number, "sign", self.officer)
        engine.act(number, "approve", self.examiner)


def make_bodies(name: str = "") -> Bodies:
    load_profiles()
    department = make_department(name)
    office = Party.objects.filter(is_data_office=True).first() or make_party("data_office")
    return Bodies(
        department, make_actor(department, ("handler",)), make_actor(department, ("chief_data_officer",)), office,
        make_actor(office, ("reviewer",)),
    )  # fmt: skip
