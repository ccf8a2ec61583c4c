"""Resumable uploads through the API: tus 1.0.0 (https://tus.io/protocols/resumable-upload), with the extensions creation,
checksum, termination and expiration. Ordinary tus clients work: give them the address and the access token.

`Upload-Metadata` of a creation: `filename`, `dataset`, and optionally `sha256`, `append` (1), `keys`, `personal`
(comma-separated column names) and `types`, `comments` (JSON objects), each in base64 as the protocol has it.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from ninja import Router

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from . import queries, transfer
from .models import Upload
from .receiving import upload_limit
from .services import Wishes

router = Router(tags=["uploads"])
VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
PIECE = "application/offset+octet-stream"


def _speaks(request: HttpRequest) -> None:
    """Raises Refusal 412 for another version of the protocol, or none."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Refusal(
            "tus_version",
            Text("请求头Tus-Resumable应为1.0.0。", "The header Tus-Resumable has to be 1.0.0."),
            412,
        )


def _answer(status: int, upload: Upload | None = None, **headers: str) -> HttpResponse:
    answer = HttpResponse(status=status)
    answer.headers["Tus-Resumable"] = VERSION
    answer.headers["Cache-Control"] = "no-store"
    if upload is not None:
        answer.headers["Upload-Offset"] = str(upload.offset)
        if upload.state == Upload.State.RECEIVING:
            answer.headers["Upload-Expires"] = http_date(transfer.expires_at(upload).timestamp())
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


def _number(text: str | None, name: str) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Refusal("bad_header", Text(f"请求头{name}应为整数。", f"The header {name} has to be a number."), 400)
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for pair in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = pair.partition(" ")
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        if any("\x00" in value for value in found.values()):
            raise ValueError
    except (binascii.Error, ValueError):
        raise Refusal(
            "bad_header",
            Text(
                "请求头Upload-Metadata应为“名称 Base64”的列表。", "Upload-Metadata has to be a list of “name base64”."
            ),
            400,
        ) from None
    return found


def _words(text: str) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise Refusal(
            "bad_header",
            Text(
                "types和comments应为字段名到文本的JSON对象。", "types and comments map column names to text, in JSON."
            ),
            400,
        )
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _shown(upload: Upload) -> dict[str, Any]:
    refusal = upload.refusal or {}
    message = refusal.get("message") or ["", ""]
    return {
        "key": upload.key,
        "dataset": upload.dataset.number,
        "name": upload.name,
        "size": upload.size,
        "offset": upload.offset,
        "sha256": upload.sha256,
        "state": upload.state,
        "progress": {"stage": upload.stage, "done": upload.done, "total": upload.total, "rows": upload.rows},
        "code": refusal.get("code", ""),
        "message": message[0],
        "message_en": message[1],
        "version": upload.version.version if upload.version else None,
        "created_at": upload.created_at,
        "expires_at": transfer.expires_at(upload) if upload.state == Upload.State.RECEIVING else None,
    }


@router.api_operation(["OPTIONS"], "/uploads", summary="What the upload protocol offers (tus 1.0.0)", auth=None)
def options(request: HttpRequest) -> HttpResponse:
    return _answer(
        204,
        Tus_Version=VERSION,
        Tus_Extension=EXTENSIONS,
        Tus_Max_Size=str(upload_limit()),
        Tus_Checksum_Algorithm=",".join(transfer.ALGORITHMS),
    )


@router.get("/uploads", summary="Uploads of the acting party, newest first: progress, refusal, version")
def uploads(request: HttpRequest, after: str = "", dataset: str = "", state: str = "") -> dict[str, Any]:
    found = paging.page(queries.uploads(request.actor, dataset, state), after)  # type: ignore[attr-defined]
    return {"items": [_shown(u) for u in found.items], "next": found.next, "total": found.total}


@router.post("/uploads", summary="Announce a file (tus creation): Upload-Length, Upload-Metadata")
def create(request: HttpRequest) -> HttpResponse:
    """201 with the upload's address in `Location`; send the file there in pieces with PATCH."""
    _speaks(request)
    size = _number(request.headers.get("Upload-Length"), "Upload-Length")
    said = _metadata(request.headers.get("Upload-Metadata", ""))
    wishes = Wishes(
        _words(said.get("comments", "")),
        _words(said.get("types", "")),
        _names(said.get("personal", "")),
        _names(said.get("keys", "")),
        said.get("append", "") in ("1", "true"),
    )
    upload = transfer.open_upload(
        request.actor,  # type: ignore[attr-defined]
        said.get("dataset", ""),
        said.get("filename", ""),
        size,
        said.get("sha256", ""),
        wishes,
    )
    return _answer(201, upload, Location=f"/api/v1/uploads/{upload.key}")


@router.api_operation(["HEAD"], "/uploads/{key}", summary="How far an upload is (tus): Upload-Offset")
def offset(request: HttpRequest, key: str) -> HttpResponse:
    _speaks(request)
    upload = transfer.own_upload(request.actor, key)  # type: ignore[attr-defined]
    if upload.state in (Upload.State.EXPIRED, Upload.State.CANCELLED):
        return _answer(410)
    return _answer(200, upload, Upload_Length=str(upload.size))


@router.get("/uploads/{key}", summary="One upload: received, being converted, stored or refused, and why")
def upload(request: HttpRequest, key: str) -> dict[str, Any]:
    return _shown(queries.get_upload(request.actor, key))  # type: ignore[attr-defined]


@router.patch(
    "/uploads/{key}", summary="Send a piece (tus): Upload-Offset, optionally Upload-Checksum; body: the bytes"
)
def piece(request: HttpRequest, key: str) -> HttpResponse:
    """204 with the new Upload-Offset once the piece is durable. 409 `wrong_offset`, 423 `upload_locked`, 460 checksum."""
    _speaks(request)
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != PIECE:
        raise Refusal("bad_header", Text(f"Content-Type应为{PIECE}。", f"The Content-Type has to be {PIECE}."), 415)
    at = _number(request.headers.get("Upload-Offset"), "Upload-Offset")
    length = request.headers.get("Content-Length")
    stream: Any = request
    now = transfer.receive_piece(
        request.actor,  # type: ignore[attr-defined]
        key,
        at,
        stream,
        _number(length, "Content-Length") if length else None,
        _checksum(request.headers.get("Upload-Checksum")),
    )
    return _answer(204, now)


def _checksum(text: str | None) -> tuple[str, bytes] | None:
    if text is None:
        return None
    name, _, value = text.partition(" ")
    try:
        return name, base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(
            "bad_header",
            Text("请求头Upload-Checksum应为“算法 Base64”。", "Upload-Checksum has to be “name base64”."),
            400,
        ) from None


@router.delete("/uploads/{key}", summary="Give an upload up (tus termination); its bytes go and its conversion stops")
def terminate(request: HttpRequest, key: str) -> HttpResponse:
    _speaks(request)
    transfer.cancel_upload(request.actor, key)  # type: ignore[attr-defined]
    return _answer(204)
