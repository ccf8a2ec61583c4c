"""Pages on which a supplier registers his own interface or topics; a sample gives the columns that he confirms."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_http_methods

from shugang.kernel import idempotency
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form, clean
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text

from .. import gates
from ..datasets.models import DatasetVersion
from ..datasets.queries import get_dataset
from . import interfaces
from .forms import form_page

_CONNECTOR = Field(
    "connector", "text", Text("连接名", "Connector"),
    Text("与您节点设置中 [connectors.名称] 一致，地址和口令只在那里填写",
         "As named in your plane's settings, [connectors.NAME]; address and secrets stand only there"),
    max_length=60,
)  # fmt: skip
_SAMPLE = Field(
    "sample", "code", Text("样例（JSON）", "Sample (JSON)"),
    Text("粘贴一份真实的返回内容，可先去掉敏感值；只用来生成字段，不保存",
         "Paste one real answer, with sensitive values replaced; it only makes the columns and is not kept"),
    required=False, max_length=interfaces.MOST_SAMPLE,
)  # fmt: skip
_COLUMNS = Field(
    "columns", "json", Text("字段（JSON）", "Columns (JSON)"),
    Text("一条记录中可以授权的字段，请逐项核对名称和类型",
         "The columns of one record that can be granted; please check names and types"), max_length=20000,
)  # fmt: skip
INTERFACE = Form(
    1,
    (
        _CONNECTOR,
        Field(
            "operations", "json", Text("开放的操作（JSON）", "Open operations (JSON)"),
            Text('如 [{"method": "GET", "path": "/companies/{code}", "params": [{"name": "code", "type": "VARCHAR", '
                 '"required": true}], "records": "/data"}]；records 是记录在返回内容中的位置，POST 的参数写在 body 中',
                 'Such as [{"method": "GET", "path": "/companies/{code}", "params": [{"name": "code", "type": "VARCHAR", '
                 '"required": true}], "records": "/data"}]; records points to the records of an answer; parameters of a '
                 "POST stand in body"), max_length=20000,
        ),
        Field(
            "code", "text", Text("结果码的位置", "Where the result code is"),
            Text("JSON指针，如 /code；没有结果码则不填", "A JSON pointer such as /code; leave empty if there is none"),
            required=False, max_length=200,
        ),
        Field(
            "codes", "json", Text("结果码对照（JSON）", "Result codes (JSON)"),
            Text('如 {"0": "found", "20001": "mismatch", "10001": "not_found"}；其余一律不计费',
                 'Such as {"0": "found", "20001": "mismatch", "10001": "not_found"}; any other is never charged'),
            required=False, max_length=4000,
        ),
        Field(
            "statuses", "json", Text("HTTP状态对照（JSON）", "HTTP statuses (JSON)"),
            Text('200以外的状态，如 {"404": "not_found"}；其余视为接口没有响应',
                 'Statuses other than 200, such as {"404": "not_found"}; any other counts as no answer'),
            required=False, max_length=1000,
        ),
        _SAMPLE,
        Field(
            "records", "text", Text("样例中记录的位置", "Where the records of the sample are"),
            Text("JSON指针，如 /data/list", "A JSON pointer such as /data/list"), required=False, max_length=200,
        ),
        _COLUMNS,
    ),
)  # fmt: skip
STREAM = Form(
    1,
    (
        _CONNECTOR,
        Field(
            "topics", "textarea", Text("主题", "Topics"),
            Text("每行一个，可用 + 和 #，如 plant/+/state", "One a line, with + and #, such as plant/+/state"),
            max_length=4000,
        ),
        Field(
            "window_seconds", "int", Text("计量窗口（秒）", "Metering window (seconds)"),
            Text("每个窗口记一次用量，之后才发出，最长60秒", "Each window is metered once, then released; at most 60"),
            minimum=1, maximum=60,
        ),
        Field(
            "topic_column", "text", Text("主题写入的字段", "Column that takes the topic"),
            Text("可不填；填写时须是下面的字段之一", "Optional; one of the columns below"), required=False, max_length=60,
        ),
        _SAMPLE,
        _COLUMNS,
    ),
)  # fmt: skip
Verb = Callable[..., DatasetVersion]


@require_http_methods(["GET", "POST"])
@for_a_party
def interface_page(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number, INTERFACE, "proxy", {"operations": "[]", "codes": "{}", "statuses": "{}"})


@require_http_methods(["GET", "POST"])
@for_a_party
def stream_page(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number, STREAM, "stream", {"window_seconds": "1"})


def _page(request: HttpRequest, number: str, form: Form, mode: str, usual: dict[str, Any]) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    gates.require_supply(actor)
    dataset = get_dataset(actor, number)
    values: dict[str, Any] = {**usual, "columns": "[]"}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in form.fields}
        try:
            if not request.POST.get("suggest"):
                _register(request, number, form, mode, values)
                return redirect("dataset", number)
            found = interfaces.suggest(values["sample"], values.get("records", ""))
            values["columns"] = interfaces.as_json(found)
        except Refusal as no:
            refusal = no
    context = {"dataset": dataset, "mode": mode, "suggested": bool(request.POST.get("suggest")) and refusal is None}
    return form_page(request, "delivery/connectors_interface.html", form, values, refusal, **context)


def _register(request: HttpRequest, number: str, form: Form, mode: str, values: dict[str, Any]) -> None:
    actor = request.actor  # type: ignore[attr-defined]
    answers = clean(form, values)
    columns = _json(answers["columns"], list, "columns")
    verb: Verb = interfaces.declare_interface
    if mode == "proxy":
        spec = {
            "operations": _json(answers["operations"], list, "operations"),
            "code": answers.get("code", ""),
            "codes": _json(answers.get("codes", "{}"), dict, "codes"),
            "statuses": _json(answers.get("statuses", "{}"), dict, "statuses"),
        }
    else:
        verb = interfaces.declare_stream
        spec = {
            "topics": [line.strip() for line in answers["topics"].splitlines() if line.strip()],
            "topic_column": answers.get("topic_column", ""),
            "window_seconds": answers["window_seconds"],
        }

    def run() -> dict[str, Any]:
        return {"version": verb(actor, number, answers["connector"], spec, columns).version}

    key = request.POST.get("idempotency_key")
    idempotency.once(actor, key, idempotency.fingerprint(mode, number, values), run)


def _json(value: Any, kind: type[list[Any]] | type[dict[str, Any]], field: str) -> Any:
    found = json.loads(value) if isinstance(value, str) else value
    items = found if isinstance(found, list) else []
    if not isinstance(found, kind) or not all(isinstance(item, dict) for item in items):
        text = Text("请按提示填写JSON。", "Please enter JSON as the hint says.")
        raise Refusal("invalid_form", text, 422, {field: text})
    return found


urlpatterns = [
    path("desk/datasets/<str:number>/interface", interface_page, name="dataset-interface"),
    path("desk/datasets/<str:number>/stream", stream_page, name="dataset-stream"),
]
