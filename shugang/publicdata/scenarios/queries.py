"""Reads of scenarios. `public_…`: the calls, the two catalogues and the listed applications that anybody sees."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.delivery.models import Grant
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from ..authorisation.models import Operation
from ..granting import FUSION
from .models import ClassApproval, ScenarioCall, ScenarioProposal, ScenarioUse

CALL, CLASS, USE = (
    Text("这项征集", "call"),
    Text("这项场景审定", "approval of a class"),
    Text("这项场景应用", "application of a scenario"),
)


def _one(rows: QuerySet[Any], number: str, what: Text) -> Any:
    found = rows.filter(case__number=number).first()
    if found is None:
        raise not_found(what)
    return found


def calls(actor: Actor) -> QuerySet[ScenarioCall]:
    rows: QuerySet[ScenarioCall] = ScenarioCall.objects.visible_to(actor)
    return rows.select_related("case", "office")


def get_call(actor: Actor, number: str) -> ScenarioCall:
    """Raises Refusal `not_found`."""
    return _one(calls(actor), number, CALL)


def proposals(actor: Actor, call: ScenarioCall) -> QuerySet[ScenarioProposal]:
    rows: QuerySet[ScenarioProposal] = ScenarioProposal.objects.visible_to(actor)
    return rows.filter(call=call).select_related("party").order_by("id")


def classes(actor: Actor) -> QuerySet[ClassApproval]:
    rows: QuerySet[ClassApproval] = ClassApproval.objects.visible_to(actor)
    return rows.select_related("case", "operation__case").distinct()


def get_class(actor: Actor, number: str) -> ClassApproval:
    """Raises Refusal `not_found`."""
    return _one(classes(actor), number, CLASS)


def uses(actor: Actor, approval: ClassApproval | None = None) -> QuerySet[ScenarioUse]:
    rows = ScenarioUse.objects.visible_to(actor).select_related(
        "case", "approval__case", "applicant", "product", "bundle__case"
    )
    rows = rows.distinct()
    return rows.filter(approval=approval) if approval else rows


def get_use(actor: Actor, number: str) -> ScenarioUse:
    """Raises Refusal `not_found`."""
    return _one(uses(actor), number, USE)


def grants_of(actor: Actor, kind: str, number: str) -> list[tuple[Grant, bool]]:
    """Grants on a basis that the reader was shown, and whether each is his to open."""
    rows = (
        Grant.objects.filter(bases__kind=kind, bases__reference=number)
        .select_related("grantee", "supplier")
        .order_by("id")
    )
    seen = set(Grant.objects.visible_to(actor).filter(pk__in=rows.values("pk")).values_list("pk", flat=True))
    return [(g, g.pk in seen) for g in rows]


def joint(actor: Actor, use: ScenarioUse) -> list[tuple[Grant, bool]]:
    """The private grants of a joint approval, and whether each is the reader's to open."""
    return [(g, seen) for g, seen in grants_of(actor, FUSION, use.number) if g.contract]


def public_calls() -> QuerySet[ScenarioCall]:
    return ScenarioCall.objects.select_related("case", "office").order_by("-id")


def public_call(number: str) -> ScenarioCall:
    """Raises Refusal `not_found`."""
    return _one(public_calls(), number, CALL)


def public_classes() -> QuerySet[ClassApproval]:
    """The scenario catalogue: classes in force."""
    return (
        ClassApproval.objects.filter(case__state="approved").select_related("case", "operation__case").order_by("-id")
    )


def public_class(number: str) -> ClassApproval:
    """Raises Refusal `not_found`."""
    return _one(public_classes(), number, CLASS)


def public_applications() -> QuerySet[ScenarioUse]:
    """Finished applications that stand on the market."""
    rows = ScenarioUse.objects.filter(product__state="listed")
    return rows.select_related("case", "approval__case", "applicant", "product").order_by("-id")


def public_development() -> list[dict[str, Any]]:
    """The development-data catalogue: what may be developed, by which class or operation."""
    found: list[dict[str, Any]] = []
    for row in public_classes().prefetch_related("resources__department"):
        for resource in row.resources.all():
            found.append(
                {
                    "resource": resource,
                    "items": row.fields[resource.number],
                    "approval": row,
                    "operation": row.operation,
                }
            )
    operations = Operation.objects.filter(case__state="in_force").select_related("case", "developer")
    for operation in operations.prefetch_related("resources__department"):
        for resource in operation.resources.all():
            found.append({"resource": resource, "items": [], "approval": None, "operation": operation})
    return sorted(found, key=lambda r: (r["resource"].name, r["resource"].pk))
