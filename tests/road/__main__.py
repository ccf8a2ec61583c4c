"""`python -m tests.road FOLDER PORT`: the road from its first step to its last, over real processes, in a folder of its own.

`--serve`: up to the listing, for two people in their browsers (`serve`). Writes facts.json there. Exit code 1 when something was not as it should be.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from . import STEPS
from .begin import begin


def main() -> int:
    started = time.monotonic()
    folder, port = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    begin(folder, port)
    from django.conf import settings

    from shugang.commands import processes
    from shugang.kernel import sequencer

    from . import bargain, deliver, money, people, serve
    from .stage import Road

    supervisor = processes.Supervisor(list(processes.ROLES))
    try:
        supervisor.start()
        road = Road(len(STEPS))
        url = settings.SHUGANG_PUBLIC_URL
        road.things |= {"folder": folder, "url": url, "vkey": sequencer.vkey()}
        road.facts["ready"] = time.monotonic() - started
        people.onboard(road)
        people.listing(road, folder / "data")
        if "--serve" in sys.argv:
            serve.serve(road)
            return 0
        bargain.demand(road)
        bargain.match(road)
        bargain.negotiate(road)
        bargain.sell_alone(road, folder, url)
        bargain.sign(road)
        bargain.hold(road)
        deliver.deliver(road)
        deliver.meter(road)
        for step in (money.bill, money.split, money.contend, money.refund, money.credit_note, money.statement):
            step(road)
    finally:
        supervisor.stop()
    road.facts |= {"took": road.took, "seconds": time.monotonic() - started}
    (folder / "facts.json").write_text(json.dumps(road.facts, ensure_ascii=False), encoding="utf-8")
    print(f"{road.facts['seconds']:.1f}s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
