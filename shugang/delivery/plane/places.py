"""Where a request comes from: the peer's address, or what proxies that we trust say of it.

`X-Forwarded-For` is read from its end, since whatever stands further left was written by the caller (RFC 7239 §5.2
has the same order): the first address that is no trusted proxy is the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """ValueError for what is not a network in its usual form."""
    return tuple(ip_network(text) for text in texts)


@lru_cache(maxsize=4096)
def address(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`; an IPv4 address within IPv6 as itself."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def inside(found: Address | None, allowed: tuple[Network, ...]) -> bool:
    return found is not None and any(found in network for network in allowed)


def caller(scope: Any, trusted: tuple[Network, ...]) -> Address | None:
    """The address of the caller; None where it cannot be told, which is inside no network."""
    found = address(scope.client or "")
    if not inside(found, trusted):
        return found
    for hop in reversed(",".join(scope.headers.get_all("x-forwarded-for")).split(",")):
        found = address(hop)
        if not inside(found, trusted):
            return found
    return found
