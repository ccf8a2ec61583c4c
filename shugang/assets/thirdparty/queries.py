"""Reads of services, orders and signed reports. `public_…` is what anybody may see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.parties.models import Party

from . import facts
from .models import Qualification, ServiceOffer, ServiceOrder, SignedReport
from .services import OFFER_NAME, REPORT_NAME

_FINISHED = (ServiceOrder.State.COMPLETED, ServiceOrder.State.TERMINATED)


def standing_reports(dataset_id: int, *kinds: str, version_id: int | None = None) -> QuerySet[SignedReport]:
    """Reports of these kinds on a data set that stand today, newest first: for procedures that rest on them.

    Standing: signed, accepted by the client (or not objected to in time), not withdrawn nor replaced, within its
    validity, by an agency that is active. The caller looks at `result`, and shows a reader only what he may see.
    """
    rows = SignedReport.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=clock.today()),
        version__dataset_id=dataset_id,
        kind__in=kinds,
        state=SignedReport.State.STANDING,
        agency__status=Party.Status.ACTIVE,
    )
    if version_id is not None:
        rows = rows.filter(version_id=version_id)
    return rows.select_related("agency", "client", "version").order_by("-signed_at", "-pk")


def public_offers(q: str = "", kind: str = "", price: str = "", days: int | None = None) -> QuerySet[ServiceOffer]:
    """Listed offers of active agencies. `price` is "fixed" or "quote"; `days` the longest that the reader can wait."""
    rows = ServiceOffer.objects.filter(state=ServiceOffer.State.LISTED, agency__status=Party.Status.ACTIVE)
    if kind:
        rows = rows.filter(kind=kind)
    if price:
        rows = rows.filter(price_plan__isnull=price == "quote")
    if days is not None:
        rows = rows.filter(days__lte=days)
    for word in q.split():
        rows = rows.filter(
            Q(title__icontains=word) | Q(title_en__icontains=word) | Q(scope_zh__icontains=word)
            | Q(scope_en__icontains=word) | Q(agency__name__icontains=word) | Q(agency__name_en__icontains=word)
        )  # fmt: skip
    return rows.select_related("agency", "case")


def public_offer(number: str) -> ServiceOffer:
    """An offer that is or was listed. Raises Refusal `not_found`."""
    rows = ServiceOffer.objects.select_related("agency", "case").filter(listed_at__isnull=False)
    found = rows.filter(case__number=number).first()
    if found is None:
        raise not_found(OFFER_NAME)
    return found


def public_qualifications(offers: Iterable[ServiceOffer]) -> list[Qualification]:
    """Checked qualifications behind offers, the document itself left out by who shows them."""
    rows = Qualification.objects.filter(offer__in=list(offers), checked_at__isnull=False)
    return list(rows.select_related("offer").order_by("offer_id", "-valid_until"))


def public_agency_offers(agency: Party) -> list[ServiceOffer]:
    """What an agency lists now, and what is suspended, said as such."""
    states = (ServiceOffer.State.LISTED, ServiceOffer.State.SUSPENDED)
    rows = ServiceOffer.objects.filter(agency=agency, state__in=states, listed_at__isnull=False)
    return list(rows.select_related("case", "agency").order_by("kind"))


def public_outcomes(agency: Party, kind: str = "") -> list[facts.Outcome]:
    """The facts that ratings are counted from: finished orders, without client, object or content."""
    rows = ServiceOrder.objects.filter(agency=agency, state__in=_FINISHED, engaged_at__isnull=False)
    if kind:
        rows = rows.filter(kind=kind)
    taken_back = set(
        SignedReport.objects.filter(agency=agency, state=SignedReport.State.WITHDRAWN, stands_since__isnull=False)
        .values_list("case_id", flat=True)
    )  # fmt: skip
    return [
        facts.Outcome(
            _day(row), row.on_time, row.state == ServiceOrder.State.COMPLETED, row.objections, row.upheld,
            row.case_id in taken_back, row.resigned,
        )
        for row in rows.order_by("finished_at", "pk")
    ]  # fmt: skip


def _day(order: ServiceOrder) -> date:
    assert order.finished_at is not None
    return order.finished_at.astimezone(clock.zone()).date()


def public_reports(agency: Party) -> QuerySet[SignedReport]:
    """Reports that their clients have published."""
    rows = SignedReport.objects.filter(agency=agency, public=True).exclude(state=SignedReport.State.DELIVERED)
    return rows.select_related("agency", "client", "version__dataset")


def public_report(number: str) -> SignedReport:
    """A report by its number, for checking; who shows it leaves out what is not public. Raises Refusal `not_found`."""
    rows = SignedReport.objects.select_related("agency", "client", "case", "version__dataset")
    found = rows.filter(number=number).first()
    if found is None:
        raise not_found(REPORT_NAME)
    return found


def offers(actor: Actor) -> QuerySet[ServiceOffer]:
    """The acting agency's own, or those that the operator reviews."""
    rows: QuerySet[ServiceOffer] = ServiceOffer.objects.visible_to(actor).select_related("agency", "case")
    return rows


def get_offer(actor: Actor, number: str) -> ServiceOffer:
    found = offers(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(OFFER_NAME)
    return found


def orders(actor: Actor, kind: str = "") -> QuerySet[ServiceOrder]:
    """Orders that the acting party placed, took, holds the data of, or has to settle."""
    rows: QuerySet[ServiceOrder] = ServiceOrder.objects.visible_to(actor).select_related(
        "case", "offer__case", "client", "agency", "holder", "version__dataset"
    )
    return rows.filter(kind=kind) if kind else rows


def get_order(actor: Actor, number: str) -> ServiceOrder:
    found = orders(actor).filter(case__number=number).first()
    if found is None:
        from shugang.kernel.engine import CASE

        raise not_found(CASE)
    return found


def reports(actor: Actor, kind: str = "") -> QuerySet[SignedReport]:
    """Reports of the cases in which the acting party takes part."""
    rows: QuerySet[SignedReport] = SignedReport.objects.visible_to(actor).select_related(
        "case", "agency", "client", "version__dataset"
    )
    return rows.filter(kind=kind) if kind else rows


def readable_report(actor: Actor, number: str) -> tuple[SignedReport, bool]:
    """The report and whether this reader may see client, object and conclusion. Raises Refusal `not_found`."""
    report = public_report(number)
    return report, report.public or reports(actor).filter(pk=report.pk).exists()


def report_json(report: SignedReport, whole: bool) -> dict[str, Any]:
    """What anybody may check of a report; `whole` adds client, object and conclusion."""
    shown: dict[str, Any] = {
        "number": report.number, "kind": report.kind, "state": standing(report), "digest": report.digest,
        "file_sha256": report.file_sha256, "context": report.context, "signatures": report.signatures,
        "agency": {"number": report.agency.number, "name": report.agency.name, "uscc": report.agency.uscc},
        "signed_at": report.signed_at.isoformat(),
        "valid_until": report.valid_until.isoformat() if report.valid_until else None,
    }  # fmt: skip
    if whole:
        shown |= {"result": report.result, "content": report.content, "client": report.client.number,
                  "object": [report.object_kind, report.object_number], "reason": report.state_reason}  # fmt: skip
    return shown


def standing(report: SignedReport) -> str:
    """The state as of today: `expired` once the validity is over."""
    over = report.valid_until is not None and report.valid_until < clock.today()
    return "expired" if over and report.state == SignedReport.State.STANDING else str(report.state)
