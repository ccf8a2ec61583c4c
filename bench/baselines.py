"""The baselines' servers: `python bench/baselines.py rsgi|fastapi PORT BYTES`; imports nothing of ours."""

import sys

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server


def rsgi(size: int):
    headers, body = [("content-type", "application/json; charset=utf-8")], b"x" * size

    async def app(scope, proto):
        proto.response_bytes(200, headers, body)

    return app


def fastapi(size: int):
    from fastapi import FastAPI

    app = FastAPI()
    text = "x" * (size - len('{"hello":""}'))

    @app.get("/hello")
    async def hello():
        return {"hello": text}

    return app


async def main(kind: str, port: int, size: int) -> None:
    app, interface = (rsgi(size), Interfaces.RSGI) if kind == "rsgi" else (fastapi(size), Interfaces.ASGINL)
    server = Server(
        app, port=port, interface=interface, websockets=False, log_enabled=False, backlog=1024, backpressure=512
    )
    await server.serve()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
