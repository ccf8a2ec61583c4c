"""Work left open on purpose, so that whoever signs in finds something to do at each desk."""

from __future__ import annotations

import csv
import io

from shugang.assets.grading.services import declare_input
from shugang.assets.registration.services import apply_registration
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.vault.services import upload_version
from shugang.kernel import engine
from shugang.market.contracts.models import Contract
from shugang.market.contracts.services import sign
from shugang.market.trade.services import accept, inquire, quote
from shugang.parties.accounts.demo import make_demo_person
from shugang.parties.organisations.services import apply_for_admission
from shugang.policy.identifiers import fake_phone, make_uscc

from . import security
from .delivery import recent_use
from .registration import DATA, SOURCES, registration_form
from .stage import Stage
from .trade import OFFERS, wanted_terms


def leave(stage: Stage) -> None:
    with stage.step("继续使用几天，尚未出账", "需方程序") as said:
        said.append(f"查得{recent_use(stage)}次，下月出账")
    with stage.step("留给您办的：公示、询价、待签合同、入驻申请", "各工作台") as said:
        said.append("、".join((_notice(stage), _inquiry(stage), _unsigned(stage), _applicant(stage))))


def _daily_means() -> bytes:
    """A derived table: daily PM2.5 by station, from the hourly values."""
    sums: dict[tuple[str, str], list[int]] = {}
    with (DATA / "air_quality_xiamen.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if row["pm25"]:
                sums.setdefault((row["date"], row["station"]), []).append(int(row["pm25"]))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["date", "station", "hours", "pm25_tenths"])
    for (day, station), values in sorted(sums.items()):
        writer.writerow([day, station, len(values), round(10 * sum(values) / len(values))])
    return out.getvalue().encode()


def _notice(stage: Stage) -> str:
    supplier, air = stage.things["gongfang"], SOURCES[0]
    dataset = create_dataset(
        supplier, hosting="hosted", name="厦门空气质量站点日均值", name_en="Daily PM2.5, Xiamen stations",
        description="由小时值计算的PM2.5日均值，附参与计算的小时数。", origin=air.origin, licence=air.licence,
    )  # fmt: skip
    upload_version(
        supplier,
        dataset.number,
        io.BytesIO(_daily_means()),
        "daily.csv",
        {"date": "日期", "station": "站点", "hours": "有效小时数", "pm25_tenths": "PM2.5日均值，0.1 μg/m³"},
    )
    form = {
        **registration_form(air),
        "data_name": "厦门空气质量站点日均值",
        "volume": "56行",
        "summary": "4个站点PM2.5日均值与有效小时数，可用于环境研究。",
    }
    case = apply_registration(supplier, dataset.number, stage.things["registrar"], form)
    engine.act(case.number, "accept", stage.things["shouli"])
    engine.act(
        case.number, "pass_examination", stage.things["shencha"], {"opinion": "衍生方法已说明，与小时值核对一致。"}
    )
    made_of = stage.things["version:air"]
    how = "按站点和日期求PM2.5均值。"
    source = {"dataset": made_of.dataset.number, "version": made_of.version, "how": how}
    declare_input(supplier, dataset.number, None, source)
    grading = security.grade(stage, dataset.number)
    return f"公示{case.number}、分级{grading.case.number}（供方确认）"


def _inquiry(stage: Stage) -> str:
    case = inquire(
        stage.things["xufang"],
        stage.things["product:segments"].number,
        {"purpose": "risk_control", "need": "新业务线另需一份，每日约500次"},
    )
    return f"询价{case.number}（供方报价）"


def _unsigned(stage: Stage) -> str:
    """A contract that the supplier has signed and the buyer has not."""
    buyer, supplier = stage.things["xufang"], stage.things["gongfang"]
    offer = next(o for o in OFFERS if o.key == "air")
    product = stage.things["product:air"]
    case = inquire(buyer, product.number, {"purpose": offer.purpose, "need": "第二期研究"})
    quote(supplier, case.number, wanted_terms("air", product.terms), offer.plan, "按上期条件。")
    accept(buyer, case.number)
    contract = Contract.objects.get(inquiry__case=case)
    sign(supplier, contract.number)
    return f"合同{contract.number}（需方签署）"


def _applicant(stage: Stage) -> str:
    person = make_demo_person("xinren", "何申请")
    form = {
        "name": "示例集美气象科技有限公司", "name_en": "Sample Jimei Weather Tech Ltd.", "uscc": make_uscc("demo-applicant"),
        "roles": ["supplier"], "legal_representative": "示例人", "contact": "何申请", "telephone": fake_phone("applicant"),
        "address": "示例市示例区示例路2号", "business": "气象数据加工",
    }  # fmt: skip
    case = apply_for_admission(person, form, stage.things["operator"])
    return f"入驻{case.number}（运营方受理）"
