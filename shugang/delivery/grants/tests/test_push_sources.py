"""Given a push product, when its data has a new version, then the plane is told of the versions that were agreed."""

import io

import pytest

from shugang.delivery.grants import sources
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import SEGMENTS_CSV, make_credential, make_grant, make_plane, make_supplier, make_version
from shugang.delivery.vault.services import upload_version
from shugang.kernel.errors import Refusal
from shugang.policy.sources import PushSource

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("versions", "told"), [("this", 1), ("later", 2)])
def test_later_versions_are_pushed_only_where_that_was_agreed(versions, told):
    plane, _ = make_plane()
    supplier = make_supplier()[1]
    version = make_version(supplier)
    grant = make_grant(version, mode="push", source=sources.push_source(version, versions))
    assert make_credential(grant)[0].kind == "api_key"
    before = Plane.objects.get(pk=plane.pk).revision
    upload_version(
        supplier,
        version.dataset.number,
        io.BytesIO((SEGMENTS_CSV + "1399999,福建,厦门,联通\n").encode()),
        "segments.csv",
    )
    (compiled,) = compile_bundle(plane).grants
    assert isinstance(compiled.source, PushSource)
    assert (compiled.mode, compiled.source.version) == ("push", told)
    assert (Plane.objects.get(pk=plane.pk).revision > before) == (versions == "later")


def test_connected_data_and_all_versions_are_no_push():
    version = make_version()
    with pytest.raises(Refusal, match="unknown_versions"):
        sources.push_source(version, "all")
    version.path = ""
    with pytest.raises(Refusal, match="not_hosted"):
        sources.push_source(version)
