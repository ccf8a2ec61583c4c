"""The platform's own dialling, in the words of its pages. The rules are `policy.addresses`, the sockets `plane.outgoing`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shugang.kernel.errors import Refusal
from shugang.policy import addresses
from shugang.policy.addresses import AddressRefused, Origin, Rules

from ..plane.outgoing import Resolve, pinned, resolve


class Pinned(NamedTuple):
    """Connect to `address`; the origin's host is the name for TLS and the Host header."""

    origin: Origin
    address: str


def refused(why: AddressRefused) -> Refusal:
    return Refusal("address_refused", why.why, 422)


def web_origin(url: str) -> Origin:
    """An http or https address in its one accepted spelling. Raises Refusal `address_refused`."""
    try:
        found = addresses.origin(url)
        if found.scheme not in ("http", "https"):
            raise AddressRefused("须以 https:// 或 http:// 开头", "it begins with https:// or http://")
    except AddressRefused as no:
        raise refused(no) from None
    return found


def dial(url: str, networks: Iterable[str] = (), resolver: Resolve = resolve) -> Pinned:
    """The one place that `url`, which its owner registered, may be dialled at, now.

    `networks`: CIDRs of private networks that the operator admits. Raises Refusal `address_refused`.
    """
    where = web_origin(url)
    try:
        return Pinned(where, pinned(where.host, where.port, Rules.of([where.pair], networks), resolver))
    except AddressRefused as no:
        raise refused(no) from None
