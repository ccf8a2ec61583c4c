"""Which versions of the data reach a grant: those that its contract covers, and no others."""

import io
import json

import pytest

from shugang.delivery.grants import sources
from shugang.delivery.grants.services import end_grant
from shugang.delivery.planes.bundles import signed_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import SEGMENTS_CSV, make_grant, make_plane, make_supplier, make_version
from shugang.delivery.vault.services import upload_version
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal

pytestmark = [pytest.mark.django_db, pytest.mark.both]
MORE = SEGMENTS_CSV + "1400000,福建,厦门,移动\n"
OTHER = "prefix7,province,city\n1300000,福建,厦门\n"


def another(actor, version, text):
    return upload_version(actor, version.dataset.number, io.BytesIO(text.encode()), "segments.csv")


def told(plane):
    """What the plane reads of its one grant: its versions, the newest last, and the source itself."""
    source = json.loads(signed_bundle(plane).split(b"\n", 2)[2])["grants"][0]["source"]
    return [*(state["version"] for state in source.get("history", [])), source["version"]], source


def revision(plane):
    return Plane.objects.get(pk=plane.pk).revision


@pytest.mark.parametrize(
    ("versions", "first", "reached", "moves"),
    [("this", 2, [2], 0), ("later", 2, [2, 3, 5], 2), ("all", 2, [1, 2, 3, 5], 2)],
)
def test_a_grant_reads_the_versions_that_are_agreed(versions, first, reached, moves):
    # given two versions of which the second is traded
    plane, _ = make_plane()
    actor = make_supplier()[1]
    old = make_version(actor)
    named = another(actor, old, MORE)
    make_grant(named, source=sources.table_source(named, "s", "c", "t", versions))
    before = revision(plane)
    # when a third comes, then one of another shape, then one more
    third = another(actor, old, MORE + "1400001,福建,泉州,联通\n")
    after_third = revision(plane)
    another(actor, old, OTHER)
    newest = another(actor, old, MORE + "1400002,福建,泉州,联通\n")
    # then only those of the agreed scope and shape are read
    numbers, source = told(plane)
    assert numbers == reached
    assert revision(plane) - before == (3 if moves else 0) and after_third - before == (1 if moves else 0)
    expected = newest if moves else named
    assert (source["path"], source["sha256"]) == (expected.path, expected.sha256)
    if moves:
        assert source["history"][-1]["sha256"] == third.sha256


def test_an_ended_grant_moves_no_plane():
    plane, _ = make_plane()
    actor = make_supplier()[1]
    version = make_version(actor)
    grant = make_grant(version, source=sources.table_source(version, "s", "c", "t", "later"))
    end_grant(SYSTEM, grant.number, "已终止")
    before = revision(plane)
    another(actor, version, MORE)
    assert revision(plane) == before


@pytest.mark.parametrize(
    ("options", "code"), [({"versions": "some"}, "unknown_versions"), ({"partition": ["nothing"]}, "no_such_column")]
)
def test_a_scope_or_partition_that_means_nothing_is_refused(options, code):
    with pytest.raises(Refusal, match=code):
        sources.table_source(make_version(), "s", "c", "t", **options)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("空气 质量", "空气 质量"), ("../a/b\x00", "a_b"), ("...", "data"), ("x" * 200, "x" * 80), ("", "data")],
)
def test_names_of_files_are_those_of_files(given, kept):
    name = sources.file_name(given)
    assert name == kept and "/" not in name
