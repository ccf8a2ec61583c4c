"""The application to list a product. The opinion on it is a signed report (`assets.thirdparty`), tied by the case."""

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
