"""What `shugang backup` and `shugang restore` say and ask."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from .errors import Stopped


def _passphrase(args: argparse.Namespace, twice: bool) -> str:
    """From a file or the person at the terminal: never from the command line, which others can see."""
    if args.passphrase_file:
        try:
            return Path(args.passphrase_file).read_text().strip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise Stopped(
                f"口令文件{args.passphrase_file}读不出。", f"The passphrase file {args.passphrase_file} cannot be read."
            ) from None
    if not sys.stdin.isatty():
        raise Stopped(
            "请用--passphrase-file给出口令（或用公钥）。", "Please give a passphrase with --passphrase-file (or a key)."
        )
    given = getpass.getpass("口令 / passphrase: ")
    if twice and getpass.getpass("再输一次 / again: ") != given:
        raise Stopped("两次输入不同。", "The two entries differ.")
    return given


def _stopped(error: Stopped) -> int:
    print(f"✗ {error.text.zh}\n  {error.text.en}", file=sys.stderr)
    return 1


def backup(args: argparse.Namespace) -> int:
    """Exit code 0 when the backup stands and was checked."""
    from . import check, sealing

    try:
        if args.new_recipient:
            print(sealing.new_identity(Path(args.new_recipient)))
            return 0
        if not args.target:
            raise Stopped("请给出备份文件或文件夹。", "Please name the backup's file or folder.")
        if args.verify:
            identity = Path(args.identity) if args.identity else None
            check.run(Path(args.target), _passphrase(args, False) if args.passphrase_file else "", identity)
            return 0
        return _take(args)
    except Stopped as error:
        return _stopped(error)


def _take(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    from . import collect

    passphrase = "" if args.recipient else _passphrase(args, True)
    made = collect.take(Path(args.target).absolute(), passphrase, args.recipient)
    print(f"✓ 备份完成并已核对：{made} / The backup stands and was checked.")
    return 0


def restore(args: argparse.Namespace) -> int:
    """Exit code 0 when everything stands in its place."""
    from . import restore as doing

    try:
        identity = Path(args.identity) if args.identity else None
        passphrase = "" if identity else _passphrase(args, False)
        published = None if args.nothing_published else args.published
        target = Path(args.to)
        places = (args.journal_url, args.vault_s3_url)
        told = doing.restore(Path(args.source), target, args.database_url, published, passphrase, identity, *places)
    except Stopped as error:
        return _stopped(error)
    for line in told:
        print(line)
    print(
        f"✓ 已恢复到{target}。密钥与设置在{target}/{doing.ENVIRONMENT}（仅所有者可读）。下一步 / Restored. Next:\n"
        f"  set -a; . {target}/{doing.ENVIRONMENT}; set +a\n  shugang verify && shugang serve"
    )
    return 0
