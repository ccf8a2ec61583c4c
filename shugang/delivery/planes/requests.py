"""Signed requests of planes: who is asking, recently, for the first time (wire contract `shugang-plane-v1`)."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from .models import Plane, PlaneNonce

PREFIX = "shugang-plane-v1"
WINDOW_SECONDS = 300
NONCE_LIFE = timedelta(minutes=10)
SEEN_EVERY = timedelta(seconds=30)
SWEEP_SECONDS = 30.0
_swept = 0.0


def _refused(code: str, zh: str, en: str, status: int = 401) -> Refusal:
    return Refusal(code, Text(zh, en), status)


def message(method: str, target: str, moment: str, nonce: str, body: bytes) -> bytes:
    """What a plane signs; `target` is path and query as sent."""
    return "\n".join((PREFIX, method, target, moment, nonce, hashlib.sha256(body).hexdigest())).encode()


def authenticate(request: HttpRequest) -> Plane:
    """The plane that signed this request. A request that changes something spends its nonce; a poll for the
    bundle writes nothing, so that no busy database can make a plane's lease lapse (its answer is signed, dated,
    and holds no secret).

    Raises Refusal 401 `unknown_plane`, `stale_request`, `bad_signature`, `nonce_repeated`; 403 `plane_suspended`.
    """
    plane = Plane.objects.filter(number=request.headers.get("X-Plane", "")).exclude(public_key="").first()
    if plane is None:
        raise _refused("unknown_plane", "未接入的数据服务节点。", "This data plane is not enrolled.")
    moment, nonce = request.headers.get("X-Time", ""), request.headers.get("X-Nonce", "")
    if not moment.isascii() or not moment.isdigit() or abs(time.time() - int(moment[:15])) > WINDOW_SECONDS:
        raise _refused(
            "stale_request",
            "请求时间与平台相差超过5分钟，请校准节点的时钟。",
            "The request's time is more than 5 minutes off. Please set the plane's clock.",
        )
    _check_signature(plane, request, moment, nonce)
    if plane.state != Plane.State.ACTIVE:
        raise _refused("plane_suspended", "该节点已被停用，请联系平台。", "This plane is suspended.", 403)
    if request.method == "GET":
        _seen(plane)
    else:
        _spend(plane, nonce)
    return plane


def _check_signature(plane: Plane, request: HttpRequest, moment: str, nonce: str) -> None:
    signed = message(request.method or "", request.get_full_path(), moment, nonce, request.body)
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(plane.public_key))
        key.verify(base64.b64decode(request.headers.get("X-Signature", ""), validate=True), signed)
    except (InvalidSignature, ValueError):
        raise _refused("bad_signature", "请求签名不正确。", "The request's signature does not fit.") from None


def _seen(plane: Plane) -> None:
    """Note now and then that the plane is there; a database that is busy is asked again by the next poll."""
    now = clock.real_now()
    if plane.last_seen is None or now - plane.last_seen > SEEN_EVERY:
        Plane.objects.filter(pk=plane.pk).update(last_seen=now)


def _spend(plane: Plane, nonce: str) -> None:
    """The unique constraint decides: a nonce counts once, whichever process receives it."""
    try:
        spent = str(uuid.UUID(nonce))
        now = clock.real_now()
        with transaction.atomic():
            PlaneNonce.objects.create(plane=plane, nonce=spent, at=now)
            Plane.objects.filter(pk=plane.pk).update(last_seen=now)
    except (ValueError, IntegrityError):
        raise _refused("nonce_repeated", "请求编号重复或无效。", "The nonce was used before or is not valid.") from None


def forget_nonces() -> int:
    """Drop nonces that are too old to be accepted again (twice the window). Returns how many."""
    global _swept
    if time.monotonic() - _swept < SWEEP_SECONDS and _swept:
        return 0
    _swept = time.monotonic()
    return PlaneNonce.objects.filter(at__lt=clock.real_now() - NONCE_LIFE).delete()[0]
