"""A product as what a third-party service may be about: the supplier's own, or one that is public."""

from __future__ import annotations

from shugang.assets.thirdparty.objects import Subject, register_object
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from .queries import product_for


def _product(actor: Actor, number: str) -> Subject | None:
    try:
        found = product_for(number, actor)
    except Refusal:
        return None
    return Subject("product", found.number, found.name, found.dataset_version, found.supplier)


register_object("product", Text("数据产品", "data product"), _product)
