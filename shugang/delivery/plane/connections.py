"""Connections that parties registered with this plane: opened from the bundle, tested when asked, reported to control.

Their accounts are sealed to this plane's key; what is opened lives in memory alone. On the platform an approved
connection's address joins the allow-list for that connection only; a supplier's own plane takes none that its settings
do not allow already.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors import Connector, Setting, SourceFailed, open_connector
from shugang.delivery.plane.connectors.files import FilesConnector, Objects
from shugang.delivery.plane.control import Control, ControlError
from shugang.delivery.plane.outgoing import pinned
from shugang.delivery.plane.s3 import S3Failed
from shugang.delivery.plane.stream.feeds import Broker
from shugang.delivery.plane.targets import FolderTarget, StoreTarget, Target, bucket_of
from shugang.delivery.plane.upstream import BadUpstream, Upstream
from shugang.policy.addresses import AddressRefused
from shugang.policy.connections import Account, Connection, Place, interface_settings, of_connection, place
from shugang.policy.sealing import NotOpened, open_sealed

log = logging.getLogger("shugang.plane.connections")
CHECK_SECONDS = 10.0
REPORT = "/plane/v1/connections"


class Unusable(ValueError):
    """The connection cannot be opened here; the message is a code for its owner."""


@dataclass(frozen=True)
class Opened:
    connection: Connection
    source: Connector | None
    target: Target | None
    trouble: str
    interface: Upstream | None = None
    broker: Broker | None = None


class Connections:
    """`sources` by number. `renew` inside the running loop."""

    def __init__(self, config: PlaneConfig, key: Ed25519PrivateKey) -> None:
        self._config, self._key = config, key
        self._opened: dict[str, Opened] = {}
        self._checked: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.sources: dict[str, Connector] = {}
        self._changed = asyncio.Event()
        self.interfaces: dict[str, Upstream] = {}
        self.brokers: dict[str, Broker] = {}

    def renew(self, given: tuple[Connection, ...], control: Control) -> None:
        """Open what is new or changed, forget what is gone, test what was asked for."""
        before = self._opened
        self._opened = {}
        for each in given:
            old = before.get(each.number)
            same = old is not None and replace(old.connection, check=each.check) == each
            self._opened[each.number] = replace(old, connection=each) if old and same else self._open(each)
        self.sources = {number: o.source for number, o in self._opened.items() if o.source is not None}
        self._changed.set()
        self.interfaces = {number: o.interface for number, o in self._opened.items() if o.interface is not None}
        self.brokers = {number: o.broker for number, o in self._opened.items() if o.broker is not None}
        for number, opened in before.items():
            if opened.interface is not None and self.interfaces.get(number) is not opened.interface:
                opened.interface.close()
        for opened in self._opened.values():
            if opened.connection.check > self._checked.get(opened.connection.number, 0):
                self._checked[opened.connection.number] = opened.connection.check
                task = asyncio.create_task(self._tell(opened, control))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def target(self, number: str, party: str) -> Target | None:
        """The destination `number` if it is this party's own."""
        opened = self._opened.get(number)
        return opened.target if opened is not None and opened.connection.party == party else None

    def following(self, party: str) -> list[tuple[str, str]]:
        """The party's destinations that get new versions without being asked for, and their schedules."""
        return [
            (number, opened.connection.schedule)
            for number, opened in self._opened.items()
            if opened.target is not None and opened.connection.schedule and opened.connection.party == party
        ]

    async def changed(self, seconds: float) -> None:
        """Wait for the next bundle with changes, at most so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)
        self._changed.clear()

    # -- opening ------------------------------------------------------------------------------------------

    def _open(self, connection: Connection) -> Opened:
        try:
            where = place(connection.url, connection.purpose)
            account = self._account(connection)
            config = self._allowing(where)
            if connection.purpose == "target":
                return Opened(connection, None, self._target(connection, where, account, config), "")
            if where.scheme in ("https", "mqtts"):
                return self._interface(connection, where, account, config)
            setting = Setting(connection.url, connection.tables, account.user, account.password)
            return Opened(connection, open_connector(connection.number, setting, config), None, "")
        except Unusable as error:
            trouble = str(error)
        except BadUpstream:
            trouble = "bad_account"
        except (AddressRefused, ConfigError):
            trouble = "address_refused"
        log.warning("connection %s: %s", connection.number, trouble)
        return Opened(connection, None, None, trouble)

    def _account(self, connection: Connection) -> Account:
        if not connection.sealed:
            return Account("", "")
        try:
            return Account.from_bytes(open_sealed(self._key, connection.sealed, of_connection(connection.number)))
        except (NotOpened, ValueError, TypeError):
            raise Unusable("secret_unreadable") from None

    def _allowing(self, where: Place) -> PlaneConfig:
        config = self._config
        if where.scheme == "s3+http" and config.role == "platform" and not config.networks:
            raise Unusable("address_refused")
        if where.pair and config.role == "platform":
            return replace(config, allow=(*config.allow, where.pair))
        return config

    def _interface(self, connection: Connection, where: Place, account: Account, config: PlaneConfig) -> Opened:
        host, _, port = where.pair.rpartition(":")
        config.rules.check_pair(host.strip("[]"), int(port))
        settings = interface_settings(where, account)
        if where.scheme == "mqtts":
            return Opened(connection, None, None, "", broker=(settings, config.rules))
        made = Upstream(settings, config.rules, config.max_upstream, config.query_seconds, config.backpressure)
        return Opened(connection, None, None, "", interface=made)

    def _target(self, connection: Connection, where: Place, account: Account, config: PlaneConfig) -> Target:
        if where.scheme == "folder":
            if config.push_root is None or not (config.push_root / where.path).is_dir():
                raise Unusable("folder_missing")
            return FolderTarget(config.push_root / where.path)
        host, _, port = where.pair.rpartition(":")
        config.rules.check_pair(host.strip("[]"), int(port))
        bucket, prefix = bucket_of(connection.url, where, account)
        return StoreTarget(bucket, prefix, config.rules)

    async def _greeted(self, connection: Connection) -> None:
        """It answers, and its certificate is its name's. What an interface would say is not asked."""
        where = place(connection.url, connection.purpose)
        host, _, port = where.pair.rpartition(":")
        address = await asyncio.to_thread(pinned, host.strip("[]"), int(port), self._allowing(where).rules)
        context = ssl.create_default_context()
        _, writer = await asyncio.open_connection(address, int(port), ssl=context, server_hostname=host.strip("[]"))
        writer.close()

    # -- testing ------------------------------------------------------------------------------------------

    async def _tell(self, opened: Opened, control: Control) -> None:
        code = opened.trouble or await self._test(opened)
        result = {"number": opened.connection.number, "check": opened.connection.check, "code": code}
        for wait in (1.0, 5.0, 30.0):
            try:
                await control.post(REPORT, json.dumps({"results": [result]}).encode())
                return
            except ControlError as error:
                log.warning("a test's result was not taken: %s", error)
                await asyncio.sleep(wait)
        self._checked.pop(opened.connection.number, None)

    async def _test(self, opened: Opened) -> str:
        """ "" when it answers, otherwise a code without any of the other side's words."""
        try:
            if opened.target is not None:
                await asyncio.wait_for(opened.target.test(), CHECK_SECONDS)
            elif isinstance(opened.source, FilesConnector) and isinstance(opened.source.store, Objects):
                await asyncio.to_thread(opened.source.store.test, CHECK_SECONDS)
            elif opened.interface is not None or opened.broker is not None:
                await asyncio.wait_for(self._greeted(opened.connection), CHECK_SECONDS)
            elif opened.source is not None:
                await asyncio.to_thread(opened.source.fetch, "SELECT 1 AS one", {}, 1, CHECK_SECONDS)
        except SourceFailed as error:
            log.warning("connection %s: %s", opened.connection.number, error)
            return error.code
        except S3Failed as error:
            return error.code
        except TimeoutError:
            return "source_timeout"
        except OSError:
            return "source_unavailable"
        return ""
