"""A request to an address somebody typed reaches the public internet or nothing, and ends in time."""

import gzip
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from consult.calendaring.outside.addresses import is_public
from consult.calendaring.outside.fetch import BODY_LIMIT, Reach, Request, fetch, look_up, web_address
from consult.calendaring.outside.troubles import CannotRead, Trouble

from .hosting import Host

A_MOMENT = 0.3


def trouble(url: str, reach: Reach, seconds: float = 5) -> Trouble:
    with pytest.raises(CannotRead) as refusal:
        fetch(Request(url), reach, seconds)
    return refusal.value.trouble


class TestAddress:
    @pytest.mark.parametrize(
        "url",
        [
            "http://calendar.example.org/x.ics",
            "ftp://calendar.example.org/x.ics",
            "file:///etc/passwd",
            "https://calendar.example.org:22/x.ics",
            "https://calendar.example.org:8443/x.ics",
            "https://calendar.example.org:99999/",
            "https://user:word@calendar.example.org/",
            "https://@calendar.example.org/",
            "https:///x.ics",
            "https://calendar.example.org/a b",
            "https://calendar.example.org/\r\nHost: x",
            "https://kalénder.example.org/",
            "https://[::1/",
            "calendar.example.org",
            "",
        ],
    )
    def test_only_plain_https_on_its_own_port_is_asked(self, url: str):
        def look_up(name: str, port: int) -> list[str]:
            raise AssertionError("it was looked up")

        assert trouble(url, Reach(look_up=look_up)) is Trouble.ADDRESS

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://0x7f.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://127.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://0xa9fea9fe/",
            "https://0/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://localhost/",
        ],
    )
    def test_a_literal_address_at_home_is_refused_however_it_is_written(self, url: str):
        assert trouble(url, Reach()) is Trouble.ADDRESS

    def test_webcal_is_https(self):
        assert web_address(" webcal://example.org/a.ics ") == "https://example.org/a.ics"
        assert web_address("WEBCAL://example.org/a.ics") == "https://example.org/a.ics"
        assert web_address("https://example.org/webcal") == "https://example.org/webcal"

    def test_one_private_address_among_public_ones_refuses_them_all(self, host: Host, reach: Reach):
        both = replace(reach, look_up=lambda *_: ["127.0.0.1", "10.0.0.1"])
        assert trouble(host.says("/a", b"x"), both) is Trouble.ADDRESS
        assert host.seen == []

    def test_the_address_that_was_checked_is_the_one_connected_to(self, host: Host, reach: Reach):
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])
        rebinding = replace(reach, look_up=lambda *_: next(answers))
        assert fetch(Request(host.says("/a", b"x")), rebinding, 5).body == b"x"
        assert host.seen[0][2]["host"] == f"calendar.test:{host.port}"

    def test_what_a_resolver_makes_up_is_refused(self, host: Host, reach: Reach):
        assert trouble(host.url, replace(reach, look_up=lambda *_: ["not an address"])) is Trouble.ADDRESS
        assert trouble(host.url, replace(reach, look_up=lambda *_: [])) is Trouble.UNREACHABLE

    def test_a_name_nobody_knows_and_a_port_nobody_listens_on_are_unreachable(self, reach: Reach):
        def unknown(name: str, port: int) -> list[str]:
            raise OSError

        assert trouble("http://calendar.test:1/", replace(reach, look_up=unknown)) is Trouble.UNREACHABLE
        assert trouble("http://calendar.test:1/", reach) is Trouble.UNREACHABLE

    def test_an_address_that_does_not_answer_is_passed_over(self, host: Host, reach: Reach):
        two = replace(reach, allows=lambda _: True, look_up=lambda *_: ["127.0.0.9", "127.0.0.1"])
        assert fetch(Request(host.says("/a", b"x")), two, 5).body == b"x"


class TestRedirects:
    def test_it_follows_up_to_five_and_checks_each(self, host: Host, reach: Reach):
        for number in range(6):
            host.says(f"/{number}", b"", 302, Location=f"/{number + 1}")
        host.says("/6", b"x")
        assert fetch(Request(f"{host.url}/1"), reach, 5).body == b"x"
        assert trouble(f"{host.url}/0", reach) is Trouble.REDIRECTS

    @pytest.mark.parametrize(
        "place",
        [
            "http://inner.test:{}/",
            "file:///etc/passwd",
            "//inner.test/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]:{}/",
            "http://2130706433:{}/",
            "http://0177.0.0.1:{}/",
            "http://169.254.169.254/latest/meta-data/",
            "http://user:word@calendar.test:{}/",
            "/é",
        ],
    )
    def test_it_does_not_follow_to_where_it_may_not_go(self, host: Host, reach: Reach, place: str):
        """The host itself passes for public, but only until it has answered."""
        named = {"calendar.test": ["127.0.0.1"], "inner.test": ["10.0.0.7"]}
        private = replace(
            reach,
            look_up=lambda name, port: named.get(name) or look_up(name, port),
            allows=lambda address: is_public(address) or not host.seen,
        )
        url = host.says("/a", b"", 301, Location=place.format(host.port))
        assert trouble(url, private) is Trouble.ADDRESS
        assert len(host.seen) == 1

    def test_a_redirect_to_itself_ends(self, host: Host, reach: Reach):
        assert trouble(host.says("/a", b"", 302, Location="/a"), reach) is Trouble.REDIRECTS
        assert len(host.seen) == 6

    def test_an_answer_that_changes_between_hops_is_checked_at_each(self, host: Host, reach: Reach):
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])
        rebinding = replace(reach, look_up=lambda *_: next(answers))
        assert trouble(host.says("/a", b"", 302, Location="/b"), rebinding) is Trouble.ADDRESS
        assert len(host.seen) == 1

    def test_credentials_go_to_the_first_origin_only(self, host: Host, reach: Reach):
        host.says("/a", b"", 307, Location="/b")
        host.says("/b", b"", 308, Location=f"http://other.test:{host.port}/c")
        host.says("/c", b"x", Set_Cookie="a=b")
        fetch(Request(f"{host.url}/a", "olivia", "s3cret"), reach, 5)
        assert ["authorization" in headers for _, _, headers in host.seen] == [True, True, False]
        assert [headers for _, _, headers in host.seen if "cookie" in headers] == []

    def test_it_looks_like_a_browser(self, host: Host, reach: Reach):
        """Outlook answers programs it does not know with 500."""
        fetch(Request(host.says("/a", b"x")), reach, 5)
        assert host.seen[0][2]["user-agent"].startswith("Mozilla/5.0")


class TestAnswer:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (401, Trouble.SIGN_IN),
            (403, Trouble.SIGN_IN),
            (404, Trouble.NOT_FOUND),
            (410, Trouble.NOT_FOUND),
            (429, Trouble.SERVER),
            (503, Trouble.SERVER),
        ],
    )
    def test_a_status_is_a_kind_of_trouble(self, host: Host, reach: Reach, status: int, kind: Trouble):
        assert trouble(host.says("/a", b"secret words", status), reach) is kind

    def test_a_body_too_large_is_left(self, host: Host, reach: Reach):
        assert len(fetch(Request(host.says("/a", b"x" * BODY_LIMIT)), reach).body) == BODY_LIMIT
        assert trouble(host.says("/b", b"x" * (BODY_LIMIT + 1)), reach) is Trouble.TOO_LARGE

    def test_a_body_that_grows_when_it_is_unpacked_is_left(self, host: Host, reach: Reach):
        zipped = gzip.compress(b"\0" * 10 * BODY_LIMIT)
        assert len(zipped) < BODY_LIMIT / 50
        assert trouble(host.says("/a", zipped, Content_Encoding="gzip"), reach) is Trouble.TOO_LARGE

    def test_a_zipped_body_is_unpacked(self, host: Host, reach: Reach):
        url = host.says("/a", gzip.compress(b"x" * 1000), Content_Encoding="gzip")
        assert fetch(Request(url), reach).body == b"x" * 1000

    def test_a_packing_nobody_asked_for_is_no_calendar(self, host: Host, reach: Reach):
        assert trouble(host.says("/a", b"x", Content_Encoding="br"), reach) is Trouble.NOT_A_CALENDAR

    @pytest.mark.parametrize("encoding", ["identity", "gzip"])
    def test_half_a_body_is_none(self, host: Host, reach: Reach, encoding: str):
        whole = gzip.compress(bytes(range(256)) * 99) if encoding == "gzip" else b"x" * 999
        sent = whole[:-10]
        promised = {"Content_Length": str(len(whole if encoding == "identity" else sent))}
        url = host.says("/a", sent, Content_Encoding=encoding, **promised)
        assert trouble(url, reach) is Trouble.UNREACHABLE

    @pytest.mark.parametrize("part", ["status", "header", "body"])
    def test_a_server_that_sends_a_little_now_and_then_is_left(self, host: Host, reach: Reach, part: str):
        gone = threading.Event()

        def drip(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(
                {"status": b"H", "header": b"HTTP/1.1 200 OK\r\nA: b", "body": b"HTTP/1.1 200 OK\r\n\r\n"}[
                    part
                ]
            )
            try:
                while not gone.wait(A_MOMENT / 10):
                    request.wfile.write(b"T")
                    request.wfile.flush()
            except OSError:
                return

        try:
            assert trouble(host.does("/a", drip), reach, A_MOMENT) is Trouble.TIMEOUT
        finally:
            gone.set()

    def test_a_resolver_that_does_not_answer_is_left(self, reach: Reach):
        answered = threading.Event()

        def silent(name: str, port: int) -> list[str]:
            answered.wait()
            return ["127.0.0.1"]

        try:
            assert trouble("http://a.test/", replace(reach, look_up=silent), A_MOMENT) is Trouble.TIMEOUT
        finally:
            answered.set()

    @pytest.mark.parametrize(
        "chunks", [b"-5\r\nabc\r\n0\r\n\r\n", b"f" * 20 + b"\r\nabc", b"5\r\nabc", b"x\r\n", b"f" * 70_000]
    )
    def test_pieces_of_impossible_lengths_are_no_answer(self, host: Host, reach: Reach, chunks: bytes):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        url = host.does("/a", lambda request: request.wfile.write(head + chunks) and None)
        assert trouble(url, reach) is Trouble.UNREACHABLE

    def test_headers_without_end_and_promises_without_end_are_left(self, host: Host, reach: Reach):
        many = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10_000
        url = host.does("/a", lambda request: request.wfile.write(many) and None)
        assert trouble(url, reach) is Trouble.UNREACHABLE
        wait = b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000
        url = host.does("/b", lambda request: request.wfile.write(wait) and None)
        assert trouble(url, reach) is Trouble.UNREACHABLE

    def test_what_is_no_http_is_unreachable(self, host: Host, reach: Reach):
        url = host.does("/a", lambda request: request.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n") and None)
        assert trouble(url, reach) is Trouble.UNREACHABLE


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calendar.test")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("calendar.test")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path / "host.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path

    @pytest.fixture
    def secure(self, certificate: Path) -> Iterator[tuple[int, list[str | None]]]:
        """Port, and the names asked for in the handshake."""
        asked: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                try:
                    with plain, context.wrap_socket(plain, server_side=True) as channel:
                        channel.recv(4096)
                        channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
                except OSError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()

    def test_a_handshake_that_never_ends_is_left(self, reach: Reach):
        """Longer than it is waited for, the other side would hang up of itself."""
        done = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as silent:

            def answer_nothing() -> None:
                with silent.accept()[0]:
                    done.wait(10 * A_MOMENT)

            thread = threading.Thread(target=answer_nothing)
            thread.start()
            try:
                url = f"https://calendar.test:{silent.getsockname()[1]}/"
                assert trouble(url, reach, A_MOMENT) is Trouble.TIMEOUT
            finally:
                done.set()
                thread.join()

    def test_the_certificate_is_that_of_the_name_though_an_address_is_connected_to(
        self, secure: tuple[int, list[str | None]], certificate: Path, reach: Reach
    ):
        port, asked = secure
        trusting = replace(reach, tls=lambda: ssl.create_default_context(cafile=str(certificate)))
        assert fetch(Request(f"https://calendar.test:{port}/"), trusting, 5).body == b"x"
        assert trouble(f"https://other.test:{port}/", trusting) is Trouble.CERTIFICATE
        assert trouble(f"https://calendar.test:{port}/", reach) is Trouble.CERTIFICATE
        assert asked == ["calendar.test", "other.test", "calendar.test"]
