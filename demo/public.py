"""The public side: departments with their chief data officers, and the office that keeps the public catalogue."""

from __future__ import annotations

from shugang.parties.accounts.actor import actor_for
from shugang.parties.accounts.models import Person
from shugang.parties.organisations.services import found_party

from .cast import facts, members
from .stage import Stage

BODIES = (
    ("data_office", "示例公共数据管理局", "Sample Public Data Office", "data_office"),
    ("civil", "示例民政局", "Sample Civil Affairs Bureau", "department"),
    ("health", "示例卫生健康委员会", "Sample Health Commission", "department"),
)
PEOPLE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("data_office", "shuju", "叶数据", ("manager", "handler")),
    ("data_office", "shushen", "程审定", ("reviewer", "signer")),
    ("civil", "minzheng", "何民政", ("manager", "handler", "engineer", "analyst")),
    ("civil", "mzguan", "邓首席", ("chief_data_officer", "signer")),
    ("health", "weijian", "杜卫健", ("manager", "handler", "engineer", "analyst", "chief_data_officer")),
)


def bodies(stage: Stage) -> None:
    """Founded, not admitted: public bodies exist by law, and do not trade."""
    system = actor_for(Person.objects.get(username="xitong"), second_factor=True)
    for key, name, name_en, role in BODIES:
        stage.things[key] = found_party(system, facts(key, name, name_en), [role])
    members(stage, {key for key, *_ in BODIES}, PEOPLE)
