"""Given an address in any disguise, when the platform would dial it, then only a public, approved one passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.connectors.guard import check_address, check_ip, origin
from shugang.kernel.errors import Refusal

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
    "0x7f.0.0.1", "1.2.3.256", "127.0.0.1.", "3232235521", "0xa9fea9fe", "127.0.0.0x1", "0",
]  # fmt: skip

MALFORMED = [
    "http://user:pass@example.com/", "http://example.com@127.0.0.1/", "file:///etc/passwd", "gopher://example.com/",
    "http://exa mple.com/", "http://example.com\\@evil/", "http://ex\tample.com/", "http://[::1/", "http://", "//example.com",
    "http://%31%32%37.0.0.1/", "http://１２７.0.0.1/", "http://ⓔxample.com/", "http://-bad-.com/", "http://a..b/",
    "http://example.com:99999/", "http://[fe80::1%25eth0]/", "http://[v1.x]/",
]  # fmt: skip


def _to(*addresses):
    return lambda host, port: addresses


def _refused(url, allow, resolve=None, networks=()):
    with pytest.raises(Refusal) as caught:
        check_address(url, allow, networks, resolve or _to(PUBLIC))
    assert caught.value.code == "address_refused"


def test_an_approved_public_name_is_pinned_to_its_address():
    found = check_address("https://data.example.com/x?y=1", ["https://data.example.com:443"], resolve=_to(PUBLIC))
    assert (found.host, found.port, found.address, found.path) == ("data.example.com", 443, PUBLIC, "/x?y=1")


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_resolves_to_a_forbidden_address_is_refused(address):
    _refused("https://data.example.com/", ["https://data.example.com"], _to(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_one_forbidden_address_among_good_ones_is_enough(address):
    _refused("https://data.example.com/", ["https://data.example.com"], _to(PUBLIC, address))


@pytest.mark.parametrize("host", DISGUISED)
def test_an_ipv4_address_in_disguise_is_refused_before_it_is_resolved(host):
    def never(host, port):
        raise AssertionError(f"{host} was resolved")

    _refused(f"http://{host}/", [f"http://{host}"], never)


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_or_foreign_url_is_refused(url):
    _refused(url, ["http://example.com"])


@pytest.mark.parametrize(
    "url", ["http://data.example.com/", "https://data.example.com:8443/", "https://other.example.com/"]
)
def test_scheme_host_and_port_must_all_be_approved(url):
    _refused(url, ["https://data.example.com:443"])


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "224.0.0.1", "64:ff9b::a00:1", "fe80::1"])
def test_no_network_that_the_operator_admits_opens_the_reserved_ones(address):
    _refused("https://db.gov.example/", ["https://db.gov.example"], _to(address), ["0.0.0.0/0", "::/0"])


def test_an_admitted_intranet_is_dialled():
    found = check_address("http://10.1.2.3:8080/", ["http://10.1.2.3:8080"], ["10.1.0.0/16"], _to("10.1.2.3"))
    assert found.address == "10.1.2.3"
    _refused("http://10.2.2.3:8080/", ["http://10.2.2.3:8080"], _to("10.2.2.3"), ["10.1.0.0/16"])


def test_an_unresolvable_name_is_refused():
    def fails(host, port):
        raise OSError("no such name")

    _refused("https://data.example.com/", ["https://data.example.com"], fails)
    _refused("https://data.example.com/", ["https://data.example.com"], _to())


@given(st.ip_addresses(v=4))
def test_every_non_global_ipv4_address_is_refused(address):
    if not address.is_global or address.is_multicast:
        with pytest.raises(Refusal):
            check_ip(address)


@given(st.text(max_size=40))
def test_any_text_is_an_origin_or_a_refusal(text):
    try:
        scheme, host, port, _ = origin(text)
    except Refusal:
        return
    assert scheme in {"http", "https", "postgresql"} and host and 0 <= port < 65536
