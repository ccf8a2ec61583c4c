"""The upload itself: counted while it arrives, so that nobody fills the disk to be told that it was too much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from shugang.kernel.errors import Refusal
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from .receiving import direct_limit
from .refusals import broken, too_large
from .services import upload_version
from .transfer import cancel_upload


class LimitedUpload(TemporaryFileUploadHandler):
    """Stops storing at the limit; the rest is read and dropped, so that the browser hears the answer."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.size += len(raw_data)
        if self.size > direct_limit():
            raise StopUpload(connection_reset=False)
        return super().receive_data_chunk(raw_data, start)


def _limited(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Put the handler in place before the cross-site check reads the form (Django: upload handlers, CSRF)."""
    protected = csrf_protect(view)

    @csrf_exempt
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.upload_handlers = [LimitedUpload(request)]
        return protected(request, *args, **kwargs)

    return run


@_limited
@require_POST
@for_a_party
def upload_page(request: HttpRequest, number: str) -> HttpResponse:
    from ..datasets.pages import show

    try:
        given = request.FILES.get("file")  # the form is read here at the latest
        handler = request.upload_handlers[0]
        if isinstance(handler, LimitedUpload) and handler.size > direct_limit():
            raise too_large(direct_limit())
        if given is None or given.file is None:
            raise broken("请先选择文件。", "Please choose a file first.", "no_file")
        stream: Any = given.file
        keys = [key.strip() for key in request.POST.get("keys", "").split(",") if key.strip()]
        append = request.POST.get("mode") == "append"
        actor = request.actor  # type: ignore[attr-defined]
        version = upload_version(actor, number, stream, given.name or "", keys=keys, append=append)
    except Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return show(request, number, refusal)
    messages.success(
        request,
        tx(
            Text(
                f"第{version.version}版已存入，共{version.rows}行。请核对字段并勾选个人信息。",
                f"Version {version.version} is stored with {version.rows} rows. Please check the columns below.",
            )
        ),
    )
    return redirect("dataset", number)


@require_POST
@for_a_party
def cancel_page(request: HttpRequest, key: str) -> HttpResponse:
    upload = cancel_upload(request.actor, key)  # type: ignore[attr-defined]
    messages.success(
        request, tx(Text("已取消这次上传，内容已清除。", "The upload is cancelled and its content removed."))
    )
    return redirect("dataset", upload.dataset.number)


urlpatterns = [
    path("desk/datasets/<str:number>/upload", upload_page, name="dataset-upload"),
    path("desk/uploads/<str:key>/cancel", cancel_page, name="upload-cancel"),
]
