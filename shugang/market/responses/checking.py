"""What may answer which demand."""

from __future__ import annotations

from typing import NoReturn

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.profiles import current_profile
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..demand.models import Demand
from ..demand.queries import OPEN
from ..products.models import DataProduct
from ..trade.relations import require_apart
from .models import DemandResponse


def _no(code: str, zh: str, en: str, status: int = 409) -> NoReturn:
    raise Refusal(code, Text(zh, en), status)


def check_demand(demand: Demand, supplier: Party) -> None:
    """Raises Refusal `own_demand`, `demand_over`, `not_public`, `already_invited`, `related_parties`."""
    if demand.party_id == supplier.pk:
        _no("own_demand", "不能应答本机构的需求。", "You cannot answer your own demand.")
    if demand.state != "published":
        _no("demand_over", "这项需求已经结束，不能再应答。", "The demand is over; it can be answered no more.")
    if demand.visibility not in OPEN:
        _no("not_public", "这项需求只接受受邀供方的答复。", "This demand takes answers from invited suppliers only.")
    if demand.invitations.filter(supplier=supplier, living=True).exists():
        _no(
            "already_invited", "需方已邀请贵机构报价，请在“收到的报价邀请”中答复。",
            "The buyer has invited you: please answer the invitation.",
        )  # fmt: skip
    if not demand.anonymous:  # of an anonymous demander a tie would tell who he is; the inquiry asks again
        require_apart(demand.party, supplier)


def check_room(demand: Demand, product: DataProduct) -> None:
    """Raises Refusal `already_offered`, `declined_before`, `too_many_offers`."""
    mine = DemandResponse.objects.filter(demand=demand, supplier_id=product.supplier_id)
    same = mine.filter(product=product)
    if same.filter(living=True).exists():
        _no("already_offered", "这个产品已经应答过这项需求。", "This product answers the demand already.")
    if same.filter(demand_version=demand.version, case__state="declined").exists():
        _no(
            "declined_before", "需方已谢绝这个产品；需求变更后可以再应答。",
            "The buyer has declined this product. It may answer again once the demand is amended.",
        )  # fmt: skip
    most = int(current_profile("responses", clock.today()).data["open_a_supplier"])
    if mine.filter(living=True, inquiry=None).count() >= most:
        _no(
            "too_many_offers", f"一家供方对一项需求最多同时有{most}个待处理的应答。",
            f"At most {most} answers of a supplier to one demand may wait at once.",
        )  # fmt: skip
