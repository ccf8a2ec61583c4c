"""`shugang serve`: one supervisor over the four roles (DESIGN §4); in a city each role runs where it should."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROLES = ("control", "plane", "worker", "sequencer")


@dataclass
class Child:
    """One role's process, restarted with a growing pause when it dies."""

    role: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    next_start: float = 0.0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which stops the roles in order.
        self.process = subprocess.Popen(  # noqa: S603
            self.command, env={**os.environ, **self.environment}, start_new_session=True
        )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, patience: float = 10.0) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)


def control_command() -> list[str]:
    from django.conf import settings

    static = Path(settings.BASE_DIR) / "ui" / "static"
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.SHUGANG_HOST,
        "--port", str(settings.SHUGANG_PORT), "--workers", "1", "--blocking-threads", "8", "--no-ws",
        "--log-level", "warning", "--static-path-route", "/static", "--static-path-mount", str(static),
        "shugang.wsgi:application",
    ]  # fmt: skip


def command(role: str) -> list[str]:
    if role == "control":
        return control_command()
    if role == "plane":
        from . import plane

        return plane.platform_command()
    return [sys.executable, "-m", f"shugang.commands.{role}"]


def wait_for(url: str, alive: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether `url` answered 200 in time while its process was alive."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def taken(host: str, port: int) -> bool:
    """Whether something listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1" if host == "0.0.0.0" else host, port)) == 0  # noqa: S104


class Supervisor:
    """Starts roles in order, restarts what dies, stops all in reverse order."""

    def __init__(self, roles: list[str]) -> None:
        unknown = sorted(set(roles) - set(ROLES))
        if unknown:
            raise SystemExit(f"不认识的进程 / unknown role: {', '.join(unknown)}; {', '.join(ROLES)}")
        self.roles = [r for r in ROLES if r in roles]
        self.children: list[Child] = []

    def start(self) -> None:
        """Start every role; when one cannot start, none stays behind."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        from django.conf import settings

        self._refuse_taken_ports()
        for role in self.roles:
            environment: dict[str, str] = {}
            if role == "plane":
                from . import plane

                plane.enrol_platform_plane()
                environment = plane.platform_environment()
            child = Child(role, command(role), environment)
            child.start()
            self.children.append(child)
            if role == "control":
                base = f"http://{settings.SHUGANG_HOST}:{settings.SHUGANG_PORT}"
                if not wait_for(f"{base}/healthz", child.alive):
                    raise SystemExit("网站没有启动，请看上面的错误。/ The site did not start; see the error above.")

    def _refuse_taken_ports(self) -> None:
        """granian shares a port silently: two platforms on one port would answer each other's requests."""
        from django.conf import settings

        ports = {"control": settings.SHUGANG_PORT, "plane": settings.SHUGANG_PLANE_PORT}
        for role in self.roles:
            if role in ports and taken(settings.SHUGANG_HOST, ports[role]):
                raise SystemExit(
                    f"端口{ports[role]}已被占用，请停掉那个程序，或改设SHUGANG_PORT、SHUGANG_PLANE_PORT。/ "
                    f"Port {ports[role]} is taken. Stop that program, or set SHUGANG_PORT and SHUGANG_PLANE_PORT."
                )

    def watch_once(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            if child.next_start == 0.0:
                child.failures += 1
                child.next_start = now + min(30.0, 0.5 * 2 ** min(child.failures, 6))
                print(
                    f"{child.role} 退出（{child.process.returncode}），稍后重启 / exited; restarting", file=sys.stderr
                )
            elif now >= child.next_start:
                child.next_start = 0.0
                child.start()

    def stop(self) -> None:
        for child in reversed(self.children):
            child.stop()
        self.children.clear()


def share_the_plane(workers: int | None) -> None:
    """Several workers of the plane share their journal in PostgreSQL: without it there is no start."""
    if workers is not None:
        os.environ["SHUGANG_PLANE_WORKERS"] = str(workers)
    given = os.environ.get("SHUGANG_PLANE_WORKERS", "1")
    if not given.isdigit() or int(given) < 1:
        raise SystemExit("数据面工作进程数须为正整数。/ The number of plane workers must be a whole number from 1.")
    if int(given) > 1 and not any(os.environ.get(f"SHUGANG_PLANE_JOURNAL_URL{kind}") for kind in ("", "_FILE")):
        raise SystemExit(
            "多个数据面工作进程要共用PostgreSQL中的用量日志，请先设SHUGANG_PLANE_JOURNAL_URL（或…_FILE）。/ Several plane "
            "workers share their journal in PostgreSQL. Please set SHUGANG_PLANE_JOURNAL_URL (or …_FILE) first."
        )


def serve(roles: list[str], plane_workers: int | None = None) -> int:
    """Run until Ctrl-C or SIGTERM. Refuses to start with an insecure secret."""
    share_the_plane(plane_workers)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    from . import doctor, setup

    fatal = [f for f in doctor.findings() if f.fatal]
    for finding in fatal:
        print(f"✗ {finding.text.zh} / {finding.text.en}", file=sys.stderr)
    if fatal:
        return 1
    setup.migrate()
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopping.append(n))
    supervisor = Supervisor(roles)
    supervisor.start()
    from django.conf import settings

    print(f"数港已启动 / Shugang is up: {settings.SHUGANG_PUBLIC_URL}", flush=True)
    try:
        while not stopping:
            supervisor.watch_once()
            time.sleep(0.3)
    finally:
        supervisor.stop()
    return 0
