"""Where the platform may dial (SSRF): an allow-listed origin, one spelling of addresses, every address checked.

Python's flags are not enough: `is_global` says True for NAT64, 6to4 and multicast, `is_private` says False for
100.100.100.200, and `getaddrinfo` accepts 2130706433, 0x7f.1, 127.1 and 0177.0.0.1. The address that passed is the one
to connect to, with the name kept for TLS and Host; redirects are never followed; the check is made anew at each use.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Iterable[str]]

# Never, whatever the operator allows: metadata services, link-local, multicast, unspecified, reserved.
NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128",
    )
)  # fmt: skip
# Forms of IPv6 that carry an IPv4 address inside: NAT64, 6to4, Teredo, mapped, translated, compatible, ISATAP.
HIDING = tuple(
    IPv6Network(text)
    for text in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0/96", "::ffff:0:0:0/96",
    )
)  # fmt: skip
_COMPATIBLE = IPv6Network("::/96")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_DOTTED = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_PORTS = {"https": 443, "http": 80, "postgresql": 5432}


class Pinned(NamedTuple):
    """Connect to `address`:`port`; `host` is the name for TLS and the Host header."""

    scheme: str
    host: str
    port: int
    address: str
    path: str


def refused(zh: str, en: str) -> Refusal:
    return Refusal("address_refused", Text(f"这个地址不能连接：{zh}。", f"This address may not be dialled: {en}."), 422)


def _resolve(host: str, port: int) -> Iterable[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_address(url: str, allow: Iterable[str], networks: Iterable[str] = (), resolve: Resolve = _resolve) -> Pinned:
    """The one place that `url` may be dialled at.

    `allow`: origins approved for this connection, `scheme://host:port`; `networks`: CIDRs of private networks that the
    operator admits (a government intranet). Raises Refusal `address_refused`.
    """
    scheme, host, port, path = origin(url)
    if f"{scheme}://{_bracket(host)}:{port}" not in {_normal(item) for item in allow}:
        raise refused("不在已批准的连接之内", "it is not an approved connection")
    try:
        found = [ip_address(text) for text in resolve(host, port)]
    except (OSError, ValueError, UnicodeError):
        raise refused("域名无法解析", "the name does not resolve") from None
    if not found:
        raise refused("域名无法解析", "the name does not resolve")
    admitted = tuple(ip_network(text) for text in networks)
    for address in found:
        check_ip(address, admitted)
    return Pinned(scheme, host, port, str(found[0]), path)


def origin(url: str) -> tuple[str, str, int, str]:
    """(scheme, host, port, path and query) of an address in its one accepted spelling. Raises Refusal."""
    if not url.isascii() or re.search(r"[\s\\\x00-\x20\x7f]", url):
        raise refused("含有不允许的字符", "it has characters that are not allowed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refused("格式不对", "it is malformed") from None
    if parts.scheme not in _PORTS or parts.username is not None or parts.password is not None or "%" in parts.netloc:
        raise refused("协议不支持或带有账号", "its scheme is not supported or it carries credentials")
    _check_host(host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, _PORTS[parts.scheme] if port is None else port, path


def _check_host(host: str) -> None:
    """A plain dotted IPv4, an IPv6, or a name; a name whose last label is a number is an IPv4 in disguise."""
    if ":" in host:
        try:
            IPv6Address(host)
        except ValueError:
            raise refused("IPv6地址格式不对", "its IPv6 address is malformed") from None
        return
    labels = host.split(".")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        if not _DOTTED.fullmatch(host) or any(int(label) > 255 for label in labels):
            raise refused("IP地址须写成四段十进制", "an IP address is written as four decimal numbers")
        return
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise refused("主机名格式不对", "its host name is malformed")


def check_ip(address: Address, admitted: Iterable[IPv4Network | IPv6Network] = ()) -> None:
    """Raises Refusal unless the address is public, or private and admitted by the operator."""
    if isinstance(address, IPv6Address):
        hidden = any(address in network for network in HIDING) or (address in _COMPATIBLE and int(address) > 1)
        if hidden or address.scope_id or int(address) & 0xFFFFFFFF_00000000 in (0x5EFE << 32, 0x02005EFE << 32):
            raise refused("地址中嵌有另一个地址", "it hides another address")
    if any(address in network for network in NEVER if network.version == address.version):
        raise refused("属于保留地址或元数据服务", "it is reserved or a metadata service")
    inside = any(network.version == address.version and address in network for network in admitted)
    if not inside and not address.is_global:
        raise refused("属于内部网络", "it lies in a private network")


def _normal(item: str) -> str:
    scheme, host, port, _ = origin(item)
    return f"{scheme}://{_bracket(host)}:{port}"


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host
