"""What the steps of a designation bring about."""

from __future__ import annotations

from shugang.kernel.procedure import Context

from . import rules
from .models import SourceClaim, SourceOfTruth


def designated(ctx: Context) -> None:
    claim = SourceClaim.objects.select_for_update().get(case=ctx.case)
    rules.free(claim.element, claim.region, claim.valid_from)
    made = SourceOfTruth.objects.create(
        element=claim.element, name=claim.name, region=claim.region, department_id=claim.department_id,
        basis=ctx.case.data["basis"], valid_from=claim.valid_from, case=ctx.case,
    )  # fmt: skip
    closed(ctx)
    ctx.refs += [("element", made.element), ("party", claim.department.number)]
    ctx.outputs |= {"element": made.element, "region": made.region, "department": claim.department.number}


def closed(ctx: Context) -> None:
    SourceClaim.objects.filter(case=ctx.case).update(open=False)
