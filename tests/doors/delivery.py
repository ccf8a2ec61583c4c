"""Doors of delivery. Planes speak by signed requests: `tests.test_bad_input` holds theirs."""

from __future__ import annotations

import base64
import io
from typing import Any

from .base import OPEN, OWN, Door, api, both, post, read

FACTS = {"name": "示例新数据", "name_en": "Sample new data", "description": "示例", "origin": "自采", "licence": "MIT",
         "hosting": "hosted"}  # fmt: skip
QUERY = {
    "connector": "companies", "dialect": "sqlite", "template": "SELECT symbol FROM companies WHERE sector = :sector",
    "params": '[{"name": "sector", "type": "VARCHAR", "required": true}]',
    "columns": '[{"name": "symbol", "type": "VARCHAR", "comment": "代码"}]',
}  # fmt: skip
INTERFACE = {
    "connector": "companies",
    "operations": '[{"path": "/c/{symbol}", "params": [{"name": "symbol", "type": "VARCHAR", "required": true}]}]',
    "columns": '[{"name": "symbol", "type": "VARCHAR", "comment": "代码"}]',
}
STREAM = {"connector": "companies", "topics": "plant/+/state", "window_seconds": "5",
          "columns": '[{"name": "symbol", "type": "VARCHAR", "comment": "代码"}]'}  # fmt: skip


def _disabled(client: Any) -> None:
    from shugang.delivery.webhooks.models import WebhookEndpoint

    WebhookEndpoint.objects.update(state="disabled")


def _file(things: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO("station,at,pm25\n一号,2026-01-01,9\n二号,2026-01-02,8\n".encode())
    file.name = "new.csv"
    return {"file": file}


def _statement(things: dict[str, Any]) -> dict[str, Any]:
    from shugang.delivery.acknowledgements.queries import proposal

    return {"statement": proposal(things["xufang"], things["grant:segments"].number)}


TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


def _creation(things: dict[str, Any]) -> dict[str, str]:
    said = {"filename": "new.csv", "dataset": things["dataset:free"].number}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    return {**TUS, "Upload-Length": "40", "Upload-Metadata": metadata}


def _suspended(client: Any) -> None:
    from shugang.delivery.planes.models import Plane

    Plane.objects.filter(party__isnull=False).update(state="suspended")


DATASETS: tuple[Door, ...] = (
    read("/desk/datasets", "gongfang", OWN),
    read("/desk/datasets.csv", "gongfang", OWN),
    *both("/desk/datasets/new", "gongfang", FACTS, reach=OWN),
    read("/desk/datasets/<dataset:air>", "gongfang"),
    read("/desk/datasets/<dataset:companies>", "gongfang"),
    post("/desk/datasets/<dataset:air>/versions/1/columns", "gongfang", {"comment-0": "日期（当地）"}),
    post("/desk/datasets/<dataset:free>/upload", "gongfang", _file),
    post("/desk/uploads/<upload>/cancel", "gongfang"),
    *both("/desk/datasets/<dataset:companies>/query", "gongfang", QUERY),
    *both("/desk/datasets/<dataset:companies>/interface", "gongfang", INTERFACE),
    *both("/desk/datasets/<dataset:companies>/stream", "gongfang", STREAM),
)
CONNECTORS: tuple[Door, ...] = (
    read("/desk/connectors", "gongfang", OWN),
    *both("/desk/connectors/new", "gongfang", {"name": "二号机房", "url": "https://data.example.com"}, reach=OWN, ok=(200,)),
    *both("/desk/connectors/<plane>/suspend", "gongfang", {"reason": "检修"}),
    *both("/desk/connectors/<plane>/resume", "yunying", {"reason": "检修完毕"}, prepare=_suspended),
    post("/desk/connectors/<plane>/check", "gongfang", unchanged=True,
         settings={"SHUGANG_ALLOWED_NETWORKS": ("127.0.0.0/8",)}),
)  # fmt: skip
CONNECTION = {
    "purpose": "source",
    "name": "示例库",
    "url": "mysql://db2.example.com/own",
    "user": "reader",
    "password": "示例口令",
}
CONNECTIONS: tuple[Door, ...] = (
    read("/desk/connections", "gongfang", OWN),
    *both("/desk/connections/new", "gongfang", CONNECTION, reach=OWN),
    *both("/desk/connections/<connection>/account", "gongfang", {"user": "reader", "password": "新口令"}, readers=()),
    *both("/desk/connections/<connection:lake>/schedule", "xufang", {"schedule": "weekly 1 02:00"}),
    read("/desk/connections/<connection:lake>/pushes", "xufang", readers=("yunying",)),
    post("/desk/connections/<connection>/test", "gongfang"),
    *both("/desk/connections/<connection:new>/approve", "yunying", {}),
    *both("/desk/connections/<connection>/remove", "gongfang", {}),
)
GRANTS: tuple[Door, ...] = (
    read("/desk/grants", "xufang", OWN),
    read("/desk/grants.csv", "xufang", OWN),
    read("/desk/grants/<grant:segments>", "xufang", readers=("gongfang", "jianguan")),
    # The world's terms ask for no deletion, so that the owner himself is told that nothing is owed.
    read("/desk/grants/<grant:segments>/deletion", "xufang", readers=("gongfang", "jianguan")),
    post("/desk/grants/<grant:segments>/deletion", "xufang", ok=(409,), unchanged=True),
    *both("/desk/grants/<grant:air>/key", "xufang", {"agree": "1"}, ok=(200,)),
    *both("/desk/grants/<grant:file>/download", "xufang", {"agree": "1", "format": "csv"}, ok=(200,)),
    post("/desk/grants/<grant:air>/keys/<credential:air>/revoke", "xufang"),
)
USAGE: tuple[Door, ...] = (
    read("/desk/usage", "xufang", OWN),
    read("/desk/usage?grant=<grant:segments>", "xufang", OWN),
    read("/desk/usage.csv", "xufang", OWN),
    read("/desk/usage/<plane:platform>/1", "xufang", readers=("gongfang", "jianguan")),
)
COUNTED = {"last_seq": "41", "delivered": "1", "charged": "1", "rows": "1", "bytes": "100", "remark": ""}
ACKNOWLEDGEMENTS: tuple[Door, ...] = (
    read("/desk/acknowledgements", "xufang", OWN),
    read("/desk/acknowledgements/<acknowledgement>", "xufang", readers=("gongfang", "yunying", "jianguan")),
    *both("/desk/grants/<grant:segments>/acknowledge", "xufang", COUNTED),
    api("GET", "/grants/<grant:segments>/records", "xufang", readers=("gongfang", "jianguan")),
    api("GET", "/grants/<grant:segments>/acknowledgement", "xufang", readers=("gongfang", "jianguan")),
    api("GET", "/acknowledgements", "xufang", reach=OWN),
    api("GET", "/acknowledgements/<acknowledgement>", "xufang", readers=("gongfang", "yunying", "jianguan")),
    api("POST", "/acknowledgements", "xufang", _statement),
)
QUERY_API = {**QUERY, "params": [{"name": "sector", "type": "VARCHAR", "required": True}],
             "columns": [{"name": "symbol", "type": "VARCHAR", "comment": "代码"}]}  # fmt: skip
COLUMNS = QUERY_API["columns"]
INTERFACE_API = {"connector": "companies", "operations": [{"path": "/companies"}], "columns": COLUMNS}
STREAM_API = {"connector": "companies", "topics": ["plant/+/state"], "window_seconds": 5, "columns": COLUMNS}
API: tuple[Door, ...] = (
    api("GET", "/datasets", "gongfang", reach=OWN),
    api("POST", "/datasets", "gongfang", FACTS, reach=OWN),
    api("GET", "/datasets/<dataset:air>", "gongfang"),
    api("POST", "/datasets/<dataset:free>/versions?filename=new.csv", "gongfang",
        lambda things: "station,at,pm25\n一号,2026-01-01,9\n二号,2026-01-02,8\n".encode()),
    api("OPTIONS", "/uploads", "", reach=OPEN, ok=(204,), unchanged=True, guarded=False),
    api("GET", "/uploads", "gongfang", reach=OWN),
    api("GET", "/uploads/<upload>", "gongfang"),
    api("HEAD", "/uploads/<upload>", "gongfang", headers=TUS, unchanged=True, guarded=False),
    api("POST", "/uploads", "gongfang", lambda things: b"", ok=(201,), headers=_creation),
    api("PATCH", "/uploads/<upload>", "gongfang", lambda things: b"station,at\n", ok=(204,), body=PIECE,
        headers={**TUS, "Upload-Offset": "0"}),
    api("DELETE", "/uploads/<upload>", "gongfang", ok=(204,), headers=TUS),
    api("POST", "/datasets/<dataset:companies>/queries", "gongfang", QUERY_API),
    api("POST", "/datasets/<dataset:companies>/interfaces", "gongfang", INTERFACE_API),
    api("POST", "/datasets/<dataset:companies>/streams", "gongfang", STREAM_API),
    api("PUT", "/datasets/<dataset:air>/versions/1/columns", "gongfang", {"comments": {"date": "当地日期"}, "personal": []}),
    api("GET", "/grants", "xufang", reach=OWN),
    api("GET", "/grants/<grant:segments>", "xufang", readers=("gongfang", "jianguan")),
    api("GET", "/grants/<grant:segments>/deletion", "xufang", readers=("gongfang", "jianguan")),
    api("POST", "/grants/<grant:segments>/deletion", "xufang", {}, ok=(409,), unchanged=True),
    api("GET", "/credentials", "xufang", reach=OWN),
    api("POST", "/credentials", "xufang", lambda things: {
        "grants": [things["grant:air"].number], "kind": "bearer", "purpose": things["grant:air"].terms["purpose"]}),
    api("DELETE", "/credentials/<credential:air>", "xufang"),
    api("GET", "/planes", "gongfang", reach=OWN),
    api("POST", "/planes", "gongfang", {"name": "二号机房", "url": "https://data.example.com"}, reach=OWN),
    api("POST", "/planes/<plane>/suspend", "gongfang", {"reason": "检修"}),
    api("POST", "/planes/<plane>/resume", "yunying", {"reason": "检修完毕"}, prepare=_suspended),
    api("GET", "/connections", "gongfang", reach=OWN),
    api("POST", "/connections", "gongfang", CONNECTION, reach=OWN),
    api("POST", "/connections/<connection:new>/approve", "yunying"),
    api("POST", "/connections/<connection>/test", "gongfang"),
    api("PUT", "/connections/<connection>/account", "gongfang", {"user": "reader", "password": "新口令"}),
    api("PUT", "/connections/<connection:lake>/schedule", "xufang", {"schedule": "weekly 1 02:00"}),
    api("GET", "/connections/<connection:lake>/pushes", "xufang", readers=("yunying",)),
    api("DELETE", "/connections/<connection>", "gongfang"),
    api("GET", "/usage", "xufang", reach=OWN),
    api("GET", "/usage/daily?first=2026-03-01&last=2026-06-01", "xufang", reach=OWN),
    api("GET", "/usage/<plane:platform>/1", "xufang", readers=("gongfang", "jianguan")),
)  # fmt: skip
HOOK = {"label": "新系统", "url": "https://93.184.216.34/new", "types": "bill.issued"}
WEBHOOKS: tuple[Door, ...] = (
    *both("/desk/webhooks", "xufang", HOOK, reach=OWN, ok=(200,)),
    read("/desk/webhooks/<webhook>", "xufang"),
    read("/desk/webhooks/<webhook>.csv", "xufang"),
    post("/desk/webhooks/<webhook>/secret", "xufang", ok=(200,)),
    post("/desk/webhooks/<webhook>/ping", "xufang"),
    post("/desk/webhooks/<webhook>/enable", "xufang", prepare=_disabled),
    post("/desk/webhooks/<webhook>/types", "xufang", {"types": "bill.issued"}),
    post("/desk/webhooks/<webhook>/messages/<webhook:message>/again", "xufang"),
    *both("/desk/webhooks/<webhook>/remove", "xufang", {}),
    api("GET", "/webhooks", "xufang", reach=OWN),
    api("POST", "/webhooks", "xufang", {**HOOK, "types": ["bill.issued"]}, reach=OWN),
    api("GET", "/webhooks/types", "xufang", reach=OWN, administrators=True),
    api("POST", "/webhooks/<webhook>/secret", "xufang"),
    api("POST", "/webhooks/<webhook>/ping", "xufang"),
    api("POST", "/webhooks/<webhook>/enable", "xufang", prepare=_disabled),
    api("DELETE", "/webhooks/<webhook>", "xufang"),
    api("GET", "/webhooks/<webhook>/messages", "xufang"),
    api("POST", "/webhooks/<webhook>/messages/<webhook:message>/again", "xufang"),
)
DOORS = (*ACKNOWLEDGEMENTS, *WEBHOOKS, *DATASETS, *CONNECTORS, *CONNECTIONS, *GRANTS, *USAGE, *API)
