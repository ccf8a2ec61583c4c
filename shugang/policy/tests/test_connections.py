"""Given an address that a party registers, then it is one of the known network places, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.addresses import AddressRefused, as_pair
from shugang.policy.connections import PURPOSES, Account, Connection, check_tables, place

GOOD = [
    ("postgresql://db.example.com/sales?tls=verify", "source", "db.example.com:5432"),
    ("mysql://db.example.com:3307/sales", "source", "db.example.com:3307"),
    ("s3+https://oss.example.com/bucket/a/b?region=cn-east-3", "source", "oss.example.com:443"),
    ("s3+https://oss.example.com/bucket?style=host", "target", "bucket.oss.example.com:443"),
    ("s3+http://10.1.2.3:9000/bucket", "target", "10.1.2.3:9000"),
    ("folder:///outbox-1", "target", ""),
    ("https://api.example.com/base/v1?auth=header&name=X-Api-Key", "source", "api.example.com:443"),
    ("https://api.example.com", "source", "api.example.com:443"),
    ("mqtts://broker.example.com", "source", "broker.example.com:8883"),
]
BAD = [
    "", "db.example.com", "postgresql://db.example.com", "postgresql://u:p@db.example.com/x", "sqlite:////etc/passwd",
    "folder:////etc", "mysql://127.1/x", "mysql://0x7f.1/x", "mysql://db.example.com./x", "mysql://db.example.com/x?ca=/etc/x",
    "mysql://db.example.com/x?tls=off", "mysql://db.example.com/x?tls=", "s3+https://oss.example.com/",
    "s3+https://oss.example.com/b/../c", "s3+https://oss.example.com/bucket/*", "s3+https://oss.example.com/bucket?region=A%20B",
    "http://oss.example.com/bucket", "https://h.example/a/../b", "https://h.example/?auth=header", "https://h.example/?name=x",
    "https://h.example/?auth=query&name=a%20b", "https://h.example/?auth=magic", "mqtt://h.example", "mqtts://h.example/x", "mysql://db.example.com/x y", "mysql://db.example.com/x#y", "mysql://[::1/x",
    "mysql://db.example.com:99999/x", "mysql://db%2eexample.com/x", "mysql://db.example.com/..%2fx",
]  # fmt: skip


@pytest.mark.parametrize(("url", "purpose", "pair"), GOOD)
def test_a_known_place_names_the_pair_that_is_dialled(url, purpose, pair):
    assert place(url, purpose).pair == pair


@pytest.mark.parametrize("url", BAD)
@pytest.mark.parametrize("purpose", PURPOSES)
def test_any_other_address_is_refused(url, purpose):
    with pytest.raises(AddressRefused):
        place(url, purpose)


def test_a_database_is_no_destination_and_a_folder_no_source():
    for url, purpose in (("mysql://db.example.com/x", "target"), ("folder:///outbox", "source")):
        with pytest.raises(AddressRefused):
            place(url, purpose)


@given(st.text(max_size=60), st.sampled_from(PURPOSES))
def test_any_text_is_a_place_or_refused(text, purpose):
    for url in (text, f"s3+https://{text}", f"mysql://db.example.com/{text}"):
        try:
            found = place(url, purpose)
        except AddressRefused:
            continue
        assert found.pair == "" or as_pair(found.pair) == found.pair


@pytest.mark.parametrize(
    "tables", [{}, {"a b": "x.csv"}, {"a": "../x.csv"}, {"a": "/x.csv"}, {"a": "x/**/y.csv"}, {"a": ""}]
)
def test_tables_of_a_store_have_plain_names_and_paths(tables):
    with pytest.raises(ValueError):
        check_tables(tables, "s3+https")
    check_tables({"a": "x/2026-*.csv"}, "s3+https")
    with pytest.raises(ValueError):
        check_tables({"a": "x.csv"}, "mysql")


@given(st.text(), st.text())
def test_an_account_and_a_connection_come_back_as_they_were(user, password):
    assert Account.from_bytes(Account(user, password).to_bytes()) == (user, password)
    made = Connection("CN-000001", "JG-000001", "source", "mysql://h/x", "s1.secret", {"a": "b"}, 3, "daily 02:00")
    assert Connection.from_json(made.to_json()) == made
    assert "s1.secret" not in repr(made)
