"""Factories: two departments' streets, of which one still has the towns, and a declared check of them."""

from __future__ import annotations

from typing import Any

from shugang.delivery.models import Dataset, DatasetVersion
from shugang.delivery.testing import make_version
from shugang.kernel.actors import Actor

from . import services
from .models import CrossCheck

CIVIL = 'code,name,place\n350212003,新民街道,"118.10,24.73"\n350212008,大同街道,"118.15,24.72"\n350212007,美林街道,\n'
MAP = 'code,name,place\n350212106,新民镇,"118.10,24.73"\n350212008,大同鎮,"118.25,24.72"\n350212007,美林街道,"118.16,24.75"\n'


def streets(handler: Actor, text: str, name: str) -> DatasetVersion:
    return make_version(handler, text, name=name, name_en="Sample streets")


def document(first: Dataset | str, second: Dataset | str, **more: Any) -> dict[str, Any]:
    columns = {"code": "code", "name": "name", "place": "place"}
    return {
        "sources": [{"name": n, "label": label, "dataset": getattr(d, "number", d), "columns": columns}
                    for n, label, d in (("civil", "民政", first), ("map", "测绘", second))],
        "elements": {"code": {"kind": "code", "label": "代码"}, "name": {"kind": "text", "label": "名称"},
                     "place": {"kind": "point", "label": "位置", "tolerance": 500}},
        "keys": [["code"]],
        "compare": {"name": {"strategy": "authority", "order": ["civil"]}, "place": {"strategy": "authority", "order": ["civil"]}},
        **more,
    }  # fmt: skip


def declare(actor: Actor, first: Dataset, second: Dataset, **more: Any) -> CrossCheck:
    return services.declare_check(actor, "街道代码校核", document(first, second, **more))
