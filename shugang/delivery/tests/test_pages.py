"""Given people of each side, when they open the wing's pages, then they see theirs, in both languages, and can act."""

import base64
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shugang.delivery.datasets.models import Dataset, DatasetVersion
from shugang.delivery.grants.models import Credential
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_credential, make_grant, make_plane, make_records, make_supplier, make_version
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u3400-\u9fff]")


def browser(actor, english=False, **options):
    client = Client(**options)
    client.force_login(actor.person)
    if english:
        client.cookies["lang"] = "en"
        client.cookies["language"] = "en"
    return client


@pytest.fixture
def world():
    party, supplier = make_supplier()
    version = make_version(supplier)
    grant = make_grant(version, mode="api")
    buyer = make_actor(grant.grantee, ("engineer", "manager"))
    make_credential(grant, buyer)
    plane, _ = make_plane()
    miss = {"grant": grant.number, "outcome": "not_found", "charged": False, "charge_reason": "uncharged:not_found"}
    refusal = {**miss, "state": "refused", "outcome": "rate_limited", "charge_reason": "refused:rate_limited"}
    fold_journal(
        plane, 1, make_records([{"grant": grant.number}, miss, refusal, {"grant": grant.number, "request_id": "r-1"}])
    )
    return {"party": party, "supplier": supplier, "version": version, "grant": grant, "buyer": buyer, "plane": plane}


def paths(world):
    number, grant, plane = world["version"].dataset.number, world["grant"].number, world["plane"].number
    supply = [
        "/desk/datasets",
        "/desk/datasets/new",
        f"/desk/datasets/{number}",
        "/desk/connectors",
        "/desk/connectors/new",
    ]
    both = [
        "/desk/grants",
        f"/desk/grants/{grant}",
        "/desk/usage",
        f"/desk/usage?grant={grant}",
        f"/desk/usage/{plane}/1",
    ]
    return {"supplier": supply + both, "buyer": [*both, f"/desk/grants/{grant}/key"]}


@pytest.mark.parametrize("who", ["supplier", "buyer"])
def test_pages_open_in_chinese_and_english(world, who):
    for path in paths(world)[who]:
        for english in (False, True):
            answer = browser(world[who], english).get(path)
            assert answer.status_code == 200, path
            assert 'id="main"' in answer.content.decode()


def test_strangers_get_the_same_answer_as_for_nothing(world):
    stranger = browser(make_supplier()[1])
    number, grant = world["version"].dataset.number, world["grant"].number
    for path in (f"/desk/datasets/{number}", f"/desk/grants/{grant}", f"/desk/usage/{world['plane'].number}/1"):
        assert stranger.get(path).status_code == 404
    assert stranger.get("/desk/datasets/DS-2026-999999").status_code == 404
    assert grant not in stranger.get("/desk/grants").content.decode()
    assert "r-1" not in stranger.get("/desk/usage").content.decode()
    assert Client().get("/desk/grants").status_code == 302


def test_the_regulator_sees_the_record_but_never_the_data(world):
    supervisor = browser(make_actor(make_party("regulator"), ("supervisor",)))
    page = supervisor.get(f"/desk/datasets/{world['version'].dataset.number}").content.decode()
    assert "prefix7" in page and "1300000" not in page
    own = browser(world["supplier"]).get(f"/desk/datasets/{world['version'].dataset.number}").content.decode()
    assert "1300000" in own


def test_a_data_set_is_declared_once_however_often_the_button_is_pressed():
    _, actor = make_supplier()
    client = browser(actor)
    form = {"name": "天气", "hosting": "hosted", "idempotency_key": "k1"}
    first, again = client.post("/desk/datasets/new", form), client.post("/desk/datasets/new", form)
    assert first.status_code == 302 and first.url == again.url and Dataset.objects.count() == 1
    wrong = client.post("/desk/datasets/new", {"name": "", "hosting": "elsewhere"})
    assert wrong.status_code == 422 and Dataset.objects.count() == 1


def upload(client, number, content, name="a.csv"):
    return client.post(f"/desk/datasets/{number}/upload", {"file": SimpleUploadedFile(name, content)})


def test_an_upload_through_the_form(world):
    number = world["version"].dataset.number
    client = browser(world["supplier"])
    assert upload(client, number, b"a,b\n1,2\n").status_code == 302
    assert DatasetVersion.objects.filter(dataset__number=number).count() == 2
    refused = upload(client, number, b"a,b\n1,2\n3\n")
    assert refused.status_code == 422 and "第3行有1列，应为2列" in refused.content.decode()
    assert upload(browser(make_supplier()[1]), number, b"a,b\n3,4\n").status_code == 404
    assert client.post(f"/desk/datasets/{number}/upload", {}).status_code == 422
    assert DatasetVersion.objects.filter(dataset__number=number).count() == 2


def test_an_upload_over_the_limit_is_not_even_stored(world, settings):
    settings.SHUGANG_UPLOAD_MAX_BYTES = 100_000
    client = browser(world["supplier"])
    answer = upload(client, world["version"].dataset.number, b"a,b\n" + b"1,2\n" * 100_000)
    assert answer.status_code == 413 and DatasetVersion.objects.count() == 1


def test_an_upload_needs_the_cross_site_token(world):
    client = browser(world["supplier"], enforce_csrf_checks=True)
    assert upload(client, world["version"].dataset.number, b"a,b\n1,2\n").status_code == 403
    assert DatasetVersion.objects.count() == 1


def test_columns_are_described_and_marked(world):
    version = world["version"]
    path = f"/desk/datasets/{version.dataset.number}/versions/1/columns"
    browser(world["supplier"]).post(path, {"comment-0": "号段前七位", "personal-0": "1"})
    first = version.columns.get(position=0)
    assert (first.comment, first.personal) == ("号段前七位", True)
    assert browser(world["buyer"]).post(path, {"personal-1": "1"}).status_code in (403, 404)
    assert not version.columns.get(position=1).personal


def test_a_key_is_collected_with_a_statement_and_shown_once(world):
    client, number = browser(world["buyer"]), world["grant"].number
    refused = client.post(f"/desk/grants/{number}/key", {"idempotency_key": "k"})
    assert refused.status_code == 422 and Credential.objects.count() == 1
    first = client.post(f"/desk/grants/{number}/key", {"agree": "1", "idempotency_key": "k"}).content.decode()
    secret = re.search(r'id="secret"[^>]*>([^<]+)<', first)[1]
    again = client.post(f"/desk/grants/{number}/key", {"agree": "1", "idempotency_key": "k"}).content.decode()
    assert secret not in again and Credential.objects.count() == 2
    from shugang.kernel.models import IdempotencyRecord

    assert secret not in str(list(IdempotencyRecord.objects.values_list("response", flat=True)))
    assert browser(world["supplier"]).post(f"/desk/grants/{number}/key", {"agree": "1"}).status_code == 403


def test_a_shared_table_comes_with_its_profile_file(world):
    grant = make_grant(world["version"], world["grant"].grantee)
    page = browser(world["buyer"]).post(f"/desk/grants/{grant.number}/key", {"agree": "1", "idempotency_key": "t"})
    packed = re.search(r'download="[^"]+\.share" href="data:application/json;base64,([^"]+)"', page.content.decode())[1]
    assert json.loads(base64.b64decode(packed))["shareCredentialsVersion"] == 1


def test_a_key_is_revoked_from_the_page(world):
    key = Credential.objects.get()
    path = f"/desk/grants/{world['grant'].number}/keys/{key.number}/revoke"
    assert browser(world["supplier"]).post(path).status_code == 404
    assert Credential.objects.get().revoked_at is None
    client = browser(world["buyer"])
    assert client.post(path).status_code == client.post(path).status_code == 302
    assert Credential.objects.get().revoked_at is not None


def test_a_one_time_code_for_a_plane(world):
    page = browser(world["supplier"]).post("/desk/connectors/new", {"name": "机房", "url": "https://data.example.com"})
    assert page.status_code == 200 and Plane.objects.filter(party=world["party"]).count() == 1
    before = Plane.objects.count()
    assert (
        browser(world["supplier"]).post("/desk/connectors/new", {"name": "x", "url": "file:///etc"}).status_code == 422
    )
    assert browser(world["buyer"]).post("/desk/connectors/new", {"name": "x", "url": "https://a.b"}).status_code == 403
    assert Plane.objects.count() == before


def test_the_address_of_a_plane_is_not_dialled_inside_our_network(world):
    world["supplier"]  # the platform's own plane is on 127.0.0.1 in tests
    plane, _ = make_plane(world["party"])
    answer = browser(world["supplier"]).post(f"/desk/connectors/{plane.number}/check")
    assert answer.status_code == 422


def test_exports_neutralise_formulas():
    _, actor = make_supplier()
    from shugang.delivery.datasets.services import create_dataset

    create_dataset(actor, name='=HYPERLINK("http://x")')
    text = browser(actor).get("/desk/datasets.csv").content.decode()
    assert "'=HYPERLINK" in text and ',"=HYPERLINK' not in text


def test_exports_follow_the_filter(world):
    client = browser(world["buyer"])
    assert len(client.get("/desk/usage.csv").content.decode().splitlines()) == 5
    assert len(client.get("/desk/usage.csv?charged=yes").content.decode().splitlines()) == 2
    assert len(client.get("/desk/grants.csv?state=ended").content.decode().splitlines()) == 1


def test_the_api_says_the_same(world):
    from shugang.delivery.datasets.queries import get_version

    client = browser(world["buyer"])
    grant = client.get(f"/api/v1/grants/{world['grant'].number}").json()
    assert grant["terms"]["purpose"] == "research" and grant["credentials"][0]["prefix"].startswith("sg_")
    usage = client.get("/api/v1/usage").json()
    assert usage["total"] == 4 and [u["charged"] for u in usage["items"]] == [False, False, False, True]
    assert client.get("/api/v1/datasets").json()["items"] == []
    supplier = browser(world["supplier"])
    number = get_version(world["supplier"], world["version"].dataset.number).dataset.number
    assert supplier.get(f"/api/v1/datasets/{number}").json()["versions"][0]["rows"] == 60
    made = supplier.post("/api/v1/datasets", {"name": "新", "actor": 1}, content_type="application/json")
    assert made.status_code == 422
    url = f"/api/v1/datasets/{number}/versions?filename=b.csv"
    new = supplier.post(url, b"a,b\n7,8\n", content_type="application/octet-stream")
    assert new.json()["version"] == 2 and Event.objects.filter(kind="dataset.version_added").count() == 2
    assert Client().get("/api/v1/grants").status_code == 401


@pytest.mark.parametrize(("kind", "shown"), [("aksk", "authorization("), ("oauth", "/oauth2/token")])
def test_a_key_of_another_kind_is_collected_and_its_use_shown(world, kind, shown):
    grant = make_grant(grantee=world["buyer"].party, mode="api")
    path = f"/desk/grants/{grant.number}/key"
    assert f'value="{kind}"' in browser(world["buyer"]).get(path).content.decode()
    page = browser(world["buyer"]).post(path, {"agree": "1", "kind": kind, "idempotency_key": kind}).content.decode()
    row = Credential.objects.get(grants=grant)
    assert (row.kind, row.number in page, shown in page) == (kind, True, True)
