"""Delivery: keys, the official client, API calls, the supplier's plane; and what the contract forbids."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings

from shugang.delivery.grants.models import Grant
from shugang.delivery.grants.services import issue_credential, revoke_credential
from shugang.delivery.metering.models import UsageRecord
from shugang.market.contracts.services import terminate

from .calls import Answer, get, until
from .registration import DATA, tomorrow
from .stage import Stage

ROOT = Path(__file__).resolve().parent.parent
DAILY_CAP = 100
# Look-ups of five working days; the sixth day is used up to the cap.
DAYS = (18, 41, 27, 63, 35)
RECENT = (22, 34, 19, 47, 12)


def client_python() -> Path:
    return ROOT / ".venv-client" / "bin" / "python"


def keys(stage: Stage) -> None:
    buyer = stage.things["xufang"]
    with stage.step("领取密钥：共享表一份，接口与查询各一份", "需方（声明用途）") as said:
        for name, kinds, kind in (
            ("bearer", ("air",), "bearer"),
            ("bearer_clinics", ("clinics",), "bearer"),
            ("api", ("segments",), "api_key"),
            ("query", ("companies",), "api_key"),
        ):
            grants = [stage.things[f"grant:{k}"] for k in kinds]
            row, secret = issue_credential(buyer, [g.number for g in grants], kind, grants[0].terms["purpose"])
            stage.things[f"credential:{name}"], stage.things[f"secret:{name}"] = row, secret
        said.append("密钥只显示一次，库中只存SHA-256；用途随密钥声明")
    profiles = Path(settings.VAR_DIR) / "buyer"
    profiles.mkdir(exist_ok=True)
    for name in ("bearer", "bearer_clinics"):
        body = {
            "shareCredentialsVersion": 1,
            "endpoint": f"{settings.SHUGANG_PLANE_URL}/delta-sharing/",
            "bearerToken": stage.things[f"secret:{name}"],
        }
        (profiles / f"{name}.share").write_text(json.dumps(body))


def _load(profile: str, table: str) -> dict[str, Any]:
    path = Path(settings.VAR_DIR) / "buyer" / f"{profile}.share"
    done = subprocess.run(  # noqa: S603
        [str(client_python()), str(ROOT / "demo" / "buyer.py"), str(path), table],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-600:])
    return dict(json.loads(done.stdout))


def _table_name(grant: Grant) -> str:
    source = grant.source
    return f"{source['share']}.{source['schema']}.{source['table']}"


def tables(stage: Stage) -> None:
    if not client_python().exists():
        sys.exit("没有官方客户端环境，请用 make demo。/ The official client's environment is missing; use make demo.")
    air, clinics = stage.things["grant:air"], stage.things["grant:clinics"]
    with stage.step("官方 delta-sharing 客户端：空气质量 load_as_pandas", "需方分析员") as said:
        facts = _load("bearer", _table_name(air))
        if facts["columns"] != list(air.terms["fields"]) or facts["rows"] != 628:
            raise AssertionError(facts)
        said.append(f"{facts['rows']}行 × {len(facts['columns'])}列")
    with stage.step("同上：发热门诊，电话脱敏，只给两个城市", "需方分析员") as said:
        facts = _load("bearer_clinics", _table_name(clinics))
        if facts["cities"] != ["厦门市", "泉州市"] or any("****" not in t for t in facts["telephones"]):
            raise AssertionError(facts)
        said.append(f"{facts['rows']}行，{'、'.join(facts['cities'])}，电话如{facts['telephones'][0]}")


def _segments(province: str, count: int) -> list[str]:
    with gzip.open(DATA / "mobile_segments.csv.gz", "rt", encoding="utf-8") as handle:
        rows = (r["prefix7"] for r in csv.DictReader(handle) if r["province"] == province)
        return [next(rows) for _ in range(count)]


def _lookup(stage: Stage, prefix: str, extra: str = "") -> str:
    product = stage.things["product:segments"].number
    return f"{settings.SHUGANG_PLANE_URL}/api/v1/lookup/{product}?prefix7={prefix}{extra}"


def lookups(stage: Stage) -> None:
    """A working week of look-ups; the last day is left for the daily cap. Counts what was answered as found."""
    key = stage.things["secret:api"]
    with stage.step("接口：号段查询，查得计费，连用一周", "需方程序") as said:
        numbers = _segments("福建", DAILY_CAP)
        for count in DAYS:
            if get(_lookup(stage, "1999999"), key).json["outcome"] != "not_found":
                raise AssertionError("a segment that does not exist was found")
            for number in numbers[:count]:
                _found(get(_lookup(stage, number), key))
            tomorrow()
            time.sleep(0.6)  # the planes hear of the new day with their next bundle
        request = {"Request-Id": "demo-retry"}
        first, again = (get(_lookup(stage, numbers[0]), key, **request) for _ in range(2))
        _found(first)
        if again.body != first.body:
            raise AssertionError(again)
        stage.things["answered"] = sum(DAYS) + 1
        said.append(f"查得{sum(DAYS) + 1}次计费，未查得{len(DAYS)}次不计费，重试不重复计费")


def recent_use(stage: Stage) -> int:
    """A few days of look-ups under the living contract, so that usage, quota and unbilled cost have something to show."""
    key, total = stage.things["secret:api"], 0
    numbers = _segments("福建", DAILY_CAP)
    for count in RECENT:
        time.sleep(0.6)  # the planes hear of the new day with their next bundle
        for number in numbers[:count]:
            _found(get(_lookup(stage, number), key))
        get(_lookup(stage, "1999999"), key)
        total += count
        if count != RECENT[-1]:
            tomorrow()
    return total


def _found(answer: Answer) -> None:
    if answer.status != 200 or answer.json["outcome"] != "found":
        raise AssertionError(answer)


def _use_up(stage: Stage, key: str) -> Answer:
    """Look up until the daily cap refuses."""
    for number in _segments("福建", DAILY_CAP + 60):
        answer = get(_lookup(stage, number), key)
        if answer.status != 200:
            return answer
        stage.things["answered"] += 1
    raise AssertionError("the daily cap never refused")


def queries(stage: Stage) -> None:
    key, grant = stage.things["secret:query"], stage.things["grant:companies"]
    base = f"{grant.plane.url}/query/v1/{grant.product}?sector={quote('Industrials')}"
    with stage.step("供方现场节点：参数化查询，JSON、CSV、Arrow", "需方程序") as said:
        answer = get(base, key, Accept="application/json")
        if answer.status != 200:
            raise AssertionError(answer)
        rows = answer.json["data"] if "data" in answer.json else answer.json["rows"]
        text = get(base, key, Accept="text/csv")
        arrow = get(base, key, Accept="application/vnd.apache.arrow.stream")
        import pyarrow as pa

        table = pa.ipc.open_stream(io.BytesIO(arrow.body)).read_all()
        if not (len(rows) == table.num_rows == text.body.count(b"\n") - 1):
            raise AssertionError((len(rows), table.num_rows))
        said.append(f"{len(rows)}行，三种格式一致；数据不经过平台存储")


def refusals(stage: Stage) -> None:
    """Each thing that the contract forbids, with its stable code."""
    api, query, grant = stage.things["secret:api"], stage.things["secret:query"], stage.things["grant:companies"]
    site = f"{grant.plane.url}/query/v1/{grant.product}"
    with stage.step("合同不允许的，当场拒绝", "需方程序") as said:
        tries = {
            "隐藏字段": (get(_lookup(stage, "1300000", "&fields=zip"), api), "column_hidden"),
            "隐藏字段（查询）": (get(f"{site}?sector=Industrials&fields=website", query), "column_hidden"),
            "范围外的行": (get(f"{site}?sector=Energy", query), "row_outside"),
            "不认识的密钥": (get(_lookup(stage, "1300000"), "sg_unknown"), "unknown_key"),
            "别的授权的密钥": (get(site + "?sector=Industrials", api), None),
        }
        tries["用量用完"] = (_use_up(stage, api), "quota_exhausted")
        for what, (answer, code) in tries.items():
            if answer.status < 400 or (code and answer.code != code):
                raise AssertionError((what, answer))
            said.append(f"{what} {answer.status} {answer.code}")


def revocation(stage: Stage) -> None:
    """A key revoked by its holder, and a contract terminated by both: each is felt within a second."""
    buyer, supplier = stage.things["xufang"], stage.things["gongfang"]
    shares = f"{settings.SHUGANG_PLANE_URL}/delta-sharing/shares"
    with stage.step("吊销密钥，1秒内生效", "需方") as said:
        secret = stage.things["secret:bearer"]
        revoke_credential(buyer, stage.things["credential:bearer"].number)
        felt = until(lambda: get(shares, secret).status in {401, 403}, "the revoked key still works")
        said.append(f"{felt:.2f}秒后拒绝，代码{get(shares, secret).code}")
    with stage.step("双方协议终止合同，授权随之终止", "需方 ⇄ 供方") as said:
        _, other = issue_credential(buyer, [stage.things["grant:air"].number], "bearer", "research")
        until(lambda: get(shares, other).status == 200, "the new key does not work yet")
        contract = stage.things["contract:air"].number
        terminate(buyer, contract, "研究已完成，提前终止。")
        terminate(supplier, contract, "同意终止。")
        url = metadata_url(stage.things["grant:air"])
        felt = until(lambda: get(url, other).status == 403, "the ended grant is still served")
        said.append(f"{felt:.2f}秒后拒绝，代码{get(url, other).code}")


def metadata_url(grant: Grant) -> str:
    source = grant.source
    return (f"{settings.SHUGANG_PLANE_URL}/delta-sharing/shares/{source['share']}/schemas/{source['schema']}"
            f"/tables/{source['table']}/metadata")  # fmt: skip


def journal_home(stage: Stage) -> None:
    """Wait until both planes' journals have been folded: what was answered is what is recorded."""
    with stage.step("用量日志回传，链式校验后入账", "数据面 → 平台") as said:
        api = stage.things["grant:segments"]
        expected = stage.things["answered"]
        until(lambda: UsageRecord.objects.filter(grant=api, charged=True).count() >= expected, "usage of the API")
        until(
            lambda: UsageRecord.objects.filter(grant=stage.things["grant:companies"]).count() >= 5, "usage of the site"
        )
        charged = UsageRecord.objects.filter(grant=api, charged=True).count()
        if charged != expected:
            raise AssertionError(f"{charged} charged uses, {expected} answered")
        said.append(f"{UsageRecord.objects.count()}条使用记录，计费{charged}条，与应答一致")
