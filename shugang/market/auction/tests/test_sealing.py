"""The pure rules: commitments bind auction, bidder, amount and salt; the second price; the tie."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market.auction.checking import check
from shugang.market.auction.sealing import Decision, Opened, commitment, decide, ranked

SALT = "ab" * 32


def test_a_commitment_is_the_digest_that_a_browser_computes():
    # printf '%s' '{"amount_fen":1,…}' | sha256sum, spelled out once
    import hashlib

    text = (
        '{"amount_fen":123456,"auction":"JP-2026-000001","bidder":"P-000002",'
        f'"kind":"shugang-sealed-bid-v1","salt":"{SALT}"}}'
    )
    made = commitment("JP-2026-000001", "P-000002", 123456, SALT)
    assert made == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [("JP-2", "P-1", 5, SALT), ("JP-1", "P-2", 5, SALT), ("JP-1", "P-1", 6, SALT), ("JP-1", "P-1", 5, "cd" * 32)],
    ids=["auction", "bidder", "amount", "salt"],
)
def test_it_binds_every_part(other):
    assert commitment(*other) != commitment("JP-1", "P-1", 5, SALT)


@pytest.mark.parametrize(("amount", "salt"), [(0, SALT), (-1, SALT), (10**15 + 1, SALT), (True, SALT), (5, "AB" * 32), (5, "ab")],
                         ids=["zero", "negative", "huge", "bool", "upper", "short"])  # fmt: skip
def test_what_no_bid_may_be_is_refused(amount, salt):
    with pytest.raises(ValueError, match="the"):
        commitment("JP-1", "P-1", amount, salt)


@pytest.mark.parametrize(("amounts", "reserve", "said"), [
    ([], 10, None), ([9, 8], 10, None), ([10], 10, Decision(1, 10)), ([9, 12], 10, Decision(2, 10)),
    ([11, 15, 13], 10, Decision(2, 13)), ([15, 15], 10, Decision(1, 15)), ([12, 15, 15, 15], 10, Decision(2, 15)),
], ids=["none", "below", "alone", "one-reaches", "second", "tie", "tie-of-three"])  # fmt: skip
def test_the_best_wins_at_the_second_price_and_the_earlier_of_equals(amounts, reserve, said):
    assert decide([Opened(i, a) for i, a in enumerate(amounts, 1)], reserve) == said


bids = st.lists(st.integers(1, 40), min_size=1, max_size=8).map(lambda a: [Opened(i, x) for i, x in enumerate(a, 1)])


@settings(max_examples=60, deadline=None)
@given(bids, st.integers(1, 40), st.randoms())
def test_order_of_arrival_decides_only_ties_and_nobody_gains_by_bidding_otherwise(all_bids, reserve, random):
    shuffled = list(all_bids)
    random.shuffle(shuffled)
    assert decide(shuffled, reserve) == decide(all_bids, reserve)
    found = decide(all_bids, reserve)
    if found is None:
        assert not ranked(all_bids, reserve)
        return
    best = next(b for b in all_bids if b.serial == found.serial)
    assert reserve <= found.price_fen <= best.amount_fen
    # the winner's price does not depend on his own amount: bidding more changes nothing, bidding less can only lose
    more = [Opened(b.serial, b.amount_fen + 7) if b == best else b for b in all_bids]
    assert decide(more, reserve) == found


def document(**changes):
    def bid(serial, bidder, amount, outcome):
        made = commitment("JP-1", bidder, amount, SALT)
        return {"serial": serial, "bidder": bidder, "amount_fen": amount, "salt": SALT, "commitment": made,
                "log_index": 10 + serial, "outcome": outcome}  # fmt: skip

    rows = [bid(1, "P-1", 500, "lost"), bid(2, "P-2", 900, "won")]
    said = {
        "auction": "JP-1", "reserve_fen": 100, "bids": rows, "openings_shown": True,
        "close": {"commitments": [[b["serial"], b["commitment"]] for b in rows], "log_index": 20},
        "result": {"winner": "P-2", "price_fen": 500},
    }  # fmt: skip
    return {**said, **changes}


def test_a_true_result_holds():
    assert [ok for ok, _ in check(document())] == [True] * 4


@pytest.mark.parametrize(("place", "forge"), [
    (0, lambda d: d["close"]["commitments"].pop()),
    (1, lambda d: d["bids"][1].update(log_index=21)),
    (2, lambda d: d["bids"][1].update(amount_fen=901)),
    (2, lambda d: d["bids"][0].update(bidder="P-3")),
    (3, lambda d: d["result"].update(price_fen=400)),
    (3, lambda d: d["result"].update(winner="P-1")),
], ids=["added-after-close", "logged-after-close", "amount", "bidder", "price", "winner"])  # fmt: skip
def test_a_forged_document_is_found_out(place, forge):
    said = document()
    forge(said)
    assert not check(said)[place][0]
