"""Given a large file in pieces, whatever breaks between, then each acknowledged byte is there and no other counts."""

import base64
import contextlib
import hashlib
import io
import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shugang.delivery.datasets.models import DatasetVersion
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.testing import make_supplier
from shugang.delivery.vault import transfer
from shugang.delivery.vault.converting import Converter, sweep
from shugang.delivery.vault.models import Upload
from shugang.delivery.vault.receiving import incoming
from shugang.delivery.vault.services import Wishes, upload_version
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event

pytestmark = pytest.mark.django_db
CSV = "code,v\n" + "".join(f"059{i % 10},{i}\n" for i in range(300))


@pytest.fixture
def actor():
    return make_supplier()[1]


@pytest.fixture
def dataset(actor):
    return create_dataset(actor, name="大文件")


@pytest.fixture
def opened(actor, dataset):
    def make(content=CSV, name="a.csv", **facts):
        return transfer.open_upload(actor, dataset.number, name, len(content.encode()), **facts)

    return make


def send(actor, upload, content, offset=0, **more):
    data = content.encode() if isinstance(content, str) else content
    return transfer.receive_piece(actor, upload.key, offset, io.BytesIO(data), len(data), **more)


def stored(upload):
    return (incoming() / upload.key / "upload").read_bytes()


class Breaks(io.RawIOBase):
    """A connection that gives some bytes and then breaks, quietly (end of body) or loudly."""

    def __init__(self, content, loud):
        self.inner, self.loud = io.BytesIO(content), loud

    def read(self, size=-1):
        piece = self.inner.read(size)
        if not piece and self.loud:
            raise ConnectionResetError
        return piece


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_history_of_pieces_ends_with_the_file_as_it_was(actor, dataset, data):
    """Pieces of any size at right and wrong offsets, broken connections, wrong checksums, crashes with torn bytes."""
    content = data.draw(st.binary(min_size=1, max_size=200))
    upload = transfer.open_upload(actor, dataset.number, "a.csv", len(content))
    at = 0
    for _ in range(60):
        if at == len(content):
            break
        what = data.draw(
            st.sampled_from(
                ["piece", "piece", "checked", "wrong offset", "wrong sum", "cut", "reset", "crash", "too long"]
            )
        )
        end = data.draw(st.integers(at + 1, len(content)))
        piece = content[at:end]
        if what == "piece":
            at = send(actor, upload, piece, at).offset
            assert at == end
        elif what == "checked":
            at = send(actor, upload, piece, at, checksum=("sha256", hashlib.sha256(piece).digest())).offset
        elif what == "wrong sum":
            with pytest.raises(Refusal, match="checksum_mismatch"):
                send(actor, upload, piece, at, checksum=("sha1", hashlib.sha256(piece).digest()))
        elif what == "wrong offset":
            with pytest.raises(Refusal, match=r"wrong_offset|file_too_large"):
                send(actor, upload, piece, at + data.draw(st.sampled_from([-1, 1, 7])))
        elif what == "too long":
            with pytest.raises(Refusal, match="file_too_large"):
                send(actor, upload, piece + content + b"x", at)
        elif what == "crash":  # bytes beyond the offset that were never acknowledged, torn
            with (incoming() / upload.key / "upload").open("r+b") as file:
                file.seek(at)
                file.write(os.urandom(17))
        else:
            with contextlib.suppress(ConnectionResetError):
                transfer.receive_piece(actor, upload.key, at, Breaks(piece, what == "reset"), len(content) - at)
            at = Upload.objects.get(pk=upload.pk).offset
            assert at <= end
        assert Upload.objects.get(pk=upload.pk).offset == at
    if at == len(content):
        assert stored(upload) == content
        assert Upload.objects.get(pk=upload.pk).state == "waiting"
    transfer.cancel_upload(actor, upload.key)


@pytest.mark.both
def test_a_file_in_pieces_becomes_a_version(actor, dataset, opened):
    digest = hashlib.sha256(CSV.encode()).hexdigest()
    upload = opened(sha256=digest, wishes=Wishes(keys=("v",), personal=("code",)))
    half = len(CSV) // 2
    assert send(actor, upload, CSV[:half]).offset == half
    assert send(actor, upload, CSV[half:], half).state == "waiting"
    convert()
    upload.refresh_from_db()
    assert upload.state == "stored", upload.refusal
    version = upload.version
    assert (version.rows, version.source_sha256, version.key_columns) == (300, digest, ["v"])
    assert version.columns.get(name="code").personal
    kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
    assert kinds[-3:] == ["upload.opened", "upload.received", "dataset.version_added"]


def convert(passes=600):
    import time

    converter = Converter()
    for _ in range(passes):
        converter.advance()
        if not converter.children:
            return
        time.sleep(0.1)
    raise AssertionError("the conversion did not end")


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Runs what waits for the commit, which a test's transaction never has."""

    def run(act):
        with django_capture_on_commit_callbacks(execute=True):
            return act()

    return run


def test_a_refused_file_says_why_and_leaves_nothing(actor, opened, committed):
    bad = CSV + "0592\n"
    upload = opened(bad)
    send(actor, upload, bad)
    committed(convert)
    upload.refresh_from_db()
    assert upload.state == "refused" and upload.refusal["code"] == "broken_csv"
    assert "第302行" in upload.refusal["message"][0]
    assert not DatasetVersion.objects.exists() and list(incoming().iterdir()) == []
    assert Event.objects.latest("id").kind == "upload.refused"


def test_a_file_that_is_not_the_announced_one_is_refused(actor, opened):
    upload = opened(sha256="0" * 64)
    send(actor, upload, CSV)
    convert()
    upload.refresh_from_db()
    assert upload.refusal["code"] == "other_digest" and not DatasetVersion.objects.exists()


def test_a_conversion_whose_worker_died_starts_again(actor, opened):
    upload = opened()
    send(actor, upload, CSV)
    first = Converter()
    first.advance()
    assert Upload.objects.get(pk=upload.pk).state == "converting"
    for child, _ in first.children.values():  # as the kernel does with the children of a worker that is killed
        child.kill()
        child.wait()
    second = Converter()
    second.advance()
    assert not second.children, "it may still be alive"
    Upload.objects.filter(pk=upload.pk).update(seen_at=upload.created_at - timedelta(minutes=1))
    second.advance()
    Upload.objects.filter(pk=upload.pk).update(not_before=None)
    convert()
    upload.refresh_from_db()
    assert upload.state == "stored" and upload.attempts == 2


def test_a_child_that_is_killed_again_and_again_ends_in_a_refusal(actor, opened):
    upload = opened()
    send(actor, upload, CSV)
    converter = Converter()
    for _ in range(3):
        Upload.objects.filter(pk=upload.pk).update(not_before=None)
        converter.advance()
        for child, _before in converter.children.values():
            child.kill()
            child.wait()
        converter.advance()
    upload.refresh_from_db()
    assert upload.state == "refused" and upload.refusal["code"] == "conversion_failed"


def test_a_cancelled_conversion_stops_and_leaves_nothing(actor, opened, committed):
    upload = opened()
    send(actor, upload, CSV)
    converter = Converter()
    converter.advance()
    ((child, _),) = converter.children.values()
    committed(lambda: transfer.cancel_upload(actor, upload.key))
    converter.advance()
    assert child.poll() is not None and not converter.children
    assert list(incoming().iterdir()) == [] and not DatasetVersion.objects.exists()
    with pytest.raises(Refusal, match="upload_closed"):
        transfer.cancel_upload(actor, upload.key)


def test_who_lost_his_duty_meanwhile_stores_nothing(actor, opened):
    upload = opened()
    send(actor, upload, CSV)
    actor.membership.duties = ["analyst"]
    actor.membership.save()
    convert()
    upload.refresh_from_db()
    assert upload.state == "refused" and upload.refusal["code"] == "forbidden" and not DatasetVersion.objects.exists()


def test_an_abandoned_upload_expires_and_an_orphan_folder_goes(actor, opened, committed):
    upload = opened()
    send(actor, upload, CSV[:10])
    sweep()
    assert Upload.objects.get(pk=upload.pk).state == "receiving"
    Upload.objects.filter(pk=upload.pk).update(seen_at=upload.created_at - timedelta(hours=49))
    orphan = incoming() / "left"
    orphan.mkdir()
    os.utime(orphan, (0, 0))
    committed(sweep)
    assert Upload.objects.get(pk=upload.pk).state == "expired" and list(incoming().iterdir()) == []
    with pytest.raises(Refusal) as caught:
        send(actor, upload, CSV[10:], 10)
    assert caught.value.status == 410
    Upload.objects.filter(pk=upload.pk).update(seen_at=upload.created_at - timedelta(days=8))
    sweep()
    assert not Upload.objects.exists()


def test_a_second_sender_is_told_to_wait(actor, opened):
    upload = opened()
    with transfer._alone(upload), pytest.raises(Refusal) as caught:
        send(actor, upload, CSV)
    assert caught.value.status == 423 and Upload.objects.get(pk=upload.pk).offset == 0


def test_senders_never_take_all_threads(actor, opened):
    from contextlib import ExitStack

    uploads = [opened() for _ in range(5)]
    with ExitStack() as held:
        for upload in uploads[:4]:
            held.enter_context(transfer._alone(upload))
        with pytest.raises(Refusal) as caught:
            send(actor, uploads[4], CSV)
    assert caught.value.status == 503
    assert send(actor, uploads[4], CSV).state == "waiting"


def test_quota_counts_versions_and_what_is_announced(actor, dataset, opened, settings):
    settings.SHUGANG_VAULT_QUOTA_BYTES = len(CSV) + 100
    first = opened()
    with pytest.raises(Refusal, match="over_quota"):
        opened()
    with pytest.raises(Refusal, match="over_quota"):  # nor by the short way
        upload_version(actor, dataset.number, io.BytesIO(CSV.encode()), "a.csv")
    transfer.cancel_upload(actor, first.key)
    opened()


def test_too_many_uploads_and_too_large_ones_are_refused(actor, dataset, opened, settings):
    settings.SHUGANG_UPLOAD_MAX_BYTES = 5000
    with pytest.raises(Refusal, match="file_too_large"):
        transfer.open_upload(actor, dataset.number, "a.csv", 5001)
    for _ in range(transfer.OPEN_AT_ONCE):
        opened()
    before = Event.objects.count()
    with pytest.raises(Refusal, match="too_many_uploads"):
        opened()
    assert Event.objects.count() == before and len(list(incoming().iterdir())) == transfer.OPEN_AT_ONCE


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(actor, opened, monkeypatch):
    upload = opened()
    send(actor, upload, CSV[:100])

    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            raise OSError(28, "No space left on device")

    real = transfer._take
    monkeypatch.setattr(transfer, "_take", lambda upload, file, *rest: real(upload, Full(file), *rest))
    with pytest.raises(Refusal) as caught:
        send(actor, upload, CSV[100:], 100)
    assert caught.value.status == 507
    monkeypatch.undo()
    assert Upload.objects.get(pk=upload.pk).offset == 100
    assert send(actor, upload, CSV[100:], 100).state == "waiting" and stored(upload) == CSV.encode()


def test_no_room_for_the_conversion_waits_and_goes_on(actor, opened, monkeypatch):
    """The child may write no file as long as the result: what a full disk or RLIMIT_FSIZE tells it."""
    from shugang.delivery.vault import running

    upload = opened()
    send(actor, upload, CSV)
    real = running.json.dumps
    monkeypatch.setattr(running.json, "dumps", lambda body, **k: real({**body, "file_size": 500}, **k))
    convert()
    upload.refresh_from_db()
    assert upload.state == "waiting" and upload.refusal["code"] == "no_room" and stored(upload) == CSV.encode()
    monkeypatch.undo()
    convert()
    assert Upload.objects.get(pk=upload.pk).state == "waiting", "it waits some minutes"
    Upload.objects.filter(pk=upload.pk).update(not_before=None)
    convert()
    assert Upload.objects.get(pk=upload.pk).state == "stored"


# The protocol as a client speaks it.

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def client(actor, client):
    from shugang.parties.accounts.tokens import make_token

    _, token = make_token(actor, "upload", read_only=False)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def meta(**said):
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())


def announce(client, dataset, **more):
    headers = {
        **TUS,
        "Upload-Length": str(len(CSV)),
        "Upload-Metadata": meta(filename="a.csv", dataset=dataset.number, **more),
    }
    return client.post("/api/v1/uploads", b"", content_type="application/octet-stream", headers=headers)


def patch(client, address, data, offset, **headers):
    return client.generic(
        "PATCH",
        address,
        data,
        content_type="application/offset+octet-stream",
        headers={**TUS, "Upload-Offset": str(offset), **headers},
    )


def test_the_protocol_from_creation_to_termination(client, dataset):
    offer = client.options("/api/v1/uploads")
    assert offer.status_code == 204 and offer["Tus-Version"] == "1.0.0"
    assert set(offer["Tus-Extension"].split(",")) == {"creation", "checksum", "termination", "expiration"}
    assert "sha1" in offer["Tus-Checksum-Algorithm"] and int(offer["Tus-Max-Size"]) > 0
    made = announce(client, dataset, keys="v")
    assert made.status_code == 201 and made["Tus-Resumable"] == "1.0.0" and made["Upload-Expires"].endswith("GMT")
    address = made["Location"]
    data = CSV.encode()
    good = base64.b64encode(hashlib.sha1(data[:50]).digest()).decode()
    assert patch(client, address, data[:50], 0, **{"Upload-Checksum": "sha1 AAAA"}).status_code == 460
    first = patch(client, address, data[:50], 0, **{"Upload-Checksum": f"sha1 {good}"})
    assert (first.status_code, first["Upload-Offset"]) == (204, "50")
    assert patch(client, address, data[50:], 49).status_code == 409
    head = client.head(address, headers=TUS)
    assert (head.status_code, head["Upload-Offset"], head["Upload-Length"]) == (200, "50", str(len(data)))
    assert head["Cache-Control"] == "no-store"
    assert client.get(address).json()["state"] == "receiving"
    assert client.delete(address, headers=TUS).status_code == 204
    assert client.head(address, headers=TUS).status_code == 410
    assert patch(client, address, data[50:], 50).status_code == 410


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": ""}, 412),
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "9" * 30}, 400),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Metadata": "filename ***"}, 400),
        ({"Upload-Metadata": "filename"}, 404),
        ({"Upload-Metadata": ""}, 404),
    ],
)
def test_a_creation_that_makes_no_sense_is_refused(client, dataset, headers, status):
    given = {**TUS, "Upload-Length": "9", "Upload-Metadata": meta(filename="a.csv", dataset=dataset.number), **headers}
    answer = client.post("/api/v1/uploads", b"", content_type="application/octet-stream", headers=given)
    assert answer.status_code == status, answer.content
    assert not Upload.objects.exists()


def test_others_do_not_see_nor_touch_an_upload(client, dataset, opened):
    other = make_supplier()[1]
    upload = opened()
    for act in (
        lambda: transfer.own_upload(other, upload.key),
        lambda: transfer.cancel_upload(other, upload.key),
        lambda: send(other, upload, CSV),
    ):
        with pytest.raises(Refusal) as caught:
            act()
        assert caught.value.status == 404
    assert Upload.objects.get(pk=upload.pk).offset == 0 and stored(upload) == b""
