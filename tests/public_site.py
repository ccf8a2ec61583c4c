"""`python -m tests.public_site FOLDER PORT`: departments, a data office and one buyer, in real processes with a plane.

A resource with reviewed data and an approved class of scenarios stand ready; the rest is done in browsers. Prints READY and the
numbers as JSON, and stays until SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from .serve_world import settings


def main() -> int:
    folder, port = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    folder.mkdir(parents=True)
    os.environ.update({**settings(folder, port), "SHUGANG_ALLOWED_NETWORKS": "127.0.0.0/8"})
    import django

    django.setup()
    from demo import cast, public
    from demo.play import set_clock
    from shugang.commands import processes, setup
    from shugang.kernel import engine
    from shugang.publicdata.scenarios.services import propose_class

    from . import migrated
    from .world import Quiet, World
    from .world_public import scenarios, sharing

    migrated.lay(folder / "control.sqlite3")
    setup.migrate()
    set_clock()
    world = World()
    stage = Quiet(0, things=world.things)
    cast.posts_and_founders(stage)
    cast.admissions(stage)
    public.bodies(stage)
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopping.append(n))
    supervisor = processes.Supervisor(["control", "plane", "worker", "sequencer"])
    supervisor.start()
    sharing.leave(world)
    row = propose_class(world.actor("shuju"), scenarios.class_form(world))
    engine.act(row.number, "consent", world.actor("mzguan"))
    engine.act(row.number, "approve", world.actor("shushen"), {"opinion": "同类需求明确。"})
    told = {
        "approval": row.number,
        "resource": world.number("resource:streets"),
        "opening": world.number("opening:open"),
    }
    print("READY " + json.dumps(told), flush=True)
    try:
        while not stopping:
            supervisor.watch_once()
            time.sleep(0.2)
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
