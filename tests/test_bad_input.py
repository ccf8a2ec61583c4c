"""Bad input at every door that takes any: a clear refusal in both languages, and nothing changed.

The wings test their verbs; here each comes in as a person or a program sends it: page, API, plane.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.http import HttpResponse

from shugang.delivery.testing import make_records, signed_headers
from shugang.parties.keys.signatures import message

from .doors import DOORS
from .doors.base import Door, ask, fill
from .test_isolation import said, text_of
from .visitors import browser, differs, footprint, undone, writes

pytestmark = pytest.mark.django_db
CSV = "station,at,pm25\n一号,2026-01-01,9\n二号,2026-01-02,8\n"


@pytest.fixture
def unchanged(world: Any, settings: Any) -> Iterator[None]:
    """Nothing stored differs afterwards: neither a table nor a file of the vault."""
    written, kept = writes(), files(settings.VAR_DIR)
    yield
    assert files(settings.VAR_DIR) == kept
    assert writes() == written or not differs(world.footprint)


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for name in ("vault", "materials", "certificates") for p in (folder / name).rglob("*")
            if p.is_file()}  # fmt: skip


def send_page(world: Any, name: str, content: bytes) -> HttpResponse:
    file = io.BytesIO(content)
    file.name = name
    address = f"/desk/datasets/{world.number('dataset:free')}/upload"
    return browser(world, "gongfang").post(address, {"file": file})


def send_api(world: Any, name: str, content: bytes) -> HttpResponse:
    address = f"/api/v1/datasets/{world.number('dataset:free')}/versions?filename={name}"
    return browser(world, "gongfang").post(address, content, content_type="application/octet-stream")


def told(answer: HttpResponse) -> tuple[str, str]:
    """(code or "", message in Chinese) of a refusal by page or API."""
    if answer.headers["Content-Type"].startswith("application/json"):
        body = answer.json()
        if body.get("success") is False:  # CKAN's own words, which its clients know
            return body["error"]["__type"], body["error"]["message"]
        assert set(body) >= {"code", "message", "message_en", "fields"}, body
        assert re.search(r"[\u4e00-\u9fff]", body["message"]) and not re.search(r"[\u4e00-\u9fff]", body["message_en"])
        return body["code"], body["message"]
    return "", said(answer)


both_ways = pytest.mark.parametrize("send", [send_page, send_api], ids=["page", "api"])
FILES = {
    "picture": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(200), "wrong_file_type", "请上传CSV"),
    "program under a table's name": ("a.csv", b"\x7fELF" + bytes(range(256)) * 4, None, "请"),
    "spreadsheet": ("a.xlsx", b"PK\x03\x04" + bytes(100), "broken_file", "Excel"),
    "half a parquet": ("a.parquet", b"PAR1" + bytes(60), None, "请"),
    "half a gzip": ("a.csv.gz", gzip.compress(CSV.encode() * 50)[:60], None, "请"),
    "row of another length": ("a.csv", (CSV + "三号,2026-01-03\n").encode(), "broken_csv", "第4行"),
    "open quote": ("a.csv", (CSV + '"三号,2026-01-03,7\n').encode(), None, "行"),
    "two columns of one name": ("a.csv", b"a,a\n1,2\n", None, "请"),
    "nothing": ("a.csv", b"", None, "请"),
    "bytes of no encoding": ("a.csv", b"a,b\n\xff\xfe\xfd\xfc,\x81\n", None, "请"),
}  # fmt: skip


@both_ways
@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_table_is_refused_with_its_reason(world, unchanged, send, case):
    name, content, code, words = FILES[case]
    answer = send(world, name, content)
    assert 400 <= answer.status_code < 500, answer.status_code
    given, message_ = told(answer)
    assert words in message_, message_
    assert not (given and code) or given == code


@both_ways
def test_an_upload_above_the_limit_is_refused(world, unchanged, settings, send):
    settings.SHUGANG_UPLOAD_MAX_BYTES = 300
    answer = send(world, "a.csv", CSV.encode() * 30)
    assert answer.status_code == 413
    assert "上限" in told(answer)[1]


@both_ways
def test_a_small_file_that_unfolds_beyond_the_limit_is_refused(world, unchanged, settings, send):
    settings.SHUGANG_UPLOAD_MAX_BYTES = 20_000
    answer = send(world, "a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 200_000))
    assert answer.status_code == 413
    assert "解开" in told(answer)[1]


@both_ways
def test_gb18030_is_read(world, send):
    answer = send(world, "a.csv", CSV.encode("gb18030"))
    assert answer.status_code in {200, 302}
    page = browser(world, "gongfang").get(f"/desk/datasets/{world.number('dataset:free')}").content.decode()
    assert "一号" in page


@pytest.mark.parametrize("size", [500, 501, 502])
def test_a_chinese_text_is_a_material_wherever_its_first_block_is_cut(world, size):
    """UTF-8 text is accepted whatever character stands across the 512th byte."""
    proof = io.BytesIO(b"x" * (size % 3) + "证".encode() * size)
    proof.name = "证明.txt"
    data = {"interest": "我单位采集了其中一部分", "reasons": "与我单位已登记的数据相同。", "evidence": proof}
    answer = browser(world, "pangren").post(f"/notices/{world.number('case:notice')}", data)
    assert answer.status_code == 302, said(answer)


def test_a_material_of_a_wrong_kind_is_refused(world, unchanged):
    proof = io.BytesIO(b"MZ\x90\x00" + bytes(range(256)))
    proof.name = "证明.pdf"
    data = {"interest": "我单位采集了其中一部分", "reasons": "与我单位已登记的数据相同。", "evidence": proof}
    answer = browser(world, "pangren").post(f"/notices/{world.number('case:notice')}", data)
    assert answer.status_code == 422
    assert "不能作为材料" in said(answer)


QUERIES = [
    "DELETE FROM companies", "SELECT 1; DROP TABLE companies", "SELECT 1;;SELECT 2", "UPDATE companies SET name = ''",
    "WITH x AS (DELETE FROM companies RETURNING *) SELECT * FROM x", "PRAGMA database_list", "ATTACH 'x' AS y", "",
    "SELECT pg_read_file('/etc/passwd')", "SELECT * INTO other FROM companies", "SELECT name FROM companies WHERE", "--",
    "COPY companies TO '/tmp/x'", "SELECT symbol FROM companies FOR UPDATE", "CALL x()", "EXPLAIN SELECT 1",
]  # fmt: skip


@pytest.mark.parametrize("template", QUERIES)
def test_a_query_that_is_not_one_select_is_refused(world, unchanged, template):
    number, columns = world.number("dataset:companies"), [{"name": "symbol", "type": "VARCHAR", "comment": "代码"}]
    form = {"connector": "companies", "dialect": "postgres", "template": template, "params": "[]",
            "columns": json.dumps(columns)}  # fmt: skip
    page = browser(world, "gongfang").post(f"/desk/datasets/{number}/query", form)
    assert page.status_code == 422, said(page)
    assert re.search(r"[\u4e00-\u9fff]{4}", said(page))
    body = {**form, "params": [], "columns": columns}
    answer = browser(world, "gongfang").post(
        f"/api/v1/datasets/{number}/queries", body, content_type="application/json"
    )
    assert answer.status_code == 422, answer.content
    told(answer)


INTERFACES = [
    ("interfaces", {"operations": [{"path": "/../etc/passwd"}]}), ("interfaces", {"operations": [{"path": "http://x/"}]}),
    ("interfaces", {"operations": [{"path": "/x", "method": "CONNECT"}]}), ("interfaces", {"operations": "/x"}),
    ("interfaces", {"operations": [{"path": "/x", "records": "$.data"}]}), ("interfaces", {}),
    ("interfaces", {"operations": [{"path": "/x"}], "code": "/c", "codes": {"0": "free"}}),
    ("streams", {"topics": ["#/a"]}), ("streams", {"topics": ["$SYS/#"]}), ("streams", {"topics": [1]}),
    ("streams", {"topics": ["a"], "window_seconds": 3600}), ("streams", {"topics": ["a"], "window_seconds": "1"}),
]  # fmt: skip


@pytest.mark.parametrize(("where", "data"), INTERFACES)
def test_an_interface_or_stream_that_is_not_whole_is_refused(world, unchanged, where, data):
    number = world.number("dataset:companies")
    body = {"connector": "companies", "columns": [{"name": "symbol", "type": "VARCHAR"}], **data}
    answer = browser(world, "gongfang").post(
        f"/api/v1/datasets/{number}/{where}", body, content_type="application/json"
    )
    assert answer.status_code == 422, answer.content
    told(answer)


MALFORMED = [
    "ftp://data.example.com", "file:///etc/passwd", "javascript:alert(1)", "http://user:pass@data.example.com",
    "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0177.0.0.1/", "http://[::1%25eth0]/", "http:///x",
    "http://data.example.com\\@127.0.0.1/", "http://127.0.0.1 .example.com", "不是地址", "http://[::ffff:127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("url", MALFORMED)
def test_an_address_in_disguise_is_refused(world, unchanged, url):
    page = browser(world, "gongfang").post("/desk/connectors/new", {"name": "机房", "url": url})
    assert page.status_code == 422 and "不能连接" in said(page)
    answer = browser(world, "gongfang").post(
        "/api/v1/planes", {"name": "机房", "url": url}, content_type="application/json"
    )
    assert answer.status_code == 422 and told(answer)[0] == "address_refused"


OWN_NETWORK = ["http://127.0.0.1:8600", "http://10.0.0.5", "http://192.168.1.1:5432", "http://169.254.169.254", "http://[::1]",
               "http://100.100.100.200", "http://localhost:8600", "http://[::ffff:10.0.0.1]", "http://0.0.0.0"]  # fmt: skip


@pytest.mark.parametrize("url", OWN_NETWORK)
def test_the_platform_never_dials_into_its_own_network(world, monkeypatch, settings, url):
    """A connector's address that leads inside is refused before a connection is opened."""
    import socket

    from shugang.delivery.planes.models import Plane

    def dial(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"a connection was opened to {args}")

    settings.SHUGANG_ALLOWED_NETWORKS = ()
    Plane.objects.filter(number=world.number("plane")).update(url=url)
    before = footprint()
    monkeypatch.setattr(socket, "create_connection", dial)
    monkeypatch.setattr(socket.socket, "connect", dial)
    answer = browser(world, "gongfang").post(f"/desk/connectors/{world.number('plane')}/check")
    assert answer.status_code == 422
    assert "不能连接" in text_of(answer)
    assert footprint() == before


def plane_call(world: Any, path: str, body: bytes | None, key: Any = None, **changes: str) -> HttpResponse:
    method, plane = "POST" if body is not None else "GET", world.things["plane:platform"]
    signed = signed_headers(plane, key or world.things["plane:platform:key"], method, path, body or b"", **changes)
    return browser(world).generic(method, path, body or b"", content_type="application/json", headers=signed)


def journal(world: Any, **changes: Any) -> bytes:
    from shugang.delivery.metering.models import UsageRecord

    last = UsageRecord.objects.filter(plane=world.things["plane:platform"]).latest("seq")
    grant = world.things["grant:segments"].number
    records = make_records([{"grant": grant, "request_id": "t-1", **changes}], last.seq + 1, last.hash)
    return json.dumps({"from_seq": last.seq + 1, "records": records}).encode()


def test_a_plane_that_signs_is_heard(world):
    """So that what follows is refused for its own reason."""
    body, before = journal(world), footprint()
    answer = plane_call(world, "/plane/v1/journal", body)
    assert answer.status_code == 200, answer.content
    assert footprint() != before
    assert plane_call(world, "/plane/v1/bundle?revision=0", None).status_code == 200


@pytest.mark.parametrize("path", ["/plane/v1/journal", "/plane/v1/bundle", "/plane/v1/books"])
def test_a_forged_or_stale_request_of_a_plane_is_refused(world, unchanged, path):
    body = {"journal": journal(world), "books": b"{}"}.get(path.rpartition("/")[2])
    assert told(plane_call(world, path, body, Ed25519PrivateKey.generate()))[0] == "bad_signature"
    assert told(plane_call(world, path, body, moment="1000000000"))[0] == "stale_request"
    assert told(browser(world).generic("POST" if body else "GET", path, body or b""))[0] == "unknown_plane"
    signed = signed_headers(world.things["plane:platform"], world.things["plane:platform:key"], "GET", "/other", b"")
    answer = browser(world).generic("POST" if body else "GET", path, body or b"", headers=signed)
    assert told(answer)[0] == "bad_signature" and answer.status_code == 401


def test_a_repeated_nonce_is_refused(world):
    nonce, body = "6a1f2ad4-7b0e-4c47-9c59-0c8f6f6d2b11", journal(world)
    assert plane_call(world, "/plane/v1/journal", body, nonce=nonce).status_code == 200
    before = footprint()
    again = plane_call(world, "/plane/v1/journal", body, nonce=nonce)
    assert (again.status_code, told(again)[0]) == (401, "nonce_repeated")
    assert plane_call(world, "/plane/v1/journal", body, nonce="not-a-uuid").status_code == 401
    assert footprint() == before


def _counts() -> tuple[int, int]:
    from shugang.delivery.metering.models import UsageRecord
    from shugang.kernel.models import Event

    return UsageRecord.objects.count(), Event.objects.count()


@pytest.mark.parametrize("spoil", ["hash", "gap", "shape", "not json", "not a list"])
def test_a_broken_journal_is_refused(world, spoil):
    body = json.loads(journal(world))
    if spoil == "hash":
        body["records"][0]["rows"] = 7
    elif spoil == "gap":
        body["from_seq"] += 5
        body["records"][0]["seq"] += 5
    elif spoil == "shape":
        body["records"][0] = {"seq": body["from_seq"]}
    elif spoil == "not a list":
        body["records"] = "x"
    before = _counts()
    answer = plane_call(world, "/plane/v1/journal", b"{" if spoil == "not json" else json.dumps(body).encode())
    assert answer.status_code in {400, 409, 422}
    told(answer)
    assert _counts() == before


def test_an_enrolment_code_works_once_and_a_wrong_one_never(world, unchanged):
    key = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    for body in (
        {"code": "x" * 32, "public_key": key, "name": "n"},
        {"code": "", "public_key": key, "name": "n"},
        {},
        [],
    ):
        answer = browser(world).post("/plane/v1/enrol", body, content_type="application/json")
        assert answer.status_code in {400, 403}
        told(answer)


@pytest.fixture
def own_key(world: Any) -> Ed25519PrivateKey:
    """The buyer keeps his key himself from now on."""
    from shugang.parties.keys.services import make_key, revoke_key

    buyer, key = world.actor("xufang"), Ed25519PrivateKey.generate()
    revoke_key(buyer)
    make_key(buyer, base64.b64encode(key.public_key().public_bytes_raw()).decode())
    return key


def test_a_forged_signature_signs_no_contract(world, own_key):
    contract = world.things["contract:pending"]
    digest, context = contract.sha256, contract.context

    def sign(key: Ed25519PrivateKey, digest_: str, context_: str) -> str:
        return base64.b64encode(key.sign(message(digest_, context_))).decode()

    forged = {
        "another key": sign(Ed25519PrivateKey.generate(), digest, context),
        "another digest": sign(own_key, "00" * 32, context),
        "another contract": sign(own_key, digest, context + "1"),
        "no base64": "签名", "empty": "", "short": base64.b64encode(b"x").decode(),
    }  # fmt: skip
    before = footprint()
    for what, signature in forged.items():
        page = browser(world, "xufang").post(f"/desk/contracts/{contract.number}/sign", {"own_signature": signature})
        assert page.status_code == 422, what
        answer = browser(world, "xufang").post(
            f"/api/v1/contracts/{contract.number}/signature",
            {"own_signature": signature},
            content_type="application/json",
        )
        assert answer.status_code == 422, what
        told(answer)
    assert footprint() == before
    right = {"own_signature": sign(own_key, digest, context)}
    page = browser(world, "xufang").post(f"/desk/contracts/{contract.number}/sign", right)
    assert page.status_code == 302, said(page)


def test_a_forged_bank_report_books_nothing(world, settings):
    from shugang.settlement.payouts import bank
    from shugang.settlement.payouts.simulator import Payment, simulate_bank

    bill = world.things["bill:issued"]
    name = simulate_bank([Payment(str(bill.number), 1, bill.buyer.name)])
    path = bank.folder("in") / name
    body = bank.opened(path.read_bytes(), _custodian(bank))
    body["lines"][0]["amount_fen"] = bill.total_fen
    path.write_bytes(bank.signed(body, Ed25519PrivateKey.generate()))
    before = footprint()
    answer = browser(world, "yunying").post("/api/v1/settlement/exchange", {}, content_type="application/json")
    assert answer.status_code in {409, 422}, answer.content
    told(answer)
    page = browser(world, "yunying").post("/desk/settlement/act/exchange", {}, follow=True)
    assert "回单" in text_of(page)
    assert footprint() == before


def _custodian(bank: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(base64.b64decode((bank.folder("") / "custodian.pub").read_text()))


def test_a_repeated_press_acts_once_and_a_key_is_good_for_one_request(world):
    """The idempotency key of a form or a program."""
    address = f"/api/v1/products/{world.number('product:air')}/inquiries"
    body = {"purpose": "research", "need": "全部站点"}
    client = browser(world, "xufang")

    def send(data: Any) -> HttpResponse:
        return client.post(address, data, content_type="application/json", headers={"Idempotency-Key": "one"})

    first = send(body)
    assert first.status_code == 200, first.content
    before = footprint()
    assert send(body).json() == first.json()
    answer = send({**body, "need": "另一个需求"})
    assert (answer.status_code, told(answer)[0]) == (409, "idempotency_conflict")
    assert footprint() == before


def test_formulas_are_defused_in_exports(world):
    from shugang.delivery.datasets.models import Dataset

    Dataset.objects.filter(number=world.number("dataset:free")).update(name='=HYPERLINK("http://x","y")')
    text = browser(world, "gongfang").get("/desk/datasets.csv").content.decode("utf-8-sig")
    cells = [cell for line in text.splitlines() for cell in line.split(",")]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not any(cell.strip('"').startswith(("=", "+", "-", "@")) for cell in cells)


RUBBISH = [
    "\x00",
    "9" * 600,
    "=1+1",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "../../etc/passwd",
    "﷽𝕏\ud7ff",
    "-1",
    "[]",
]
FORMS = [d for d in DOORS if d.writes and not d.json and d.owner]


def some(items: list[Any], door: Any, most: int) -> list[Any]:
    """So many of them, others for another door: all doors read by the same parsers, and there are many doors."""
    first = zlib.crc32(str(door).encode()) % (len(items) or 1)
    return (items[first:] + items[:first])[:most]


@pytest.mark.parametrize("door", FORMS, ids=str)
def test_a_form_takes_rubbish_without_falling(world, settings, door):
    """Whatever stands in the fields: an answer in words, never an error of the program."""
    for name, value in door.settings.items():
        setattr(settings, name, value)
    data = fill(door.data, world.things)
    client = browser(world, door.owner)
    for rubbish in {"<script>alert(1)</script>", *some(RUBBISH, door, 2)}:
        with undone():
            answer = client.post(fill(door.address, world.things), {k: rubbish for k in data} or {"reason": rubbish})
            assert answer.status_code < 500
            assert rubbish != "<script>alert(1)</script>" or rubbish not in text_of(answer)
    with undone():
        assert client.post(fill(door.address, world.things), {}).status_code < 500


BODIES = [b"", b"{", b"null", b"[]", b'"x"', b"{}", b'{"actor": 1, "after": []}', b'{"form": 1, "terms": [], "reason": {}}',
          b"\xff\xfe", b"[" * 2000, b'{"reason": "' + b"x" * 5000 + b'"}']  # fmt: skip


@pytest.mark.parametrize("door", [d for d in DOORS if d.json], ids=str)
def test_an_operation_takes_rubbish_without_falling(world, door):
    client = browser(world, door.owner)
    data = fill(door.data, world.things)
    typed = [json.dumps({k: v for k in data}).encode() for v in (None, 1, [], {}, "\x00", "x" * 3000)] if isinstance(
        data, dict) else []  # fmt: skip
    for body in [*some(BODIES, door, 2), *some(typed, door, 1)]:
        with undone():
            answer = client.generic(
                door.method, fill(door.address, world.things), body, content_type="application/json"
            )
            assert answer.status_code < 500, body[:80]
            if answer.status_code >= 400 and door.method != "HEAD":  # RFC 9110 §9.3.2: it answers without a body
                told(answer)


READS = [d for d in DOORS if not d.writes and "?" not in d.address]
QUESTIONS = [
    "after=x",
    "after=%00",
    "after=-1",
    "state=x&q=%27&page=0",
    "version=x",
    "format=x",
    "number=%00",
    "q=" + "x" * 900,
]


@pytest.mark.parametrize("door", READS, ids=str)
def test_an_address_takes_rubbish_behind_its_question_mark(world, door):
    client = browser(world, door.owner)
    for query in some(QUESTIONS, door, 1 if ".pdf" in door.address else 2):
        with undone():
            answer = ask_with(client, door, world, query)
            assert answer.status_code < 500, query


def ask_with(client: Any, door: Door, world: Any, query: str) -> HttpResponse:
    return ask(client, Door(f"{door.address}?{query}"), world.things)
