"""What re-opens the review of a listing: the end of the source's licence, another licence, other rights, an uncovered version.

A licence that is over stops the grants too. What is re-opened comes back by a new listing alone (`services.apply_listing`), which
for a product that was taken down renews the licence of its running grants and nothing else;
a version that its security review does not cover comes back with that review.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from shugang.assets.review import queries as reviews
from shugang.delivery.grants.models import Grant, GrantHold
from shugang.delivery.grants.services import resume_grant, suspend_grant
from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..products import offer
from ..products.models import DataProduct
from ..products.services import own_product, require_supply
from .standing import CHANGED, LICENCE, OPINION, REVIEW, hold

# What a supplier reports of his source: which of the two kinds it is, in his words.
CHANGES: dict[str, Text] = {
    "ended": Text("来源许可已终止或到期", "The source's licence has ended"),
    "licence": Text("来源许可的内容有变更", "The source's licence is another now"),
    "right": Text("权利有变更或争议", "Rights have changed or are disputed"),
}
FOLLOWING = ("later", "all")


def reopen(actor: Actor, product: DataProduct, kind: str, reason: str) -> None:
    """Mark a listed or suspended product for a new review; whoever else keeps it off the market goes on doing so."""
    if product.state not in (DataProduct.State.LISTED, DataProduct.State.SUSPENDED):
        return
    if product.reopened != LICENCE:  # an ended licence is not made less of by a later change
        product.reopened = kind
    if product.state == DataProduct.State.LISTED or product.held_by in (OPINION, CHANGED, LICENCE):
        hold(product, kind, reason)
    product.save(update_fields=["reopened"])
    emit("listing.suspended", actor, product.event_refs(), {"reason": reason, "held_by": kind})


def end_licences() -> int:
    """Suspend what rests on a licence whose last day is over, and the grants with it. Returns how many products."""
    due = DataProduct.objects.filter(licence_until__lt=clock.today()).exclude(reopened=LICENCE)
    numbers = list(due.order_by("pk").values_list("number", flat=True)[:200])
    for number in numbers:
        with transaction.atomic():
            _licence_over(number)
    return len(numbers)


def _licence_over(number: str) -> None:
    product = DataProduct.objects.select_related("asset").get(number=number)
    offer.hold_still(product.asset)
    product.refresh_from_db()
    if product.reopened == LICENCE or product.licence_until is None or product.licence_until >= clock.today():
        return
    _stop(SYSTEM, product, f"来源许可已于{product.licence_until}到期")


def _stop(actor: Actor, product: DataProduct, reason: str) -> None:
    """No licence, no deals and no use: the listing where there is one, and every living grant of the product."""
    reopen(actor, product, LICENCE, reason)
    if product.reopened != LICENCE:  # taken down before: its contracts still ran
        product.reopened = LICENCE
        product.save(update_fields=["reopened"])
    living = Grant.objects.filter(product=product.number).exclude(state=Grant.State.ENDED)
    for grant in living.order_by("id").values_list("number", flat=True):
        suspend_grant(actor, grant, reason, LICENCE, product.number)


def lift(product: DataProduct) -> None:
    """A new listing shows a licence in force: lift exactly what its end had stopped. Of a product that was taken down the
    contracts go on to their own end, as they would have without the gap; nothing new is concluded over it."""
    held = GrantHold.objects.filter(kind=LICENCE, reference=product.number, lifted_at=None)
    held = held.exclude(grant__state=Grant.State.ENDED)  # what has ended meanwhile stays so
    for grant in list(held.order_by("grant_id").values_list("grant__number", flat=True)):
        resume_grant(SYSTEM, grant, LICENCE, product.number)


@verb
def report_change(actor: Actor, number: str, what: str, reason: str) -> DataProduct:
    """The supplier says that the licence or the rights behind a listed product are others now; it is reviewed again. An ended
    licence stops its grants in the same moment.

    Raises Refusal `forbidden`, `not_found`, `invalid_form`, `wrong_state`.
    """
    require_supply(actor)
    product = own_product(actor, number)
    offer.hold_still(product.asset)
    product = own_product(actor, number, lock=True)
    wrong = {}
    if what not in CHANGES:
        wrong["what"] = Text("请选择变更的是什么。", "Please choose what has changed.")
    if not reason.strip():
        wrong["reason"] = Text("请写明变更的内容和日期。", "Please say what changed and when.")
    if wrong:
        raise Refusal("invalid_form", Text("请补正后再提交。", "Please correct the entries."), 422, wrong)
    if product.state not in (DataProduct.State.LISTED, DataProduct.State.SUSPENDED):
        raise Refusal(
            "wrong_state",
            Text("只有上架过、尚未下架的产品需要报告变更。", "Only a product on the market, or suspended, has changes to report."),
            409,
        )  # fmt: skip
    said = f"{CHANGES[what].zh}：{reason.strip()}"[:400]
    if what == "ended":
        _stop(actor, product, said)
    else:
        reopen(actor, product, CHANGED, said)
    return product


# ── versions of the data ─────────────────────────────────────────────────────────────────────────────────────


def followed(product: DataProduct) -> list[DatasetVersion]:
    """The versions that the product delivers: its own, and later ones of the same columns where it offers them."""
    own = product.dataset_version
    if product.source.get("versions") not in FOLLOWING:
        return [own]
    later = own.dataset.versions.filter(version__gt=own.version, schema_digest=own.schema_digest).exclude(path="")
    return [own, *later.order_by("version")]


def uncovered(product: DataProduct) -> DatasetVersion | None:
    """The first version that the product delivers and no security review covers."""
    return next((v for v in followed(product) if reviews.standing(v) is None), None)


def hold_uncovered(products: Iterable[DataProduct]) -> None:
    """Suspend listed products that deliver a version without a security review, and the grants that follow it."""
    for product in products:
        version = uncovered(product)
        if version is None or version.pk == product.dataset_version_id:
            continue
        reason = f"数据新增第{version.version}版，安全审查尚未覆盖，须完成分级和审查"
        if product.state == DataProduct.State.LISTED:
            hold(product, REVIEW, reason)
            emit("listing.suspended", SYSTEM, product.event_refs(), {"reason": reason, "held_by": REVIEW})
        for grant in _following(product):
            suspend_grant(SYSTEM, grant, reason, REVIEW, f"{version.dataset.number}+")


def free_covered(dataset: str) -> None:
    """Lift the holds that an uncovered version had placed, of products whose every version is covered now."""
    held = GrantHold.objects.filter(kind=REVIEW, reference=f"{dataset}+", lifted_at=None).order_by("grant_id")
    held = held.exclude(grant__state=Grant.State.ENDED)
    for grant, number in list(held.values_list("grant__number", "grant__product")):
        product = DataProduct.objects.select_related("dataset_version__dataset").get(number=number)
        if uncovered(product) is None:
            resume_grant(SYSTEM, grant, REVIEW, f"{dataset}+")


def _following(product: DataProduct) -> list[str]:
    rows = Grant.objects.filter(Q(source__versions__in=FOLLOWING), product=product.number)
    return list(rows.exclude(state=Grant.State.ENDED).order_by("id").values_list("number", flat=True))
