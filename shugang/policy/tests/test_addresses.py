"""Given an address in any disguise, when the platform would dial it, then only a public, approved one passes."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.addresses import AddressRefused, Rules, as_pair, check_ip, origin

PUBLIC = "93.184.216.34"

# Addresses that must never be dialled, whatever Python's flags say about them.
FORBIDDEN = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254",
    "100.100.100.200", "100.64.0.1", "192.0.0.192", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1",
    "192.0.2.1", "198.18.0.1", "192.88.99.1", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "ff0e::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::ffff:0:7f00:1",
    "::127.0.0.1", "::7f00:1", "2606:4700::5efe:127.0.0.1", "2606:4700::200:5efe:10.0.0.1", "2001:db8::1", "fe80::1%eth0",
]  # fmt: skip

# Spellings that resolvers accept as an IPv4 address.
DISGUISED = [
    "2130706433", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "0177.0x0.0.1", "127.0.0.01", "017700000001",
    "0x7f.0.0.1", "0X7F.1", "1.2.3.256", "127.0.0.1.", "3232235521", "0xa9fea9fe", "127.0.0.0x1", "0",
]  # fmt: skip

MALFORMED = [
    "http://user:pass@example.com/", "http://example.com@127.0.0.1/", "file:///etc/passwd", "gopher://example.com/",
    "http://exa mple.com/", "http://example.com\\@evil/", "http://ex\tample.com/", "http://[::1/", "http://", "//example.com",
    "http://%31%32%37.0.0.1/", "http://１２７.0.0.1/", "http://ⓔxample.com/", "http://-bad-.com/", "http://a..b/", "http://a.example./", "http://u:p@example.com:80/", "http://example.com#@127.0.0.1/x\\",
    "http://example.com:99999/", "http://[fe80::1%25eth0]/", "http://[v1.x]/",
]  # fmt: skip


# Those that even a plane inside a private network may not dial.
RESERVED = [
    "0.0.0.0", "169.254.169.254", "100.100.100.200", "192.0.0.192", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::",
    "fe80::1", "fec0::1", "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::7f00:1",
    "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1%eth0",
]  # fmt: skip


def _check(url, allow, found=(PUBLIC,), networks=()):
    where = origin(url)
    rules = Rules.of(allow, networks)
    rules.check_pair(where.host, where.port)
    return where, rules.check_all(found)


def _refused(*args, **more):
    with pytest.raises(AddressRefused) as caught:
        _check(*args, **more)
    assert caught.value.why.zh and caught.value.why.en


def test_an_allowed_public_name_passes():
    where, found = _check("https://data.example.com/x?y=1", ["Data.Example.com:443"])
    assert (where.host, where.port, where.path, found) == ("data.example.com", 443, "/x?y=1", [PUBLIC])


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_resolves_to_a_forbidden_address_is_refused(address):
    _refused("https://data.example.com/", ["data.example.com:443"], [address])
    _refused("https://data.example.com/", ["data.example.com:443"], [PUBLIC, address])


@pytest.mark.parametrize("host", DISGUISED)
def test_an_ipv4_address_in_disguise_is_refused_before_it_is_resolved(host):
    with pytest.raises(AddressRefused):
        origin(f"http://{host}/")
    with pytest.raises(AddressRefused):
        as_pair(f"{host}:80")
    with pytest.raises(AddressRefused):
        Rules(frozenset([f"{host}:80"]), Rules.of([], private=True).admitted).check_pair(host, 80)


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_or_foreign_url_is_refused(url):
    _refused(url, ["example.com:80"])


@pytest.mark.parametrize(
    "url", ["https://data.example.com:8443/", "https://other.example.com/", "https://example.com/"]
)
def test_host_and_port_must_both_be_allowed(url):
    _refused(url, ["data.example.com:443"])


@pytest.mark.parametrize("address", RESERVED)
def test_nothing_that_a_site_admits_opens_the_reserved_addresses(address):
    for rules in (Rules.of([], ["0.0.0.0/0", "::/0"]), Rules.of([], private=True)):
        with pytest.raises(AddressRefused):
            rules.check_all([address])
        with pytest.raises(AddressRefused):
            rules.check_all([PUBLIC, address])


def test_an_admitted_intranet_passes_and_its_neighbour_does_not():
    assert _check("http://10.1.2.3:8080/", ["10.1.2.3:8080"], ["10.1.2.3"], ["10.1.0.0/16"])[1] == ["10.1.2.3"]
    _refused("http://10.2.2.3:8080/", ["10.2.2.3:8080"], ["10.2.2.3"], ["10.1.0.0/16"])
    assert Rules.of([], private=True).check_all(["192.168.1.1", "fd00::1"])


def test_a_name_without_addresses_is_refused():
    _refused("https://data.example.com/", ["data.example.com:443"], [])
    _refused("https://data.example.com/", ["data.example.com:443"], ["not an address"])


@pytest.mark.parametrize(
    "text", ["", "a", "a:", ":80", "a:0", "a:65536", "a:b", "http://a:80", "a.:80", "u@a:80", "::1:80"]
)
def test_an_entry_of_the_allow_list_has_one_spelling(text):
    with pytest.raises(AddressRefused):
        as_pair(text)


def test_entries_are_compared_in_that_spelling():
    rules = Rules.of([" DB.example:5432 ", "[2606:4700::0:1111]:443"])
    rules.check_pair("db.EXAMPLE", 5432)
    rules.check_pair("2606:4700:0::1111", 443)
    assert rules.also("other.example:1").allow == rules.allow | {"other.example:1"}


@given(st.ip_addresses(v=4))
def test_every_non_global_ipv4_address_is_refused(address):
    if not address.is_global or address.is_multicast:
        with pytest.raises(AddressRefused):
            check_ip(address)


@given(st.ip_addresses(v=4), st.sampled_from(["64:ff9b::{}", "::ffff:{}", "::ffff:0:{}", "2606:4700::5efe:{}"]))
def test_no_ipv4_address_passes_inside_an_ipv6_one(inner, form):
    with pytest.raises(AddressRefused):
        Rules.of([], private=True).check_all([str(ip_address(form.format(inner)))])


@given(st.text(max_size=40))
def test_any_text_is_an_origin_or_a_refusal(text):
    try:
        where = origin(text)
    except AddressRefused:
        return
    assert where.scheme and where.host and 0 <= where.port < 65536 and as_pair(where.pair.replace(":0", ":1"))
