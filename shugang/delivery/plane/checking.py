"""A doctor for a plane at a supplier's site: what it needs, tried once, told without secrets or values."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors import Connector, SourceFailed, open_connectors
from shugang.delivery.plane.connectors.files import FilesConnector, Folder, Objects
from shugang.delivery.plane.control import Control, ControlError
from shugang.delivery.plane.s3 import S3Failed
from shugang.policy.bundle import BadBundle, open_bundle
from shugang.policy.text import Text

SECONDS = 10.0
LEAST_FREE = 1024 * 1024 * 1024
MOST_SKEW = 30.0


class Found(NamedTuple):
    """`fine`: True, False, or None where it is only worth knowing."""

    fine: bool | None
    what: Text


async def findings(config: PlaneConfig) -> AsyncIterator[Found]:
    """One after the other, as they are known; never raises for what it was asked to look at."""
    try:
        config.private_key()
        config.platform_public_key()
        yield Found(True, Text("私钥可读，且只有本用户可读", "The private key is readable, by this user alone"))
    except ConfigError as error:
        yield Found(False, Text(f"密钥不可用：{error}", f"A key cannot be used: {error}"))
        return
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(config.data_dir).free
    size = free // 1024 // 1024
    yield Found(free > LEAST_FREE, Text(f"用量日志所在磁盘剩余{size} MB", f"The journal's disk has {size} MB left"))
    yield await _platform(config)
    if not config.public_url:
        yield Found(
            None,
            Text("没有设置public_url，需方不知道从哪里调用", "public_url is not set: buyers cannot know where to call"),
        )
    try:
        connectors = open_connectors(config)
    except ConfigError as error:
        yield Found(False, Text(f"数据来源设置有误：{error}", f"A connector's settings are wrong: {error}"))
        return
    if not connectors:
        yield Found(None, Text("还没有设置数据来源", "No connector is set yet"))
    for name, connector in connectors.items():
        yield await asyncio.to_thread(_connector, name, connector)


async def _platform(config: PlaneConfig) -> Found:
    control = Control(config.control_url, config.plane_id, config.private_key(), SECONDS)
    try:
        raw = await control.get("/plane/v1/bundle?revision=0")
        bundle = open_bundle(raw, config.platform_public_key())
    except (ControlError, BadBundle) as error:
        return Found(False, Text(f"平台不给授权包：{error}", f"The platform gives no bundle: {error}"))
    finally:
        await control.close()
    skew = abs(time.time() - bundle.issued_at.timestamp())
    if skew > MOST_SKEW:
        return Found(
            False, Text(f"本机时钟与平台相差{skew:.0f}秒", f"This clock and the platform's differ by {skew:.0f} s")
        )
    count = len(bundle.grants or ())
    return Found(True, Text(f"平台已连通，授权{count}份", f"The platform answers, with {count} grants"))


def _connector(name: str, connector: Connector) -> Found:
    try:
        _tried(connector)
    except SourceFailed as error:
        return Found(
            False, Text(f"来源{name}不可用：{error.code}（{error}）", f"Connector {name}: {error.code} ({error})")
        )
    except S3Failed as error:
        return Found(False, Text(f"来源{name}不可用：{error}", f"Connector {name}: {error}"))
    return Found(True, Text(f"来源{name}可用", f"Connector {name} answers"))


def _tried(connector: Connector) -> None:
    if not isinstance(connector, FilesConnector):
        connector.fetch("SELECT 1 AS one", {}, 1, SECONDS)
    elif isinstance(connector.store, Objects):
        connector.store.test(SECONDS)
    elif isinstance(connector.store, Folder):
        root = connector.store.root
        for table, pattern in connector.tables.items():
            if not root.is_dir() or not any(root.glob(pattern)):
                raise SourceFailed("source_unavailable", f"the table {table} has no file")


def report(config: PlaneConfig) -> bool:
    """Print what was found; whether the plane can serve."""

    async def look() -> bool:
        good = True
        async for found in findings(config):
            mark = {True: "✓", False: "✗", None: "–"}[found.fine]
            print(f"{mark} {found.what.zh} / {found.what.en}")
            good = good and found.fine is not False
        return good

    return asyncio.run(look())
