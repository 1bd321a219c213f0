"""Which addresses a calendar may be read from: the traps one falls into, each by name."""

from ipaddress import ip_address

import pytest

from consult.calendaring.outside.addresses import is_public

PRIVATE = {
    "0.0.0.0": "this host",  # noqa: S104
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "100.64.0.1": "a carrier's customers",
    "100.127.255.254": "the last of them",
    "127.0.0.1": "loopback",
    "127.8.8.8": "loopback too",
    "169.254.169.254": "a cloud's metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "protocol assignments",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarks",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "this host",
    "::1": "loopback",
    "::127.0.0.1": "v4 compatible",
    "::ffff:127.0.0.1": "v4 mapped",
    "::ffff:8.8.8.8": "v4 mapped",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b::808:808": "NAT64",
    "64:ff9b:1::1": "local NAT64",
    "100::1": "discard",
    "2001::1": "Teredo",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "Teredo",
    "2001:20::1": "ORCHID",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "6to4 of loopback",
    "2002:c0a8:101::1": "6to4 of a private one",
    "3fff::1": "documentation",
    "5f00::1": "segment routing",
    "fc00::1": "unique local",
    "fd12:3456::1": "unique local",
    "fe80::1": "link-local",
    "fe80::1%1": "link-local with a zone",
    "2606:4700::1111%1": "public, but through one interface",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}

PUBLIC = ("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1")
PUBLIC_V6 = ("2606:4700:4700::1111", "2a00:1450:4001:830::200e", "2001:4860:4860::8888", "2620:fe::fe")


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_never_reached(address: str):
    assert not is_public(ip_address(address)), PRIVATE[address]


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_V6)
def test_what_is_public_may_be_reached(address: str):
    assert is_public(ip_address(address))
