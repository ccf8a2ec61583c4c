"""FF1 against NIST's own samples, its inverse, the column form against the plain one, and what it refuses."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.ff1 import FF1, LONGEST, DomainError, minimum_length
from shugang.policy.mask_catalogue import ALPHABETS, DIGITS

KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94")
SHORT, LONG = "0123456789", "0123456789abcdefghi"
DECIMAL_TWEAK, BASE_36_TWEAK = b"9876543210", bytes.fromhex("3737373770717273373737")
# NIST, FF1samples.pdf, samples 1 to 9: key bytes, alphabet, tweak, plain, cipher.
SAMPLES = [
    (16, "digits", b"", SHORT, "2433477484"),
    (16, "digits", DECIMAL_TWEAK, SHORT, "6124200773"),
    (16, "lower", BASE_36_TWEAK, LONG, "a9tv40mll9kdu509eum"),
    (24, "digits", b"", SHORT, "2830668132"),
    (24, "digits", DECIMAL_TWEAK, SHORT, "2496655549"),
    (24, "lower", BASE_36_TWEAK, LONG, "xbj3kv35jrawxv32ysr"),
    (32, "digits", b"", SHORT, "6657667009"),
    (32, "digits", DECIMAL_TWEAK, SHORT, "1001623463"),
    (32, "lower", BASE_36_TWEAK, LONG, "xs8a0azh2avyalyzuwd"),
]


@pytest.mark.parametrize(("size", "alphabet", "tweak", "plain", "secret"), SAMPLES)
def test_the_samples_of_nist(size: int, alphabet: str, tweak: bytes, plain: str, secret: str) -> None:
    ff1 = FF1(KEY[:size], ALPHABETS[alphabet], tweak)
    assert ff1.encrypt(plain) == secret
    assert ff1.decrypt(secret) == plain
    assert ff1.encrypt_column(pa.array([plain])).to_pylist() == [secret]
    assert ff1.decrypt_column(pa.array([secret])).to_pylist() == [plain]


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, list[str | None]]:
    name = draw(st.sampled_from(sorted(ALPHABETS)))
    inside = st.text(ALPHABETS[name], min_size=1, max_size=40)
    anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    return name, draw(st.lists(st.none() | inside | anything, max_size=12))


@settings(max_examples=150, deadline=None)
@given(columns(), st.binary(max_size=20))
def test_a_column_is_encrypted_like_its_texts_and_comes_back(
    column: tuple[str, list[str | None]], tweak: bytes
) -> None:
    name, texts = column
    ff1 = FF1(KEY, ALPHABETS[name], tweak)
    secret = ff1.encrypt_column(pa.array(texts, pa.string()))
    taken = [text is not None and ff1.takes(text) for text in texts]
    assert secret.to_pylist() == [
        ff1.encrypt(t) if t is not None and ok else None for t, ok in zip(texts, taken, strict=True)
    ]
    back = ff1.decrypt_column(secret).to_pylist()
    assert back == [text if ok else None for text, ok in zip(texts, taken, strict=True)]


@given(st.sampled_from(sorted(ALPHABETS)), st.data())
def test_the_form_is_kept(name: str, data: st.DataObject) -> None:
    text = data.draw(st.text(ALPHABETS[name], min_size=6, max_size=30))
    secret = FF1(KEY, ALPHABETS[name]).encrypt(text)
    assert len(secret) == len(text) and set(secret) <= set(ALPHABETS[name])


def test_it_is_a_permutation() -> None:
    ff1 = FF1(KEY)
    plain = pa.array([f"{n:06}" for n in range(0, 1_000_000, 7)])
    secret = ff1.encrypt_column(plain)
    assert len(secret.unique()) == len(plain)
    assert ff1.decrypt_column(secret).equals(plain)


@pytest.mark.parametrize(("radix", "length"), [(2, 20), (10, 6), (36, 4), (62, 4), (1000, 2)])
def test_the_smallest_domain_holds_a_million(radix: int, length: int) -> None:
    assert minimum_length(radix) == length and radix**length >= 1_000_000 > radix ** (length - 1) * (length > 2)


@pytest.mark.parametrize("text", ["", "12345", "12345a", "１２３４５６", "1" * (LONGEST + 1), "123456\n"])
def test_what_is_refused_by_name(text: str) -> None:
    ff1 = FF1(KEY)
    for work in (ff1.encrypt, ff1.decrypt):
        with pytest.raises(DomainError, match="6 to 128 signs"):
            work(text)
    assert ff1.encrypt_column(pa.array([text])).to_pylist() == [None]


def test_alphabets_without_sense_are_refused() -> None:
    for alphabet in ("", "0", "00"):
        with pytest.raises(ValueError, match="different signs"):
            FF1(KEY, alphabet)


def test_columns_in_pieces_and_empty_ones() -> None:
    ff1 = FF1(KEY, DIGITS)
    pieces = pa.chunked_array([["123456", None], ["1234567890123456789"]])
    assert ff1.encrypt_column(pieces).to_pylist() == [ff1.encrypt("123456"), None, ff1.encrypt("1234567890123456789")]
    assert ff1.encrypt_column(pa.array([], pa.string())).to_pylist() == []
