"""Running data planes: the platform's own under the supervisor, and a supplier's by `shugang plane`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def platform_dir() -> Path:
    from django.conf import settings

    return Path(settings.VAR_DIR) / "plane"


def enrol_platform_plane() -> None:
    """Give the platform's plane its key and settings at the first start; the control process must answer."""
    from django.conf import settings

    from shugang.delivery.plane.edge import SETTINGS, enrol
    from shugang.delivery.planes.services import create_enrolment
    from shugang.kernel.actors import SYSTEM

    where = platform_dir()
    if (where / SETTINGS).exists():
        return
    _, code = create_enrolment(SYSTEM, "platform", None, settings.SHUGANG_PLANE_URL)
    enrol(f"http://{settings.SHUGANG_HOST}:{settings.SHUGANG_PORT}", code, where)


def platform_command() -> list[str]:
    from shugang.delivery.plane.edge import SETTINGS

    return [sys.executable, "-m", "shugang.delivery.plane", "--config", str(platform_dir() / SETTINGS)]


def platform_environment() -> dict[str, str]:
    from django.conf import settings

    return {
        "SHUGANG_PLANE_ROLE": "platform",
        "SHUGANG_PLANE_HOST": settings.SHUGANG_HOST,
        "SHUGANG_PLANE_PORT": str(settings.SHUGANG_PLANE_PORT),
        "SHUGANG_PLANE_PUBLIC_URL": settings.SHUGANG_PLANE_URL,
        "SHUGANG_PLANE_VAULT_ROOT": str(Path(settings.VAR_DIR) / "vault"),
        "SHUGANG_PLANE_VAULT_S3_URL": settings.SHUGANG_VAULT_S3_URL,
        "SHUGANG_PLANE_CONTROL_URL": f"http://{settings.SHUGANG_HOST}:{settings.SHUGANG_PORT}",
    }


def run(args: argparse.Namespace) -> int:
    """`shugang plane enrol|check|run`: needs no platform settings and no Django."""
    from shugang.delivery.plane.__main__ import main

    if args.plane_command == "enrol":
        return main(["enrol", args.url, args.code, args.dir])
    os.environ.pop("SHUGANG_PLANE_URL", None)
    if args.plane_command == "check":
        return main(["check", str(Path(args.dir) / "plane.toml")])
    return main(["--config", str(Path(args.dir) / "plane.toml")])
