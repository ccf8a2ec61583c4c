"""Given a store that speaks S3, when we list, read and write, then it is as S3 says, signed, capped and guarded."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from hashlib import sha256

import pytest
from aiohttp import web
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shugang.delivery.plane.outgoing import Outgoing
from shugang.delivery.plane.s3 import S3, Bucket, S3Failed
from shugang.delivery.plane.tests.peer import free_port
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.policy.addresses import AddressRefused, Rules

pytestmark = pytest.mark.system
MB = 1 << 20


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("s3"))
    yield made
    made.close()


def run(store, task, **settings):
    async def work():
        client, outgoing = store.client(**settings)
        try:
            return await task(client)
        finally:
            await outgoing.close()

    return asyncio.run(work())


async def _all(client: S3, *args, **more) -> bytes:
    return b"".join([piece async for piece in client.read(*args, **more)])


def test_what_is_written_is_listed_and_read_whole_and_in_ranges(store):
    key, data = "a b/厦门+?#&=%.bin", bytes(range(256)) * 1000

    async def task(client):
        etag = await client.put(key, data)
        (found,) = await client.list("a b/", 10)
        assert (found.key, found.size, found.etag) == (key, len(data), etag)
        assert await _all(client, key) == data
        assert await _all(client, key, 100, 1000, etag) == data[100:1000]
        assert await _all(client, key, 255_000) == data[255_000:]
        target = io.BytesIO()
        got = await client.fetch(key, target, len(data))
        assert (got.size, got.etag, got.sha256) == (len(data), etag, sha256(data).hexdigest())
        assert target.getvalue() == data
        await client.remove(key)
        assert await client.list("a b/", 10) == []

    run(store, task)


def test_parts_become_one_object_and_a_part_sent_again_replaces_itself(store):
    first, second = b"1" * (5 * MB), b"2" * 100

    async def task(client):
        upload = await client.begin("parts/x")
        await client.part("parts/x", upload, 1, b"0" * (5 * MB))
        etags = {2: await client.part("parts/x", upload, 2, second), 1: await client.part("parts/x", upload, 1, first)}
        assert await client.list("parts/", 10) == []
        await client.complete("parts/x", upload, etags)
        assert await _all(client, "parts/x") == first + second

    run(store, task)


def test_an_aborted_upload_leaves_nothing_and_may_be_aborted_again(store):
    async def task(client):
        upload = await client.begin("gone/x")
        await client.part("gone/x", upload, 1, b"1" * 100)
        await client.abort("gone/x", upload)
        await client.abort("gone/x", upload)
        assert await client.list("gone/", 10) == []
        with pytest.raises(S3Failed):
            await client.complete("gone/x", upload, {1: "x"})

    run(store, task)


def test_listing_goes_on_page_by_page_and_ends_at_the_cap(store):
    async def task(client):
        for i in range(7):
            await client.put(f"many/{i}", b"x")
        assert len(await client.list("many/", 7)) == 7
        with pytest.raises(S3Failed, match="TooLarge"):
            await client.list("many/", 6)

    run(store, task)


def test_failures_are_named_by_code_alone(store):
    async def task(client):
        with pytest.raises(S3Failed, match="NoSuchKey") as caught:
            await _all(client, "no/such")
        assert caught.value.status == 404
        await client.put("big", b"x" * 1000)
        with pytest.raises(S3Failed, match="TooLarge"):
            await client.fetch("big", io.BytesIO(), 999)
        with pytest.raises(S3Failed, match="Changed"):
            await _all(client, "big", 0, 10, "0" * 32)
        with pytest.raises(S3Failed, match="KeyTooLong"):
            await client.put("k" * 1025, b"")

    run(store, task)


def test_only_an_allowed_store_is_dialled():
    async def task():
        outgoing = Outgoing(Rules.of(["127.0.0.1:9"]))
        client = S3(Bucket("http://127.0.0.1:9", BUCKET, "r", ACCESS, SECRET), outgoing)
        with pytest.raises(S3Failed, match="Refused"):
            await client.put("x", b"")
        await outgoing.close()

    asyncio.run(task())


@pytest.mark.parametrize(
    ("endpoint", "bucket"),
    [
        ("https://s3.example/path", "bucket"),
        ("ftp://s3.example", "bucket"),
        ("https://s3.example", "../x"),
        ("https://s3.example", "a@b"),
        ("https://s3.example", ""),
        ("https://u:p@s3.example", "bucket"),
    ],
)
def test_an_address_that_is_no_store_is_refused(endpoint, bucket):
    with pytest.raises(AddressRefused):
        _ = Bucket(endpoint, bucket, "r", ACCESS, SECRET).base


def test_both_styles_of_address_and_no_secret_in_a_repr():
    assert Bucket("https://s3.example:9000", "b-1", "r", ACCESS, SECRET).base == "https://s3.example:9000/b-1/"
    host = Bucket("https://oss.example", "b-1", "r", ACCESS, SECRET, path_style=False)
    assert (host.base, host.pair) == ("https://b-1.oss.example/", "b-1.oss.example:443")
    assert SECRET not in repr(host)


def _against(handler, task):
    """`task(client)` against a server that `handler` plays."""

    async def work():
        app = web.Application(client_max_size=64 * MB)
        app.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        outgoing = Outgoing(Rules.of([f"127.0.0.1:{port}"], private=True), seconds=1)
        try:
            return await task(S3(Bucket(f"http://127.0.0.1:{port}", BUCKET, "cn-east-3", ACCESS, SECRET), outgoing))
        finally:
            await outgoing.close()
            await runner.cleanup()

    return asyncio.run(work())


def test_every_request_carries_a_signature_that_the_other_side_can_compute():
    seen = []

    async def check(request):
        body = await request.read()
        given = request.headers["Authorization"]
        names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
        again = AWSRequest(
            request.method,
            f"http://{request.headers['Host']}{request.raw_path}",
            headers={
                name: request.headers[name]
                for name in names
                if name not in ("host", "x-amz-date", "x-amz-content-sha256")
            },
            data=body,
        )
        assert request.headers["X-Amz-Content-SHA256"] == sha256(body).hexdigest()
        signer = S3SigV4Auth(Credentials(ACCESS, SECRET), "s3", "cn-east-3")
        again.context["timestamp"] = request.headers["X-Amz-Date"]
        again.headers["X-Amz-Date"] = request.headers["X-Amz-Date"]
        again.headers["X-Amz-Content-SHA256"] = sha256(body).hexdigest()
        canonical = signer.canonical_request(again)
        signature = signer.signature(signer.string_to_sign(again, canonical), again)
        seen.append(given.endswith(f"Signature={signature}"))
        return web.Response(headers={"ETag": '"x"'})

    async def task(client):
        await client.put("a b/厦门+?#.csv", b"data", "text/csv")
        await client.part("k", "u/p+l=", 3, b"more")

    _against(check, task)
    assert seen == [True, True]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<Error><Code>InternalError</Code><Message>geheim/secret+key</Message></Error>", "InternalError"),
        (200, b"not xml", "BadAnswer"),
        (200, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "BadAnswer"),
        (403, b"<Error><Code>Access ; Denied</Code></Error>", "BadAnswer"),
        (403, b"<Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
        (
            301,
            b"<Error><Code>PermanentRedirect</Code><Endpoint>169.254.169.254</Endpoint></Error>",
            "PermanentRedirect",
        ),
        (200, b"<R><Contents><Key>a</Key><Size>-1</Size></Contents></R>", "BadAnswer"),
    ],
)
def test_answers_that_lie_are_failures_without_their_words(status, body, code):
    async def lie(request):
        return web.Response(status=status, body=body, headers={"Location": "http://169.254.169.254/"})

    async def task(client):
        with pytest.raises(S3Failed) as caught:
            await client.list("", 10)
        assert caught.value.code == code and "geheim" not in str(caught.value)

    _against(lie, task)


def test_a_body_that_is_cut_short_or_never_ends_is_a_failure():
    async def cut(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        if request.path.endswith("slow"):
            await asyncio.sleep(3)
        request.transport.close()
        return response

    async def task(client):
        with pytest.raises(S3Failed, match="Unreachable"):
            await client.fetch("short", io.BytesIO(), 5000)
        with pytest.raises(S3Failed, match="Timeout"):
            await client.fetch("slow", io.BytesIO(), 5000)

    _against(cut, task)
