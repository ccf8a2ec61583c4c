"""A supplier's HTTP interface behind the plane: a real upstream process, honest and lying."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest

from shugang.delivery.plane.tests.peer import END, ROOT, START, PlaneProcess, credential, free_port, grant, later, terms
from shugang.policy.sources import Operation, Param, ProxySource
from shugang.policy.terms import Mask, Quota, Rate, RowFilter

pytestmark = pytest.mark.system
COLUMNS = [
    {"name": "code", "type": "string"},
    {"name": "name", "type": "string"},
    {"name": "city", "type": "string"},
    {"name": "phone", "type": "string"},
    {"name": "staff", "type": "long"},
    {"name": "capital", "type": "double"},
    {"name": "founded", "type": "date"},
    {"name": "secret", "type": "string"},
]
FIELDS = ("code", "name", "city", "staff", "capital", "founded")
CITY = Param("city", "string")
OPERATIONS = (
    Operation("GET", "/companies/{code}", (Param("code", "string"),), records="/data"),
    Operation("GET", "/search", (CITY, Param("least", "long", False)), records="/data/list"),
    Operation("POST", "/search", (), (CITY, Param("least", "long", False)), records="/data/list"),
    Operation("GET", "/verify", (Param("name", "string"),), records="/data"),
    Operation("GET", "/lie/{how}", (Param("how", "string"),), records="/data"),
)
CODES = {"0": "found", "10001": "not_found", "20001": "mismatch"}
SOURCE = ProxySource("own", OPERATIONS, COLUMNS, "/code", CODES, {"404": "not_found"})
OUTCOMES = {"found": True, "mismatch": True, "not_found": False}
ONE = "/proxy/v1/companies/companies/91350200A"
XIAMEN = "/proxy/v1/companies/search?city=" + quote("厦门")
HIDDEN = ("机密", "05921234567", "05927654321", "sec-ret", "机密说明".encode().hex())


class Supplier:
    def __init__(self, port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shugang.delivery.plane.tests.supplier_api", str(port)], cwd=ROOT
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.calls()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)

    def calls(self) -> list[dict]:
        con = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        con.request("GET", "/calls")
        return json.loads(con.getresponse().read())


@pytest.fixture(scope="module")
def upstream():
    made = Supplier(free_port())
    made.wait()
    yield made
    made.process.terminate()
    made.process.wait(10)


@pytest.fixture
def supplier(upstream) -> Supplier:
    upstream.before = len(upstream.calls())
    return upstream


@pytest.fixture
def edge(make_plane, supplier):
    def make(granted=None, source: ProxySource = SOURCE, auth: dict | None = None, **settings) -> PlaneProcess:
        granted = granted or terms(FIELDS, ("query",))
        changes = settings.pop("changes", {})
        own = {"url": f"http://127.0.0.1:{supplier.port}/base/", **(auth or {})}
        return make_plane(
            grant("g1", "companies", source, granted, ("k1",), **({"outcomes": OUTCOMES} | changes)),
            role="edge",
            connectors={"own": own},
            allow=f"127.0.0.1:{supplier.port}",
            **settings,
        )

    return make


def came(supplier: Supplier) -> list[dict]:
    return supplier.calls()[supplier.before :]


def test_granted_members_of_declared_records_and_nothing_else(edge, supplier):
    plane = edge(auth={"auth": "bearer", "secret": "sec-ret"})
    reply = plane.get(ONE, "k1", Request_Id="r-1", Cookie="x=y", X_Forwarded_For="1.2.3.4")
    assert reply.status == 200, (plane.folder / "log").read_text()
    assert reply.headers["request-id"] == "r-1"
    assert reply.json == {
        "outcome": "found",
        "code": "0",
        "data": [
            {
                "code": "91350200A",
                "name": "厦门象屿",
                "city": "厦门",
                "staff": 3000,
                "capital": 22.5,
                "founded": "1997-06-04",
            }
        ],
        "request_id": "r-1",
    }
    # then the upstream saw its credential and nothing of the buyer
    (call,) = came(supplier)
    assert call["path"] == "/base/companies/91350200A"
    assert call["headers"]["Authorization"] == "Bearer sec-ret"
    assert {name.lower() for name in call["headers"]} == {
        "authorization", "host", "accept", "accept-encoding", "user-agent",
    }  # fmt: skip
    # and nothing hidden came back, in body or headers, nor stays on the plane
    said = reply.body.decode() + json.dumps(reply.headers)
    assert not [word for word in HIDDEN if word in said]
    (record,) = plane.shipped()
    assert (record["mode"], record["action"], record["outcome"]) == ("proxy", "query", "found")
    assert (record["state"], record["charged"], record["rows"]) == ("answered", True, 1)
    assert record["bytes"] == len(reply.body)
    plane.stop()
    kept = b"".join(file.read_bytes() for file in plane.folder.rglob("*") if file.is_file() and file.suffix != ".toml")
    assert "象屿".encode() not in kept and b"sec-ret" not in kept


@pytest.mark.parametrize(
    ("auth", "header", "value", "query"),
    [
        ({"auth": "basic", "user": "u", "secret": "p:w"}, "Authorization", "Basic dTpwOnc=", ""),
        ({"auth": "header", "name": "X-Api-Key", "secret": "sec-ret"}, "X-Api-Key", "sec-ret", ""),
        ({"auth": "query", "name": "appkey", "secret": "a&b"}, "Accept", "application/json", "&appkey=a%26b"),
    ],
)
def test_credentials_are_added_by_the_plane(edge, supplier, auth, header, value, query):
    plane = edge(auth=auth)
    assert plane.get(XIAMEN, "k1").status == 200
    (call,) = came(supplier)
    assert call["headers"][header] == value
    assert call["path"] == "/base/search?city=" + quote("厦门") + query


def test_filter_masks_and_fewer_fields(edge):
    masked = terms(
        (*FIELDS, "phone"),
        ("query",),
        rows=(RowFilter("staff", "ge", 5000),),
        masks=(
            Mask("phone", "keep_ends", {"prefix": 4, "suffix": 2}),
            Mask("staff", "band", {"width": 1000}),
            Mask("founded", "truncate_date", {"unit": "year"}),
        ),
    )
    plane = edge(masked)
    (row,) = plane.get(XIAMEN, "k1").json["data"]
    assert row == {
        "code": "91350200C", "name": "建发股份", "city": "厦门", "staff": 9000, "capital": "30.25",
        "founded": "1998-01-01", "phone": "0592*****21",
    }  # fmt: skip
    assert plane.get(XIAMEN + "&fields=phone,staff", "k1").json["data"] == [{"phone": "0592*****21", "staff": 9000}]
    for wrong in ("secret", "phone,secret", "nothing"):
        assert plane.get(f"{XIAMEN}&fields={wrong}", "k1").code == "column_hidden"
    # a company outside the rows is answered as one that does not exist
    outside, unknown = plane.get(ONE, "k1").json, plane.get("/proxy/v1/companies/companies/X", "k1").json
    del outside["request_id"], unknown["request_id"]
    assert outside == unknown == {"outcome": "not_found", "data": []}
    assert [record["charged"] for record in plane.shipped()][-2:] == [False, False]


def test_business_codes_are_outcomes_and_the_contract_says_which_is_charged(edge):
    plane = edge()
    for name, outcome, charged, rows in [
        ("厦门象屿", "found", True, 1),
        ("福耀玻璃", "mismatch", True, 1),
        ("无", "not_found", False, 0),
        ("别的", "failed", False, 0),
        ("没有", "not_found", False, 0),
    ]:
        reply = plane.get("/proxy/v1/companies/verify?name=" + quote(name), "k1")
        assert (reply.status, reply.json["outcome"], len(reply.json["data"])) == (200, outcome, rows)
        assert "99999" not in reply.body.decode() and "机密" not in reply.body.decode()
        record = plane.shipped()[-1]
        word = "charged" if charged else "uncharged"
        assert (record["outcome"], record["charged"], record["charge_reason"]) == (
            outcome,
            charged,
            f"{word}:{outcome}",
        )


def test_another_contract_charges_only_hits(edge):
    plane = edge(changes={"outcomes": {"found": True, "mismatch": False}})
    plane.get("/proxy/v1/companies/verify?name=" + quote("福耀玻璃"), "k1")
    assert [record["charged"] for record in plane.shipped()] == [False]


def test_post_bodies_are_checked_and_written_anew(edge, supplier):
    plane = edge()
    reply = plane.get(
        "/proxy/v1/companies/search", "k1", "POST", json.dumps({"least": "5", "city": "厦门"}).encode(),
        Content_Type="application/json",
    )  # fmt: skip
    assert len(reply.json["data"]) == 2
    form = plane.get(
        "/proxy/v1/companies/search", "k1", "POST", f"city={quote('福州')}".encode(),
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert [row["staff"] for row in form.json["data"]] == [29000]
    assert [json.loads(call["body"]) for call in came(supplier)] == [{"city": "厦门", "least": 5}, {"city": "福州"}]


def test_a_supplier_that_takes_forms_gets_forms(edge, supplier):
    operation = Operation("POST", "/search", (), (CITY,), "form", "/data/list")
    plane = edge(source=replace(SOURCE, operations=(operation,)))
    assert len(plane.get("/proxy/v1/companies/search", "k1", "POST", '{"city":"厦门"}'.encode()).json["data"]) == 2
    assert came(supplier)[0]["body"] == "city=" + quote("厦门")


def test_only_declared_operations_and_parameters(edge, supplier):
    plane = edge()
    for method, path, body, status, code in [
        ("GET", "companies/other/x", b"", 404, "not_found"),
        ("POST", "companies/companies/x", b"", 404, "not_found"),
        ("GET", "companies/calls", b"", 404, "not_found"),
        ("GET", "companies/companies/..", b"", 400, "bad_request"),
        ("GET", "companies/companies/%2e%2e", b"", 400, "bad_request"),
        ("GET", "companies/companies/..%2fcalls", b"", 404, "not_found"),
        ("GET", "companies/companies/", b"", 400, "bad_request"),
        ("GET", "companies/companies/x?other=1", b"", 400, "bad_request"),
        ("GET", "companies/companies/x?code=y", b"", 400, "bad_request"),
        ("GET", "companies/search", b"", 400, "bad_request"),
        ("GET", "companies/search?city=a&city=b", b"", 400, "bad_request"),
        ("GET", "companies/search?city=a&least=x", b"", 400, "bad_request"),
        ("GET", "companies/search?city=a&appkey=1", b"", 400, "bad_request"),
        ("POST", "companies/search", b"", 400, "bad_request"),
        ("POST", "companies/search", b"[1]", 400, "bad_request"),
        ("POST", "companies/search", b'{"city":"a","more":1}', 400, "bad_request"),
        ("POST", "companies/search", b'{"city":{"a":1}}', 400, "bad_request"),
        ("POST", "companies/search", b'{"city":"' + b"a" * 70000 + b'"}', 400, "bad_request"),
        ("DELETE", "companies/companies/x", b"", 404, "not_found"),
    ]:
        reply = plane.get("/proxy/v1/" + path, "k1", method, body or None)
        assert (reply.status, reply.code) == (status, code), (method, path, body)
    assert came(supplier) == []
    assert not any(record["charged"] for record in plane.shipped())


def test_what_a_parameter_holds_cannot_become_an_address(edge, supplier):
    plane = edge()
    for text in ("a/../b", "?x=1", "#", "%2e%2e", "@evil", "\\..\\", " "):
        plane.get("/proxy/v1/companies/companies/" + quote(text, safe=""), "k1")
    paths = [call["path"] for call in came(supplier)]
    assert [unquote(path) for path in paths] == [
        "/base/companies/" + text for text in ("?x=1", "#", "%2e%2e", "@evil", "\\..\\", " ")
    ]
    assert not any(set(path) & set("?#\\ ") for path in paths)


LIES = ["html", "redirect", "bomb", "endless", "early", "nocode", "nodata", "text", "numbers", "strange", "type",
        "list", "nan", "500", "503", "429", "204"]  # fmt: skip


def test_lying_upstreams_are_refused_and_nothing_is_charged(edge):
    plane = edge(max_upstream=1 << 20, query_seconds=2)
    for how in LIES:
        reply = plane.get(f"/proxy/v1/companies/lie/{how}", "k1")
        assert (reply.status, reply.code) == (502, "source_unavailable"), how
        assert "机密" not in reply.body.decode() and "169.254" not in reply.body.decode()
    slow = plane.get("/proxy/v1/companies/lie/slow", "k1")
    assert (slow.status, slow.code) == (504, "source_timeout")
    assert plane.get("/proxy/v1/companies/lie/null", "k1").json["outcome"] == "not_found"
    # then nothing is charged and no quota used, and the plane still serves
    records = plane.shipped()
    assert [r["state"] for r in records] == ["void"] * (len(LIES) + 1) + ["answered"]
    assert not any(record["charged"] for record in records)
    assert plane.get(ONE, "k1").status == 200
    log = (plane.folder / "log").read_text()
    assert "机密" not in log and "Traceback" not in log


def test_a_retry_calls_again_and_is_never_charged_twice(edge, supplier):
    plane = edge()
    first = plane.get(ONE, "k1", Request_Id="r-1")
    again = plane.get(ONE, "k1", Request_Id="r-1")
    assert again.body == first.body and again.headers["idempotent-replayed"] == "true"
    assert plane.get(XIAMEN, "k1", Request_Id="r-1").code == "request_changed"
    assert plane.get(ONE + "?fields=code", "k1", Request_Id="r-1").code == "request_changed"
    charged = [record for record in plane.shipped() if record["charged"]]
    assert len(charged) == 1 and len(came(supplier)) == 2


def test_a_kill_while_the_upstream_is_called_charges_nothing(edge):
    plane = edge(query_seconds=20)

    def call() -> None:
        with pytest.raises((OSError, http.client.HTTPException)):
            plane.get("/proxy/v1/companies/lie/slow", "k1")

    caller = threading.Thread(target=call)
    caller.start()
    time.sleep(0.7)
    plane.kill()
    caller.join(10)
    plane.start()
    (record,) = plane.shipped()
    assert (record["state"], record["outcome"], record["charged"]) == ("void", "interrupted", False)


@pytest.mark.parametrize(
    ("changes", "credential", "code"),
    [
        ({"valid_from": later(3600)}, "k1", "not_started"),
        ({"valid_until": later(-3600)}, "k1", "expired"),
        ({"actions": ("read",)}, "k1", "action_denied"),
        ({"purpose": "risk_control"}, "k1", "purpose_denied"),
        ({"networks": ("192.0.2.0/24",)}, "k1", "place_denied"),
        ({"environment": "isolated"}, "k1", "environment_denied"),
        ({}, "other", "unknown_key"),
    ],
)
def test_terms_that_refuse_before_the_upstream_is_asked(edge, supplier, changes, credential, code):
    plane = edge(terms(FIELDS, **({"actions": ("query",), "valid_from": START, "valid_until": END} | changes)))
    assert plane.get(ONE, credential).code == code
    assert came(supplier) == []


def test_the_agreed_network_and_environment_admit(edge):
    granted = terms(FIELDS, ("query",), networks=("127.0.0.0/8",), environment="isolated")
    plane = edge(granted, changes={"credentials": (credential("k1", environment="isolated"),)})
    assert plane.get(ONE, "k1").status == 200


def test_quotas_are_exact_and_uncharged_outcomes_have_their_own(edge, supplier):
    plane = edge(terms(FIELDS, ("query",), quotas=(
        Quota("calls", 3, "total", "charged"), Quota("calls", 20, "total", "uncharged"),
    )))  # fmt: skip
    codes: list[int] = []
    callers = [threading.Thread(target=lambda: codes.append(plane.get(ONE, "k1").status)) for _ in range(12)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert codes.count(200) == 3 and codes.count(403) == 9
    assert sum(record["charged"] for record in plane.shipped()) == 3


@pytest.mark.parametrize(("unit", "limit", "admitted"), [("rows", 5, 2), ("bytes", 700, 2)])
def test_quotas_of_rows_and_bytes(edge, unit, limit, admitted):
    plane = edge(terms(("name", "city"), ("query",), quotas=(Quota(unit, limit),)))
    replies = [plane.get(XIAMEN, "k1") for _ in range(4)]
    good = [reply for reply in replies if reply.status == 200]
    if unit == "bytes":
        admitted = limit // len(good[0].body)
    assert len(good) == min(4, admitted)
    assert {reply.code for reply in replies[len(good) :]} <= {"quota_exhausted"}


def test_the_uncharged_cannot_be_guessed_for_free(edge):
    plane = edge(terms(FIELDS, ("query",), quotas=(Quota("calls", 2, "day", "uncharged"),)))
    replies = [plane.get(f"/proxy/v1/companies/companies/{n}", "k1") for n in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 403]
    assert replies[2].code == "uncharged_quota_exhausted"


def test_rate_and_revocation(edge, control):
    plane = edge(terms(FIELDS, ("query",), rate=Rate(1, 2)))
    replies = [plane.get(ONE, "k1") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    plane.at(control.set(replace(control.grants[0], state="ended")))
    assert plane.get(ONE, "k1").code == "revoked"


def test_a_grant_revoked_while_the_upstream_answers_gets_nothing(edge, control):
    plane = edge(query_seconds=3)
    replies = []
    caller = threading.Thread(target=lambda: replies.append(plane.get("/proxy/v1/companies/lie/slow", "k1")))
    caller.start()
    time.sleep(0.3)
    plane.at(control.set(replace(control.grants[0], state="ended")))
    caller.join(10)
    assert replies[0].status in (403, 504)
    assert not any(record["charged"] for record in plane.shipped())


def test_an_address_that_is_not_allowed_is_not_dialled(make_plane, supplier):
    plane = make_plane(
        grant("g1", "companies", SOURCE, terms(FIELDS, ("query",)), ("k1",)),
        connectors={"own": {"url": f"http://127.0.0.1:{supplier.port}/base"}},
        allow=f"127.0.0.1:{supplier.port}",
    )
    assert plane.get(ONE, "k1").code == "source_unavailable"
    assert came(supplier) == []


def test_many_at_once_and_a_supplier_that_stands_still(edge, supplier):
    plane = edge(query_seconds=2)
    codes: list[int] = []
    callers = [threading.Thread(target=lambda: codes.append(plane.get(XIAMEN, "k1").status)) for _ in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert codes == [200] * 20
    # when the supplier's program stands still
    supplier.process.send_signal(signal.SIGSTOP)
    try:
        assert plane.get(XIAMEN, "k1").code == "source_timeout"
    finally:
        supplier.process.send_signal(signal.SIGCONT)
    # then it is asked again when it is back
    assert plane.get(XIAMEN, "k1").status == 200
