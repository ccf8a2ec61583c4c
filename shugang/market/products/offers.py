"""What is offered of a version of data, told on the pages of its data set and its asset."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from shugang.assets.registration.models import DataAsset
from shugang.delivery.datasets.standing import Fact
from shugang.delivery.models import DatasetVersion
from shugang.kernel import sequencer
from shugang.kernel.models import Event
from shugang.policy.text import Text

from . import pricing
from .kinds import STATES
from .models import DataProduct

OFFER = Text("产品与价格", "Products and prices")


def told(actor: Any, version: DatasetVersion) -> list[Fact]:
    """The products of this version that the reader may see, the listed ones first; what its holder can do without one."""
    seen = Q(pk__in=DataProduct.objects.visible_to(actor).values("pk")) | Q(state=DataProduct.State.LISTED)
    rows = DataProduct.objects.filter(seen, dataset_version=version)
    found = sorted(rows.exclude(state=DataProduct.State.DELISTED).order_by("pk"), key=lambda p: p.state != "listed")
    own = version.dataset.party_id == actor.party_id
    if not found:
        return [_none(actor, version, own)]
    first, more = found[0], len(found) - 1
    label, _ = STATES[first.state]
    rest = Text(f"，另有{more}件", f", {more} more") if more else Text("", "")
    detail = Text(f"{first.number}，{label.zh}{rest.zh}", f"{first.number}, {label.en}{rest.en}")
    url = f"/desk/products/{first.number}" if own else f"/products/{first.number}"
    event = None
    if first.listed_at is not None:
        event = Event.objects.filter(kind="market.listing.list", refs__kind="product", refs__key=first.number).last()
    if event is None:
        todo = (Text("申请上架", "Apply for listing"), url) if own else None
        return [Fact(OFFER, pricing.headline(first.plan), detail, url=url, todo=todo)]
    return [Fact(OFFER, pricing.headline(first.plan), detail, sequencer.proof_state(event), url, event.log_index)]


def _none(actor: Any, version: DatasetVersion, own: bool) -> Fact:
    asset = DataAsset.objects.visible_to(actor).filter(dataset_version=version, state="registered").first()
    todo = None
    if own and asset is not None:
        todo = (Text("建立产品", "Make a product"), f"/desk/products/new?asset={asset.number}")
    return Fact(OFFER, Text("没有产品", "No product"), Text("登记、分级、审查后可以上架", "It may be listed once registered, graded and reviewed"), todo=todo)  # fmt: skip
