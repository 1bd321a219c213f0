"""One HTTP request to an address that a person typed, so that it can reach nothing but the public internet.

The name is looked up once for each hop, every address it has must be allowed, and the connection is made to
one of those very addresses: an answer that changes between look and connection changes nothing. Nothing
received is trusted for its size, its speed or its word. No cookie, no proxy, no credentials from elsewhere.
"""

import io
import socket
import ssl
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from queue import Empty, Queue
from threading import Thread
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from .addresses import Address, is_public, parse_address
from .troubles import CannotRead, Trouble

SECONDS = 10.0
BODY_LIMIT = 5_000_000
REDIRECT_LIMIT = 5

_DEFAULT_PORTS = {"https": 443, "http": 80}
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65_536
_ZIPPED = zlib.MAX_WBITS | 32
"""gzip or zlib, whichever its head says."""

_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
"""Some calendar hosts answer programs they do not know with an error of their own (Outlook's does)."""


def look_up(host: str, port: int) -> list[str]:
    """Every address of a name. Raises OSError; blocks as long as the resolver likes."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True)
class Reach:
    """What may be reached. Production has this one default; only tests, whose servers are at home, have
    others.
    """

    allows: Callable[[Address], bool] = is_public
    schemes: tuple[str, ...] = ("https",)
    ports: tuple[int, ...] | None = (443,)
    look_up: Callable[[str, int], list[str]] = look_up
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context


PUBLIC_WEB = Reach()


@dataclass(frozen=True, repr=False)
class Request:
    """`user` and `password` go to the first origin only."""

    url: str
    user: str = ""
    password: str = ""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, repr=False)
class Answer:
    """`status` is 2xx or 304; `body` is decompressed and whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(request: Request, reach: Reach, seconds: float = SECONDS) -> Answer:
    """Ask, following redirects, all of it within `seconds`. Raises CannotRead."""
    deadline = time.monotonic() + seconds
    first = here = _checked(request.url, reach)
    try:
        for _ in range(REDIRECT_LIMIT + 1):
            answer = _ask(request, here, reach, deadline, with_credentials=_origin(here) == _origin(first))
            if answer.status not in _REDIRECTS:
                return _judged(answer)
            here = _redirected(here, answer.headers.get("location", ""), reach)
    except TimeoutError as error:
        raise CannotRead(Trouble.TIMEOUT) from error
    except ssl.SSLCertVerificationError as error:
        raise CannotRead(Trouble.CERTIFICATE) from error
    except (OSError, HTTPException, zlib.error, ValueError) as error:
        raise CannotRead(Trouble.UNREACHABLE) from error
    raise CannotRead(Trouble.REDIRECTS)


def web_address(url: str) -> str:
    """`webcal://`, which calendar programs write, is https. Else as it is."""
    scheme, colon, rest = url.strip().partition(":")
    return f"https:{rest}" if colon and scheme.lower() in ("webcal", "webcals") else url.strip()


def _checked(url: str, reach: Reach) -> SplitResult:
    """Raises CannotRead for an address that is not to be asked, before anything is sent."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise CannotRead(Trouble.ADDRESS)
    try:
        parts = urlsplit(url)
        port = _port(parts)
    except ValueError as error:
        raise CannotRead(Trouble.ADDRESS) from error
    plain = parts.scheme in reach.schemes and parts.hostname and parts.username is None
    if not plain or (reach.ports is not None and port not in reach.ports):
        raise CannotRead(Trouble.ADDRESS)
    return parts


def _redirected(here: SplitResult, location: str, reach: Reach) -> SplitResult:
    there = _checked(urljoin(here.geturl(), location), reach)
    if here.scheme == "https" and there.scheme != "https":
        raise CannotRead(Trouble.ADDRESS)
    return there


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, _port(parts)


def _ask(
    request: Request, parts: SplitResult, reach: Reach, deadline: float, *, with_credentials: bool
) -> Answer:
    host = parts.hostname or ""
    addresses = _allowed_addresses(host, _port(parts), reach, deadline)
    headers = {
        "Host": parts.netloc,
        "User-Agent": _USER_AGENT,
        "Accept-Encoding": "gzip",
        "Connection": "close",
        **request.headers,
    }
    if request.user and with_credentials:
        pair = b64encode(f"{request.user}:{request.password}".encode())
        headers["Authorization"] = f"Basic {pair.decode()}"
    tls = reach.tls() if parts.scheme == "https" else None
    connection = _Connection(host, _port(parts), addresses, tls, deadline)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(request.method, target, body=request.body, headers=headers)
        response = connection.getresponse()
        body = b"" if response.status in _REDIRECTS else _body(response)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
    finally:
        connection.hang_up()


def _allowed_addresses(host: str, port: int, reach: Reach, deadline: float) -> list[str]:
    """Those of the name, if all of them may be reached. Raises CannotRead, OSError."""
    addresses = _looked_up(host, port, reach, deadline)
    for text in addresses:
        try:
            allowed = reach.allows(parse_address(text))
        except ValueError:
            allowed = False
        if not allowed:
            raise CannotRead(Trouble.ADDRESS)
    if not addresses:
        raise CannotRead(Trouble.UNREACHABLE)
    return addresses


def _looked_up(host: str, port: int, reach: Reach, deadline: float) -> list[str]:
    """In a thread of its own, since a resolver knows no time limit."""
    answers: Queue[list[str] | Exception] = Queue()

    def look() -> None:
        try:
            answers.put(reach.look_up(host, port))
        except Exception as error:
            answers.put(error)

    Thread(target=look, daemon=True).start()
    try:
        answer = answers.get(timeout=_left(deadline))
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _left(deadline: float) -> float:
    """Seconds until then. Raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Connection(HTTPConnection):
    """To one of these addresses, under the name they were looked up by, as long as there is time left."""

    def __init__(
        self, host: str, port: int, addresses: list[str], tls: ssl.SSLContext | None, deadline: float
    ) -> None:
        super().__init__(host, port)
        self._addresses, self._tls, self._deadline = addresses, tls, deadline
        self._plain: socket.socket | None = None

    def connect(self) -> None:
        self._plain = self._connected()
        if self._tls is not None:
            self._plain.settimeout(_left(self._deadline))
            self._plain = self._tls.wrap_socket(self._plain, server_hostname=self.host)
        self.sock = _TimedSocket(self._plain, self._deadline)

    def _connected(self) -> socket.socket:
        """The first that answers; none may use up the time of those after it."""
        *others, last = self._addresses
        for number, address in enumerate(others):
            share = _left(self._deadline) / (len(self._addresses) - number)
            with suppress(OSError):
                return socket.create_connection((address, self.port), timeout=share)
        return socket.create_connection((last, self.port), timeout=_left(self._deadline))

    def hang_up(self) -> None:
        self.close()
        if self._plain is not None:
            self._plain.close()


class _TimedSocket:
    """As much of a socket as http.client needs. A socket's own time-out begins anew with every octet, so
    that a server which sends one now and then would keep us for ever.
    """

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain, self._deadline = plain, deadline

    def sendall(self, data: bytes) -> None:
        self._plain.settimeout(_left(self._deadline))
        self._plain.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedStream(self._plain, self._deadline))

    def close(self) -> None:
        """Called as soon as the head is read; `hang_up` closes for good."""


class _TimedStream(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain, self._deadline = plain, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._plain.settimeout(_left(self._deadline))
        return self._plain.recv_into(buffer)


def _body(response: HTTPResponse) -> bytes:
    """Whole and decompressed, or CannotRead: half a calendar would free the other half's time."""
    zipped = response.headers.get("Content-Encoding", "identity").strip().lower()
    if zipped not in ("identity", "gzip", "x-gzip", "deflate"):
        raise CannotRead(Trouble.NOT_A_CALENDAR)
    unpack = zlib.decompressobj(_ZIPPED) if zipped != "identity" else None
    body, received = bytearray(), 0
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        body += unpack.decompress(chunk, BODY_LIMIT + 1 - len(body)) if unpack else chunk
        if max(received, len(body)) > BODY_LIMIT:
            raise CannotRead(Trouble.TOO_LARGE)
    if response.length or (unpack is not None and received and not unpack.eof):
        raise CannotRead(Trouble.UNREACHABLE)
    return bytes(body)


def _judged(answer: Answer) -> Answer:
    """Raises CannotRead for a status that brings nothing."""
    status = answer.status
    if 200 <= status < 300 or status == 304:
        return answer
    if status in (401, 403, 407):
        raise CannotRead(Trouble.SIGN_IN)
    if status == 429 or status >= 500:
        raise CannotRead(Trouble.SERVER)
    raise CannotRead(Trouble.NOT_FOUND)
