"""Factories for tests of sharing and of the rooms above it, built on the real verbs.

city = make_city()                       # data office, a department with data behind a resource, one that asks
request = make_request(city)             # asked for, awaiting the office's check
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shugang.assets import testing as assets
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.models import DatasetVersion
from shugang.delivery.vault.services import upload_version
from shugang.kernel import engine, profiles
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.keys.services import make_key
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party

from ..catalogue.models import PublicResource
from ..catalogue.testing import make_resource
from . import opening_services, services
from .models import Opening, SharingRequest

STREETS = "name,district,population\n" + "".join(
    f"示例街道{n},{('思明区', '湖里区')[n % 2]},{1000 + n}\n" for n in range(40)
)
ITEMS = (
    {"name": "街道名称", "name_en": "Street", "column": "name"},
    {"name": "所属区", "name_en": "District", "column": "district"},
    {"name": "常住人口", "name_en": "Population", "column": "population", "data_type": "N"},
)


@dataclass(frozen=True)
class City:
    """The office with two people, a department with its handler, engineer and chief data officer, and one that asks."""

    office: Party
    clerk: PartyActor
    reviewer: PartyActor
    civil: Party
    handler: PartyActor
    officer: PartyActor
    health: Party
    asker: PartyActor
    version: DatasetVersion
    resource: PublicResource


def load_profiles() -> None:
    assets.load_profiles()
    profiles.load_profiles(sorted((Path(__file__).parents[1] / "profiles").glob("*.json")))


def officer_of(party: Party) -> PartyActor:
    """A chief data officer with a key in the platform's custody."""
    actor = make_actor(party, ("chief_data_officer", "signer"))
    make_key(actor)
    return actor


def make_data(actor: PartyActor, text: str = STREETS, name: str = "街道基本信息") -> DatasetVersion:
    dataset = create_dataset(actor, name=name, name_en="Streets", description="示例数据", origin="示例部门")
    return upload_version(actor, dataset.number, io.BytesIO(text.encode()), "streets.csv")


def make_city(**facts: Any) -> City:
    load_profiles()
    office, civil, health = make_party("data_office"), make_party("department"), make_party("department")
    handler = make_actor(civil, ("handler", "engineer", "analyst"))
    version = make_data(handler)
    resource = make_resource(civil, **{
        "name": "街道基本信息", "name_en": "Streets", "items": list(ITEMS), "dataset": version.dataset, **facts,
    })  # fmt: skip
    return City(
        office, make_actor(office, ("handler",)), make_actor(office, ("reviewer",)), civil, handler, officer_of(civil), health,
        make_actor(health, ("handler", "engineer", "analyst")), version, resource,
    )  # fmt: skip


def request_form(city: City, **changes: Any) -> dict[str, Any]:
    return {
        "resource": city.resource.number, "items": "街道名称、常住人口", "purpose": "public_duty",
        "task": "核定社区卫生服务站布点，依据示例规定第3条。", "mode": "sql", "days": "90", **changes,
    }  # fmt: skip


def make_request(city: City, **changes: Any) -> SharingRequest:
    return services.ask(city.asker, request_form(city, **changes))


def granted(city: City, **changes: Any) -> SharingRequest:
    """An unconditional request that the office granted."""
    row = make_request(city, **changes)
    engine.act(row.number, "grant", city.clerk)
    return SharingRequest.objects.select_related("grant", "case").get(pk=row.pk)


def opened(city: City) -> Opening:
    """The city's resource open to everybody, after its security review."""
    assets.make_reviewed(city.handler, city.version)
    form = {"resource": city.resource.number, "licence": "可自由使用，须注明来源", "attribution": "示例民政局"}
    row = opening_services.propose(city.handler, form)
    engine.act(row.number, "sign", city.officer)
    engine.act(row.number, "approve", city.reviewer)
    return Opening.objects.select_related("grant", "case", "resource").get(pk=row.pk)
