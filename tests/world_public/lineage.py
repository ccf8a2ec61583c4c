"""What of lineage stands open in the test world: a job of the civil affairs bureau told of by an OpenLineage event."""

from __future__ import annotations

from typing import Any

from shugang.publicdata.lineage.models import LineageNode
from shugang.publicdata.lineage.services import record_event

_IDENTITY = {"type": "DIRECT", "subtype": "IDENTITY", "description": "", "masking": False}
_MASKED = {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "sm3", "masking": True}
_FILTER = {"type": "INDIRECT", "subtype": "FILTER", "description": "", "masking": False}


def _from(field: str, how: dict[str, Any]) -> dict[str, Any]:
    return {"namespace": "minzheng.example", "name": "社会组织年检明细", "field": field, "transformations": [how]}


def event(run: str, target: str = "社会组织年检汇总") -> dict[str, Any]:
    facet = {
        "fields": {
            "组织名称": {"inputFields": [_from("组织名称", _IDENTITY)]},
            "负责人代号": {"inputFields": [_from("负责人证件号", _MASKED)]},
        },
        "dataset": [_from("年检结论", _FILTER)],
    }
    return {
        "eventType": "COMPLETE", "eventTime": "2026-11-26T08:00:00+08:00", "run": {"runId": run},
        "job": {"namespace": "minzheng.example", "name": "年检汇总"}, "producer": "https://minzheng.example/jobs",
        "inputs": [{"namespace": "minzheng.example", "name": "社会组织年检明细"}],
        "outputs": [{"namespace": "minzheng.example", "name": target, "facets": {"columnLineage": facet}}],
    }  # fmt: skip


def leave(world: Any) -> None:
    record_event(world.actor("minzheng"), event("6f1f8a0e-2b0c-4b57-9d5e-000000000001"))
    world.things["lineage:summary"] = LineageNode.objects.get(name="社会组织年检汇总")
