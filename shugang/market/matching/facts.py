"""The facts that matching compares, read from demands and listed products in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from shugang.assets.models import Grading
from shugang.delivery.models import Column
from shugang.policy.priceplan import PricePlan, total
from shugang.policy.priceplan.curve import spread

from ..demand.models import Demand
from ..products.models import DataProduct
from .subjects import Offered, Wanted

_PERIODS = {"month": 12, "quarter": 4, "year": 1}


@dataclass(frozen=True)
class Candidate:
    """A listed product: its facts but for the cost, which depends on the demand's use."""

    pk: int
    supplier_id: int
    facts: Offered
    plan: PricePlan

    def at(self, uses: int | None) -> Offered:
        return replace(self.facts, cost_fen=yearly_cost(self.plan, uses))


def yearly_cost(plan: PricePlan, uses: int | None) -> int | None:
    """分 for a year of `uses` calls; None where the plan's price depends on what is not known."""
    if plan.kind == "free":
        return 0
    if plan.kind == "one_off":
        return plan.price_fen
    if plan.kind == "period":
        return plan.price_fen * _PERIODS[plan.every or "month"]
    if plan.kind == "revenue" or uses is None or plan.unit != "calls":
        return None
    return total(plan, spread(plan, uses))


def wanted(demand: Demand) -> Wanted:
    return Wanted.read(demand.content, "buyer" in demand.party.roles)


def candidates() -> list[Candidate]:
    """Everything that is listed, in the order of its listing."""
    rows = list(
        DataProduct.objects.filter(state=DataProduct.State.LISTED)
        .select_related("dataset_version__dataset", "asset__registration")
        .order_by("pk")
    )
    versions = {p.dataset_version_id for p in rows}
    columns: dict[int, list[Column]] = defaultdict(list)
    for column in Column.objects.filter(version__products__state="listed").distinct().order_by("position"):
        columns[column.version_id].append(column)
    graded = Grading.objects.filter(state="in_force", version__products__state="listed").values_list(
        "version_id", "level"
    )
    levels = {version: level for version, level in graded if version in versions}
    return [
        Candidate(
            p.pk, p.supplier_id, _facts(p, columns[p.dataset_version_id], levels.get(p.dataset_version_id)), p.plan
        )
        for p in rows
    ]


def _facts(product: DataProduct, columns: list[Column], level: int | None) -> Offered:
    terms, form = product.terms, product.asset.registration.form
    given = [c for c in columns if c.name in terms.fields]
    masked = {m.column for m in terms.masks}
    spec = product.spec
    said = [product.summary, product.keywords, spec.get("content", ""), spec.get("cases", "")]
    where = [spec.get("coverage", ""), form.get("region", ""), form.get("period", "")]
    return Offered(
        product.number, product.name, " ".join(t for t in said if t), product.sector, product.mode, tuple(product.purposes),
        tuple((c.name, c.comment) for c in given), "；".join(t for t in where if t), str(form.get("frequency", "")),
        product.dataset_version.rows, None, level, any(c.personal and c.name not in masked for c in given),
        product.dataset_version.dataset.licence,
    )  # fmt: skip
