"""`shugang demo`: a clean demonstration database, the platform on this machine, the play, and the table."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import IO

from .processes import taken

ROOT = Path(__file__).resolve().parents[2]
PORTS = (8600, 8601, 8602)
_held: list[IO[str]] = []


def _ports() -> tuple[int, int, int]:
    """The usual three, or the next free ones above them."""
    start = int(os.environ.get("SHUGANG_PORT", PORTS[0]))
    for base in range(start, start + 300, 10):
        if not any(taken("127.0.0.1", base + i) for i in range(3)):
            return base, base + 1, base + 2
    raise SystemExit("8600以上没有空闲端口。/ No free ports above 8600.")


def _hold(folder: Path) -> None:
    """One demonstration a folder: a second one would empty it under the first. Held until this process ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    handle = (folder.parent / f".{folder.name}.lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(
            "演示已在运行，请先在那个窗口按Ctrl-C。/ A demonstration is running; stop it with Ctrl-C first."
        ) from None
    _held.append(handle)


def prepare() -> Path:
    """Settings of the demonstration and an empty data folder; returns it. Never touches another database."""
    folder = Path(os.environ.get("SHUGANG_DEMO_DIR", ROOT / "var" / "demo")).resolve()
    if folder.exists() and not (folder / ".demonstration").exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder}不是演示文件夹，不会清空。/ {folder} is no demonstration folder; it stays.")
    _hold(folder)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / ".demonstration").touch()
    site, plane, edge = _ports()
    os.environ.update({
        "SHUGANG_DEMO": "1",
        "SHUGANG_VAR_DIR": str(folder),
        "SHUGANG_DATABASE_URL": os.environ.get("SHUGANG_DEMO_DATABASE_URL", f"sqlite://{folder}/control.sqlite3"),
        "SHUGANG_SECRET_KEY": secrets.token_urlsafe(48),
        "SHUGANG_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "SHUGANG_HOST": "127.0.0.1",
        "SHUGANG_PORT": str(site),
        "SHUGANG_PUBLIC_URL": f"http://127.0.0.1:{site}",
        "SHUGANG_PLANE_PORT": str(plane),
        "SHUGANG_PLANE_URL": f"http://127.0.0.1:{plane}",
        "SHUGANG_DEMO_EDGE_PORT": str(edge),
        "SHUGANG_ALLOWED_NETWORKS": "127.0.0.0/8",
        "SHUGANG_SITE_SHORT": "数港·示例市",
        "SHUGANG_SITE_NAME_ZH": "示例市数据要素流通服务平台",
        "SHUGANG_SITE_NAME_EN": "Sample City Data Market",
        "SHUGANG_HOST_ORG": "示例数据局",
        "SHUGANG_OPERATOR_ORG": "示例数据交易公司",
        "DJANGO_SETTINGS_MODULE": "shugang.settings",
    })  # fmt: skip
    sys.path.insert(0, str(ROOT))
    return folder


def run(stay: bool) -> int:
    """Play; with `stay`, keep the platform up until Ctrl-C. Exit code 1 when a step failed."""
    prepare()
    import django

    django.setup()
    from django.conf import settings

    from demo import play
    from shugang.commands import processes, setup

    print("准备演示库 / preparing the demonstration …", flush=True)
    setup.migrate()
    play.set_clock()
    supervisor = processes.Supervisor(list(processes.ROLES))
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda n, _frame: stopping.append(n))
    try:
        supervisor.start()
        stage = play.run(supervisor)
        print()
        print(stage.table())
        print(f"\n演示用时 / played in {stage.seconds:.0f}s")
        if not stay:
            return 0
        _invite(settings.SHUGANG_PUBLIC_URL)
        while not stopping:
            supervisor.watch_once()
            time.sleep(0.3)
    except KeyboardInterrupt:
        print("\n再见。/ Goodbye.")
    finally:
        supervisor.stop()
    return 0


def _invite(address: str) -> None:
    from shugang.parties.accounts import demo

    print(f"\n门户 / portal: {address}/")
    print(
        f"登录 / sign in: {address}/sign-in   （密码都是 / password of all: {demo.PASSWORD}；当前动态口令显示在登录页）"
    )
    for account in demo.demo_accounts():
        print(f"  {account.username:<10} {account.name}  {account.party}")
    print("按 Ctrl-C 结束 / press Ctrl-C to stop", flush=True)
