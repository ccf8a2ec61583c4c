"""Given stored data, when somebody wants to see some of it, then he sees his own, or what terms allow."""

import pytest

from shugang.delivery.testing import make_actor, make_party, make_supplier, make_terms, make_version
from shugang.delivery.vault.queries import granted_sample, own_sample
from shugang.kernel.errors import Refusal
from shugang.policy.vocabulary import Mask, RowFilter

pytestmark = pytest.mark.django_db


def test_the_supplier_sees_his_first_rows():
    _, actor = make_supplier()
    version = make_version(actor)
    sample = own_sample(actor, version.dataset.number)
    assert sample.columns == ["prefix7", "province", "city", "carrier"]
    assert sample.rows[0] == ["1300000", "福建", "厦门", "移动"] and len(sample.rows) == 10


def test_the_supervisor_sees_no_rows_and_strangers_nothing():
    version = make_version()
    supervisor = make_actor(make_party("regulator"), ("supervisor",))
    assert own_sample(supervisor, version.dataset.number) is None
    with pytest.raises(Refusal, match="not_found"):
        own_sample(make_supplier()[1], version.dataset.number)


def test_terms_show_granted_columns_masked_and_filtered():
    version = make_version()
    terms = make_terms(
        ("prefix7", "city"),
        rows=(RowFilter("carrier", "eq", "联通"),),
        masks=(
            Mask("prefix7", "keep_ends", {"prefix": 3, "suffix": 0}),
            Mask("city", "sha256_token", {"key_id": "k1"}),
        ),
    )
    sample = granted_sample(version, terms, 3)
    assert sample.columns == ["prefix7", "city"]
    assert [row[0] for row in sample.rows] == ["130****"] * 3
    assert all(row[1] not in ("厦门", "福州", "泉州") for row in sample.rows)


def test_masks_made_outside_sql_are_made_for_a_sample_too():
    masks = (
        Mask("prefix7", "ff1", {"key_id": "k1", "alphabet": "digits"}),
        Mask("city", "sm3_token", {"key_id": "k1"}),
    )
    rows = granted_sample(make_version(), make_terms(("prefix7", "city"), masks=masks), 3).rows
    assert all(len(prefix) == 7 and prefix.isdigit() for prefix, _ in rows)
    assert not {prefix for prefix, _ in rows} & {"1300000", "1300001", "1300002"}
    assert all(len(city) == 32 for _, city in rows)
