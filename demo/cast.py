"""Who plays: fictional organisations (示例) with generated credit codes of region 990000, and their people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import SYSTEM
from shugang.parties.accounts import demo as demo_accounts
from shugang.parties.accounts.actor import PartyActor, actor_for
from shugang.parties.accounts.models import Person
from shugang.parties.accounts.services import set_duties
from shugang.parties.keys.services import make_key
from shugang.parties.organisations.models import Party
from shugang.parties.organisations.services import apply_for_admission, found_party
from shugang.parties.posts.services import appoint
from shugang.policy.identifiers import fake_phone, make_uscc

from .stage import Stage

FOUNDED = (
    ("operator", "示例数据交易公司", "Sample Data Exchange Co.", "operator"),
    ("registrar", "示例登记中心", "Sample Registration Centre", "registrar"),
    ("regulator", "示例数据局", "Sample Data Bureau", "regulator"),
)
APPLYING: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "supplier",
        "示例鹭岛数据服务有限公司",
        "Sample Egret Island Data Services Ltd.",
        "supplier",
        "城市环境、医疗、通信与企业数据的加工与供应",
    ),
    ("buyer", "示例海沧智行科技有限公司", "Sample Haicang Mobility Ltd.", "buyer", "出行规划与风险分析"),
    ("reviewer", "示例合规评估事务所", "Sample Compliance Review LLP", "reviewer", "数据合规评估"),
    ("assessor", "示例数据质量检测中心", "Sample Data Quality Centre", "reviewer", "数据质量评价"),
    ("appraiser", "示例资产评估事务所", "Sample Appraisal Firm", "reviewer", "数据资产评估"),
    ("association", "示例数据行业协会", "Sample Data Association", "association", "行业定价指导"),
)
PEOPLE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("operator", "yunying", "周运营", ("manager", "handler", "finance", "engineer")),
    ("operator", "fuhe", "吴复核", ("reviewer",)),
    ("registrar", "shouli", "郑受理", ("manager", "examiner")),
    ("registrar", "shencha", "王审查", ("examiner",)),
    ("registrar", "dengji", "冯登记", ("reviewer",)),
    ("regulator", "jianguan", "陈监管", ("manager", "supervisor")),
    ("supplier", "gongfang", "林供方", ("manager", "handler", "signer", "engineer", "finance")),
    ("supplier", "gongshen", "苏定级", ("reviewer",)),
    (
        "buyer",
        "xufang",
        "黄需方",
        ("manager", "handler", "signer", "analyst", "engineer", "finance"),
    ),
    ("reviewer", "pinggu", "许评估", ("manager", "handler", "reviewer", "signer")),
    ("assessor", "jiance", "沈检测", ("manager", "handler")),
    ("assessor", "jianqian", "韩签发", ("signer",)),
    ("appraiser", "gujia", "梁估价", ("manager", "handler")),
    ("appraiser", "hegu", "宋核稿", ("reviewer",)),
    ("appraiser", "guyi", "唐评估", ("signer",)),
    ("appraiser", "guer", "罗评估", ("signer",)),
    ("association", "xiehui", "曹协会", ("manager", "handler")),
)
POSTS = (("SYSTEM", "xitong", "系统管理员"), ("SECURITY", "anquan", "安全管理员"), ("AUDIT", "shenji", "审计管理员"))


def _person(username: str, name: str) -> Person:
    return demo_accounts.make_demo_person(username, name)


def facts(key: str, name: str, name_en: str) -> dict[str, Any]:
    return {"name": name, "name_en": name_en, "uscc": make_uscc(f"demo-{key}"), "demo": True}


def posts_and_founders(stage: Stage) -> None:
    with stage.step("三员上岗，设立运营、登记、监管机构", "系统管理员") as said:
        for post, username, name in POSTS:
            appoint(SYSTEM, _person(username, name), post)
        system = actor_for(Person.objects.get(username="xitong"), second_factor=True)
        for key, name, name_en, role in FOUNDED:
            stage.things[key] = found_party(system, facts(key, name, name_en), [role])
        members(stage, {"operator", "registrar", "regulator"})
        said.append("三员互斥；运营方与登记方不能交易")


def members(stage: Stage, parties: set[str], people: Iterable[tuple[str, str, str, tuple[str, ...]]] = PEOPLE) -> None:
    for key, username, name, duties in people:
        if key in parties:
            person = Person.objects.filter(username=username).first() or _person(username, name)
            set_duties(SYSTEM, stage.things[key], person, list(duties))
            stage.things[username] = actor_for(person, stage.things[key], second_factor=True)


def _apply(stage: Stage, key: str, name: str, name_en: str, role: str, business: str) -> None:
    first = next(p for p in PEOPLE if p[0] == key)
    person = _person(first[1], first[2])
    form = {
        **{k: v for k, v in facts(key, name, name_en).items() if k != "demo"},
        "roles": [role], "legal_representative": "示例人", "contact": first[2][:3], "business": business,
        "telephone": fake_phone(key), "address": "示例市示例区示例路1号",
    }  # fmt: skip
    case = apply_for_admission(person, form, stage.things["operator"])
    engine.act(case.number, "accept", stage.things["yunying"])
    engine.act(
        case.number, "approve", stage.things["fuhe"], {"identity_checked": True, "opinion": "主体合法存续，材料齐全。"}
    )
    stage.things[key] = Party.objects.get(case=case)


def admissions(stage: Stage) -> None:
    for key, name, name_en, role, business in APPLYING:
        with stage.step(f"入驻：{name}", "申请机构 → 运营方两人") as said:
            _apply(stage, key, name, name_en, role, business)
            members(stage, {key})
            said.append(f"{stage.things[key].number}，{stage.things[key].uscc}")
    with stage.step("建立签名密钥（供方、需方、第三方）", "签署人") as said:
        for username in ("gongfang", "xufang", "pinggu", "jianqian", "guyi", "guer"):
            actor: PartyActor = stage.things[username]
            make_key(actor)
        said.append("Ed25519，平台代管，加密存放")
