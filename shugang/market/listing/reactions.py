"""Without a certificate there is no listing and no use: what the registry decides takes effect here at once."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from shugang.assets.models import Certificate
from shugang.assets.registration.queries import public_lineage, valid_certificate
from shugang.assets.review import queries as reviews
from shugang.assets.thirdparty.models import SignedReport
from shugang.delivery.grants.models import Grant, GrantHold
from shugang.delivery.grants.services import resume_by_basis, resume_grant, suspend_by_basis, suspend_grant
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.policy.text import Text

from ..products.models import DataProduct
from ..products.offer import beyond_certificate
from .checklist import COMPLIANCE
from .reopening import free_covered, hold_uncovered, reopen, uncovered
from .services import BASIS, OPINION, REVIEW, has_opinion, hold, release
from .standing import CHANGED

REASONS: dict[str, Text] = {
    "certificate.suspended": Text("登记凭证已暂停", "the certificate is suspended"),
    "certificate.lapsed": Text("登记凭证已到期", "the certificate has lapsed"),
    "certificate.cancelled": Text("登记凭证已注销", "the certificate is cancelled"),
    "certificate.revoked": Text("登记凭证已撤销", "the certificate is revoked"),
    "certificate.transferred": Text("登记的权利已全部转让", "all registered rights are transferred"),
}
WITHDRAWN = Text("合规意见已撤回", "the compliance opinion is withdrawn")
NO_RIGHT = Text("新凭证没有经营权", "the new certificate carries no right to trade")


def _products(certificates: list[str], state: str) -> list[DataProduct]:
    rows = DataProduct.objects.select_for_update(of=("self",)).filter(certificate__number__in=certificates, state=state)
    return list(rows.order_by("id"))


def _certificate(event: Event) -> str:
    return next((r.key for r in event.refs.all() if r.kind == "certificate"), "")


def basis_lost(event: Event) -> None:
    """Suspend the listings on the certificate and every grant that stands on it, in the transaction of the event."""
    _stop_line(_certificate(event), REASONS[event.kind].zh)


def _stop_line(number: str, reason: str) -> None:
    line = public_lineage(number)
    for product in _products(line, DataProduct.State.LISTED):
        hold(product, BASIS, reason)
        emit("listing.suspended", SYSTEM, product.event_refs(), {"reason": reason, "held_by": BASIS})
    for standing in line:
        suspend_by_basis(SYSTEM, BASIS, standing, reason)


def basis_restored(event: Event) -> None:
    """Lift exactly what the certificate had suspended; orders and agreements stay in force."""
    _free_line(_certificate(event), event.kind)


def _free_line(number: str, reason: str) -> None:
    line = public_lineage(number)
    for product in _products(line, DataProduct.State.SUSPENDED):
        if product.held_by == BASIS:
            _release(product, reason)
    for standing in line:
        resume_by_basis(SYSTEM, BASIS, standing)


def basis_followed(event: Event) -> None:
    """A certificate took the place of another (change, renewal, what a partial transfer left): the listings stand on it
    now. Grants keep the basis that their contract names; what happens to the new certificate reaches them by its line."""
    said = event.payload["certificate"]
    if "previous" not in said:
        return
    number, line = said["number"], public_lineage(said["number"])
    if "OPERATE" not in said["rights"]:
        _stop_line(number, NO_RIGHT.zh)
        return
    heir = Certificate.objects.get(number=number)
    DataProduct.objects.filter(certificate__number__in=line).update(certificate=heir)
    former = Certificate.objects.filter(number=said["previous"]).values_list("content", flat=True).first() or {}
    _rights_changed(heir, former)
    _free_line(number, event.kind)


_RIGHTS = ("rights", "right_ends", "right_limits", "limits")


def _rights_changed(heir: Certificate, former: dict[str, Any]) -> None:
    """Other rights, limits or an earlier end than the listing was reviewed on: it is reviewed again. Contracts in force stay
    within what their terms allow, as the certificate allows it."""
    other = [name for name in _RIGHTS if former.get(name) != heir.content.get(name)]
    for product in DataProduct.objects.select_for_update(of=("self",)).filter(certificate=heir).order_by("id"):
        if other or beyond_certificate(product.terms, heir):
            reopen(SYSTEM, product, CHANGED, f"登记凭证{heir.number}的权利有变更，须重新审查")


def _release(product: DataProduct, why: str) -> None:
    """Back on the market, unless another of certificate, security review, opinion and re-opened review keeps it off."""
    if uncovered(product) is not None:
        hold(product, REVIEW, "安全审查须重新办理")
    elif valid_certificate(product.asset) is None:
        hold(product, BASIS, "登记凭证无效")
    elif product.reopened:
        hold(product, product.reopened, "许可或权利已变更，须重新申请上架")
    elif not has_opinion(product):
        hold(product, OPINION, WITHDRAWN.zh)
    else:
        release(product)
        emit("listing.resumed", SYSTEM, product.event_refs(), {"reason": why})


def _reviewed(event: Event) -> tuple[list[DataProduct], str, str]:
    """Products on the dataset of a security review, listed or suspended, with the numbers of dataset and case."""
    refs = {r.kind: r.key for r in event.refs.all()}
    rows = DataProduct.objects.select_for_update(of=("self",)).filter(
        dataset_version__dataset__number=refs["dataset"], state__in=["listed", "suspended"]
    )
    return list(rows.order_by("id")), refs["dataset"], refs["case"]


def review_lost(event: Event) -> None:
    """A security review is re-opened: listings that stood on it are suspended, and grants of its data held."""
    products, dataset, case = _reviewed(event)
    lost = [p for p in products if reviews.standing(p.dataset_version) is None]
    reason = f"安全审查须重新办理：{event.payload['reason']}"[:400]
    for product in lost:
        if product.state == DataProduct.State.LISTED:
            hold(product, REVIEW, reason)
            emit("listing.suspended", SYSTEM, product.event_refs(), {"reason": reason, "held_by": REVIEW})
    for number in _grants(dataset, [p.number for p in lost], int(event.payload["version"])):
        suspend_grant(SYSTEM, number, reason, REVIEW, case)


def _grants(dataset: str, products: list[str], version: int) -> list[str]:
    """Living grants of these products, and those that follow the dataset up to this version; in id order."""
    following = Q(source__dataset=dataset, source__versions__in=("later", "all"), source__version__lte=version)
    found = Grant.objects.filter(Q(product__in=products) | following).exclude(state=Grant.State.ENDED)
    return list(found.order_by("id").values_list("number", flat=True))


def review_passed(event: Event) -> None:
    """Lift exactly what the review had stopped."""
    products, _, case = _reviewed(event)
    for product in products:
        if product.held_by == REVIEW and uncovered(product) is None:
            _release(product, event.kind)
    held = GrantHold.objects.filter(kind=REVIEW, reference=case, lifted_at=None).order_by("grant_id")
    held = held.exclude(grant__state="ended")
    for number in list(held.values_list("grant__number", flat=True)):
        resume_grant(SYSTEM, number, REVIEW, case)


def version_added(event: Event) -> None:
    """A new version that a product delivers is covered by a security review, or stops it: of one that was taken down, the
    grants that still run. The grading that may carry over has been tried before: its room is registered first."""
    number = event.refs.get(kind="dataset").key
    rows = DataProduct.objects.select_for_update(of=("self",)).filter(
        dataset_version__dataset__number=number, state__in=["listed", "suspended", "delisted"]
    )
    hold_uncovered(rows.order_by("id"))


def version_covered(event: Event) -> None:
    """Graded or reviewed since: lift what waited for it."""
    number = event.refs.get(kind="dataset").key
    rows = DataProduct.objects.select_for_update(of=("self",)).filter(
        dataset_version__dataset__number=number, state="suspended", held_by=REVIEW
    )
    for product in rows.order_by("id"):
        if uncovered(product) is None:
            _release(product, event.kind)
    free_covered(number)


def opinion_lost(event: Event) -> None:
    """Its opinion is withdrawn: no new deals until it is listed anew. Contracts in force go on until they are dealt with."""
    number = event.refs.get(kind="report").key
    about = SignedReport.objects.filter(number=number, kind=COMPLIANCE, object_kind="product").values("object_number")
    rows = DataProduct.objects.select_for_update(of=("self",)).filter(
        number__in=about, state__in=["listed", "suspended"]
    )
    reason = f"{WITHDRAWN.zh}：{event.payload['reason']}"[:400]
    for product in rows.order_by("id"):
        if not has_opinion(product):
            hold(product, OPINION, reason)
            emit("listing.suspended", SYSTEM, product.event_refs(), {"reason": reason, "held_by": OPINION})


on("report.withdrawn")(opinion_lost)
for _kind in REASONS:
    on(_kind)(basis_lost)
on("certificate.resumed")(basis_restored)
on("security_review.reopened")(review_lost)
on("security_review.passed")(review_passed)
on("certificate.issued")(basis_followed)
on("dataset.version_added")(version_added)
on("security_review.passed")(version_covered)
on("grading.in_force")(version_covered)
