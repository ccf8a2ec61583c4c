"""Reads of appraisals and book-cost sheets, each through the gate."""

from __future__ import annotations

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..registration.models import DataAsset
from ..thirdparty.guards import in_force
from ..thirdparty.queries import public_offers
from .guards import KIND
from .models import Appraisal, AppraisalSignature, BookSheet, BookSheetVersion, WorkingPaper

APPRAISAL = Text("这项评估", "appraisal")
SHEET = Text("这张成本表", "cost sheet")
# The client reads the paper once the appraiser has answered for it; before that it is a draft.
SHOWN_TO_CLIENT = ("issued", "superseded", "lapsed", "revoked")


def appraisals(actor: Actor) -> QuerySet[Appraisal]:
    return Appraisal.objects.visible_to(actor).select_related("case__profile", "asset", "client", "appraiser", "holder")


def get_appraisal(number: str, actor: Actor) -> Appraisal:
    """By the number of its case."""
    found = (
        appraisals(actor).select_related("event", "asset__dataset_version__dataset").filter(case__number=number).first()
    )
    if found is None:
        raise not_found(APPRAISAL)
    return found


def of_asset(asset: DataAsset, actor: Actor) -> list[Appraisal]:
    return list(appraisals(actor).filter(asset=asset).order_by("-pk"))


def paper_of(appraisal: Appraisal, actor: Actor) -> WorkingPaper | None:
    """The last paper, for the appraiser at any time and for the client after issue."""
    own = WorkingPaper.objects.visible_to(actor).filter(appraisal=appraisal).order_by("-version").first()
    if own is not None or appraisal.case.state not in SHOWN_TO_CLIENT:
        return own
    return appraisal.papers.order_by("-version").first()


def papers_of(appraisal: Appraisal, actor: Actor) -> list[WorkingPaper]:
    return list(WorkingPaper.objects.visible_to(actor).filter(appraisal=appraisal).order_by("-version"))


def signatures_of(appraisal: Appraisal, actor: Actor) -> list[AppraisalSignature]:
    return list(AppraisalSignature.objects.visible_to(actor).filter(appraisal=appraisal).order_by("pk"))


def assets_to_appraise(actor: Actor) -> list[DataAsset]:
    """Own registered assets."""
    own = DataAsset.objects.visible_to(actor).filter(party_id=actor.party_id or 0, state=DataAsset.State.REGISTERED)
    return list(own.order_by("-pk"))


def own_asset(number: str, actor: Actor) -> DataAsset:
    found = DataAsset.objects.visible_to(actor).filter(number=number, party_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(Text("这项资产", "asset"))
    return found


def public_appraisers() -> list[Party]:
    """Agencies whose appraisal service is listed and whose filing is in force."""
    offers = public_offers(kind=KIND).order_by("agency__number")
    return [offer.agency for offer in offers if in_force(offer)]


def sheets(actor: Actor) -> QuerySet[BookSheet]:
    return BookSheet.objects.visible_to(actor).select_related("party")


def get_sheet(number: str, actor: Actor) -> BookSheet:
    found = sheets(actor).filter(number=number).first()
    if found is None:
        raise not_found(SHEET)
    return found


def last_version(sheet: BookSheet, actor: Actor) -> BookSheetVersion:
    found = BookSheetVersion.objects.visible_to(actor).filter(sheet=sheet).order_by("-version").first()
    assert found is not None  # a sheet is made together with its first version
    return found
