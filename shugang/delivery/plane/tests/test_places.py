"""The address of a caller, and the term that names where requests may come from."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane.places import address, caller, inside, networks


class _Headers:
    def __init__(self, forwarded: list[str]) -> None:
        self._forwarded = forwarded

    def get_all(self, name: str) -> list[str]:
        assert name == "x-forwarded-for"
        return self._forwarded


def request(client: str, *forwarded: str) -> SimpleNamespace:
    return SimpleNamespace(client=client, headers=_Headers(list(forwarded)))


@pytest.mark.parametrize(
    ("client", "forwarded", "found"),
    [
        ("192.0.2.7:40000", [], "192.0.2.7"),
        ("[2001:db8::5]:40000", [], "2001:db8::5"),
        ("[::ffff:192.0.2.7]:40000", [], "192.0.2.7"),
        # A caller who is no proxy of ours may write what he likes.
        ("192.0.2.7:40000", ["203.0.113.9"], "192.0.2.7"),
        ("10.0.0.1:40000", ["203.0.113.9"], "203.0.113.9"),
        # The caller's own inventions stand left of what our proxies appended.
        ("10.0.0.1:40000", ["203.0.113.9, 198.51.100.4"], "198.51.100.4"),
        ("10.0.0.1:40000", ["203.0.113.9", "198.51.100.4, 10.0.0.2"], "198.51.100.4"),
        ("10.0.0.1:40000", ["203.0.113.9, nonsense"], None),
        ("10.0.0.1:40000", [], None),
        ("", [], None),
    ],
)
def test_the_caller_is_the_first_address_from_the_end_that_is_no_proxy_of_ours(client, forwarded, found) -> None:
    trusted = networks(["10.0.0.0/8"])
    assert caller(request(client, *forwarded), trusted) == (address(found) if found else None)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_none_and_none_is_inside_nothing(text: str) -> None:
    found = address(text)
    assert inside(found, networks(["0.0.0.0/0", "::/0"])) == (found is not None)


def test_networks_in_another_form_are_refused() -> None:
    with pytest.raises(ValueError):
        networks(["192.0.2.1/24"])
