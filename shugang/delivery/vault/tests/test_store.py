"""Given the vault on S3-compatible storage (moto's server), then versions are there by content, and come back checked."""

import asyncio
import io
import json
from urllib.parse import quote

import pytest

from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.plane import objects as plane_objects
from shugang.delivery.plane.objects import NotFetched, Objects
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.delivery.testing import make_supplier
from shugang.delivery.vault import transfer
from shugang.delivery.vault.models import Upload
from shugang.delivery.vault.queries import own_sample
from shugang.delivery.vault.receiving import vault_root
from shugang.delivery.vault.services import upload_version
from shugang.kernel.errors import Refusal

from .test_transfer import convert

pytestmark = [pytest.mark.django_db, pytest.mark.system]
CSV = "code,v\n0592,1\n0591,2\n"


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    made = Store(tmp_path_factory.mktemp("s3"))
    yield made
    made.close()


def address(s3, port=None):
    return f"s3+http://{ACCESS}:{quote(SECRET, safe='')}@127.0.0.1:{port or s3.port}/{BUCKET}/vault?region=us-east-1"


def signed(s3, act):
    """Objects that were put with a signature answer only to one."""

    async def run():
        client, outgoing = s3.client()
        try:
            return await act(client)
        finally:
            await outgoing.close()

    return asyncio.run(run())


def get(s3, key):
    out = io.BytesIO()
    signed(s3, lambda client: client.fetch(key, out, 1 << 30))
    return out.getvalue()


@pytest.fixture
def actor():
    return make_supplier()[1]


@pytest.fixture
def dataset(actor, s3, settings):
    settings.SHUGANG_VAULT_S3_URL = address(s3)
    return create_dataset(actor, name="远处")


def upload(actor, dataset, text=CSV, **facts):
    return upload_version(actor, dataset.number, io.BytesIO(text.encode()), "a.csv", **facts)


def test_a_version_lies_in_the_store_by_its_content_and_comes_back(actor, dataset, s3):
    version = upload(actor, dataset)
    name = f"vault/{dataset.number}/{version.sha256}.parquet"
    assert name in set(s3.names())
    (vault_root() / version.path).unlink()  # another machine, or a copy that was given up
    assert own_sample(actor, dataset.number).rows[0] == ["0592", "1"]
    assert (vault_root() / version.path).stat().st_mode & 0o777 == 0o400
    signed(s3, lambda client: client.put(name, b"other bytes"))
    (vault_root() / version.path).unlink()
    with pytest.raises(Refusal, match="vault_unreachable"):
        own_sample(actor, dataset.number)
    assert not (vault_root() / version.path).exists()


def test_the_store_holds_a_delta_log_that_names_the_objects(actor, dataset, s3, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = upload(actor, dataset)
    with django_capture_on_commit_callbacks(execute=True):
        second = upload(actor, dataset, "code,v\n0595,3\n", append=True)
    assert second.rows == 3
    log = get(s3, f"vault/{dataset.number}/_delta_log/{2:020d}.json").decode()
    actions = {k: v for line in log.splitlines() for k, v in json.loads(line).items()}
    assert actions["remove"]["path"] == f"{first.sha256}.parquet"
    assert actions["add"]["path"] == f"{second.sha256}.parquet"


def test_a_large_file_goes_in_parts(s3, tmp_path, monkeypatch):
    monkeypatch.setattr(plane_objects, "PART", 5 << 20)
    content = bytes(range(256)) * (50 << 10)
    (tmp_path / "x").write_bytes(content)
    asyncio.run(Objects.of(address(s3)).send(tmp_path / "x", "DS/x.parquet"))
    assert get(s3, "vault/DS/x.parquet") == content


def test_a_store_that_is_away_loses_nothing_and_is_tried_again(actor, dataset, s3, settings):
    settings.SHUGANG_VAULT_S3_URL = address(s3, 1)
    with pytest.raises(Refusal, match="vault_unreachable"):
        upload(actor, dataset)
    large = transfer.open_upload(actor, dataset.number, "a.csv", len(CSV))
    transfer.receive_piece(actor, large.key, 0, io.BytesIO(CSV.encode()))
    convert()
    large.refresh_from_db()
    assert large.state == "waiting" and large.refusal["code"] == "vault_unreachable" and dataset.latest is None
    settings.SHUGANG_VAULT_S3_URL = address(s3)
    Upload.objects.update(not_before=None)
    convert()
    large.refresh_from_db()
    assert large.state == "stored", large.refusal
    assert f"vault/{dataset.number}/{large.version.sha256}.parquet" in set(s3.names())


def test_the_plane_fetches_a_version_once_and_checks_it(actor, dataset, s3, tmp_path):
    from shugang.delivery.plane.views import EscapedVault, Views

    version = upload(actor, dataset)

    class Config:
        vault_root, objects = tmp_path / "plane", Objects.of(address(s3))

    Config.vault_root.mkdir()
    views = Views(Config())

    async def stored(path=version.path, sha256=version.sha256):
        return await views._stored(path, sha256)

    place = asyncio.run(stored())
    assert place.read_bytes() == (vault_root() / version.path).read_bytes()
    with pytest.raises(NotFetched):
        asyncio.run(stored("x/1/data.parquet", "0" * 64))
    with pytest.raises(EscapedVault):
        asyncio.run(stored("../../x/1/data.parquet"))


@pytest.mark.parametrize(
    "url", ["https://a:b@host/bucket", "s3+https://host/bucket", "s3+https://a:b@host/", "s3+https://a:b@host/B_"]
)
def test_an_address_that_makes_no_sense_is_refused_at_the_start(url):
    with pytest.raises(ValueError):
        Objects.of(url)
