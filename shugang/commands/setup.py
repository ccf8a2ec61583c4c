"""`shugang init`: what a first run needs. Safe to run again: nothing that exists is replaced."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from shugang.kernel.profiles import load_profiles


def profile_files() -> list[Path]:
    return sorted(Path(settings.BASE_DIR).glob("*/profiles/*.json"))


def migrate() -> None:
    for name in ("", "vault", "materials", "keys"):
        (Path(settings.VAR_DIR) / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    call_command("migrate", verbosity=0, interactive=False)
    load_profiles(profile_files())


def _missing_secrets() -> str | None:
    """Fresh secrets to keep, where none are set: nothing is written for whoever runs this to forget about."""
    from . import doctor

    wanted = [f for f in doctor.secrets_missing()]
    if not wanted:
        return None
    lines = [
        "请先保存下面的密钥（例如写入 /etc/shugang.env，仅管理员可读），设为环境变量后再运行一次。",
        "Please keep these secrets (in /etc/shugang.env, say, readable by root alone), set them and run this again.",
        "",
    ]
    if "SHUGANG_SECRET_KEY" in wanted:
        lines.append(f"SHUGANG_SECRET_KEY={secrets.token_urlsafe(48)}")
    if "SHUGANG_MASTER_KEY" in wanted:
        lines.append(f"SHUGANG_MASTER_KEY={base64.b64encode(secrets.token_bytes(32)).decode()}")
    return "\n".join(lines)


def init(show_links: bool = True) -> int:
    """Migrate, load rule profiles, make the platform's keys and the three administrators' one-time links."""
    from shugang.kernel import logkeys, platform
    from shugang.parties.accounts import services

    if (words := _missing_secrets()) is not None:
        print(words)
        return 1
    migrate()
    for purpose in platform.PURPOSES:
        platform.private_key(purpose)
    logkeys.signers(settings.SHUGANG_LOG_ORIGIN)
    print("数据库与密钥已就绪。/ Database and keys are ready.")
    links = services.make_setup_links()
    if links and show_links:
        print(
            "三员一次性链接（48小时内有效，各用一次，请分别交给三个人）/ One-time links for the three administrators:"
        )
        for post, link in links:
            print(f"  {post}: {link}")
    return 0
