"""`python -m tests.serve_world FOLDER PORT`: the world in a database of its own, and the platform in real processes.

Prints READY when it answers, and stays until SIGTERM. For the browser tests, and for looking at pages by hand.
"""

from __future__ import annotations

import base64
import os
import secrets
import signal
import sys
import time
from pathlib import Path


def settings(folder: Path, port: int) -> dict[str, str]:
    return {
        "SHUGANG_DEMO": "1", "SHUGANG_VAR_DIR": str(folder), "SHUGANG_HOST": "127.0.0.1", "SHUGANG_PORT": str(port),
        "SHUGANG_DATABASE_URL": f"sqlite://{folder}/control.sqlite3", "SHUGANG_PLANE_PORT": str(port + 1),
        "SHUGANG_PUBLIC_URL": f"http://127.0.0.1:{port}", "SHUGANG_PLANE_URL": f"http://127.0.0.1:{port + 1}",
        "SHUGANG_SECRET_KEY": secrets.token_urlsafe(48),
        "SHUGANG_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "SHUGANG_SITE_SHORT": "数港·示例市", "SHUGANG_SITE_NAME_ZH": "示例市数据要素流通服务平台",
        "SHUGANG_SITE_NAME_EN": "Sample City Data Market", "SHUGANG_HOST_ORG": "示例数据局",
        "SHUGANG_OPERATOR_ORG": "示例数据交易公司", "DJANGO_SETTINGS_MODULE": "shugang.settings",
    }  # fmt: skip


def main() -> int:
    folder, port = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    (folder / "work").mkdir(parents=True)
    os.environ.update(settings(folder, port))
    import django

    django.setup()
    import pytest
    from django.db import connection

    from shugang.commands import processes, setup

    from . import migrated
    from .world import build

    migrated.lay(folder / "control.sqlite3")
    setup.migrate()
    with connection.cursor() as cursor:  # this connection alone: some thousand commits need not wait for the disk
        cursor.execute("PRAGMA synchronous = OFF")
    with pytest.MonkeyPatch.context() as patch:
        build(patch, folder / "work")
    connection.close()
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopping.append(n))
    supervisor = processes.Supervisor(["control", "worker", "sequencer"])
    supervisor.start()
    print("READY", flush=True)
    try:
        while not stopping:
            supervisor.watch_once()
            time.sleep(0.2)
    finally:
        supervisor.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
