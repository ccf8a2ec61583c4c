"""The life of an invoice request as one table, with its forms."""

from __future__ import annotations

from typing import NamedTuple

from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.text import Text

from .models import Invoice

STATES: dict[str, tuple[str, Text]] = {
    "requested": ("run", Text("待开具", "To be issued")),
    "issued": ("ok", Text("已开具", "Issued")),
    "red_due": ("warn", Text("待红冲", "Red letter due")),
    "reddened": ("off", Text("已全额红冲", "Red-lettered in full")),
    "refused": ("bad", Text("未予开具", "Not issued")),
    "withdrawn": ("off", Text("已撤回", "Withdrawn")),
}
KINDS = {
    "special": Text("增值税专用发票", "Special VAT invoice"),
    "ordinary": Text("增值税普通发票", "Ordinary VAT invoice"),
}
SUBJECTS = {
    "bill": Text("数据服务费", "Data service"),
    "commission": Text("平台服务费", "Platform commission"),
}


class Move(NamedTuple):
    """Who takes it: the `issuer` or the `receiver` of the invoice, or `system`."""

    label: Text
    by: str
    sources: tuple[str, ...]
    target: str


MOVES = {
    "issue": Move(Text("登记发票", "Enter the invoice"), "issuer", ("requested",), "issued"),
    "refuse": Move(Text("不予开具", "Do not issue"), "issuer", ("requested",), "refused"),
    "withdraw": Move(Text("撤回申请", "Withdraw"), "receiver", ("requested",), "withdrawn"),
    "redden": Move(Text("登记红字发票", "Enter the red invoice"), "issuer", ("red_due",), "issued"),
    "credit": Move(Text("账单冲减", "The bill is credited"), "system", ("issued", "red_due"), "red_due"),
}
REQUEST = (
    Field("kind", "choice", Text("发票种类", "Kind"), choices=tuple(KINDS.items())),
    Field("title", "text", Text("发票抬头", "Title"), Text("购买方名称", "Name of the purchaser"), max_length=100),
    Field("tax_number", "text", Text("纳税人识别号", "Tax number"),
          Text("18位统一社会信用代码", "The unified social credit code, 18 characters"), max_length=18),
    Field("email", "text", Text("接收邮箱", "E-mail"),
          Text("数电发票发往这个邮箱", "The digital invoice is sent there"), max_length=200),
)  # fmt: skip
PAPERS = Field(
    "papers",
    "textarea",
    Text("发票", "Invoices"),
    Text("每张一行：发票号码 开票日期 金额（元，含税），如 25352000000012345678 2026-12-10 100.10；红字发票金额为负",
         "One a line: number, date, amount in CNY with tax, such as 25352000000012345678 2026-12-10 100.10; red ones negative"),
    max_length=4000,
)  # fmt: skip
REASON = Field(
    "reason", "textarea", Text("理由", "Reason"), Text("对方会看到", "The other side reads it"), max_length=400
)
FIELDS: dict[str, tuple[Field, ...]] = {
    "issue": (PAPERS,),
    "redden": (PAPERS,),
    "refuse": (REASON,),
    "withdraw": (),
}


def check_state(invoice: Invoice, step: str) -> None:
    """Raises Refusal `wrong_state`."""
    if invoice.state not in MOVES[step].sources:
        now, move = STATES[invoice.state][1], MOVES[step].label
        raise Refusal(
            "wrong_state",
            Text(
                f"发票申请当前“{now.zh}”，不能“{move.zh}”。请刷新页面。",
                f"The request is “{now.en}”, so “{move.en}” is not possible. Please reload.",
            ),
            409,
        )
