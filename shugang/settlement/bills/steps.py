"""The steps of a bill as pages show them: words, effects, fields, and the verb behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shugang.kernel.actors import Actor
from shugang.kernel.forms import Field
from shugang.policy.text import Text

from .models import Bill
from .services import answer_dispute, confirm_bill, dispute_bill, void_bill

REASON = Field(
    "reason",
    "textarea",
    Text("理由", "Reason"),
    Text("双方都会看到这段文字，至少5个字", "Both sides read this text; five characters at least"),
    max_length=1000,
)
OUTCOME = Field(
    "outcome",
    "choice",
    Text("结论", "Outcome"),
    choices=(
        ("reject", Text("驳回异议，账单不变", "Reject; the bill stands")),
        ("uphold", Text("异议成立，作废并开具红字账单", "Uphold; void with a credit note")),
    ),
)


@dataclass(frozen=True)
class Step:
    """`act(actor, number, answers, revision)` runs the verb; `effects` are (icon, sentence)."""

    label: Text
    lead: Text
    effects: tuple[tuple[str, Text], ...]
    act: Callable[[Actor, str, Mapping[str, Any], int | None], Bill]
    fields: tuple[Field, ...] = ()
    danger: bool = False
    of_bill: Callable[[Bill], tuple[Field, ...]] | None = None

    def fields_for(self, bill: Bill) -> tuple[Field, ...]:
        """The step's own fields, after those that depend on the bill."""
        return (*(self.of_bill(bill) if self.of_bill else ()), *self.fields)


STEPS: dict[str, Step] = {
    "confirm": Step(
        Text("确认账单", "Confirm the bill"),
        Text(
            "请核对金额和明细。对数量有疑问时，请返回并提出异议。",
            "Please check the amount and the lines. If a quantity seems wrong, go back and dispute it.",
        ),
        (
            ("circle-check", Text("账单金额确定，付款期限开始计算", "The amount is agreed and the days to pay begin")),
            (
                "building-bank",
                Text(
                    "请按付款指引把款项付至存管银行，平台不经手资金",
                    "You then pay to the custodian bank; the platform never holds the money",
                ),
            ),
        ),
        lambda actor, number, _, rev: confirm_bill(actor, number, rev),
    ),
    "dispute": Step(
        Text("提出异议", "Dispute the bill"),
        Text("请写明是哪一行、相差多少、依据是什么。", "Say which line, by how much, and on what ground."),
        (
            ("hand-stop", Text("账单暂停，答复前无需付款", "The bill stops; nothing is due until it is answered")),
            (
                "messages",
                Text(
                    "平台财务核对用量记录后书面答复", "Platform finance checks the use records and answers in writing"
                ),
            ),
        ),
        lambda actor, number, answers, rev: dispute_bill(actor, number, str(answers["reason"]), rev),
        (REASON,),
    ),
    "reject_dispute": Step(
        Text("答复异议", "Answer the dispute"),
        Text("答复须附依据，需方看到的就是这段文字。", "Give the grounds; the buyer reads exactly this text."),
        (
            ("receipt", Text("驳回：账单恢复为待确认", "Rejected: the bill awaits confirmation again")),
            (
                "file-diff",
                Text(
                    "成立：作废本账单并开具红字账单，用量重新计费",
                    "Upheld: the bill is voided by a credit note and the use is rated anew",
                ),
            ),
        ),
        lambda actor, number, answers, rev: answer_dispute(
            actor, number, answers["outcome"] == "uphold", str(answers["reason"]), rev
        ),
        (OUTCOME, REASON),
    ),
    "void": Step(
        Text("作废并开具红字账单", "Void with a credit note"),
        Text("账单一经出具不得修改，只能以红字账单冲抵。", "An issued bill is never edited; a credit note offsets it."),
        (
            (
                "file-diff",
                Text("开具等额红字账单，双方可见", "A credit note over the same amount is issued to both sides"),
            ),
            (
                "refresh",
                Text("对应用量恢复为未出账，下次计费重新出账", "The use is unbilled again and comes with the next run"),
            ),
        ),
        lambda actor, number, answers, rev: void_bill(actor, number, str(answers["reason"]), rev),
        (REASON,),
        True,
    ),
}


def register(name: str, step: Step) -> None:
    """Add a step that moves money; the payouts room brings its own."""
    STEPS[name] = step
