"""Doors of the portal: home, desk, cases, traces, the evidence log."""

from __future__ import annotations

from typing import Any

from shugang.evidence.cosignature import WitnessSigner
from shugang.evidence.keys import Ed25519Key
from shugang.evidence.note import Ed25519Signer

from .base import OPEN, OWN, Door, api, both, post, read

WITNESS_KEY = WitnessSigner("w.example.cn", Ed25519Key(b"\x05" * 32)).cosigner.vkey
LOG_KEY = Ed25519Signer("peer.example.cn/log", b"\x06" * 32).verifier.vkey
WITNESS = {"operator": "邻市", "vkey": WITNESS_KEY, "url": "https://w.example.cn/witness"}
WITNESSED = {"operator": "邻市", "vkey": LOG_KEY}


def _cosigned(client: Any) -> None:
    from shugang.kernel import clock, sequencer

    last = sequencer.current_checkpoint()
    assert last is not None
    type(last).objects.filter(pk=last.pk).update(witnessed_at=clock.real_now())


def _stamped(client: Any) -> None:
    from shugang.kernel import clock
    from shugang.kernel.models import TimeStamp

    TimeStamp.objects.create(size=1, text="checkpoint", token=b"token", at=clock.real_now(), authority="tsa.example.cn")


def _registered(client: Any) -> None:
    from shugang.kernel.models import Witness, WitnessedLog

    Witness.objects.create(pk=1, **WITNESS)
    WitnessedLog.objects.create(pk=1, origin="peer.example.cn/log", **WITNESSED)


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
    read("/log/checkpoint.witnessed", reach=OPEN, prepare=_cosigned),
    read("/log/policy", reach=OPEN),
    read("/log/stamps/1.tsr", reach=OPEN, prepare=_stamped),
    read("/log/stamps/1.checkpoint", reach=OPEN, prepare=_stamped),
    read("/log/vkey", reach=OPEN),
    read("/log/keys.json", reach=OPEN),
    read("/log/verify_receipt.py", reach=OPEN),
    read("/log/former.json", reach=OPEN),
    read("/log/1/checkpoint", reach=OPEN),
    read("/log/1/tile/0/<log:tile>", reach=OPEN),
    read("/log/1/vkey", reach=OPEN),
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
    read("/events/<event>/receipt", "xufang", readers=("jianguan",)),
    read("/events/<event>/receipt.json", "xufang", readers=("jianguan",)),
)  # fmt: skip
WITNESSES: tuple[Door, ...] = (
    read("/desk/witnesses", "yunying", prepare=_registered),
    *both("/desk/witnesses/new", "yunying", WITNESS),
    *both("/desk/witnesses/logs/new", "yunying", WITNESSED),
    post("/desk/witnesses/1/drop", "yunying", prepare=_registered),
    post("/desk/witnesses/logs/1/drop", "yunying", prepare=_registered),
    api("GET", "/log", "xufang", reach=OWN),
    api("POST", "/log/witnesses", "yunying", WITNESS),
    api("POST", "/log/witnesses/1/drop", "yunying", prepare=_registered),
    api("POST", "/log/witnessed", "yunying", WITNESSED),
    api("POST", "/log/witnessed/1/drop", "yunying", prepare=_registered),
)
API: tuple[Door, ...] = (
    api("GET", "/inbox", "xufang", reach=OWN),
    api("GET", "/cases", "xufang", reach=OWN),
    api("GET", "/cases/<case:quoted>", "xufang", readers=("gongfang", "jianguan")),
    api("POST", "/cases/<case:submitted>/steps/accept", "shouli"),
    api("GET", "/trace/contract/<contract:segments>", "xufang", readers=("jianguan",)),
    api("GET", "/events/<event>/receipt", "xufang", readers=("jianguan",)),
)
DOORS = (*FRONT, *DESK, *WITNESSES, *API)
