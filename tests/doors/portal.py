"""Doors of the portal: home, desk, cases, traces, the evidence log."""

from __future__ import annotations

from .base import OPEN, OWN, Door, api, both, post, read

ACCEPT = "/cases/<case:submitted>/accept"


FRONT: tuple[Door, ...] = (
    read("/", reach=OPEN),
    read("/help", reach=OPEN),
    read("/api", reach=OPEN),
    read("/healthz", reach=OPEN),
    read("/metrics", reach=OPEN),
    read("/log", reach=OPEN),
    read("/log/checkpoint", reach=OPEN),
    read("/log/tile/0/<log:tile>", reach=OPEN),
    read("/log/vkey", reach=OPEN),
    read("/log/keys.json", reach=OPEN),
    read("/log/verify_receipt.py", reach=OPEN),
    post("/language", "", {"lang": "en", "next": "/help"}, reach=OPEN, guarded=False, unchanged=True),
    post("/text-size", "", {"size": "lg", "next": "/help"}, reach=OPEN, guarded=False, unchanged=True),
    read("/api/v1/openapi.json", reach=OPEN),
)
DESK: tuple[Door, ...] = (
    read("/desk", "xufang", OWN),
    read("/desk/waiting", "xufang", OWN),
    read("/cases/<case:submitted>", "gongfang", readers=("shouli", "jianguan")),
    read("/cases/<case:quoted>", "xufang", readers=("gongfang", "jianguan")),
    read("/cases/<contract:pending>", "xufang", readers=("gongfang", "jianguan")),
    read("/cases/<case:listing>", "gongfang", readers=("yunying", "pinggu", "jianguan")),
    read("/cases/<case:admission>", "shenqing", readers=("yunying", "jianguan")),
    *both(ACCEPT, "shouli", {}),
    read("/materials/<material>", "xufang", readers=("gongfang", "shouli", "jianguan")),
    *(read(f"/trace/{kind}/<{thing}>{tail}", owner, readers=("jianguan",)) for kind, thing, owner in (
        ("dataset", "dataset:air", "gongfang"), ("asset", "asset:air", "gongfang"),
        ("product", "product:draft", "gongfang"), ("contract", "contract:segments", "xufang"),
        ("grant", "grant:segments", "xufang")) for tail in ("", ".json")),
    read("/events/<event>/receipt.json", "xufang", readers=("jianguan",)),
)  # fmt: skip
API: tuple[Door, ...] = (
    api("GET", "/inbox", "xufang", reach=OWN),
    api("GET", "/cases", "xufang", reach=OWN),
    api("GET", "/cases/<case:quoted>", "xufang", readers=("gongfang", "jianguan")),
    api("POST", "/cases/<case:submitted>/steps/accept", "shouli"),
    api("GET", "/trace/contract/<contract:segments>", "xufang", readers=("jianguan",)),
    api("GET", "/events/<event>/receipt", "xufang", readers=("jianguan",)),
)
DOORS = (*FRONT, *DESK, *API)
