"""Many clients in one process, over plain sockets, so that the servers get as much of the machine as can be.

Each request has a connection of its own, since a synchronous worker closes it after the answer; that way all
servers are asked alike.
"""

import itertools
import select
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

_CHUNK = 1 << 18
_PATIENCE_MS = 30_000
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """`head` is the status line and headers, `seconds` from connecting to the last byte."""

    head: bytes
    body: bytes
    seconds: float

    @property
    def status(self) -> int:
        return int(self.head[9:12])

    def header(self, name: str) -> str:
        """The value of the first header of this name, empty when there is none."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return ""


@dataclass
class Window:
    """What came back within `seconds`, and how much of a core the asking itself took."""

    seconds: float = 0.0
    generator_share: float = 0.0
    answers: list[Answer] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.answers) / self.seconds

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    def slowest(self) -> float:
        return max(answer.seconds for answer in self.answers)

    def quantile(self, share: float) -> float:
        times = sorted(answer.seconds for answer in self.answers)
        return times[min(len(times) - 1, int(share * len(times)))]


def get(path: str, *, cookie: str = "", headers: Sequence[str] = ()) -> bytes:
    return _request("GET", path, cookie, headers, b"")


def post(
    path: str, pairs: Iterable[tuple[str, str]], *, cookie: str = "", headers: Sequence[str] = ()
) -> bytes:
    form = ("Content-Type: application/x-www-form-urlencoded", *headers)
    return _request("POST", path, cookie, form, urlencode(list(pairs)).encode())


def ask(port: int, request: bytes) -> Answer:
    return _ask(port, iter([request]), 1, None).answers[0]


def ask_for(port: int, requests: Sequence[bytes], *, clients: int, seconds: float) -> Window:
    """Ask again and again, in turn; what is answered within `seconds` counts, and one answer each."""
    return _ask(port, itertools.cycle(requests), clients, seconds)


def ask_all(port: int, requests: Sequence[bytes], *, clients: int) -> Window:
    """Each once, however long it takes. With as many clients as requests all are sent at one moment."""
    return _ask(port, iter(requests), clients, None)


def _request(method: str, path: str, cookie: str, headers: Sequence[str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class _Talk:
    """A request under way."""

    client: socket.socket
    begun: float
    received: bytearray = field(default_factory=bytearray)


class _Clients:
    """Open connections, and whatever they have sent back so far."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._poll = select.poll()
        self._talks: dict[int, _Talk] = {}

    def __bool__(self) -> bool:
        return bool(self._talks)

    def start(self, request: bytes) -> None:
        talk = _Talk(socket.socket(), time.perf_counter())
        talk.client.connect(self._address)
        talk.client.sendall(request)
        self._talks[talk.client.fileno()] = talk
        self._poll.register(talk.client, select.POLLIN)

    def finished(self) -> Iterator[tuple[bytes, float]]:
        """What was answered in full by now, with its seconds; waits for at least one to move."""
        ready = self._poll.poll(_PATIENCE_MS)
        if not ready:
            raise TimeoutError(f"{len(self._talks)} requests were not answered")
        for number, _ in ready:
            talk = self._talks[number]
            if part := talk.client.recv(_CHUNK):
                talk.received += part
                continue
            seconds = time.perf_counter() - talk.begun
            self._poll.unregister(number)
            talk.client.close()
            del self._talks[number]
            yield bytes(talk.received), seconds


def _ask(port: int, requests: Iterator[bytes], clients: int, seconds: float | None) -> Window:
    crowd, window, body = _Clients(port), Window(), b""
    began, worked = time.perf_counter(), time.process_time()
    for request in itertools.islice(requests, clients):
        crowd.start(request)
    while crowd:
        for received, took in crowd.finished():
            over = seconds is not None and time.perf_counter() - began > seconds
            if over and len(window.answers) >= clients:
                continue
            window.seconds = time.perf_counter() - began
            head, _, latest = received.partition(_END_OF_HEAD)
            # The same body again is not kept twice: a feed has megabytes.
            body = latest if latest != body else body
            window.answers.append(Answer(head, body, took))
            for request in itertools.islice(requests, 0 if over else 1):
                crowd.start(request)
    window.generator_share = (time.process_time() - worked) / (time.perf_counter() - began)
    return window
