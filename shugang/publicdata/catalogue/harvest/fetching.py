"""Reading a CKAN catalogue page by page (and the pages of `dcat`), with a stranger's answers taken for what they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from time import monotonic
from typing import Any

import aiohttp
from django.conf import settings

from shugang.delivery.connectors.guard import web_origin
from shugang.delivery.plane.outgoing import TooLarge, guarded_session, whole
from shugang.kernel.errors import Refusal
from shugang.policy.addresses import AddressRefused, Rules
from shugang.policy.text import Text

PATH = "/api/3/action/package_search"


def no(code: str, zh: str, en: str) -> Refusal:
    text = Text(zh, en)
    return Refusal(code, text, 422, {"url": text})


def site(url: str) -> str:
    """The catalogue's address in one spelling, without the API's path. Raises Refusal `address_refused`."""
    where = web_origin(url.strip())
    path = where.path.partition("?")[0].partition("/api/")[0].rstrip("/")
    default = {"https": 443, "http": 80}[where.scheme]
    return f"{where.scheme}://{where.host}{'' if where.port == default else f':{where.port}'}{path}"[:300]


def document(url: str) -> str:
    """The address of a DCAT catalogue's first page in one spelling. Raises Refusal `address_refused`."""
    where = web_origin(url.strip())
    default = {"https": 443, "http": 80}[where.scheme]
    return f"{where.scheme}://{where.host}{'' if where.port == default else f':{where.port}'}{where.path}"[:300]


class Pages:
    """Pages of one address, one after another, within the time, the size and the origin that the handler named."""

    def __init__(self, session: Any, url: str, limits: Mapping[str, Any]) -> None:
        self.session, self.url, self.limits = session, url, limits
        self._ends, self._origin = monotonic() + limits["seconds"], _origin(url)

    def inside(self, address: str) -> str:
        """The address in one spelling. Raises Refusal `address_refused` where it leaves the origin."""
        if len(address) > 600 or _origin(address) != self._origin:
            raise no(
                "address_refused",
                "对方的下一页在另一个地址，不去读取。",
                "The next page is at another address and is not read.",
            )
        return address.partition("#")[0]

    async def get(self, address: str, accept: str) -> bytes:
        if monotonic() > self._ends:
            raise no("harvest_too_large", f"读取超过{self.limits['seconds']}秒，已停止。", f"Reading took more than {self.limits['seconds']} s and was ended.")  # fmt: skip
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "shugang-harvest/1"}
        async with self.session.request("GET", address, headers=headers) as answer:
            if answer.status != 200:
                raise no("harvest_unreadable", f"对方答复{answer.status}，请确认目录的地址。", f"The answer was {answer.status}. Please check the catalogue's address.")  # fmt: skip
            return await whole(answer, self.limits["page_megabytes"] << 20)


def _origin(url: str) -> tuple[str, str, int]:
    where = web_origin(url)
    return where.scheme, where.host, where.port


def packages(url: str, limits: Mapping[str, Any], protocol: str = "ckan") -> list[dict[str, Any]]:
    """Every entry of the catalogue at its address in one spelling, each once.

    Raises Refusal `address_refused`, `harvest_unreachable`, `harvest_unreadable`, `harvest_too_large`, `harvest_changed`,
    `harvest_loops`, `harvest_wrong_count`.
    """
    try:
        return asyncio.run(_paged(url, limits) if protocol == "dcat" else _all(url, limits))
    except AddressRefused as error:
        raise Refusal("address_refused", error.why, 422, {"url": error.why}) from None
    except TooLarge:
        raise no(
            "harvest_too_large",
            f"对方一页超过{limits['page_megabytes']} MB。",
            f"A page is larger than {limits['page_megabytes']} MB.",
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise no(
            "harvest_unreachable",
            "对方没有及时答复，请核对地址后再试。",
            "The other side did not answer in time. Please check the address.",
        ) from None


async def _paged(url: str, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    from . import dcat  # the RDF library is read only where somebody harvests by DCAT

    where = web_origin(url)
    session = guarded_session(Rules.of([where.pair], settings.SHUGANG_ALLOWED_NETWORKS), seconds=limits["page_seconds"])
    try:
        return await dcat.all_entries(Pages(session, url, limits), limits)
    finally:
        await session.close()


async def _all(url: str, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    where = web_origin(url)
    session = guarded_session(Rules.of([where.pair], settings.SHUGANG_ALLOWED_NETWORKS), seconds=limits["page_seconds"])
    ends = monotonic() + limits["seconds"]
    found: dict[str, dict[str, Any]] = {}
    count = -1
    try:
        while count < 0 or len(found) < count:
            if monotonic() > ends:
                raise no(
                    "harvest_too_large",
                    f"读取超过{limits['seconds']}秒，已停止。",
                    f"Reading took more than {limits['seconds']} s and was ended.",
                )
            said, rows = _page(await _get(session, url, len(found), limits), limits)
            if count >= 0 and said != count:
                raise no("harvest_changed", f"读取途中对方的条数从{count}变为{said}，请稍后再读。",
                         f"The count went from {count} to {said} while we read. Please try again later.")  # fmt: skip
            count = said
            if count > limits["entries"]:
                raise no(
                    "harvest_too_large",
                    f"对方有{count}条，一次最多{limits['entries']}条。",
                    f"{count} entries are offered; at most {limits['entries']} at once.",
                )
            if not rows and len(found) < count:
                raise no(
                    "harvest_wrong_count",
                    f"对方自称{count}条，只给了{len(found)}条。",
                    f"{count} entries were promised, {len(found)} given.",
                )
            for row in rows:
                if row["id"] in found:
                    raise no(
                        "harvest_loops",
                        f"对方重复给出同一条（{row['id'][:60]}），像是在循环。",
                        f"The entry {row['id'][:60]} came twice; the other side seems to loop.",
                    )
                found[row["id"]] = row
            if len(found) > count:
                raise no(
                    "harvest_wrong_count",
                    f"对方自称{count}条，却给了{len(found)}条。",
                    f"{count} entries were promised, {len(found)} given.",
                )
    finally:
        await session.close()
    return list(found.values())


async def _get(session: Any, url: str, start: int, limits: Mapping[str, Any]) -> bytes:
    query = f"?rows={limits['page']}&start={start}&sort=name%20asc"
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "shugang-harvest/1"}
    async with session.request("GET", f"{url}{PATH}{query}", headers=headers) as answer:
        if answer.status != 200:
            raise no(
                "harvest_unreadable",
                f"对方答复{answer.status}，请确认这是CKAN目录的地址。",
                f"The answer was {answer.status}. Please check that this is a CKAN catalogue.",
            )
        return await whole(answer, limits["page_megabytes"] << 20)


def _page(body: bytes, limits: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """(count, entries) of one answer."""
    try:
        result = json.loads(body)["result"]
        count, rows = result["count"], result["results"]
        good = isinstance(count, int) and not isinstance(count, bool) and count >= 0 and isinstance(rows, list)
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good or not all(
        isinstance(r, dict) and isinstance(r.get("id"), str) and 0 < len(r["id"]) <= 200 for r in rows
    ):
        raise no(
            "harvest_unreadable",
            "对方的答复不是CKAN的package_search结果。",
            "The answer is no result of CKAN's package_search.",
        )
    if len(rows) > limits["page"]:
        raise no(
            "harvest_wrong_count",
            f"要{limits['page']}条，对方一页给了{len(rows)}条。",
            f"{limits['page']} entries were asked for, {len(rows)} given at once.",
        )
    return count, rows
