"""Usage through the API: records, daily sums."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import clock, paging, sequencer

from ..grants.queries import grants
from . import queries
from .models import UsageRecord

router = Router(tags=["usage"])


def _record(row: UsageRecord) -> dict[str, Any]:
    return {
        "plane": row.plane.number,
        "seq": row.seq,
        "grant": row.grant_number,
        "grant_seq": row.grant_seq,
        "credential": row.credential,
        "request_id": row.request_id,
        "mode": row.mode,
        "outcome": row.outcome,
        "state": row.state,
        "charged": row.charged,
        "charge_reason": row.charge_reason,
        "rows": row.rows,
        "bytes": row.bytes,
        "at": row.at,
        "version": row.version,
        "hash": row.hash,
        "log_index": row.log_index,
    }


@router.get("/usage", summary="Usage records that the acting party may see, newest first")
def usage(
    request: HttpRequest, grant: str = "", outcome: str = "", charged: bool | None = None, after: str = ""
) -> dict[str, Any]:
    found = paging.page(queries.usage(request.actor, grant, outcome, charged), after, 100)  # type: ignore[attr-defined]
    return {"items": [_record(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/usage/daily", summary="Calls, rows and bytes per day and outcome, days inclusive")
def daily(request: HttpRequest, first: date, last: date, grant: str = "") -> dict[str, Any]:
    rows = grants(request.actor)  # type: ignore[attr-defined]
    rows = rows.filter(number=grant) if grant else rows
    start = datetime.combine(first, time(), tzinfo=clock.zone())
    end = datetime.combine(last + timedelta(days=1), time(), tzinfo=clock.zone())
    found = queries.usage_by_day(rows.values_list("number", flat=True), start, end)
    return {
        "items": [
            {
                "day": r["day"],
                "outcome": r["outcome"],
                "state": r["state"],
                "charged": r["charged"],
                "calls": r["calls"],
                "rows": r["rows_"],
                "bytes": r["bytes_"],
            }
            for r in found
        ]
    }


@router.get("/usage/{plane}/{seq}", summary="One use as the plane recorded it, with its receipt once it is in the log")
def record(request: HttpRequest, plane: str, seq: int) -> dict[str, Any]:
    row = queries.get_record(request.actor, plane, seq)  # type: ignore[attr-defined]
    return {**_record(row), "stated": row.stated_record(), "receipt": sequencer.receipt_for(row)}
