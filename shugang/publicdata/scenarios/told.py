"""What a product's page says of the scenario that it was made for: the approved class, and on what its use of public data rests."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet

from shugang.assets.standing import entries
from shugang.delivery.datasets.standing import Fact
from shugang.kernel import sequencer
from shugang.kernel.models import Event
from shugang.market.products.models import DataProduct
from shugang.market.products.told import Told
from shugang.policy.text import Text

from .kinds import CLASSES
from .models import ScenarioUse
from .process import APPROVAL

LABEL = Text("应用场景", "Scenario")
APPROVED = f"{APPROVAL.code}.approve"
MOST = 5


def rows() -> QuerySet[ScenarioUse]:
    return ScenarioUse.objects.filter(product=OuterRef("pk"))


def told_of_product(product: DataProduct) -> list[Told]:
    uses = list(
        ScenarioUse.objects.filter(product=product).select_related("case", "approval__case").order_by("-id")[:MOST]
    )
    proofs = entries([u.approval.case_id for u in uses], (APPROVED,))
    return [_told(use, proofs.get(use.approval.case_id)) for use in uses]


def _told(use: ScenarioUse, event: Event | None) -> Told:
    """The number of the use itself is its parties' own and is not told. A class that is no longer in force is said so before anything else: the application gets no more data by it."""
    approval, label = use.approval, CLASSES[use.scenario_class]
    title, state = approval.case.title, APPROVAL.state(approval.case.state)
    stands = approval.case.state == "approved"
    value = Text(f"{label.zh}：{title}", f"{label.en}: {title}")
    fact = Fact(
        LABEL, value,
        Text(f"一类场景一审定{approval.number}，{state.label.zh}；本应用经审查单独授权",
             f"One approval for one class, {approval.number}, {state.label.en.lower()}; this application was reviewed and granted by itself"),
        sequencer.proof_state(event) if stands else "", f"/scenarios/{approval.number}" if stands else "",
        event.log_index if event else None,
    )  # fmt: skip
    if stands:
        return Told(fact)
    return Told(fact, Text(
        f"这个应用所依的场景审定{approval.number}{state.label.zh}，不再据此取得公共数据。",
        f"The approval {approval.number} on which this application rests is no longer in force ({state.label.en.lower()}); it gets no more public data by it.",
    ))  # fmt: skip
