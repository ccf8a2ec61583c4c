"""A small client of S3-compatible storage: list, read in ranges, write whole or in parts. Signed by SigV4 (botocore's
signer), dialled through the guard (`outgoing`), answers capped, XML read by defusedxml.

Keys are bytes of UTF-8 up to 1,024; sizes are bytes; an etag is the server's text with its quotes stripped. What the
server says in an error goes no further than its code: its message may quote what was sent.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from yarl import URL

from shugang.delivery.plane.outgoing import Outgoing, TooLarge, pieces, whole
from shugang.policy.addresses import AddressRefused, origin

MOST_XML = 8 * 1024 * 1024
LONGEST_KEY = 1024
_CODE = re.compile(r"[A-Za-z0-9]{1,64}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class S3Failed(RuntimeError):
    """The store did not do it. `code` is S3's (`NoSuchKey`, `AccessDenied`, …) or `Unreachable`, `Refused`, `BadAnswer`,
    `TooLarge`, `Changed`."""

    def __init__(self, code: str, status: int = 0) -> None:
        super().__init__(f"{code} ({status})" if status else code)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Bucket:
    """`endpoint` is `https://host[:port]`. `path_style`: the bucket stands in the path, not in the host name."""

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    path_style: bool = True

    @property
    def base(self) -> str:
        """The address that keys are appended to. Raises AddressRefused for what is no address of a store."""
        where = origin(self.endpoint)
        if where.scheme not in ("http", "https") or where.path != "/" or not _BUCKET.fullmatch(self.bucket):
            raise AddressRefused("存储地址或桶名不对", "it is no address of a store, or the bucket's name is not one")
        scheme, host = where.scheme, urlsplit(self.endpoint).netloc
        return f"{scheme}://{host}/{self.bucket}/" if self.path_style else f"{scheme}://{self.bucket}.{host}/"

    @property
    def pair(self) -> str:
        """`host:port` that must be allowed."""
        return origin(self.base).pair


class Found(NamedTuple):
    key: str
    size: int
    etag: str


class Fetched(NamedTuple):
    size: int
    etag: str
    sha256: str


class S3:
    """One bucket through one guarded client. Every verb raises S3Failed and nothing else."""

    def __init__(self, place: Bucket, outgoing: Outgoing) -> None:
        self._place, self._outgoing = place, outgoing
        self._signer = S3SigV4Auth(Credentials(place.access_key, place.secret_key), "s3", place.region)

    async def list(self, prefix: str, most: int) -> list[Found]:
        """Up to `most` objects below `prefix`, in the order of their keys; S3Failed `TooLarge` if there are more."""
        found: list[Found] = []
        token = ""
        while True:
            query = {"list-type": "2", "prefix": prefix, "max-keys": str(min(1000, most + 1))}
            if token:
                query["continuation-token"] = token
            answer = await self._xml("GET", "", query)
            found += [_found(each) for each in answer if _name(each) == "Contents"]
            if len(found) > most:
                raise S3Failed("TooLarge")
            token = _text(answer, "NextContinuationToken")
            if _text(answer, "IsTruncated") != "true" or not token:
                return found

    async def read(
        self, key: str, start: int = 0, end: int | None = None, etag: str = "", most: int = 1 << 40
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to `end` (excluded) as they come; with `etag` only of that very object (`Changed`)."""
        headers = {"If-Match": f'"{etag}"'} if etag else {}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        expected = 206 if "Range" in headers else 200
        async with self._request("GET", key, headers=headers) as response:
            if response.status != expected:
                raise await _failure(response)
            async for piece in pieces(response, most if end is None else end - start):
                yield piece

    async def fetch(self, key: str, target: BinaryIO, most: int) -> Fetched:
        """The whole object into an open file, at most `most` bytes; its size is the one that was declared."""
        digest, size = sha256(), 0
        async with self._request("GET", key) as response:
            if response.status != 200:
                raise await _failure(response)
            async for piece in pieces(response, most):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
            if response.content_length is not None and response.content_length != size:
                raise S3Failed("BadAnswer")
            return Fetched(size, _etag(response.headers.get("ETag", "")), digest.hexdigest())

    async def put(self, key: str, data: bytes, kind: str = "application/octet-stream") -> str:
        """One object of these bytes; its etag."""
        return await self._sent("PUT", key, {}, data, {"Content-Type": kind})

    async def begin(self, key: str, kind: str = "application/octet-stream") -> str:
        """A multipart upload; its id. Nothing is to be seen at `key` until it is completed."""
        answer = await self._xml("POST", key, {"uploads": ""}, headers={"Content-Type": kind})
        return _text(answer, "UploadId") or _bad()

    async def part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Part `number` (from 1), at least 5 MiB unless the last; its etag. Sent again, it replaces itself."""
        return await self._sent("PUT", key, {"partNumber": str(number), "uploadId": upload}, data, {})

    async def complete(self, key: str, upload: str, etags: Mapping[int, str]) -> str:
        parts = "".join(
            f'<Part><PartNumber>{number}</PartNumber><ETag>"{escape(etag)}"</ETag></Part>'
            for number, etag in sorted(etags.items())
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = await self._xml("POST", key, {"uploadId": upload}, body)
        return _etag(_text(answer, "ETag"))

    async def abort(self, key: str, upload: str) -> None:
        """Takes the parts back; an upload that is not there any more is no error."""
        with contextlib.suppress(_Gone):
            await self._plain("DELETE", key, {"uploadId": upload})

    async def remove(self, key: str) -> None:
        await self._plain("DELETE", key, {})

    # -- the wire -----------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _request(
        self,
        method: str,
        key: str,
        query: Mapping[str, str] | None = None,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if len(key.encode()) > LONGEST_KEY:
            raise S3Failed("KeyTooLongError")
        try:
            url = self._place.base + quote(key, safe="/-_.~")
            if query:
                url += "?" + "&".join(f"{quote(n, safe='')}={quote(v, safe='-_.~')}" for n, v in sorted(query.items()))
            signed = AWSRequest(method=method, url=url, data=data, headers=dict(headers or {}))
            self._signer.add_auth(signed)
            sent: dict[str, Any] = {"data": data} if data else {}
            async with self._outgoing.request(
                method, URL(url, encoded=True), headers=dict(signed.headers.items()), **sent
            ) as response:
                yield response
        except AddressRefused as error:
            raise S3Failed("Refused") from error
        except TooLarge as error:
            raise S3Failed("TooLarge") from error
        except TimeoutError as error:
            raise S3Failed("Timeout") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise S3Failed("Unreachable") from error

    async def _sent(
        self, method: str, key: str, query: Mapping[str, str], data: bytes, headers: Mapping[str, str]
    ) -> str:
        async with self._request(method, key, query, data, headers) as response:
            if response.status != 200:
                raise await _failure(response)
            return _etag(response.headers.get("ETag", "")) or _bad()

    async def _plain(self, method: str, key: str, query: Mapping[str, str]) -> None:
        async with self._request(method, key, query) as response:
            if response.status == 404:
                raise _Gone("NoSuchUpload", 404)
            if response.status not in (200, 204):
                raise await _failure(response)

    async def _xml(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Element:
        async with self._request(method, key, query, data, headers) as response:
            if response.status != 200:
                raise await _failure(response)
            answer = _parsed(await whole(response, MOST_XML))
        # Completing an upload may fail after its status has been sent.
        if answer is None or _name(answer) == "Error":
            raise S3Failed(_known(answer), 200)
        return answer


class _Gone(S3Failed):
    """What was to be removed is not there."""


def _parsed(raw: bytes) -> Element | None:
    try:
        return fromstring(raw)
    except Exception:
        return None


async def _failure(response: aiohttp.ClientResponse) -> S3Failed:
    if response.status == 412:
        return S3Failed("Changed", 412)
    try:
        code = _known(_parsed(await whole(response, 64 * 1024)))
    except TooLarge:
        code = "BadAnswer"
    return S3Failed(code, response.status)


def _known(answer: Element | None) -> str:
    code = _text(answer, "Code") if answer is not None else ""
    return code if _CODE.fullmatch(code) else "BadAnswer"


def _bad() -> str:
    raise S3Failed("BadAnswer")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element, name: str) -> str:
    return next((each.text or "" for each in element if _name(each) == name), "")


def _found(element: Element) -> Found:
    key, size = _text(element, "Key"), _text(element, "Size")
    if not key or not (size.isascii() and size.isdigit()):
        raise S3Failed("BadAnswer")
    return Found(key, int(size), _etag(_text(element, "ETag")))


def _etag(text: str) -> str:
    bare = text.strip().removeprefix("W/").strip('"')
    return bare if re.fullmatch(r"[\x21-\x7e]{0,200}", bare) else ""
