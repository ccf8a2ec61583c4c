"""The public face of the evidence log: C2SP tlog-tiles files, the key, and how outsiders check it."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from shugang.evidence import scan
from shugang.evidence import witness as protocol
from shugang.evidence.tiles import parse_path
from shugang.kernel import logkeys, origins, sequencer, timestamps, witnessing
from shugang.kernel.models import Checkpoint, TimeStamp

from . import desk, queries


@require_safe
def log_page(request: HttpRequest) -> HttpResponse:
    context = {
        "status": sequencer.status(),
        "vkey": sequencer.vkey(),
        "keys": logkeys.published(sequencer.origin()),
        "standing": witnessing.standing(),
        "quorum": settings.SHUGANG_WITNESS_QUORUM,
        "stamp": timestamps.last(),
        "witness_vkey": witnessing.signer().cosigner.vkey,
        "checkpoint": sequencer.current_checkpoint(),
        "recent": list(Checkpoint.objects.order_by("-size")[:10]),
        "address": queries.address(),
        "former": origins.former(),
    }
    return render(request, "portal/log.html", context)


@require_safe
def checkpoint(request: HttpRequest, epoch: int = 1) -> HttpResponse:
    """The published checkpoint: the file, not the table, so that readers never meet a promise without its tiles."""
    where = origins.folder(epoch) / "checkpoint"
    if not where.exists():
        raise Http404
    response = HttpResponse(where.read_bytes(), content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def witnessed(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint that enough witnesses cosigned, with their lines."""
    text = witnessing.witnessed_text()
    if text is None:
        raise Http404
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """Whom an outsider has to believe (C2SP tlog-policy)."""
    return HttpResponse(witnessing.policy(sequencer.vkey()), content_type="text/plain; charset=utf-8")


@require_safe
def stamp(request: HttpRequest, size: int, part: str) -> HttpResponse:
    """A stamped checkpoint, or its token: `openssl ts -verify -data N.checkpoint -in N.tsr -CAfile …`."""
    row = TimeStamp.objects.filter(size=size).first()
    if row is None:
        raise Http404
    if part == "tsr":
        return HttpResponse(bytes(row.token), content_type="application/timestamp-reply")
    return HttpResponse(row.text, content_type="text/plain; charset=utf-8")


@csrf_exempt
@require_POST
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """C2SP tlog-witness: anybody may ask; the signature on the checkpoint says who it is."""
    try:
        if int(request.headers.get("Content-Length") or 0) > protocol.MAX_REQUEST_BYTES:
            raise ValueError("too large")
        body = request.body.decode()
    except ValueError:
        return HttpResponse("not a request of this size and encoding\n", protocol.TEXT_TYPE, 400)
    answer = witnessing.add_checkpoint(body)
    return HttpResponse(answer.body, content_type=answer.content_type, status=answer.status)


@require_safe
def tile(request: HttpRequest, name: str, epoch: int = 1) -> HttpResponseBase:
    full = f"tile/{name}"
    where = origins.folder(epoch) / full
    if parse_path(full) is None or not where.is_file():
        raise Http404
    response = FileResponse(where.open("rb"), content_type="application/octet-stream")
    # A path names one content for ever (C2SP tlog-tiles): caches may keep it.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
def vkey(request: HttpRequest, epoch: int = 0) -> HttpResponse:
    """The key of the present log, or of the one that stands at this address."""
    found = queries.vkey_of(epoch or origins.current().epoch)
    if found is None:
        raise Http404
    return HttpResponse(found + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def former(request: HttpRequest) -> JsonResponse:
    """Names that the log had before a restore: key, last checkpoint known, and the entry that says so, opened."""
    return JsonResponse({"former": queries.former_names()})


@require_safe
def keys(request: HttpRequest) -> JsonResponse:
    """Every key the log has had, newest first, and the statements by which one followed another."""
    return JsonResponse(logkeys.published(sequencer.origin()), safe=False, json_dumps_params={"ensure_ascii": False})


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The stand-alone module that checks one receipt offline; needs only the `cryptography` package."""
    from importlib import resources

    source = resources.files("shugang.evidence").joinpath("standalone_verify.py").read_text("utf-8")
    response = HttpResponse(source, content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="verify_receipt.py"'
    return response


@require_safe
def event_receipt(request: HttpRequest, pk: int) -> HttpResponse:
    receipt = queries.receipt(pk, request.actor)  # type: ignore[attr-defined]
    body = json.dumps(receipt, ensure_ascii=False, indent=1)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{pk}.json"'
    return response


@require_safe
def receipt_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt to look at: where the entry stands, who signed, and the code that carries it all."""
    receipt = queries.receipt(pk, request.actor)  # type: ignore[attr-defined]
    address = request.build_absolute_uri(f"/events/{pk}/receipt")
    context = {"pk": pk, "code": scan.pack(address, receipt), "vkey": receipt["vkey"], **queries.receipt_facts(receipt)}
    return render(request, "portal/receipt.html", context)


urlpatterns = [
    path("log", log_page, name="log"),
    path("log/checkpoint", checkpoint, name="log-checkpoint"),
    path("log/tile/<path:name>", tile, name="log-tile"),
    path("log/checkpoint.witnessed", witnessed, name="log-witnessed"),
    path("log/stamps/<int:size>.tsr", stamp, {"part": "tsr"}, name="log-stamp"),
    path("log/stamps/<int:size>.checkpoint", stamp, {"part": "checkpoint"}, name="log-stamped"),
    path("log/policy", policy, name="log-policy"),
    path("witness/add-checkpoint", add_checkpoint, name="witness-add-checkpoint"),
    path("log/vkey", vkey, name="log-vkey"),
    path("log/keys.json", keys, name="log-keys"),
    path("log/former.json", former, name="log-former"),
    path("log/<int:epoch>/checkpoint", checkpoint, name="log-checkpoint-of"),
    path("log/<int:epoch>/tile/<path:name>", tile, name="log-tile-of"),
    path("log/<int:epoch>/vkey", vkey, name="log-vkey-of"),
    path("log/verify_receipt.py", verifier, name="log-verifier"),
    path("events/<int:pk>/receipt", receipt_page, name="event-receipt-page"),
    path("events/<int:pk>/receipt.json", event_receipt, name="event-receipt"),
    *desk.urlpatterns,
]
