"""`shugang init`: what a first run needs. Safe to run again: nothing that exists is replaced."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from shugang.kernel.profiles import load_profile


def profile_files() -> list[Path]:
    return sorted(Path(settings.BASE_DIR).glob("*/profiles/*.json"))


def migrate() -> None:
    for name in ("", "vault", "materials", "keys"):
        (Path(settings.VAR_DIR) / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    call_command("migrate", verbosity=0, interactive=False)
    for path in profile_files():
        load_profile(path)


def init(show_links: bool = True) -> int:
    """Migrate, load rule profiles, make the platform's keys and the three administrators' one-time links."""
    from shugang.kernel import platform
    from shugang.parties.accounts import services

    migrate()
    for purpose in platform.PURPOSES:
        platform.private_key(purpose)
    print("数据库与密钥已就绪。/ Database and keys are ready.")
    links = services.make_setup_links()
    if links and show_links:
        print(
            "三员一次性链接（48小时内有效，各用一次，请分别交给三个人）/ One-time links for the three administrators:"
        )
        for post, link in links:
            print(f"  {post}: {link}")
    return 0
