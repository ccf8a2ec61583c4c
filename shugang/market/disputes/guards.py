"""What a step of a dispute asks beyond duty and state: recusal, an agency that is independent, amounts that hold."""

from __future__ import annotations

from django.db.models import Q

from shugang.assets.thirdparty.guards import apart, in_force
from shugang.assets.thirdparty.models import ServiceOffer, ServiceOrder, SignedReport
from shugang.assets.thirdparty.rules import connected
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.procedure import Context
from shugang.parties.models import Membership, Party
from shugang.policy.text import Text

from . import deciding
from .models import Dispute

__all__ = ["agency_fits", "agency_independent", "apart", "award", "buyer", "own_claim"]
ARBITRATION = "arbitration"
_SIDES = ("claimant", "respondent")
DISPUTE = Text("这项争议", "dispute")


def dispute_of(ctx: Context) -> Dispute:
    rows = Dispute.objects.select_related(
        "case", "contract__grant", "contract__product__asset", "contract__product__dataset_version__dataset",
        "contract__inquiry__case", "contract__buyer", "contract__supplier", "claimant", "respondent", "agency", "offer__case",
    )  # fmt: skip
    return rows.get(case=ctx.case)


def own_claim(ctx: Context) -> None:
    """A claim is withdrawn by who made it: what the venue opened by order, by the venue."""
    dispute = dispute_of(ctx)
    venue = ctx.actor.party_id not in {dispute.claimant_id, dispute.respondent_id}
    if dispute.by_order != venue:
        raise forbidden(
            "争议由提出的一方撤回；依职权发起的，由运营机构撤回。",
            "A dispute is withdrawn by who opened it; one opened by order, by the operator.",
        )


def buyer(ctx: Context) -> None:
    if ctx.actor.party_id != dispute_of(ctx).contract.buyer_id:
        raise forbidden("收到退款由需方确认。", "That a refund came is for the buyer to say.")


def named_offer(number: str) -> ServiceOffer:
    """The listed service of dispute arbitration. Raises Refusal `not_found`, `not_an_arbitrator`, `offer_not_standing`."""
    offer = ServiceOffer.objects.select_related("agency", "case").filter(case__number=number.strip()).first()
    if offer is None or offer.listed_at is None:
        raise not_found(Text("这项仲裁服务", "such service of arbitration"))
    if offer.kind != ARBITRATION:
        raise _not("not_an_arbitrator", "这项服务不是争议仲裁，请在“第三方服务”中另选。",
                   "That is no service of dispute arbitration. Please choose another.", 422)  # fmt: skip
    fine = offer.state == ServiceOffer.State.LISTED and offer.agency.status == Party.Status.ACTIVE
    if not (fine and "reviewer" in offer.agency.roles and in_force(offer)):
        raise _not("offer_not_standing", "该机构现在不能受理：服务未公开、资质到期或机构已暂停。",
                   "This agency takes no cases now: not listed, qualification lapsed, or suspended.", 409)  # fmt: skip
    return offer


def _not(code: str, zh: str, en: str, status: int) -> Refusal:
    message = Text(zh, en)
    return Refusal(code, message, status, {"offer": message} if status == 422 else None)


def agency_fits(ctx: Context) -> None:
    offer = named_offer(ctx.data["offer"])
    independent(dispute_of(ctx), offer.agency_id, None)


def agency_independent(ctx: Context) -> None:
    independent(dispute_of(ctx), ctx.actor.party_id or 0, ctx.actor)


def independent(dispute: Dispute, agency: int, actor: Actor | None) -> None:
    """Raises Refusal `conflict_of_interest`: the agency is a side or the venue, shares people with a side, is at work for
    one, or has worked on what is disputed (an order, or a signed report, the opinion of its listing included)."""
    contract = dispute.contract
    sides = {contract.buyer_id, contract.supplier_id}
    members = Membership.objects.filter(active=True)
    theirs = set(members.filter(party_id__in=sides).values_list("person_id", flat=True))
    ours = set(members.filter(party_id=agency).values_list("person_id", flat=True))
    if actor is not None and actor.person_id in theirs:
        ours.add(actor.person_id)
    why = connected(agency, ours, sides, theirs)
    if why:
        raise conflict(
            Text("该机构是当事方，或有人员属于当事方", "The agency is a side, or somebody of it belongs to one")
        )
    if _worked(dispute, agency):
        raise conflict(Text("该机构为一方办理过本争议所涉的事项，或正在为一方服务",
                            "The agency has worked for a side in this matter, or is at work for one"))  # fmt: skip


def conflict(why: Text) -> Refusal:
    return Refusal(
        "conflict_of_interest",
        Text(f"{why.zh}，按回避规则不能仲裁。请另选机构。", f"{why.en}; by the rule of recusal it may not arbitrate. Please choose another."),
        403,
    )  # fmt: skip


def _worked(dispute: Dispute, agency: int) -> bool:
    contract = dispute.contract
    product, version = contract.product, contract.product.dataset_version
    sides = [contract.buyer_id, contract.supplier_id]
    matter = Q(version__dataset=version.dataset_id) | Q(object_number__in=[
        product.number, product.asset.number, contract.number, contract.inquiry.case.number, version.dataset.number])  # fmt: skip
    orders = ServiceOrder.objects.filter(agency=agency).exclude(state=ServiceOrder.State.NOT_ENGAGED)
    at_work = Q(client__in=sides, state=ServiceOrder.State.ENGAGED)
    reports = SignedReport.objects.filter(agency=agency).filter(matter)
    return orders.filter(at_work | matter).exists() or reports.exists()


def award(ctx: Context) -> None:
    """Independent still, within the claim and what is booked; then signed. Nothing is kept when any of it fails."""
    dispute = dispute_of(ctx)
    independent(dispute, ctx.actor.party_id or 0, ctx.actor)
    deciding.sign_award(ctx, dispute)
