"""Answers and refusals as bytes. Refusals are serialised once per code."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from shugang.policy.refusals import Refused, refuse
from shugang.policy.text import Text

Headers = list[tuple[str, str]]

JSON: Headers = [("content-type", "application/json; charset=utf-8"), ("cache-control", "no-store")]
REPLAYED: Headers = [*JSON, ("idempotent-replayed", "true")]
# Codes of the Delta Sharing protocol; everything unlisted is INVALID_PARAMETER_VALUE by its nature.
ERROR_CODES = {
    "not_found": "RESOURCE_DOES_NOT_EXIST",
    "version_gone": "RESOURCE_DOES_NOT_EXIST",
    "bad_request": "INVALID_PARAMETER_VALUE",
    "source_unavailable": "INTERNAL_ERROR",
    "journal_unavailable": "INTERNAL_ERROR",
    "unsupported": "UNSUPPORTED_OPERATION",
}

INTERNAL = Refused(
    "internal_error",
    500,
    Text(
        "数据服务内部出错，本次未提供数据。请稍后重试；如仍失败，请联系平台。",
        "The data service failed inside and released no data. Please retry; if it goes on, please tell the platform.",
    ),
)


class Denied(Exception):
    """A refusal on its way out. `note` is a plain sentence about this request, `field` the offending name."""

    def __init__(
        self,
        code: str,
        field: str = "",
        note: str = "",
        error_code: str = "",
        wait: float = 0.0,
        refused: Refused | None = None,
        journal: bool = True,
        detail: dict[str, Any] | None = None,
        policy: str = "",
    ) -> None:
        super().__init__(code)
        self.refused = refused or refuse(code)
        self.code = self.refused.code
        self.field, self.note, self.wait, self.journal, self.policy = field, note, wait, journal, policy
        self.error_code = error_code or ERROR_CODES.get(self.code, self.code.upper())
        self.detail = detail or {}

    def body(self, sharing: bool) -> bytes:
        return error_body(self.refused, self.field, self.note, self.error_code if sharing else "")

    def headers(self) -> Headers:
        if self.wait:
            seconds = str(max(1, int(self.wait + 0.999)))
            return [*JSON, ("retry-after", seconds), *rate_limit(self.policy, seconds)]
        if self.refused.status == 401:
            return [*JSON, ("www-authenticate", "Bearer")]
        return JSON


def rate_limit(policy: str, seconds: str) -> Headers:
    """draft-ietf-httpapi-ratelimit-headers-11: the policy, and that no call is left until `seconds` have passed."""
    if not policy:
        return []
    return [("ratelimit-policy", policy), ("ratelimit", f'"rate";r=0;t={seconds}')]


@lru_cache(maxsize=512)
def error_body(refused: Refused, field: str, note: str, error_code: str) -> bytes:
    """`{code, message, message_en, fields}`; `fields` maps the offending name to what is wrong with it."""
    document: dict[str, Any] = {
        "code": refused.code,
        "message": refused.text.zh,
        "message_en": refused.text.en,
        "fields": {field: note or refused.code} if field else {},
    }
    if error_code:
        document["errorCode"] = error_code
        document["message"] = f"{refused.text.zh} {note or refused.text.en}"
    return json.dumps(document, ensure_ascii=False).encode()
