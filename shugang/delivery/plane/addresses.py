"""Where a connector may dial. Resolved once; if any address of a name is forbidden, the name is.

Python's own flags are not enough (`is_global` says True for NAT64, 6to4 and multicast; `is_private` says False for
100.100.100.200), hence the explicit list. The address that passed is the address that is dialled.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# Never, whatever a site allows: metadata services, link-local, multicast, translations that hide another address.
FORBIDDEN = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "fd00:ec2::254/128",
    )
)


class AddressRefused(ValueError):
    """The connector's address is not allowed; the message says which and why, without secrets."""


def pinned(host: str, port: int, allow: Collection[str], private: bool) -> str:
    """The one address to dial for `host:port`. `allow` holds `host:port` pairs; `private` admits private networks."""
    if f"{host.lower()}:{port}" not in {pair.strip().lower() for pair in allow}:
        raise AddressRefused(f"{host}:{port} is not on this plane's allow-list")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefused(f"{host} does not resolve") from error
    addresses = [ip_address(info[4][0]) for info in found]
    for address in addresses:
        check(address, private)
    return str(addresses[0])


def check(address: Address, private: bool) -> None:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in FORBIDDEN if network.version == address.version):
        raise AddressRefused(f"{address} is reserved")
    if not private and not address.is_global:
        raise AddressRefused(f"{address} lies in a private network")
