"""What a product's page says of the agreement of authorised operation under which it is sold."""

from __future__ import annotations

from shugang.assets.standing import entries
from shugang.delivery.datasets.standing import Fact
from shugang.kernel import sequencer
from shugang.market.products.models import DataProduct
from shugang.market.products.told import Told
from shugang.policy.text import Text

from .models import OperationProduct
from .process import OPERATION

LABEL = Text("授权运营", "Authorised operation")
SIGNED = f"{OPERATION.code}.sign"


def told_of_product(product: DataProduct) -> list[Told]:
    row = OperationProduct.objects.select_related("operation__case").filter(product=product).first()
    if row is None:
        return []
    operation, case = row.operation, row.operation.case
    state, stands = OPERATION.state(case.state), case.state == "in_force"
    event = entries([case.pk], (SIGNED,)).get(case.pk)
    fact = Fact(
        LABEL, case.title,
        Text(f"协议{operation.number}，{state.label.zh}，至{operation.until}；产品清单“{row.agreed}”",
             f"Agreement {operation.number}, {state.label.en.lower()}, until {operation.until}; its product “{row.agreed}”"),
        sequencer.proof_state(event) if stands else "", f"/operations/{operation.number}", event.log_index if event else None,
    )  # fmt: skip
    if stands:
        return [Told(fact)]
    return [Told(fact, Text(f"这个产品所依的授权运营协议{operation.number}{state.label.zh}。",
                            f"The agreement {operation.number} under which this product is sold is {state.label.en.lower()}."))]  # fmt: skip
