"""`python -m shugang.delivery.vault.tests.site FOLDER PORT`: a platform in real processes with one supplier.

Prints one JSON line (token, data set, process ids by role) when it answers; again whenever a role was restarted.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import tests.serve_world as world
from tests import migrated


def main() -> int:
    folder, port = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(world.settings(folder, port) | {"SHUGANG_DEMO": ""})
    import django

    django.setup()
    from shugang.commands import processes, setup
    from shugang.delivery.datasets.services import create_dataset
    from shugang.delivery.testing import make_supplier
    from shugang.parties.accounts.tokens import make_token

    migrated.lay(folder / "control.sqlite3")
    setup.migrate()
    actor = make_supplier()[1]
    facts = {
        "token": make_token(actor, "upload", read_only=False)[1],
        "dataset": create_dataset(actor, name="大").number,
    }
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda n, _frame: stopping.append(n))
    supervisor = processes.Supervisor(["control", "worker"])
    supervisor.start()
    said = None
    try:
        while not stopping:
            supervisor.watch_once()
            pids = {child.role: child.process.pid for child in supervisor.children if child.process}
            if pids != said:
                print(json.dumps({**facts, "pids": pids}), flush=True)
                said = pids
            time.sleep(0.1)
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
