"""Signed requests and OAuth tokens over a real plane process; limits as headers."""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane.gate import Signed
from shugang.delivery.plane.index import NO_INDEX
from shugang.delivery.plane.oauth import make_token, token_holder
from shugang.delivery.plane.signatures import Signatures, signing_text
from shugang.delivery.plane.tests.peer import ROOT, at_once, credential, grant, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.policy.sealing import of_credential, seal_to_plane
from shugang.policy.terms import Rate

FIELDS = ("prefix7", "city")
PATH = "/api/v1/lookup/segments"
SECRET = "sg_secret-of-the-test"
system = pytest.mark.system


def signer(control: Any, **changes: Any) -> Any:
    public = b64encode(control.plane_key.public_key().public_bytes_raw()).decode()
    sealed = seal_to_plane(public, SECRET.encode(), of_credential("AK1"))
    return credential(SECRET, "aksk", **({"id": "AK1", "sealed": sealed} | changes))


def one(vault: Path, *credentials: Any, **changes: Any) -> Any:
    return grant("g1", "segments", api_source(vault), terms(FIELDS, **changes), (), credentials=credentials)


def example() -> dict[str, Any]:
    """The Python program of the buyer's guide, as printed there."""
    text = (ROOT / "docs/signatures.md").read_text()
    program = re.search(r"```python\n(import hashlib.*?)```", text, re.DOTALL)
    assert program is not None
    names: dict[str, Any] = {}
    exec(program[1], names)
    return names


def sign(
    plane: Any, query: str = "prefix7=1300001", algorithm: str = "SG-HMAC-SHA256", **changes: Any
) -> dict[str, str]:
    asked = {"method": "GET", "host": f"127.0.0.1:{plane.port}", "path": PATH, "query": query, "body": b""} | changes
    number, secret = asked.pop("number", "AK1"), asked.pop("secret", SECRET)
    return {"Authorization": example()["authorization"](number, secret, algorithm=algorithm, **asked)}


@system
@pytest.mark.parametrize("algorithm", ["SG-HMAC-SHA256", "SG-HMAC-SM3"])
def test_a_signed_request_is_served_once_and_never_again(make_plane, control, vault, algorithm):
    plane = make_plane(one(vault, signer(control)))
    headers = sign(plane, algorithm=algorithm)
    first, again = (plane.get(f"{PATH}?prefix7=1300001", **headers) for _ in range(2))
    assert (first.status, first.json["data"]["city"]) == (200, "福州市")
    assert (again.status, again.code) == (409, "nonce_repeated")
    served, refused = plane.shipped()
    assert (served["charged"], served["credential"]) == (True, "AK1")
    assert (refused["charged"], refused["outcome"]) == (False, "nonce_repeated")


@system
def test_a_nonce_is_remembered_over_a_kill(make_plane, control, vault):
    plane = make_plane(one(vault, signer(control)))
    headers = sign(plane)
    assert plane.get(f"{PATH}?prefix7=1300001", **headers).status == 200
    plane.kill()
    plane.start()
    assert plane.get(f"{PATH}?prefix7=1300001", **headers).code == "nonce_repeated"


@system
def test_what_was_not_signed_so_looks_like_an_unknown_key(make_plane, control, vault):
    plane = make_plane(one(vault, signer(control), credential("sg_b", "api_key", id="bearer")))
    for changes in [
        {"query": "prefix7=1300002"},
        {"path": "/api/v1/lookup/other"},
        {"method": "POST"},
        {"host": "elsewhere"},
        {"body": b"x"},
        {"secret": "sg_other"},
        {"number": "AK2"},
        {"number": "bearer"},
    ]:
        reply = plane.get(f"{PATH}?prefix7=1300001", **sign(plane, **changes))
        unknown = plane.get(f"{PATH}?prefix7=1300001", "nobody's")
        assert (reply.status, reply.body) == (401, unknown.body)
        assert plane.health()["journal_seq"] == 0


@system
def test_old_malformed_revoked_and_travelling_secrets_are_refused(make_plane, control, vault):
    plane = make_plane(one(vault, signer(control)))
    ask = f"{PATH}?prefix7=1300001"
    assert plane.get(ask, **sign(plane, timestamp=int(time.time()) - 301)).code == "signature_stale"
    assert plane.get(ask, **sign(plane, timestamp=int(time.time()) + 320)).code == "signature_stale"
    assert plane.get(ask, Authorization="SG-HMAC-MD5 Credential=AK1").code == "bad_request"
    assert plane.get(ask, SECRET).code == "unknown_key"
    assert plane.get(ask, X_API_Key=SECRET).code == "unknown_key"
    assert plane.health()["journal_seq"] == 0
    plane.at(control.set(one(vault, signer(control, revoked=True))))
    assert (plane.get(ask, **sign(plane)).status, plane.get(ask, **sign(plane)).code) == (403, "revoked")


@given(st.text(max_size=120), st.binary(max_size=40))
def test_any_header_is_judged_without_an_error(header: str, body: bytes) -> None:
    """Nothing but a refusal comes of a header that nobody made."""
    from shugang.delivery.plane.replies import Denied

    class Scope:
        method, path, query_string = "GET", PATH, "a=b"
        headers = {"authorization": "SG-HMAC-SHA256 " + header, "host": "x"}

    class Gate:
        index, unknown_keys = NO_INDEX, 0

        def check_fresh(self) -> None: ...

    with pytest.raises(Denied):
        at_once(Signatures(Gate(), None).judge(Scope, body))  # type: ignore[arg-type]


def test_the_signing_text_is_the_written_one() -> None:
    made = signing_text("SG-HMAC-SHA256", "GET", "Plane.Example:8443", "/a/b", "y=2&x=1", "1795000000", "n1", b"")
    empty = hashlib.sha256(b"").hexdigest()
    assert made.decode().split("\n") == [
        "SG-HMAC-SHA256", "GET", "plane.example:8443", "/a/b", "x=1&y=2", "1795000000", "n1", empty,
    ]  # fmt: skip
    assert issubclass(Signed, Exception)


# -- OAuth 2.0 client credentials -----------------------------------------------------------------------------


def ask_token(plane: Any, number: str, secret: str, body: str = "grant_type=client_credentials", method: str = "POST"):
    basic = b64encode(f"{number}:{secret}".encode()).decode()
    return plane.get("/oauth2/token", method=method, body=body.encode(), Authorization=f"Basic {basic}")


def client(**changes: Any) -> Any:
    return credential("sg_client", "oauth", **({"id": "OA1"} | changes))


@system
def test_a_token_serves_until_its_credential_is_revoked(make_plane, control, vault):
    plane = make_plane(one(vault, client()))
    answer = ask_token(plane, "OA1", "sg_client")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    token = answer.json["access_token"]
    assert plane.get(f"{PATH}?prefix7=1300001", token).status == 200
    assert plane.get(f"{PATH}?prefix7=1300001", token[:-1] + "x").code == "unknown_key"
    assert plane.get(f"{PATH}?prefix7=1300001", "sg_client").code == "unknown_key"
    plane.at(control.set(one(vault, client(revoked=True))))
    assert plane.get(f"{PATH}?prefix7=1300001", token).code == "revoked"
    assert ask_token(plane, "OA1", "sg_client").json["error"] == "invalid_client"


@system
def test_what_the_token_endpoint_refuses_is_told_as_rfc_6749_says(make_plane, vault):
    plane = make_plane(one(vault, client(), credential("k1")))
    for number, secret in (("OA1", "wrong"), ("nobody", "sg_client"), ("cred-k1", "k1")):
        reply = ask_token(plane, number, secret)
        assert (reply.status, reply.json["error"]) == (401, "invalid_client")
        assert reply.headers["www-authenticate"].startswith("Basic")
    for body, error in (
        ("grant_type=password", "unsupported_grant_type"),
        ("", "invalid_request"),
        ("grant_type=client_credentials&grant_type=x", "invalid_request"),
    ):
        reply = ask_token(plane, "OA1", "sg_client", body)
        assert (reply.status, reply.json["error"]) == (400, error)
    assert ask_token(plane, "OA1", "sg_client", method="PUT").json["error"] == "invalid_request"
    assert plane.get("/oauth2/token", method="POST").status == 401


def test_a_token_ends_after_an_hour_and_cannot_be_made_elsewhere() -> None:
    class Index:
        by_id = {"OA1": (client(), "holder"), "AK1": (credential("s", "aksk"), "holder")}

    index: Any = Index()
    token = make_token(b"plane" * 8, "OA1", 1000.0)
    assert token_holder(token, index, b"plane" * 8, 1000.0 + 3599) == "holder"
    assert token_holder(token, index, b"plane" * 8, 1000.0 + 3600) is None
    assert token_holder(token, index, b"other" * 8, 1000.0) is None
    assert token_holder(make_token(b"plane" * 8, "AK1", 1000.0), index, b"plane" * 8, 1000.0) is None


@given(st.text(max_size=80))
def test_no_text_is_a_token(text: str) -> None:
    assert token_holder("sgt_" + text, NO_INDEX, b"plane" * 8, 0.0) is None


# -- limits as headers ----------------------------------------------------------------------------------------


@system
def test_a_burst_is_told_the_policy_and_when_to_come_back(make_plane, vault):
    plane = make_plane(one(vault, credential("k1"), rate=Rate(1, 3)))
    # at once, since the bucket refills while one waits
    with ThreadPoolExecutor(16) as many:
        replies = list(many.map(lambda _: plane.get(f"{PATH}?prefix7=1300001", "k1"), range(32)))
    assert {r.status for r in replies} == {200, 429}
    first = next(r for r in replies if r.status == 200).headers
    assert first["ratelimit-policy"] == '"rate";q=3;w=3' and re.fullmatch(r'"rate";r=[0-3]', first["ratelimit"])
    last = next(r for r in replies if r.status == 429).headers
    assert last["ratelimit-policy"] == '"rate";q=3;w=3'
    assert last["ratelimit"] == '"rate";r=0;t=1' and last["retry-after"] == "1"
