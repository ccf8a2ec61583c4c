"""An auction, who registered to bid, and the sealed bids. What is committed to before the close is a digest alone."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.terms import Terms

DRAFT, PUBLISHED, OPEN, REVEALING = "draft", "published", "open", "revealing"
AWARDED, CONCLUDED, FAILED, CANCELLED = "awarded", "concluded", "failed", "cancelled"
PUBLIC = (PUBLISHED, OPEN, REVEALING, AWARDED, CONCLUDED, FAILED, CANCELLED)


class Auction(ScopedModel):
    """An announcement: fixed terms of one exclusive licence over an asset, the times, reserve and deposit in 分.

    `reserved`: the asset is kept for this auction or its winner; no other deal over it is made meanwhile (one auction
    an asset, held by the database). `holder` is whom the reservation is kept for: null until the award. `passed` counts winners who did not sign.
    """

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="auction")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="auctions")
    asset = models.ForeignKey("assets.DataAsset", on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="auctions")
    terms = models.JSONField()
    note = models.TextField(blank=True)
    reserve_fen = models.BigIntegerField()
    deposit_fen = models.BigIntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    reveals_until = models.DateTimeField()
    state = models.CharField(max_length=10, default=DRAFT, db_index=True)
    reserved = models.BooleanField(default=False)
    holder = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    price_fen = models.BigIntegerField(null=True)
    passed = models.PositiveIntegerField(default=0)
    contract = models.OneToOneField("market.Contract", on_delete=models.PROTECT, null=True, related_name="auction")
    reason = models.CharField(max_length=400, blank=True)
    closed = models.ForeignKey("kernel.Event", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset"], condition=Q(reserved=True), name="asset_reserved_once"),
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at"), closes_at__lt=F("reveals_until")), name="auction_times_forward"
            ),
            models.CheckConstraint(
                condition=Q(reserve_fen__gt=0, deposit_fen__gt=0), name="auction_reserve_and_deposit_positive"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[DRAFT, *PUBLIC]), name="auction_state_known"
            ),
            models.CheckConstraint(
                condition=Q(price_fen__isnull=True) | Q(price_fen__gte=F("reserve_fen")), name="price_reaches_reserve"
            ),
        ]  # fmt: skip

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Announcements are public; a draft is the supplier's and the venue's."""
        own = Q(supplier_id=actor.party_id or 0) | Q(state__in=PUBLIC)
        return Q() if "operator" in actor.roles and "reviewer" in actor.duties else own

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def rules(self) -> dict[str, Any]:
        """The rule profile that the announcement was made under."""
        assert self.case.profile is not None
        return dict(self.case.profile.data)

    def read_terms(self) -> Terms:
        return Terms.from_json(self.terms)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("auction", self.number), *self.product.event_refs()]

    def __str__(self) -> str:
        return self.number


class AuctionBidder(ScopedModel):
    """A party that registered to bid; its deposit stands in settlement under the auction's number.

    Who registered is told to nobody else before the result.
    """

    auction = models.ForeignKey(Auction, on_delete=models.PROTECT, related_name="bidders")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["auction", "party"], name="bidder_once_an_auction"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)


class SealedBid(ScopedModel):
    """One commitment of one bidder, never changed; amount and salt come at the opening and have to fit it.

    `event` is its entry of the evidence log, made by the system so that it names nobody and may be opened to all.
    """

    class Outcome(models.TextChoices):
        SEALED = "sealed"
        OPENED = "opened"
        UNOPENED = "unopened"
        BELOW = "below"
        STANDBY = "standby"
        LOST = "lost"
        WON = "won"
        DEFAULTED = "defaulted"

    auction = models.ForeignKey(Auction, on_delete=models.PROTECT, related_name="bids")
    bidder = models.OneToOneField(AuctionBidder, on_delete=models.PROTECT, related_name="bid")
    serial = models.PositiveIntegerField()
    commitment = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    event = models.OneToOneField("kernel.Event", on_delete=models.PROTECT, related_name="+")
    amount_fen = models.BigIntegerField(null=True)
    salt = models.CharField(max_length=64, blank=True)
    revealed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.SEALED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["auction", "serial"], name="bid_serial_once"),
            models.UniqueConstraint(fields=["commitment"], name="commitment_once"),
            models.CheckConstraint(
                condition=Q(amount_fen__isnull=True, revealed_at__isnull=True, salt="")
                | (Q(amount_fen__gt=0, revealed_at__isnull=False) & ~Q(salt="")),
                name="bid_opened_whole_or_not",
            ),
            models.CheckConstraint(
                condition=Q(amount_fen__isnull=False) | Q(outcome__in=["sealed", "unopened"]),
                name="unopened_bid_takes_no_part",
            ),
        ]  # fmt: skip

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(bidder__party_id=actor.party_id or 0)
