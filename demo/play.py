"""The script of the demonstration, in the order of the chain."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from . import (
    cast,
    delivery,
    exclusive,
    leftovers,
    proof,
    public_scene,
    registration,
    security,
    settlement,
    trade,
    worth,
)
from .stage import Stage

STEPS = 67
# A Monday with a loaded calendar: notices, contracts and the first bill all fall into known years.
OPENING = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def set_clock() -> None:
    """The simulated clock of the demonstration's database, before anything happens in it."""
    from shugang.kernel import clock

    clock.move_to(OPENING)


def site_plane(stage: Stage, supervisor: Any) -> None:
    """The supplier connects his database: a plane of his own, one command with a one-time code."""
    from django.conf import settings

    from shugang.commands.processes import Child, wait_for
    from shugang.delivery.plane.edge import enrol
    from shugang.delivery.planes.services import create_enrolment

    port = os.environ["SHUGANG_DEMO_EDGE_PORT"]
    with stage.step("供方现场节点：一次性代码接入，数据库不出机房", "供方工程师") as said:
        supplier = stage.things["gongfang"]
        plane, code = create_enrolment(supplier, "示例鹭岛机房", supplier.party_id, f"http://127.0.0.1:{port}")
        site = Path(settings.VAR_DIR) / "site"
        database = registration.site_database(site)
        config = enrol(settings.SHUGANG_PUBLIC_URL, code, site / "plane")
        with config.open("a", encoding="utf-8") as out:
            out.write(f'\n[connectors.companies]\nurl = "sqlite:///{database}"\n')
        environment = {
            "SHUGANG_PLANE_PORT": port,
            "SHUGANG_PLANE_HOST": "127.0.0.1",
            "SHUGANG_PLANE_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SHUGANG_MASTER_KEY": "",
            "SHUGANG_SECRET_KEY": "",
            "SHUGANG_DATABASE_URL": "",
        }
        child = Child(
            "site plane", [sys.executable, "-m", "shugang.delivery.plane", "--config", str(config)], environment
        )
        child.start()
        supervisor.children.append(child)
        if not wait_for(f"http://127.0.0.1:{port}/healthz", child.alive):
            raise RuntimeError("the supplier's plane did not start")
        stage.things["plane"] = plane
        said.append(f"{plane.number} 已接入，主动拨出，平台不连入供方网络")


def run(supervisor: Any) -> Stage:
    stage = Stage(STEPS)
    cast.posts_and_founders(stage)
    cast.admissions(stage)
    site_plane(stage, supervisor)
    registration.store(stage)
    registration.register(stage)
    security.clear(stage)
    worth.services(stage)
    worth.quality(stage)
    worth.value(stage)
    trade.products(stage)
    worth.price(stage)
    trade.deals(stage)
    delivery.keys(stage)
    delivery.tables(stage)
    delivery.lookups(stage)
    delivery.queries(stage)
    delivery.refusals(stage)
    delivery.revocation(stage)
    delivery.journal_home(stage)
    public_scene.play(stage)
    for step in (
        exclusive.need,
        exclusive.announce,
        exclusive.bid,
        exclusive.deliver,
        exclusive.dispute,
        exclusive.account,
    ):
        step(stage)
    settlement.bill_and_settle(stage)
    settlement.expiry(stage)
    leftovers.leave(stage)
    proof.whole_log(stage)
    proof.one_receipt(stage)
    proof.tampering(stage)
    return stage
