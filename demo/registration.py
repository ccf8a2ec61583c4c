"""Data in, and their registration: upload, apply, accept, examine, public notice, evidence, certificate."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

from shugang.assets.registration.models import Certificate, DataAsset
from shugang.assets.registration.services import apply_registration
from shugang.delivery.connectors.services import declare_connected_version
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.vault.services import upload_version
from shugang.kernel import clock, engine, workdays
from shugang.kernel.models import CaseClock

from .stage import Stage

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Source:
    """One dataset of the play. `file` is "" for the connected one."""

    key: str
    file: str
    name: str
    name_en: str
    description: str
    origin: str
    licence: str
    comments: dict[str, str]
    industry: tuple[str, str]
    summary: str
    period: str
    volume: str
    personal: tuple[str, ...] = ()


SOURCES = (
    Source(
        "air", "air_quality_xiamen.csv", "厦门空气质量站点小时值", "Hourly air quality, Xiamen stations",
        "厦门4个站点2020年3月26日至4月8日逐时空气质量，缺测保留为空，缺2天。",
        "zzy-95/data_crawl_national_air（国家空气监测网公布值）", "MIT",
        {"date": "日期", "hour": "小时", "station": "站点", "level": "等级", "aqi": "空气质量指数", "pm25": "PM2.5，μg/m³",
         "pm10": "PM10，μg/m³", "co": "一氧化碳，mg/m³", "no2": "二氧化氮，μg/m³", "o3_1h": "臭氧1小时，μg/m³",
         "o3_8h": "臭氧8小时，μg/m³", "so2": "二氧化硫，μg/m³"},
        ("N", "77"), "4个站点逐时的六项污染物浓度与空气质量指数，可用于环境与出行研究。", "2020-03-26至2020-04-08", "628行",
    ),
    Source(
        "clinics", "fever_clinics_fujian.csv", "福建发热门诊联系目录", "Fever clinics of Fujian",
        "福建省2020年2月公布的发热门诊与定点医院1,115家；电话为生成的示例号码，按个人信息对待。",
        "hhui64/wuhan2020map（各地卫健委公布名单）", "MIT",
        {"id": "编号", "city_code": "城市代码", "city": "城市", "county": "区县", "name": "机构名称", "address": "地址",
         "telephone": "联系电话", "published_on": "公布日期"},
        ("Q", "84"), "福建发热门诊与定点医院的名称、城市与联系电话，可用于就医指引与联系信息核验。", "2020-02", "1,115行",
        ("telephone",),
    ),
    Source(
        "segments", "mobile_segments.csv.gz", "手机号段归属地", "Mobile number segments",
        "全国手机号前7位号段的省、市、邮编、区号与运营商。", "PyPI phone 0.4.5（ls0f/phone）", "BSD / MIT",
        {"prefix7": "号段（前7位）", "province": "省", "city": "市", "zip": "邮编", "area_code": "区号",
         "carrier_type": "运营商代码", "carrier": "运营商"},
        ("I", "63"), "手机号段与归属地、运营商的对应关系，可用于号码校验与风险控制。", "2023-12", "499,527行",
    ),
    Source(
        "companies", "", "厦门上市公司名录（连接库）", "Listed companies of Xiamen (connected)",
        "注册地在厦门的46家A股公司，数据留在供方自己的数据库，平台不存储。", "JerBouma/FinanceDatabase", "MIT",
        {"symbol": "代码", "name": "公司名称", "sector": "行业门类", "industry": "行业", "market": "市场", "city": "城市",
         "zipcode": "邮编", "website": "网站", "market_cap": "市值档"},
        ("J", "67"), "厦门A股上市公司的代码、名称与行业，可用于企业信用与风险分析。", "2023年", "46行",
    ),
)  # fmt: skip
QUERY = "SELECT symbol, name, sector, industry, city, website FROM companies WHERE sector = :sector"
COMPANY_COLUMNS = ("symbol", "name", "sector", "industry", "city", "website")


def site_database(folder: Path) -> Path:
    """The supplier's own database at his own site: an ordinary SQLite file that the platform never sees."""
    import csv

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "companies.sqlite3"
    with (DATA / "listed_companies_xiamen.csv").open(encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"CREATE TABLE companies ({', '.join(f'{c} TEXT' for c in rows[0])})")
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"INSERT INTO companies VALUES ({marks})", rows[1:])  # noqa: S608
    connection.close()
    return path


def store(stage: Stage) -> None:
    supplier = stage.things["gongfang"]
    for source in SOURCES:
        with stage.step(f"数据：{source.name}", "供方工程师") as said:
            facts = {
                "name": source.name,
                "name_en": source.name_en,
                "description": source.description,
                "origin": source.origin,
                "licence": source.licence,
            }
            if source.file:
                dataset = create_dataset(supplier, hosting="hosted", **facts)
                with (DATA / source.file).open("rb") as stream:
                    version = upload_version(
                        supplier, dataset.number, stream, source.file, source.comments, personal=source.personal
                    )
                said.append(f"{dataset.number} 第1版，{version.rows:,}行，托管为不可变Parquet")
            else:
                dataset = create_dataset(supplier, hosting="connected", **facts)
                columns = [{"name": c, "type": "VARCHAR", "comment": source.comments[c]} for c in COMPANY_COLUMNS]
                params = [{"name": "sector", "type": "VARCHAR", "required": True}]
                version = declare_connected_version(
                    supplier, dataset.number, "companies", QUERY, params, columns, "sqlite"
                )
                said.append(f"{dataset.number}，数据留在供方数据库，只登记一条参数化查询")
            stage.things[f"dataset:{source.key}"] = dataset
            stage.things[f"version:{source.key}"] = version


def registration_form(source: Source) -> dict[str, Any]:
    section, division = source.industry
    return {
        "data_name": source.name, "summary": source.summary, "industry": section, "division": division,
        "region": "福建省" if source.key != "segments" else "全国", "period": source.period, "frequency": "none",
        "volume": source.volume, "shape": "table", "structure": "structured", "source_kind": "collected",
        "source_statement": f"示例供方声明自行采集生成；真实来源与许可见数据集页面：{source.origin}，{source.licence}。",
        "rights": ["HOLD", "USE", "OPERATE"], "validity_years": "3", "resale": "no", "export": "no",
        "declaration": True,
    }  # fmt: skip


def register(stage: Stage) -> None:
    supplier, registrar = stage.things["gongfang"], stage.things["registrar"]
    for source in SOURCES:
        with stage.step(f"登记：{source.name}", "供方 → 登记中心两人") as said:
            case = apply_registration(
                supplier, stage.things[f"dataset:{source.key}"].number, registrar, registration_form(source)
            )
            engine.act(case.number, "accept", stage.things["shouli"])
            engine.act(
                case.number,
                "pass_examination",
                stage.things["shencha"],
                {"opinion": "描述与样本一致；来源与许可已说明；三项权利归属清楚。"},
            )
            stage.things[f"case:{source.key}"] = case
            notice = CaseClock.objects.get(case=case, name="notice")
            said.append(f"{case.number} 已受理、审查，公示至{notice.due_at.astimezone(clock.zone()):%m-%d}")
    _after_notice(stage)


def _after_notice(stage: Stage) -> None:
    with stage.step("公示5个工作日期满，存证并核发凭证", "系统（时钟前移）") as said:
        last = max(CaseClock.objects.filter(name="notice").values_list("due_at", flat=True))
        next_morning(last)
        engine.tick()
        for source in SOURCES:
            engine.tick()
            asset = DataAsset.objects.get(dataset_version=stage.things[f"version:{source.key}"])
            stage.things[f"asset:{source.key}"] = asset
            stage.things[f"certificate:{source.key}"] = Certificate.objects.get(asset=asset)
        said.append("凭证 " + "、".join(c.number for c in Certificate.objects.order_by("id")))


def next_morning(moment: datetime) -> None:
    """Move the simulated clock to nine o'clock of the next working day after `moment`."""
    local = moment.astimezone(clock.zone())
    day = workdays.calendar().add_working_days(local.date(), 1).day
    clock.move_to(datetime.combine(day, time(9, 0), tzinfo=clock.zone()))


def tomorrow() -> None:
    """Nine o'clock of the next working day."""
    next_morning(clock.now())
