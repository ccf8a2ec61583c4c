"""Reads of demands and invitations. `public_…`: what anybody sees of a published demand."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from shugang.kernel import textwords
from shugang.kernel.actors import Actor, PlainActor, sees_every_record
from shugang.kernel.errors import not_found
from shugang.parties.models import Mandate, Party
from shugang.policy.terms import MODES, PURPOSES
from shugang.policy.text import Text

from ..products.kinds import SECTORS
from ..products.models import DataProduct
from .models import Demand, DemandVersion, QuoteInvitation

DEMAND = Text("这项需求", "demand")
INVITATION = Text("这个邀请", "invitation")
OPEN = ("public", "anonymous")
ANONYMOUS = Text("匿名需方", "An anonymous buyer")


def demands(actor: Actor, state: str = "") -> QuerySet[Demand]:
    """Demands of the acting party; for the venue those that it reviews, for the supervisor all."""
    rows = Demand.objects.visible_to(actor).select_related("case", "party")
    if actor.party_id and "operator" in actor.roles:
        rows = rows.exclude(case__state="draft")
    return rows.filter(case__state=state) if state else rows


def counts(actor: Actor) -> dict[str, int]:
    rows = demands(actor).values("case__state").annotate(n=Count("pk"))
    return {row["case__state"]: row["n"] for row in rows.order_by()}


def get_demand(actor: Actor, number: str) -> Demand:
    """A demand in which the actor takes part. Raises Refusal `not_found`."""
    found = demands(actor).filter(case__number=number).select_related("case__profile").first()
    if found is None:
        raise not_found(DEMAND)
    return found


def versions(demand: Demand, actor: Actor) -> list[DemandVersion]:
    return list(DemandVersion.objects.visible_to(actor).filter(demand=demand).order_by("-version"))


def invitations_of(demand: Demand, actor: Actor) -> list[QuoteInvitation]:
    """All invitations of the actor's own demand, the newest first."""
    rows = QuoteInvitation.objects.visible_to(actor).filter(demand=demand, demand__party_id=actor.party_id or 0)
    return list(rows.select_related("case", "supplier", "product", "inquiry__case").order_by("-pk"))


def invitations(actor: Actor, state: str = "") -> QuerySet[QuoteInvitation]:
    """Invitations that the acting supplier received."""
    rows = QuoteInvitation.objects.visible_to(actor).filter(supplier_id=actor.party_id or 0)
    rows = rows.select_related("case", "demand__party", "demand__case", "product", "inquiry__case")
    return rows.filter(case__state=state) if state else rows


def get_invitation(actor: Actor, number: str) -> QuoteInvitation:
    rows = QuoteInvitation.objects.visible_to(actor).select_related(
        "case", "demand__party", "demand__case", "demand__mandate", "supplier", "product", "inquiry__case"
    )
    found = rows.filter(case__number=number).first()
    if found is None:
        raise not_found(INVITATION)
    return found


def of_party(mandate: Mandate) -> Actor:
    """Who reads as the mandate's principal does; its caller has checked who acts under it."""
    return PlainActor(None, mandate.principal_id, mandate.principal.roles, frozenset({"handler"}), label=mandate.number)


def under_mandate(mandate: Mandate) -> list[Demand]:
    """Demands that were posted under a mandate, the newest first."""
    rows = Demand.objects.visible_to(of_party(mandate)).filter(mandate=mandate)
    return list(rows.select_related("case").order_by("-pk")[:200])


def waiting_for(mandate: Mandate) -> list[QuoteInvitation]:
    """Invitations of the mandate's principal that await an answer."""
    return list(invitations(of_party(mandate), "invited").order_by("-pk")[:200])


def answerable(invitation: QuoteInvitation) -> list[DataProduct]:
    """The supplier's listed products that the demand's purpose and ways of delivery admit."""
    demand = invitation.demand
    rows = DataProduct.objects.filter(
        supplier_id=invitation.supplier_id, state="listed", mode__in=demand.content["modes"]
    )
    return [p for p in rows.order_by("-pk")[:500] if demand.purpose in p.purposes]


def public_open() -> QuerySet[Demand]:
    """What stands open to everybody now."""
    return Demand.objects.filter(case__state="published", visibility__in=OPEN).select_related("case", "party")


def public_demands(q: str = "", sector: str = "") -> QuerySet[Demand]:
    """Published demands that are open to everybody; `q`: all its words stand in the title or the text."""
    rows = public_open()
    words = [w for w in textwords.telling(textwords.normalise(q)) if len(w) > 1] or q.split()[:1]
    for word in list(dict.fromkeys(words))[:16]:
        rows = rows.filter(Q(title__icontains=word) | Q(content__text__icontains=word))
    return rows.filter(sector=sector) if sector in SECTORS else rows


def public_sectors() -> list[tuple[str, Text, int]]:
    tally = {row["sector"]: row["n"] for row in public_open().order_by().values("sector").annotate(n=Count("pk"))}
    return [(code, label, tally[code]) for code, label in SECTORS.items() if tally.get(code)]


def public_demand(number: str, actor: Actor) -> Demand:
    """A demand that this reader may see: published and open, or one to which he is invited. Raises Refusal `not_found`."""
    found = Demand.objects.select_related("case", "party").filter(case__number=number).first()
    invited = Q(supplier_id=actor.party_id or 0, demand__case__number=number)
    shown = found is not None and (
        (found.state == "published" and found.visibility in OPEN)
        or (found.state != "draft" and QuoteInvitation.objects.filter(invited).exists())
        or found.responses.filter(supplier_id=actor.party_id or 0).exists()
    )
    if found is None or not shown:
        raise not_found(DEMAND)
    return found


def public_name(demand: Demand, actor: Actor) -> Text:
    """Who demands, or that he is anonymous to this reader."""
    if public_known(demand, actor):
        return Text(demand.party.name, demand.party.name_en or demand.party.name)
    return ANONYMOUS


def public_known(demand: Demand, actor: Actor) -> bool:
    """Whether this reader may know who demands: not anonymous, his own, he has answered it, or he supervises."""
    if not demand.anonymous or actor.party_id == demand.party_id or sees_every_record(actor):
        return True
    if actor.party_id is None:
        return False
    answered = demand.invitations.filter(supplier_id=actor.party_id, answered_at__isnull=False)
    return answered.exists() or demand.responses.filter(supplier_id=actor.party_id, inquiry__isnull=False).exists()


def public_suppliers() -> QuerySet[Party]:
    """Active suppliers with something listed: who may be invited."""
    listed = DataProduct.objects.filter(state="listed").values("supplier_id")
    return Party.objects.filter(pk__in=listed, is_supplier=True, status=Party.Status.ACTIVE).order_by("number")


def public_json(demand: Demand, actor: Actor) -> dict[str, Any]:
    """A demand for programs; the demander's name and number only where this reader may know them."""
    known, content = public_known(demand, actor), demand.content
    return {
        "number": demand.number, "version": demand.version, "state": demand.state, **content,
        "sector_label": SECTORS[demand.sector].zh, "purpose_label": PURPOSES[demand.purpose].zh,
        "mode_labels": [MODES[m].zh for m in content["modes"]],
        "demander": {"number": demand.party.number, "name": demand.party.name} if known else None,
        "published_at": demand.published_at.isoformat() if demand.published_at else None,
    }  # fmt: skip
