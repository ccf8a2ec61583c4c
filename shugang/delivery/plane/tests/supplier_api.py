"""A supplier's HTTP interface as a process of its own, honest and lying: `python -m …supplier_api PORT [CERTIFICATE KEY]`.

`/companies/…` and `/search` answer as suppliers do; `/lie/…` does what an answer must not. `/calls` tells what came.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import sys
from typing import Any

from aiohttp import web

COMPANIES: dict[str, dict[str, Any]] = {
    "91350200A": {
        "code": "91350200A", "name": "厦门象屿", "city": "厦门", "phone": "05921234567", "staff": 3000,
        "capital": 22.5, "founded": "1997-06-04", "secret": "机密甲",
    },
    "91350100B": {
        "code": "91350100B", "name": "福耀玻璃", "city": "福州", "phone": "05911111111", "staff": "29000",
        "capital": 26, "founded": None, "secret": "机密乙",
    },
    "91350200C": {
        "code": "91350200C", "name": "建发股份", "city": "厦门", "phone": "05927654321", "staff": 9000,
        "capital": "30.25", "founded": "1998-06-16", "secret": "机密丙",
    },
}  # fmt: skip
calls: list[dict[str, Any]] = []


async def seen(request: web.Request) -> None:
    body = (await request.read()).decode()
    calls.append({"method": request.method, "path": request.raw_path, "headers": dict(request.headers), "body": body})


def told(code: Any, data: Any, status: int = 200, **headers: str) -> web.Response:
    document = {"code": code, "message": "机密说明", "data": data, "total": 3}
    return web.json_response(document, status=status, headers={"X-Secret": "机密头".encode().hex(), **headers})


async def company(request: web.Request) -> web.Response:
    await seen(request)
    found = COMPANIES.get(request.match_info["code"])
    return told(0, found) if found else told(10001, None)


async def search(request: web.Request) -> web.Response:
    await seen(request)
    if request.method == "POST":
        kind = request.content_type
        given = dict(await request.post()) if kind != "application/json" else json.loads(await request.read())
    else:
        given = dict(request.query)
    rows = [row for row in COMPANIES.values() if row["city"] == given.get("city")]
    return told("0", {"list": rows}, **{"Set-Cookie": "a=b", "Server": "机".encode().hex()})


async def verify(request: web.Request) -> web.Response:
    """Two elements that belong together, that do not, that nobody knows; and an error of the supplier's own."""
    await seen(request)
    name = request.query["name"]
    codes = {"厦门象屿": 0, "福耀玻璃": 20001, "无": 10001}
    if name == "没有":
        return web.Response(status=404, text="<html>机密</html>", content_type="text/html")
    return told(codes.get(name, 99999), {"code": "91350200A", "name": name})


async def lie(request: web.Request) -> web.StreamResponse:
    await seen(request)
    how = request.match_info["how"]
    good = json.dumps({"code": 0, "data": COMPANIES["91350200A"]}, ensure_ascii=False).encode()
    if how == "html":
        return web.Response(body=good, content_type="text/html")
    if how == "redirect":
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    if how == "bomb":
        packed = gzip.compress(b'{"code":0,"data":[' + b" " * 20_000_000 + b"]}", 1)
        return web.Response(body=packed, content_type="application/json", headers={"Content-Encoding": "gzip"})
    if how in ("endless", "slow", "early"):
        return await _dribble(request, how, good)
    document = {
        "nocode": {"data": COMPANIES["91350200A"]}, "nodata": {"code": 0}, "text": {"code": 0, "data": "机密"},
        "numbers": {"code": 0, "data": [1, 2]}, "strange": {"code": 0, "data": {"另外": "机密"}},
        "type": {"code": 0, "data": {"code": "x", "staff": {"机密": 1}}},
        "list": [1, 2], "nan": float("nan"), "null": {"code": 0, "data": None},
    }.get(how)  # fmt: skip
    if document is not None:
        return web.json_response(document)
    return web.json_response({"error": "机密"}, status=int(how))


async def _dribble(request: web.Request, how: str, good: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    if how == "early":
        answer.content_length = len(good) + 10
    await answer.prepare(request)
    if how == "early":
        await answer.write(good)
        assert request.transport is not None
        request.transport.close()
        return answer
    while True:
        await answer.write(b" " * (1 << 20) if how == "endless" else b" ")
        await asyncio.sleep(0 if how == "endless" else 0.05)


async def told_calls(_: web.Request) -> web.Response:
    return web.json_response(calls)


def main() -> None:
    app = web.Application()
    app.router.add_get("/calls", told_calls)
    app.router.add_get("/base/companies/{code}", company)
    app.router.add_route("*", "/base/search", search)
    app.router.add_get("/base/verify", verify)
    app.router.add_get("/base/lie/{how}", lie)
    tls = None
    if len(sys.argv) > 2:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*sys.argv[2:4])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None, ssl_context=tls)


if __name__ == "__main__":
    main()
