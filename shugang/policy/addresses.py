"""Where we may dial (SSRF, OWASP API7:2023): the rules alone, without a socket. Control and planes share them.

Python's flags are not enough: `is_global` says True for NAT64, 6to4 and multicast, `is_private` says False for
100.100.100.200, and `getaddrinfo` accepts 2130706433, 0x7f.1, 127.1 and 0177.0.0.1. So a host has one accepted spelling,
and every address that it resolves to passes `check_ip`; one that fails condemns the name. What dials
(`delivery.plane.outgoing`) connects to the very address that passed, and asks anew at each use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from shugang.policy.text import Text

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Never, whatever a site admits: metadata services, link-local, multicast, unspecified, reserved.
NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128",
    )
)  # fmt: skip
# Forms of IPv6 that carry an IPv4 address inside: NAT64, 6to4, Teredo, mapped, translated; and compatible, ISATAP.
HIDING = tuple(
    IPv6Network(text)
    for text in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0/96", "::ffff:0:0:0/96",
    )
)  # fmt: skip
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x5EFE << 32, 0x02005EFE << 32)
_EVERYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DOTTED = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_PAIR = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
PORTS = {
    "https": 443, "http": 80, "postgresql": 5432, "mysql": 3306, "s3+https": 443, "s3+http": 80, "mqtts": 8883,
    "mqtt": 1883,
}  # fmt: skip


class AddressRefused(ValueError):
    """The address may not be dialled. `why` is fit for whoever entered it: no address that a name resolved to, no
    secret."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.why = Text(f"这个地址不能连接：{zh}。", f"This address may not be dialled: {en}.")


class Origin(NamedTuple):
    """An address in its one accepted spelling; `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def pair(self) -> str:
        return pair(self.host, self.port)


def origin(url: str) -> Origin:
    """`url` taken apart; no default is guessed but the scheme's port. Raises AddressRefused."""
    if not url.isascii() or re.search(r"[\s\\\x00-\x20\x7f]", url):
        raise AddressRefused("含有不允许的字符", "it has characters that are not allowed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("格式不对", "it is malformed") from None
    if parts.scheme not in PORTS or parts.username is not None or parts.password is not None or "%" in parts.netloc:
        raise AddressRefused("协议不支持或带有账号", "its scheme is not supported or it carries credentials")
    check_host(host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, host, PORTS[parts.scheme] if port is None else port, path)


def check_host(host: str) -> None:
    """A plain dotted IPv4, an IPv6, or a name (RFC 1123); a name whose last label is a number is an IPv4 in disguise.

    Raises AddressRefused; also for a trailing dot, which would be a second spelling of an allowed name.
    """
    if ":" in host:
        try:
            IPv6Address(host)
        except ValueError:
            raise AddressRefused("IPv6地址格式不对", "its IPv6 address is malformed") from None
        return
    labels = host.split(".")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1], re.IGNORECASE):
        if not _DOTTED.fullmatch(host) or any(int(label) > 255 for label in labels):
            raise AddressRefused("IP地址须写成四段十进制", "an IP address is written as four decimal numbers")
        return
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("主机名格式不对", "its host name is malformed")


def check_ip(address: Address, admitted: Iterable[Network] = ()) -> None:
    """Raises AddressRefused unless the address is public, or private and inside a network that the site admits."""
    if isinstance(address, IPv6Address):
        hidden = any(address in network for network in HIDING) or (address in _COMPATIBLE and int(address) > 1)
        if hidden or address.scope_id or int(address) & 0xFFFFFFFF_00000000 in _ISATAP:
            raise AddressRefused("地址中嵌有另一个地址", "it hides another address")
    if any(address in network for network in NEVER if network.version == address.version):
        raise AddressRefused("属于保留地址或元数据服务", "it is reserved or a metadata service")
    inside = any(network.version == address.version and address in network for network in admitted)
    if not inside and not address.is_global:
        raise AddressRefused("属于内部网络", "it lies in a private network")


def pair(host: str, port: int) -> str:
    """`host:port` as an allow-list holds it."""
    return f"[{IPv6Address(host).compressed}]:{port}" if ":" in host else f"{host.lower()}:{port}"


def as_pair(text: str) -> str:
    """One entry of an allow-list in its one spelling. Raises AddressRefused."""
    found = _PAIR.fullmatch(text.strip())
    host = (found["six"] or found["host"]).lower() if found else ""
    if found is None or not 0 < int(found["port"]) < 65536:
        raise AddressRefused("须依次写主机、英文冒号和端口", "it is written host:port")
    check_host(host)
    return pair(host, int(found["port"]))


@dataclass(frozen=True)
class Rules:
    """`allow`: the only host:port pairs that may be dialled; `admitted`: private networks that may be reached."""

    allow: frozenset[str]
    admitted: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allow: Iterable[str], networks: Iterable[str] = (), private: bool = False) -> Rules:
        """`networks` are CIDRs; `private` admits every private network (a plane at a supplier's own site). Raises
        AddressRefused for a bad pair, ValueError for a bad network."""
        admitted = _EVERYWHERE if private else tuple(ip_network(text.strip()) for text in networks)
        return cls(frozenset(as_pair(text) for text in allow if text.strip()), admitted)

    def also(self, *pairs: str) -> Rules:
        """The same with more pairs allowed, for a connection that was approved otherwise."""
        return Rules(self.allow | {as_pair(text) for text in pairs}, self.admitted)

    def check_pair(self, host: str, port: int) -> None:
        """Raises AddressRefused unless `host:port` is well spelt and allowed, and a literal address admitted."""
        check_host(host.lower())
        if pair(host, port) not in self.allow:
            raise AddressRefused("不在已批准的连接之内", "it is not on the allow-list")
        if ":" in host or _DOTTED.fullmatch(host):
            check_ip(ip_address(host), self.admitted)

    def check_all(self, found: Iterable[str]) -> list[str]:
        """The resolved addresses if there are any and each is admitted. Raises AddressRefused."""
        try:
            addresses = [ip_address(text) for text in found]
        except ValueError:
            raise AddressRefused("域名无法解析", "the name does not resolve") from None
        if not addresses:
            raise AddressRefused("域名无法解析", "the name does not resolve")
        for address in addresses:
            check_ip(address, self.admitted)
        return [str(address) for address in addresses]
