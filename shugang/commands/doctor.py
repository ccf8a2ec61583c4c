"""`shugang doctor`: what is missing or unsafe, in plain words, with what to do about it."""

from __future__ import annotations

import base64
import os
import shutil
import time
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from shugang.policy.text import Text


@dataclass(frozen=True)
class Finding:
    """`fatal`: `shugang serve` refuses to start."""

    text: Text
    fatal: bool = False


def secrets_missing() -> list[str]:
    """Names of the secrets that are not set, or too weak to be used."""
    missing = []
    if settings.SECRET_KEY == settings.INSECURE_SECRET or len(settings.SECRET_KEY) < 40:
        missing.append("SHUGANG_SECRET_KEY")
    try:
        key = base64.b64decode(settings.SHUGANG_MASTER_KEY, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        missing.append("SHUGANG_MASTER_KEY")
    return missing


_SECRETS: dict[str, Text] = {
    "SHUGANG_SECRET_KEY": Text(
        "会话密钥没有设置。请把SHUGANG_SECRET_KEY设为至少40个随机字符（shugang init会给出一个）。",
        "The session secret is not set. Set SHUGANG_SECRET_KEY to 40 or more random characters (shugang init gives one).",
    ),
    "SHUGANG_MASTER_KEY": Text(
        "主密钥没有设置。请把SHUGANG_MASTER_KEY设为32个随机字节的Base64，并另行备份（shugang init会给出一个）。",
        "The master key is not set. Set SHUGANG_MASTER_KEY to 32 random bytes in base64 and keep a copy apart "
        "(shugang init gives one).",
    ),
}


def _secrets() -> list[Finding]:
    return [Finding(_SECRETS[name], True) for name in secrets_missing()]


def _folders() -> list[Finding]:
    where = Path(settings.VAR_DIR)
    try:
        where.mkdir(parents=True, exist_ok=True)
        probe = where / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return [
            Finding(
                Text(
                    f"数据文件夹{where}不可写。请检查权限或改设SHUGANG_VAR_DIR。",
                    f"The data folder {where} is not writable. Check its permissions or set SHUGANG_VAR_DIR.",
                ),
                True,
            )
        ]
    if shutil.disk_usage(where).free < 1 << 30:
        return [Finding(Text("数据文件夹所在磁盘剩余不足1 GB。", "Less than 1 GB is left on the data folder's disk."))]
    return []


def _database() -> list[Finding]:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return [
            Finding(
                Text(
                    "数据库连不上。请检查SHUGANG_DATABASE_URL。",
                    "The database cannot be reached. Check SHUGANG_DATABASE_URL.",
                ),
                True,
            )
        ]
    if pending:
        return [
            Finding(
                Text(
                    f"有{len(pending)}个数据库迁移未执行。请运行shugang init。",
                    f"{len(pending)} migrations are pending. Run shugang init.",
                )
            )
        ]
    return []


def _search() -> list[Finding]:
    if settings.SHUGANG_CATALOGUE_SEARCH == "database" or (
        settings.SHUGANG_CATALOGUE_SEARCH == "tantivy" and find_spec("tantivy")
    ):
        return []
    return [
        Finding(
            Text(
                "SHUGANG_CATALOGUE_SEARCH应为database或tantivy；用tantivy请先安装requirements/search.txt。现由数据库检索。",
                "SHUGANG_CATALOGUE_SEARCH is database or tantivy; for tantivy please install requirements/search.txt. The database searches meanwhile.",
            )
        )
    ]


def _network() -> list[Finding]:
    found = []
    if not settings.SHUGANG_PUBLIC_URL.startswith("https://") and not settings.SHUGANG_DEMO:
        found.append(
            Finding(
                Text(
                    "对外网址不是https。请在反向代理上启用证书，并设SHUGANG_PUBLIC_URL。",
                    "The public address is not https. Enable a certificate at the proxy and set SHUGANG_PUBLIC_URL.",
                )
            )
        )
    if settings.SHUGANG_DEMO and settings.SHUGANG_HOST not in {"127.0.0.1", "::1", "localhost"}:
        found.append(
            Finding(
                Text(
                    "演示库只能监听本机地址。请把SHUGANG_HOST设为127.0.0.1。",
                    "A demonstration database listens on this machine only. Set SHUGANG_HOST to 127.0.0.1.",
                ),
                True,
            )
        )
    for label, url in (
        (Text("网站", "the site"), f"http://{settings.SHUGANG_HOST}:{settings.SHUGANG_PORT}/healthz"),
        (Text("数据面", "the data plane"), f"{settings.SHUGANG_PLANE_URL}/healthz"),
    ):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
                answer.read(1024)
        except OSError:
            found.append(
                Finding(
                    Text(
                        f"{label.zh}没有应答（{url}）。如未启动，请运行shugang serve。",
                        f"No answer from {label.en} ({url}). If it is not running, start shugang serve.",
                    )
                )
            )
    return found


def _clock() -> list[Finding]:
    """Against the database server, where there is one; a file database shares this machine's clock."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        skew = abs(float(cursor.fetchone()[0]) - before)
    if skew > 1.0:
        return [
            Finding(
                Text(
                    f"本机与数据库时钟相差{skew:.1f}秒，租约与签名会失败。请启用时间同步。",
                    f"This machine's clock differs from the database's by {skew:.1f} s. Enable time synchronisation.",
                )
            )
        ]
    return []


def _fonts() -> list[Finding]:
    from shugang.ui import documents

    missing = [] if list(documents.FONTS.glob("*.[ot]tf")) and documents.GLYPHS.exists() else [documents.FONTS.name]
    if missing:
        return [
            Finding(
                Text(
                    f"缺少字体{missing[0]}，凭证无法出具。请重新安装本软件。",
                    f"The font {missing[0]} is missing; certificates cannot be issued. Please reinstall.",
                )
            )
        ]
    return []


def _log_keys() -> list[Finding]:
    """The signature lines that the settings want and this installation cannot make."""
    from shugang.kernel import logkeys

    missing = [name for name in settings.SHUGANG_LOG_ALGORITHMS if name not in logkeys.algorithms()]
    if not missing:
        return []
    return [
        Finding(
            Text(
                f"检查点只用Ed25519签名，缺少{'、'.join(missing)}。国密签名请安装tongsuopy（或接入密码机）；"
                "不需要的，请设SHUGANG_LOG_ALGORITHMS=ed25519。",
                f"Checkpoints are signed with Ed25519 only; {', '.join(missing)} is missing. For SM2 install tongsuopy (or "
                "connect an HSM); if it is not wanted, set SHUGANG_LOG_ALGORITHMS=ed25519.",
            )
        )
    ]


def _witnesses() -> list[Finding]:
    """Once anybody witnesses the log, silence is a fault: nobody would notice a fork."""
    from shugang.kernel import witnessing

    now = witnessing.standing()
    if not now.witnesses:
        return []
    found = []
    if not now.enough:
        text = Text(
            "见证方的运营机构不足规定数，检查点不会显示“已见证”。请登记更多见证方，或改设SHUGANG_WITNESS_QUORUM。",
            "Fewer operators witness the log than the quorum asks for; nothing will be shown as witnessed. Register more, "
            "or set SHUGANG_WITNESS_QUORUM.",
        )
        found.append(Finding(text))
    if now.stale_since:
        faults = "; ".join(f"{row.operator}: {row.fault}" for row in now.witnesses if row.fault)
        text = Text(
            f"{now.stale_since:%Y-%m-%d %H:%M}（UTC）以来的检查点没有达到见证规定数。{faults}",
            f"No checkpoint since {now.stale_since:%Y-%m-%d %H:%M} UTC reached the quorum of witnesses. {faults}",
        )
        found.append(Finding(text))
    return found


def _time_stamps() -> list[Finding]:
    from shugang.kernel import timestamps

    if not timestamps.overdue():
        return []
    return [
        Finding(
            Text(
                "时间戳超过两个间隔没有更新。原因见worker的日志；请检查SHUGANG_TSA_URL、SHUGANG_TSA_CERTIFICATES。",
                "No time stamp for twice the interval. The worker's log says why; check SHUGANG_TSA_URL and "
                "SHUGANG_TSA_CERTIFICATES.",
            )
        )
    ]


def findings() -> list[Finding]:
    found = [*_secrets(), *_folders(), *_search()]
    database = _database()
    found += database
    if not any(f.fatal for f in database):
        found += _clock()
    if not database:
        found += [*_witnesses(), *_time_stamps()]
    return [*found, *_log_keys(), *_fonts()]


def run() -> int:
    """Exit code 0 when nothing was found, 1 otherwise."""
    found = [*findings(), *_network()]
    for finding in found:
        print(f"{'✗' if finding.fatal else '!'} {finding.text.zh}\n  {finding.text.en}")
    if not found:
        print("✓ 没有发现问题。/ Nothing is missing or unsafe.")
    return 1 if found else 0
