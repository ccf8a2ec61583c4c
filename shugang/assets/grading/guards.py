"""What a step of a grading asks beyond duty and state."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from . import lineage
from .effects import locked


def complete(ctx: Context) -> None:
    """Every column is decided by a person, and every input has a grade."""
    grading = locked(ctx)
    waiting = list(
        grading.columns.filter(level=None).order_by("column__position").values_list("column__name", flat=True)
    )
    if waiting:
        names = "、".join(waiting[:5])
        raise Refusal(
            "columns_undecided",
            Text(f"还有{len(waiting)}个字段没有确认（{names}等）。请逐个确认或一次采纳建议，再提交。",
                 f"{len(waiting)} column(s) are not confirmed yet ({', '.join(waiting[:5])}). Please confirm them first."),
            409,
        )  # fmt: skip
    _, ungraded = lineage.inherited(grading.version)
    if ungraded:
        which = str(ungraded[0].source)
        raise Refusal(
            "source_not_graded",
            Text(f"来源数据{which}还没有分级，衍生数据无法定级。请先为来源分级。",
                 f"The input {which} has no grade yet, so derived data cannot be graded. Please grade the input first."),
            409,
        )  # fmt: skip


def second_person(ctx: Context) -> None:
    """Who decided a column does not review the grading (回避)."""
    complete(ctx)
    if locked(ctx).columns.filter(decided_by=ctx.actor.person_id, carried=False).exists():
        raise Refusal(
            "conflict_of_interest",
            Text("您确认过其中的字段，按回避规则须由另一人复核。", "You decided columns of it; by the rule of recusal another person must review it."),
            403,
        )  # fmt: skip
