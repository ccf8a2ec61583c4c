"""An auction from announcement to signature, and every way in which a bid is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from shugang.commands import bid as bid_command
from shugang.kernel import clock, engine, sequencer
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at, refused
from shugang.market import notices as market_notices
from shugang.market import testing as market
from shugang.market.auction import award, queries, services, testing
from shugang.market.auction.models import Auction, AuctionBidder, SealedBid
from shugang.market.contracts import services as contracts
from shugang.market.contracts.models import Contract
from shugang.market.trade import services as trade
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.settlement.deposits.models import Deposit

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def sale(settings, tmp_path):
    """A listed product, three buyers, and a clock that the test moves."""
    settings.VAR_DIR = tmp_path
    deal = market.make_deal()
    with clock_at(settings, clock.now()) as move:
        buyers = [deal.buyer, *(make_signer(make_party("buyer")) for _ in range(2))]
        yield Sale(deal, buyers, move)


class Sale:
    def __init__(self, deal, buyers, move):
        self.deal, self.buyers, self.move = deal, buyers, move
        self.auction: Auction

    @property
    def number(self):
        return self.auction.number

    def published(self, **changes):
        self.auction = testing.announce(self.deal.supplier, self.deal.product, **changes)
        return self

    def opened(self):
        """Bidding is open; every buyer registered and paid."""
        self.published()
        for buyer in self.buyers:
            services.register_bidder(buyer, self.number)
        testing.pay_deposits(self.deal.venue.operator, self.auction)
        return self.at("opens_at")

    def at(self, time):
        self.auction.refresh_from_db()
        self.past(time)
        award.advance_due()
        self.auction.refresh_from_db()
        return self

    def past(self, time):
        """A second after it, while no worker has moved the auction yet."""
        self.move(getattr(self.auction, time) + timedelta(seconds=1))

    def sealed(self, *amounts):
        self.opened()
        self.salts = [testing.seal(b, self.number, a) for b, a in zip(self.buyers, amounts, strict=False)]
        self.amounts = amounts
        return self.at("closes_at")

    def revealed(self, *amounts, but=()):
        """Sealed, closed, opened by all but those at the places `but`, decided."""
        self.sealed(*amounts)
        for place, amount in enumerate(amounts):
            if place not in but:
                services.open_bid(self.buyers[place], self.number, amount, self.salts[place])
        return self.at("reveals_until")

    def outcomes(self):
        return list(self.auction.bids.order_by("serial").values_list("outcome", flat=True))

    def deposits(self):
        rows = {d.party_id: d.state for d in Deposit.objects.filter(key=self.number)}
        return [rows.get(b.party_id) for b in self.buyers]


def says_no(code, act, *args):
    """Refused with this code; no event, no row."""
    before = (Event.objects.count(), SealedBid.objects.count(), AuctionBidder.objects.count(), Contract.objects.count())
    with pytest.raises(Refusal) as no:
        act(*args)
    after = (Event.objects.count(), SealedBid.objects.count(), AuctionBidder.objects.count(), Contract.objects.count())
    assert (no.value.code, after) == (code, before)


def test_the_best_bid_wins_at_the_second_price_and_signs(sale):
    # given three sealed bids, opened after the close
    sale.revealed(1_500_000, 2_000_000, 1_800_000)
    # then the second buyer is asked at the third one's amount
    auction = sale.auction
    assert (auction.state, auction.holder_id, auction.price_fen) == ("awarded", sale.buyers[1].party_id, 1_800_000)
    assert sale.outcomes() == ["lost", "won", "standby"]
    assert sale.deposits() == ["returning", "held", "held"]
    contract = auction.contract
    assert contract.plan.kind == "one_off" and contract.plan.price_fen == 1_800_000
    assert contract.snapshot["terms"] == auction.terms and contract.buyer_id == sale.buyers[1].party_id
    # when both sign, then the auction is over, deposits go back, and the asset stays reserved
    contracts.sign(sale.deal.supplier, contract.number)
    contracts.sign(sale.buyers[1], contract.number)
    auction.refresh_from_db()
    assert (auction.state, auction.reserved) == ("concluded", True)
    assert sale.deposits() == ["returning"] * 3 and sale.outcomes() == ["lost", "won", "lost"]
    says_no("exclusively_reserved", market.inquire, market.Deal(
        sale.deal.supplier, sale.buyers[0], sale.deal.product, sale.deal.certificate, sale.deal.venue, sale.deal.office))  # fmt: skip
    # and the end of the contract frees it
    contracts.terminate(sale.deal.supplier, contract.number, "双方协商")
    contracts.terminate(sale.buyers[1], contract.number, "双方协商")
    auction.refresh_from_db()
    assert not auction.reserved
    assert market.inquire(sale.deal).state == "inquiry"


def test_one_bid_pays_the_reserve_and_no_bid_fails(sale):
    sale.revealed(1_500_000)
    assert (sale.auction.state, sale.auction.price_fen) == ("awarded", testing.RESERVE)


def test_without_a_bid_the_auction_fails_and_the_asset_is_free(sale):
    sale.opened().at("closes_at")
    assert (sale.auction.state, sale.auction.reserved) == ("failed", False)
    assert sale.deposits() == ["returning"] * 3


def test_bids_below_the_reserve_do_not_win(sale):
    sale.revealed(999_999, 500_000)
    assert sale.auction.state == "failed" and sale.outcomes() == ["below", "below"]
    assert sale.deposits() == ["returning"] * 3


def test_of_equal_bids_the_earlier_commitment_wins_at_that_price(sale):
    sale.revealed(1_700_000, 1_700_000)
    assert (sale.auction.holder_id, sale.auction.price_fen) == (sale.buyers[0].party_id, 1_700_000)


def test_a_bid_that_is_not_opened_forfeits_its_deposit_and_counts_for_nothing(sale):
    sale.revealed(1_500_000, 9_000_000, but=(1,))
    assert (sale.auction.holder_id, sale.auction.price_fen) == (sale.buyers[0].party_id, testing.RESERVE)
    assert sale.outcomes() == ["won", "unopened"] and sale.deposits()[1] == "forfeiting"
    row = Deposit.objects.get(key=sale.number, party=sale.buyers[1].party)
    assert row.beneficiary_id == sale.deal.supplier.party_id and row.forfeited_fen == testing.DEPOSIT


def test_before_the_close_nobody_can_read_a_bid(sale):
    sale.opened()
    salt = testing.seal(sale.buyers[0], sale.number, 1_234_567)
    # then neither the bid's row nor any event holds the amount or the salt, or says in public who bid
    bid = SealedBid.objects.get()
    assert bid.amount_fen is None and bid.salt == ""
    told = [str(e.payload) for e in Event.objects.all()]
    assert not any("1234567" in t or salt in t for t in told)
    assert (bid.event.person_id, bid.event.party_id, bid.event.actor_label) == (None, None, "system")
    # and the supplier sees how many, not who
    assert not SealedBid.objects.visible_to(sale.deal.supplier).exists()
    assert not AuctionBidder.objects.visible_to(sale.deal.supplier).exists()
    with pytest.raises(Refusal):
        queries.verification(sale.deal.supplier, sale.auction)


def test_a_bid_is_refused_before_the_opening_and_from_the_close_on_by_the_servers_clock(sale):
    sale.published()
    buyer = sale.buyers[0]
    services.register_bidder(buyer, sale.number)
    testing.pay_deposits(sale.deal.venue.operator, sale.auction)
    says_no("not_in_time", testing.seal, buyer, sale.number, 2_000_000)
    sale.at("opens_at")
    # when the close has passed but no worker has moved the auction yet
    sale.past("closes_at")
    assert sale.auction.state == "open"
    says_no("not_in_time", testing.seal, buyer, sale.number, 2_000_000)
    says_no("not_in_time", services.register_bidder, sale.buyers[1], sale.number)


def test_a_late_opening_is_refused_by_the_servers_clock(sale):
    sale.sealed(2_000_000)
    sale.past("reveals_until")
    assert sale.auction.state == "revealing"
    says_no("not_in_time", services.open_bid, sale.buyers[0], sale.number, 2_000_000, sale.salts[0])


def test_an_opening_before_the_close_is_refused(sale):
    sale.opened()
    salt = testing.seal(sale.buyers[0], sale.number, 2_000_000)
    says_no("not_in_time", services.open_bid, sale.buyers[0], sale.number, 2_000_000, salt)


def test_wrong_salt_wrong_amount_and_a_second_opening_are_refused(sale):
    sale.sealed(2_000_000)
    buyer, number = sale.buyers[0], sale.number
    says_no("opening_differs", services.open_bid, buyer, number, 2_000_000, "00" * 32)
    says_no("opening_differs", services.open_bid, buyer, number, 2_000_001, sale.salts[0])
    says_no("opening_differs", services.open_bid, buyer, number, 2_000_000, "not hex")
    services.open_bid(buyer, number, 2_000_000, sale.salts[0])
    says_no("already_opened", services.open_bid, buyer, number, 2_000_000, sale.salts[0])


def test_anothers_commitment_can_be_neither_sent_again_nor_opened(sale):
    # given the first buyer's commitment
    sale.opened()
    salt = testing.seal(sale.buyers[0], sale.number, 2_000_000)
    copied = SealedBid.objects.get().commitment
    # when the second sends the same one, it is refused; the database says so as well
    says_no("commitment_used", services.commit_bid, sale.buyers[1], sale.number, copied)
    bidder = AuctionBidder.objects.get(party=sale.buyers[1].party)
    event = Event.objects.latest("id")
    with pytest.raises(IntegrityError), transaction.atomic():
        SealedBid.objects.create(auction=sale.auction, bidder=bidder, serial=2, commitment=copied, committed_at=clock.now(),
                                 event=event)  # fmt: skip
    # and one made of the same amount and salt under his own name opens only his own
    testing.seal(sale.buyers[1], sale.number, 2_000_000, salt)
    sale.at("closes_at")
    services.open_bid(sale.buyers[1], sale.number, 2_000_000, salt)
    assert sale.outcomes() == ["sealed", "opened"]


def test_a_second_bid_and_what_is_no_commitment_are_refused(sale):
    sale.opened()
    testing.seal(sale.buyers[0], sale.number, 2_000_000)
    says_no("already_bid", testing.seal, sale.buyers[0], sale.number, 3_000_000)
    says_no("bad_commitment", services.commit_bid, sale.buyers[1], sale.number, "AB" * 32)


def test_no_bid_without_a_deposit_a_duty_or_a_second_factor(sale):
    sale.published().at("opens_at")
    buyer = sale.buyers[0]
    says_no("not_registered", testing.seal, buyer, sale.number, 2_000_000)
    services.register_bidder(buyer, sale.number)
    says_no("deposit_due", testing.seal, buyer, sale.number, 2_000_000)
    says_no("forbidden", testing.seal, make_actor(buyer.party, ("handler",)), sale.number, 2_000_000)
    says_no("second_factor_required", testing.seal, make_actor(buyer.party, ("signer",), False), sale.number, 2_000_000)
    says_no("forbidden", services.register_bidder, make_actor(make_party("reviewer")), sale.number)
    # registering again asks for no second deposit
    services.register_bidder(buyer, sale.number)
    assert Deposit.objects.filter(key=sale.number).count() == AuctionBidder.objects.count() == 1


def test_the_supplier_cannot_bid_for_his_own_asset(sale):
    sale.published()
    party = sale.deal.supplier.party
    party.is_buyer = True
    party.save()
    says_no("own_product", services.register_bidder, make_signer(party), sale.number)


def test_every_commitment_is_logged_before_the_close_whose_entry_lists_them(sale):
    from shugang.assets.testing import anchor

    sale.revealed(1_500_000, 2_000_000)
    anchor()
    auction = Auction.objects.select_related("case__profile", "closed", "holder").get(pk=sale.auction.pk)
    document = queries.verification(sale.buyers[0], auction)
    assert [ok for ok, _ in queries.checked(document)] == [True] * 4
    indices = [b["log_index"] for b in document["bids"]]
    assert indices == sorted(indices) and indices[-1] < document["close"]["log_index"]
    assert document["close"]["commitments"] == [[b["serial"], b["commitment"]] for b in document["bids"]]
    # the receipts prove the very commitments, and name nobody
    for bid in document["bids"]:
        payload = bid["receipt"]["payload"]
        assert payload["payload"]["commitment"] == bid["commitment"] and payload["person"] is payload["party"] is None
    # and they are checked offline, under the log's key; another entry's receipt is found out
    assert bid_command._receipts(document, sequencer.vkey()) == []
    document["bids"][0]["receipt"] = document["bids"][1]["receipt"]
    assert len(bid_command._receipts(document, sequencer.vkey())) == 1


def test_bidders_are_told_to_open_and_of_the_result_each_by_an_event_of_his_own(sale):
    # given two bidders of three who registered
    sale.revealed(1_500_000, 2_000_000)
    numbers = [b.party.number for b in sale.buyers]
    for kind, told in (("auction.opening_awaited", numbers[:2]), ("auction.decided", numbers)):
        events = Event.objects.filter(kind=kind).order_by("pk")
        keys = [[r.key for r in e.refs.all() if r.kind == "auction_bid"] for e in events]
        assert keys == [[f"{sale.number}/{n}"] for n in told]
    assert market_notices._bidder(f"{sale.number}/{numbers[0]}") == {"bidder": sale.buyers[0].party_id}
    assert market_notices._bidder(f"{sale.number}/P-000000") == {}


def test_a_winner_who_does_not_sign_forfeits_and_the_next_is_asked_once(sale):
    sale.revealed(1_500_000, 2_000_000, 1_800_000)
    first = sale.auction.contract
    # when the winner refuses
    engine.act(first.number, "refuse", sale.buyers[1], {"reason": "不再需要。"})
    sale.auction.refresh_from_db()
    # then the next best is asked, at the amount of the one behind him
    assert (sale.auction.state, sale.auction.holder_id, sale.auction.price_fen) == (
        "awarded", sale.buyers[2].party_id, 1_500_000)  # fmt: skip
    assert sale.outcomes() == ["lost", "defaulted", "won"] and sale.deposits() == ["returning", "forfeiting", "held"]
    # and when he lets the time pass too, the auction fails
    engine.fire(sale.auction.contract.number, "lapse")
    sale.auction.refresh_from_db()
    assert (sale.auction.state, sale.auction.reserved) == ("failed", False)
    assert sale.deposits() == ["returning", "forfeiting", "forfeiting"]


def test_a_supplier_who_does_not_sign_costs_no_bidder_his_deposit(sale):
    sale.revealed(1_500_000, 2_000_000)
    contract = sale.auction.contract
    contracts.sign(sale.buyers[1], contract.number)
    engine.fire(contract.number, "lapse")
    sale.auction.refresh_from_db()
    assert sale.auction.state == "failed" and sale.deposits() == ["returning"] * 3


def test_a_suspended_winner_is_passed_over_without_forfeiting(sale):
    sale.sealed(1_500_000, 2_000_000)
    for place in (0, 1):
        services.open_bid(sale.buyers[place], sale.number, sale.amounts[place], sale.salts[place])
    sale.buyers[1].party.status = "suspended"
    sale.buyers[1].party.save()
    sale.at("reveals_until")
    assert (sale.auction.state, sale.auction.holder_id, sale.auction.price_fen) == (
        "awarded", sale.buyers[0].party_id, testing.RESERVE)  # fmt: skip
    assert sale.deposits() == ["held", "returning", "returning"]


def test_an_existing_contract_blocks_the_announcement(sale):
    market.accepted(sale.deal)
    case = services.draft_auction(sale.deal.supplier, sale.deal.product.number, testing.announcement(sale.deal.product))
    assert refused(case, "publish", sale.deal.supplier).code == "contracts_stand"
    assert not Auction.objects.get(case=case).reserved


def test_an_announcement_blocks_every_other_deal_and_another_auction(sale):
    # given a quotation that waits for the buyer
    waiting = market.inquire(sale.deal)
    trade.quote(sale.deal.supplier, waiting.number, sale.deal.product.terms, sale.deal.product.plan)
    sale.published()
    # then it cannot be accepted any more, nor can a second auction be announced
    assert refused(waiting, "accept", sale.deal.buyer).code == "exclusively_reserved"
    case = services.draft_auction(sale.deal.supplier, sale.deal.product.number, testing.announcement(sale.deal.product))
    assert refused(case, "publish", sale.deal.supplier).code == "asset_reserved"
    # and the database keeps an asset for one auction alone
    with pytest.raises(IntegrityError), transaction.atomic():
        Auction.objects.filter(case=case).update(reserved=True)
    # when it is cancelled, then the deal goes on
    engine.act(sale.number, "cancel", sale.deal.supplier, {"reason": "改为普通许可。"})
    assert trade.accept(sale.deal.buyer, waiting.number).state == "accepted"


def test_once_open_only_the_venue_can_stop_it_and_deposits_go_back(sale):
    sale.opened()
    case = sale.auction.case
    assert refused(case, "cancel", sale.deal.supplier, {"reason": "后悔"}).code == "wrong_state"
    engine.act(sale.number, "stop", sale.deal.venue.decider, {"reason": "来源争议。"})
    sale.auction.refresh_from_db()
    assert (sale.auction.state, sale.auction.reserved) == ("cancelled", False)
    assert sale.deposits() == ["returning"] * 3


@pytest.mark.parametrize(("changes", "field"), [
    ({"closes_at": "soon"}, "closes_at"), ({"deposit": "99.99"}, "deposit"), ({"deposit": "2000.01"}, "deposit"),
    ({"reserve": "0"}, "reserve"),
], ids=["time", "small-deposit", "large-deposit", "no-reserve"])  # fmt: skip
def test_an_announcement_that_breaks_the_rules_is_refused(sale, changes, field):
    with pytest.raises(Refusal) as no:
        services.draft_auction(sale.deal.supplier, sale.deal.product.number, testing.announcement(sale.deal.product, **changes))  # fmt: skip
    assert no.value.code == "invalid_form" and list(no.value.fields) == [field]
    assert not Auction.objects.exists()


def test_times_have_their_least_lengths(sale):
    product, now = sale.deal.product, clock.now()
    short = {"closes_at": testing.local(now + timedelta(hours=48))}
    with pytest.raises(Refusal) as no:
        services.draft_auction(sale.deal.supplier, product.number, testing.announcement(product, **short))
    assert list(no.value.fields) == ["closes_at"]
    case = services.draft_auction(sale.deal.supplier, product.number, testing.announcement(product, opens_at=testing.local(
        now + timedelta(hours=23))))  # fmt: skip
    assert refused(case, "publish", sale.deal.supplier).code == "invalid_form"
