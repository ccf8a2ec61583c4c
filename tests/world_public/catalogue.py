"""What of catalogue stands open in the test world."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock, engine
from shugang.publicdata.catalogue import bundles, importing, services
from shugang.publicdata.catalogue.harvest.models import Harvest
from shugang.publicdata.catalogue.models import PublicResource
from shugang.publicdata.catalogue.testing import make_answers


def _filed(world: Any, name: str, until: int, **changes: Any) -> Any:
    """A filing of the civil affairs bureau that has come `until` so many steps."""
    case = services.draft(world.actor("minzheng"), make_answers(name=name, name_en=f"Sample {until}", **changes))
    _on(world, case, until)
    return case


def _on(world: Any, case: Any, until: int) -> None:
    for step, who in (("submit", "minzheng"), ("sign", "mzguan"), ("approve", "shushen"))[:until]:
        engine.act(case.number, step, world.actor(who))


def leave(world: Any) -> None:
    """Published entries, one of them in its second version, one suspended; a filing in each state."""
    things = world.things
    for key, until, name in (("draft", 0, "婚姻登记"), ("signing", 1, "收养登记"), ("examining", 2, "殡葬服务机构")):
        things[f"filing:{key}"] = case = _filed(world, name, until)
        things[f"public:{key}"] = PublicResource.objects.get(case=case)
    for key, name in (
        ("open", "社会组织登记"),
        ("idle", "养老机构"),
        ("suspended", "救助站"),
        ("changing", "社区工作站"),
    ):
        things[f"public:{key}"] = PublicResource.objects.get(case=_filed(world, name, 3))
    handler = world.actor("minzheng")
    for key, changes in (("open", {"name": "社会组织登记", "summary": "本市登记的社会组织，含分支机构。"}),):
        _on(
            world,
            services.propose_change(handler, world.number(f"public:{key}"), make_answers(**changes), "范围扩大"),
            3,
        )
    _on(world, services.propose_standing(handler, world.number("public:suspended"), "suspension", "数据核查"), 3)
    things["filing:change"] = services.propose_change(
        handler, world.number("public:changing"), make_answers(name="社区工作站", summary="改后的摘要"), "范围扩大"
    )
    for key in ("open", "idle", "suspended", "changing"):
        things[f"public:{key}"].refresh_from_db()
    csv = "资源名称,资源摘要,资源类别,分类码,主题,数据格式,更新周期,共享类型,共享方式,开放类型,信息项名称,数据类型\n"
    csv += "见义勇为,表彰名单,部门,306001,{},数据库,年,无条件,接口,有条件,名称,字符型\n"
    things["import:wrong"] = importing.upload(handler, "目录.csv", csv.format("天文").encode())
    things["harvest:wrong"] = Harvest.objects.create(
        department=handler.party, person=handler.person, url="https://catalogue.example.org", sha256="0" * 64, entries=2, mistaken=1,
        created_at=clock.now(), report=[{"line": 2, "name": "示例目录", "wrong": {"name": ["请填写“资源名称”。", "Please fill in “Name”."]}}],
    )  # fmt: skip
    things["bundle:birth"] = bundles.keep(world.actor("shuju"), {
        "name": "新生儿出生一件事", "name_en": "A child is born", "summary": "出生登记、医保、预防接种一次办。",
        "lead": world.number("civil"), "needs": "名称\n登记日期|DE00002\n父母信息",
    })  # fmt: skip
