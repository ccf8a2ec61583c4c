"""Masks made outside SQL: what they say, that they are joined in, and that nothing leaves without them."""

import hmac
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.lowering import lower_select
from shugang.policy.mask_catalogue import CATALOGUE
from shugang.policy.masks import apply_mask
from shugang.policy.pseudonyms import cipher, ff1_text, hmac_sm3, prepare_masks, sm3_token
from shugang.policy.terms import Mask, TermsError, describe, validate
from shugang.policy.tests.strategies import COLUMNS, KEY, KEYS, plain_terms

TOKEN = Mask("phone", "sm3_token", {"key_id": "k1"})
FF1 = Mask("phone", "ff1", {"key_id": "k1", "alphabet": "digits"})


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE source AS SELECT unnest(['16400000001', NULL, '', '12', '16400000001']) AS phone, 7 AS age"
    )
    yield con
    con.close()


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_hmac_is_that_of_rfc_2104(key: bytes, data: bytes) -> None:
    assert hmac_sm3(key, data) == hmac.digest(key, data, "sm3")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_masks_hide(value: str) -> None:
    token = sm3_token(value, KEY)
    assert len(token) == 32 and token != sm3_token(value, "f" * 64)
    masked = ff1_text(value, KEY, "digits")
    assert len(masked) == len(value)
    if set(masked) == {"*"}:
        assert not cipher(KEY, "digits").takes(value)
    elif value:
        assert cipher(KEY, "digits").decrypt(masked) == value


@pytest.mark.parametrize("mask", [TOKEN, FF1])
def test_they_are_joined_in_and_null_stays_null(db: duckdb.DuckDBPyConnection, mask: Mask) -> None:
    some = plain_terms(fields=("phone", "age"), masks=[mask])
    prepare_masks(db, "source", some, KEYS)
    sql, params = lower_select("source", COLUMNS, some, keys=KEYS)
    wanted = [apply_mask(mask, v, KEYS) for v in ("16400000001", None, "", "12", "16400000001")]
    assert wanted[1] is None and wanted[0] == wanted[4] != "16400000001"
    assert db.execute(sql, params).fetchall() == [(value, 7) for value in wanted]


@pytest.mark.parametrize("mask", [TOKEN, FF1])
def test_nothing_leaves_where_they_were_not_made(db: duckdb.DuckDBPyConnection, mask: Mask) -> None:
    some = plain_terms(fields=("phone",), masks=[mask])
    sql, params = lower_select("source", COLUMNS, some, keys=KEYS)
    with pytest.raises(duckdb.CatalogException):
        db.execute(sql, params)
    prepare_masks(db, "source", some, {})
    with pytest.raises(TermsError, match="no_token_key"):
        lower_select("source", COLUMNS, some, keys={})


def test_a_column_called_like_the_tables_own_is_not_mistaken() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE source AS SELECT '16400000001' AS raw, '16400000002' AS masked")
    columns = [{"name": "raw", "type": "string"}, {"name": "masked", "type": "string"}]
    both = [Mask(name, "ff1", {"key_id": "k1", "alphabet": "digits"}) for name in ("raw", "masked")]
    some = plain_terms(fields=("raw", "masked"), masks=both)
    prepare_masks(con, "source", some, KEYS)
    sql, params = lower_select("source", columns, some, keys=KEYS)
    wanted = tuple(ff1_text(value, KEY, "digits") for value in ("16400000001", "16400000002"))
    assert con.execute(sql, params).fetchall() == [wanted]


def test_terms_refer_to_the_catalogue_and_are_refused_outside_it() -> None:
    for mask in (TOKEN, FF1):
        assert Mask.from_json(mask.to_json()) == mask
        validate(plain_terms(masks=[mask]), COLUMNS)
        assert any(
            "SM3" in line.value.zh or "FF1" in line.value.zh for line in describe(plain_terms(masks=[mask]), "api")
        )
    with pytest.raises(TermsError):
        Mask.from_json({"column": "phone", "function": "ff1", "args": {"key_id": "k1", "alphabet": "emoji"}})
    with pytest.raises(TermsError, match="mask_misfit"):
        validate(plain_terms(fields=("born",), masks=[Mask("born", "ff1", dict(FF1.args))]), COLUMNS)


def test_every_function_is_explained_in_both_languages() -> None:
    assert all(f.title.zh and f.title.en and f.what.zh and f.what.en and f.families for f in CATALOGUE.values())
