"""Doors of public data: catalogue."""

from __future__ import annotations

from typing import Any

from ..base import CLOSED, OPEN, OWN, Door, api, both, post, read

SHOWN, IDLE, DRAFT = "<public:open>", "<public:idle>", "<filing:draft>"
WHY = {"reason": "机构撤并。"}
HARVEST = {"url": "http://127.0.0.1:9/", "classification": "306001", "theme": "civil", "update_cycle": "yearly", "sharing": "unconditional",
           "sharing_method": "platform", "opening": "unconditional", "condition": ""}  # fmt: skip
BIRTH = "<bundle:birth>"
NEEDED = {
    "name": "退休一件事",
    "name_en": "Retirement",
    "summary": "养老金和医保一次办。",
    "lead": "<civil>",
    "needs": "姓名|DE00001",
}


def _answers(**changes: Any) -> dict[str, Any]:
    from shugang.publicdata.catalogue.testing import make_answers

    return make_answers(name="烈士纪念设施", **changes)


def _sent(_things: dict[str, Any]) -> dict[str, Any]:
    """The form as a page sends it: the items in numbered inputs."""
    values = _answers()
    items = values.pop("items")
    rows = {f"item-{at}-{key}": value for at, item in enumerate(items, 1) for key, value in item.items()}
    return {**values, **rows}


def _sheet() -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    head = "资源名称,资源摘要,资源类别,分类码,主题,数据格式,更新周期,共享类型,共享方式,开放类型,信息项名称,数据类型"
    line = "见义勇为,表彰名单,部门,306001,民政、社区,数据库,年,无条件,接口,无条件,名称,字符型"
    return SimpleUploadedFile("目录.csv", f"{head}\n{line}\n".encode())


def _changed(things: dict[str, Any]) -> dict[str, Any]:
    return {**_sent(things), "reason": "名称更正。"}


PUBLIC: tuple[Door, ...] = (
    read("/public-data", reach=OPEN),
    read("/public-data?q=登记&kind=department&theme=civil", reach=OPEN),
    read("/public-data?format=csv", reach=OPEN),
    read("/public-data?format=xlsx", reach=OPEN),
    read("/public-data.json?q=登记", reach=OPEN),
    read("/public-data/changes", reach=OPEN),
    read("/public-data/changes?format=csv", reach=OPEN),
    read("/public-data/changes.json?after=1", reach=OPEN),
    read(f"/public-data/{SHOWN}", reach=OPEN),
    read(f"/public-data/{SHOWN}.json", reach=OPEN),
    read(f"/public-data/{SHOWN}/versions/2", reach=OPEN),
    read(f"/public-data/{SHOWN}/versions/2.json", reach=OPEN),
    read("/public-data/bundles", reach=OPEN),
    read("/public-data/bundles.json", reach=OPEN),
    read(f"/public-data/bundles/{BIRTH}", reach=OPEN),
    read(f"/public-data/bundles/{BIRTH}?format=csv", reach=OPEN),
    read(f"/public-data/bundles/{BIRTH}.json", reach=OPEN),
    api("GET", f"/life-event-bundles/{BIRTH}", "", reach=OPEN),
    api("GET", "/public-data-form", "", reach=OPEN),
    api("GET", "/public-data", "", reach=OPEN),
    api("GET", "/public-data-changes", "", reach=OPEN),
    api("GET", f"/public-data/{SHOWN}", "", reach=OPEN),
    api("GET", f"/public-data/{SHOWN}/versions/1", "", reach=OPEN),
)
DESK: tuple[Door, ...] = (
    read("/desk/catalogue", "minzheng", OWN),
    read("/desk/catalogue?state=published&q=登记", "minzheng", OWN),
    read("/desk/catalogue?format=csv", "minzheng", OWN),
    read("/desk/catalogue?format=xlsx", "minzheng", OWN),
    *both("/desk/catalogue/new", "minzheng", _sent),
    read(f"/desk/catalogue/{SHOWN}", "minzheng", readers=("mzguan", "shuju", "jianguan")),
    *both(f"/desk/catalogue/{IDLE}/change", "minzheng", _changed),
    *both(f"/desk/catalogue/{IDLE}/file/withdrawal", "minzheng", WHY),
    *both("/desk/catalogue/<public:suspended>/file/resumption", "minzheng", WHY),
    post(f"/desk/catalogue/{IDLE}/updated", "minzheng"),
    read("/desk/filings", "shushen", OWN),
    read("/desk/filings?format=csv", "minzheng", OWN),
    read(f"/desk/filings/{DRAFT}", "minzheng", readers=("mzguan",)),
    read("/desk/filings/<filing:signing>", "mzguan", readers=("minzheng",)),
    read("/desk/filings/<filing:examining>", "shushen", readers=("minzheng", "jianguan")),
    read("/desk/filings/<filing:change>", "minzheng"),
    *both(f"/desk/filings/{DRAFT}/entries/<public:draft>", "minzheng", _sent),
    read("/desk/catalogue-coverage", "minzheng", readers=("weijian", "shuju", "jianguan")),
    read("/desk/catalogue-coverage?format=csv", "shuju"),
    read("/desk/catalogue?lack=no_dataset", "minzheng", OWN),
    api("GET", "/public-data-coverage", "minzheng", readers=("shuju",)),
    *both("/desk/bundles-of-services/new", "shuju", NEEDED),
    *both(f"/desk/bundles-of-services/{BIRTH}/edit", "shuju", NEEDED),
    post(f"/desk/bundles-of-services/{BIRTH}/remove", "shuju"),
    api("POST", "/life-event-bundles", "shuju", {"form": NEEDED}),
    api("POST", f"/life-event-bundles/{BIRTH}", "shuju", {"form": NEEDED}),
    *both("/desk/catalogue-imports", "minzheng", lambda _: {"file": _sheet()}),
    read("/desk/catalogue-imports/template.xlsx", "minzheng"),
    read("/desk/catalogue-imports/<import:wrong>", "minzheng"),
    # A test reaches nobody outside: the owner gets as far as the guard of addresses.
    *both("/desk/catalogue-harvests", "minzheng", HARVEST, ok=(422,), unchanged=True),
    read("/desk/catalogue-harvests/<harvest:wrong>", "minzheng"),
    read("/desk/catalogue-harvests/<harvest:wrong>?format=csv", "minzheng"),
    read("/desk/catalogue-imports/<import:wrong>?format=csv", "minzheng"),
    api("GET", "/public-data-imports/<import:wrong>", "minzheng"),
    api("POST", "/public-data-harvests", "minzheng", HARVEST, ok=(422,), unchanged=True),
    api("GET", "/public-data-harvests/<harvest:wrong>", "minzheng"),
    Door("/api/v1/public-data-imports", "minzheng", CLOSED, "POST", lambda _: {"file": _sheet()}),
    api("GET", "/own-public-data", "minzheng", reach=OWN),
    api("GET", f"/own-public-data/{SHOWN}", "minzheng", readers=("shuju",)),
    api("POST", "/own-public-data", "minzheng", lambda _: {"form": _answers()}),
    api("POST", f"/own-public-data/{IDLE}/changes", "minzheng", lambda _: {"form": _answers(), **WHY}),
    api("POST", f"/own-public-data/{IDLE}/standing", "minzheng", {"kind": "suspension", **WHY}),
    api("POST", f"/own-public-data/{IDLE}/updated", "minzheng"),
    api("GET", "/filings", "minzheng", reach=OWN),
    api("GET", "/filings/<filing:examining>", "shushen", readers=("minzheng",)),
    api("POST", f"/filings/{DRAFT}/entries/<public:draft>", "minzheng", lambda _: {"form": _answers()}),
)
DOORS: tuple[Door, ...] = (*PUBLIC, *DESK)
