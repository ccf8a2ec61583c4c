"""The sealed bid as bytes: what is committed to, and who wins. Pure: no Django, so that bidders can run it alone.

A commitment is SHA-256 over the RFC 8785 form of {amount_fen, auction, bidder, kind, salt}. It names the auction and
the bidder, so that it serves nobody else and no other auction; 32 random bytes of salt keep small amounts from
being guessed. SHA-256 and not SM3, because a browser computes it without code of ours (WebCrypto); the entry of the
evidence log that carries the commitment is digested by both.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import rfc8785

KIND = "shugang-sealed-bid-v1"
MOST_FEN = 10**15
HEX64 = re.compile(r"[0-9a-f]{64}")


def new_salt() -> str:
    return secrets.token_hex(32)


def commitment(auction: str, bidder: str, amount_fen: int, salt: str) -> str:
    """64 hex digits. Raises ValueError for an amount or salt that no bid may have."""
    if isinstance(amount_fen, bool) or not isinstance(amount_fen, int) or not 0 < amount_fen <= MOST_FEN:
        raise ValueError("the amount is whole 分, above 0 and at most 1e15")
    if not HEX64.fullmatch(salt):
        raise ValueError("the salt is 64 lower-case hex digits")
    said = {"amount_fen": amount_fen, "auction": auction, "bidder": bidder, "kind": KIND, "salt": salt}
    return hashlib.sha256(rfc8785.dumps(said)).hexdigest()


@dataclass(frozen=True)
class Opened:
    """A revealed bid; `serial` is the place of its commitment among those of the auction (1 is the first)."""

    serial: int
    amount_fen: int


@dataclass(frozen=True)
class Decision:
    """Who is asked to sign, at which price in 分."""

    serial: int
    price_fen: int


def ranked(bids: Iterable[Opened], reserve_fen: int) -> list[Opened]:
    """Bids that reach the reserve, the best first; of equal amounts the earlier commitment stands first."""
    return sorted((b for b in bids if b.amount_fen >= reserve_fen), key=lambda b: (-b.amount_fen, b.serial))


def decide(bids: Iterable[Opened], reserve_fen: int) -> Decision | None:
    """Second price: the best bid wins and pays the next best amount, or the reserve where nobody else reached it."""
    order = ranked(bids, reserve_fen)
    if not order:
        return None
    return Decision(order[0].serial, order[1].amount_fen if len(order) > 1 else reserve_fen)
