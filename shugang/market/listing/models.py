"""The application to list a product and the third party's signed opinion on it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class Listing(ScopedModel):
    """One application to list one product; `form` as it stands after corrections."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="listing")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="listings")
    operator = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    form = models.JSONField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))


class Opinion(ScopedModel):
    """The compliance opinion: what was checked, against which digest of product and application, and the signature.

    `content` is what `digest` (SHA-256 of its RFC 8785 form) and `signature` cover.
    """

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="opinions")
    reviewer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="opinions")
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    signature = models.JSONField()
    signed_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(listing__case_id__in=_cases_of(actor))
