"""What of rectification stands open in the test world: a department's streets, published, to which another objects."""

from __future__ import annotations

import io
from typing import Any

from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.vault.services import upload_version
from shugang.publicdata.catalogue.testing import make_resource
from shugang.publicdata.rectification import services

STREETS = "code,name\n350212106,新民镇\n350212008,大同街道\n"


def leave(world: Any) -> None:
    civil, health = world.things["minzheng"], world.things["weijian"]
    dataset = create_dataset(civil, name="示例街道代码", name_en="Sample codes of streets")
    upload_version(civil, dataset.number, io.BytesIO(STREETS.encode()), "streets.csv")
    make_resource(civil.party, name="街道代码", name_en="Codes of streets", dataset=dataset)
    world.things["dataset:civil"] = dataset
    made = services.object_to(health, dataset.number, "name", "350212106", "新民镇已撤镇设街道，请核实。")
    world.things["ticket:streets"] = made.ticket
