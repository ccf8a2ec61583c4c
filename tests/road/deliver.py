"""Use through the real plane, its journal folded home, and the acceptance of what is paid once."""

from __future__ import annotations

import csv
import gzip
import io
from typing import Any

from django.conf import settings

from demo import registration
from demo.calls import get, until
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.metering.queries import charged_quantities
from shugang.kernel import clock, engine
from shugang.market.contracts.models import Contract
from shugang.market.contracts.rights import rights

from .stage import Road, refused, same

FOUND, MISSED = 47, 5


def _prefixes() -> list[str]:
    with gzip.open(registration.DATA / "mobile_segments.csv.gz", "rt", encoding="utf-8") as handle:
        return [row["prefix7"] for row in csv.DictReader(handle)][:FOUND]


def deliver(road: Road) -> None:
    """What was agreed is served, and nothing else; a retry is no second use."""
    buyer, rival = road.things["xufang"], road.things["jingpai"]
    api, file = road.things["grant:segments"], road.things["grant:air"]
    with road.step("deliver", "需方程序 → 数据面") as said:
        refused("not_found", lambda: issue_credential(rival, [api.number], "api_key", api.terms["purpose"]))
        _, key = issue_credential(buyer, [api.number], "api_key", api.terms["purpose"])
        _, ticket = issue_credential(buyer, [file.number], "link", file.terms["purpose"])
        look_up = f"{settings.SHUGANG_PLANE_URL}/api/v1/lookup/{api.product}?prefix7="
        until(lambda: get(f"{look_up}1999999", key).status == 200, "the plane has not heard of the key")
        for _ in range(MISSED - 1):
            same(get(f"{look_up}1999999", key).json["outcome"], "not_found", "a segment that does not exist")
        numbers = _prefixes()
        for prefix in numbers[:-1]:
            same(get(f"{look_up}{prefix}", key).json["outcome"], "found", prefix)
        once = {"Request-Id": "road-once"}
        first, again = (get(f"{look_up}{numbers[-1]}", key, **once) for _ in range(2))
        same((first.status, again.body), (200, first.body), "the retry")
        same(sorted(first.json["data"]), ["city", "prefix7", "province"], "fields of an answer")
        same(get(f"{look_up}{numbers[0]}&fields=carrier", key).code, "column_hidden", "a column that was not bought")
        same(get(f"{look_up}{numbers[0]}", "sg_" + "0" * 40).code, "unknown_key", "a stranger's key")
        answer = get(f"{settings.SHUGANG_PLANE_URL}/download/v1/{file.product}?format=csv&ticket={ticket}", "")
        same(answer.status, 200, "the file")
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
        same((rows[0], len(rows) - 1), (list(file.terms["fields"]), road.things["version:air"].rows), "the file")
        said.append(f"查得{FOUND}，未查得{MISSED}；文件{len(rows) - 1}行")


def _uses(grant: Any) -> Any:
    return UsageRecord.objects.filter(grant_number=grant.number)


def meter(road: Road) -> None:
    """What was answered is what is recorded; the first use delivers, the buyer accepts, the price is free to be billed."""
    buyer, supplier = road.things["xufang"], road.things["gongfang"]
    api, file = road.things["grant:segments"], road.things["grant:air"]
    with road.step("meter", "数据面 → 平台；需方验收") as said:
        until(lambda: _uses(api).filter(outcome="found").count() >= FOUND and _uses(file).exists(), "the journal")
        until(lambda: _uses(api).filter(outcome="not_found").count() >= MISSED, "the journal")
        same(charged_quantities(api.number, api.valid_from, clock.now()), {"found": FOUND}, "what is charged")
        same(_uses(api).filter(outcome="column_hidden").count(), 1, "the refusal is recorded too")
        contract: Contract = road.things["contract:air"]
        acceptance = contract.acceptance
        until(lambda: type(acceptance).objects.get(pk=acceptance.pk).case.state == "inspecting", "the delivery")
        refused("forbidden", lambda: engine.act(acceptance.number, "accept", supplier))
        same(engine.act(acceptance.number, "accept", buyer).state, "accepted", "acceptance")
        left = rights(Contract.objects.get(pk=road.things["contract:segments"].pk))
        same((left.open, sorted(q.left for q in left.left)), (True, [50 - MISSED, 100 - FOUND]), "what is left")
        said.append(f"{_uses(api).count() + _uses(file).count()}条使用记录；{acceptance.number} 验收")
        road.facts["metered"] = {"found": FOUND, "not_found": MISSED}
