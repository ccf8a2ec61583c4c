"""Whether a published result follows from what was committed to. Pure: the page, the API's reader and `shugang bid verify`
run the same code over the same document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.policy.text import Text

from .sealing import Opened, commitment, decide

KIND = "shugang-auction-verification-v1"
Finding = tuple[bool, Text]


def fits(auction: str, bid: Mapping[str, Any]) -> bool:
    """Whether what was opened hashes to what was committed to."""
    try:
        return commitment(auction, str(bid["bidder"]), bid["amount_fen"], str(bid["salt"])) == bid["commitment"]
    except ValueError:
        return False


def check(document: Mapping[str, Any]) -> list[Finding]:
    """Each claim of the document and whether it holds, in the order in which a reader would ask."""
    bids = list(document["bids"])
    listed = [[b["serial"], b["commitment"]] for b in bids]
    found: list[Finding] = [(
        listed == document["close"]["commitments"],
        Text(f"截止时封存的{len(bids)}份报价，与日志中截止事件所列一致。",
             f"The sealed bids ({len(bids)}) are those that the close's entry lists."),
    )]  # fmt: skip
    indices = [b["log_index"] for b in bids]
    close = document["close"]["log_index"]
    if close is not None and None not in indices:
        found.append((
            all(i < close for i in indices) and indices == sorted(indices),
            Text("每份封标码在日志中都排在截止之前，次序与编号一致。",
                 "Every commitment stands in the log before the close, in the order of its number."),
        ))  # fmt: skip
    opened = [b for b in bids if b["amount_fen"] is not None]
    if document["openings_shown"]:
        found.append((
            all(fits(document["auction"], b) for b in opened),
            Text(f"已开标的{len(opened)}份报价与各自的封标码相符。", f"What was opened ({len(opened)}) fits its commitments."),
        ))  # fmt: skip
    if document["openings_shown"] and document["result"] is not None:
        found.append(_result(document, opened))
    return found


def _result(document: Mapping[str, Any], opened: list[Mapping[str, Any]]) -> Finding:
    """The best bid of those who did not drop out wins; the price is the next best, or the reserve."""
    running = [b for b in opened if b["outcome"] != "defaulted"]
    said = decide([Opened(b["serial"], b["amount_fen"]) for b in running], document["reserve_fen"])
    winner = next((b["bidder"] for b in running if said and b["serial"] == said.serial), None)
    stated = document["result"]
    return (
        said is not None and (winner, said.price_fen) == (stated["winner"], stated["price_fen"]),
        Text("中标方是最高报价，成交价是次高报价或底价。", "The best bid won, at the next best amount or the reserve."),
    )
