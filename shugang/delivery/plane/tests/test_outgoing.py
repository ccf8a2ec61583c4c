"""Given what others name as an address, when the plane dials, then only what was judged is reached, as it was judged."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from shugang.delivery.plane.outgoing import Outgoing, TooLarge, guarded_session, pinned, whole
from shugang.delivery.plane.tests.peer import free_port
from shugang.policy.addresses import AddressRefused, Rules

PUBLIC = "93.184.216.34"
LOOPBACK = ("127.0.0.0/8",)


class Rebinding:
    """A name server that gives another address each time."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return [self.answers.pop(0)]


def _with_site(task, handler=None):
    """Run `task(port, seen)` beside a small web server on the loopback."""
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        if handler:
            return await handler(request)
        return web.Response(text="ok", headers={"Set-Cookie": "a=b"})

    async def run():
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            return await task(port, seen)
        finally:
            await runner.cleanup()

    return asyncio.run(run())


async def _get(client: Outgoing, url: str, most: int = 1000) -> tuple[int, bytes]:
    async with client.request("GET", url) as response:
        return response.status, await whole(response, most)


def test_the_judged_address_is_dialled_and_the_name_kept():
    async def task(port, seen):
        rebinding = Rebinding("127.0.0.1")
        client = guarded_session(Rules.of([f"data.example:{port}"], LOOPBACK), resolver=rebinding)
        try:
            assert await _get(client, f"http://data.example:{port}/x?y=1") == (200, b"ok")
            assert await _get(client, f"http://data.example:{port}/z") == (200, b"ok")
        finally:
            await client.close()
        assert [r.headers["Host"] for r in seen] == [f"data.example:{port}"] * 2
        assert "Cookie" not in seen[1].headers
        assert rebinding.asked == 1  # the second went over the connection that was judged

    _with_site(task)


def test_a_name_that_is_rebound_is_judged_again_for_the_next_connection():
    async def task(port, seen):
        async def close(request):
            return web.Response(text="ok", headers={"Connection": "close"})

        client = guarded_session(
            Rules.of([f"data.example:{port}"], LOOPBACK), resolver=Rebinding("127.0.0.1", "169.254.169.254")
        )
        try:
            async with client.request("GET", f"http://data.example:{port}/", headers={"Connection": "close"}) as r:
                assert r.status == 200
            with pytest.raises(AddressRefused):
                await _get(client, f"http://data.example:{port}/")
        finally:
            await client.close()
        assert len(seen) == 1

    _with_site(task)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://127.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://user@data.example:{port}/",
        "http://data.example.:{port}/",
        "http://data.example:1/",
    ],
)
def test_what_is_not_allowed_is_never_dialled(url):
    async def task(port, seen):
        client = guarded_session(Rules.of([f"data.example:{port}"], LOOPBACK), resolver=lambda *_: ["127.0.0.1"])
        try:
            with pytest.raises(AddressRefused):
                await _get(client, url.format(port=port))
        finally:
            await client.close()
        assert seen == []

    _with_site(task)


def test_an_allowed_literal_in_a_private_network_is_refused_on_the_platform():
    async def task(port, seen):
        client = guarded_session(Rules.of([f"127.0.0.1:{port}", f"data.example:{port}"]), resolver=lambda *_: ["::1"])
        try:
            for host in ("127.0.0.1", "data.example"):
                with pytest.raises(AddressRefused):
                    await _get(client, f"http://{host}:{port}/")
        finally:
            await client.close()
        assert seen == []

    _with_site(task)


def test_a_redirect_is_an_answer_and_is_not_followed():
    async def to_metadata(request):
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})

    async def task(port, seen):
        client = guarded_session(Rules.of([f"127.0.0.1:{port}"], LOOPBACK))
        try:
            async with client.request("GET", f"http://127.0.0.1:{port}/", allow_redirects=True) as response:
                assert response.status == 302
        finally:
            await client.close()
        assert len(seen) == 1

    _with_site(task, to_metadata)


@pytest.mark.parametrize("declared", [True, False])
def test_more_than_agreed_is_not_taken(declared):
    async def long(request):
        if declared:
            return web.Response(body=b"x" * 5000)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(50):
            await response.write(b"x" * 100)
        return response

    async def task(port, seen):
        client = guarded_session(Rules.of([f"127.0.0.1:{port}"], LOOPBACK))
        try:
            with pytest.raises(TooLarge):
                await _get(client, f"http://127.0.0.1:{port}/", 4999)
            assert len((await _get(client, f"http://127.0.0.1:{port}/", 5000))[1]) == 5000
        finally:
            await client.close()

    _with_site(task, long)


def test_an_answer_that_never_ends_runs_into_the_time_limit():
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.02)

    async def task(port, seen):
        client = guarded_session(Rules.of([f"127.0.0.1:{port}"], LOOPBACK), seconds=0.3)
        try:
            with pytest.raises(TimeoutError):
                await _get(client, f"http://127.0.0.1:{port}/")
        finally:
            await client.close()

    _with_site(task, endless)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://169.254.169.254:80")
    monkeypatch.setenv("http_proxy", "http://169.254.169.254:80")

    async def task(port, seen):
        client = guarded_session(Rules.of([f"127.0.0.1:{port}"], LOOPBACK))
        try:
            assert (await _get(client, f"http://127.0.0.1:{port}/"))[0] == 200
        finally:
            await client.close()

    _with_site(task)


def test_a_driver_gets_one_judged_address():
    rules = Rules.of(["db.example:5432"])
    assert pinned("db.example", 5432, rules, lambda *_: [PUBLIC]) == PUBLIC
    with pytest.raises(AddressRefused, match="allow-list"):
        pinned("db.example", 5433, rules, lambda *_: [PUBLIC])
    with pytest.raises(AddressRefused):
        pinned("db.example", 5432, rules, lambda *_: [PUBLIC, "10.0.0.1"])

    def away(*_):
        raise socket.gaierror("no such name 10.0.0.9")

    with pytest.raises(AddressRefused, match="resolve") as caught:
        pinned("db.example", 5432, rules, away)
    assert "10.0.0.9" not in str(caught.value)
