"""A host at home that says what a test tells it to, and a reach that lets it be asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from consult.calendaring.outside.addresses import Address
from consult.calendaring.outside.fetch import Reach

Page = Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that hangs up is what these tests are about."""


@dataclass
class Host:
    """`seen` are the requests it got, as (method, path, headers in lower case)."""

    port: int = 0
    pages: dict[str, Page] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://calendar.test:{self.port}"

    def says(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Its address, which answers so from now on; in names of headers _ stands for -."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in ({"Content_Length": str(len(body))} | headers).items():
                request.send_header(name.replace("_", "-"), value)
            request.end_headers()
            request.wfile.write(body)

        return self.does(path, answer)

    def does(self, path: str, page: Page) -> str:
        self.pages[path] = page
        return f"{self.url}{path}"


@contextmanager
def serving() -> Iterator[Host]:
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            host.seen.append(
                (self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
            )
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            page = host.pages.get(self.path)
            if page is None:
                self.send_error(404)
            else:
                page(self)

        do_GET = do_PROPFIND = do_REPORT = _any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

    server = _Server(("127.0.0.1", 0), Handler)
    host.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at_home(address: Address) -> bool:
    return str(address) == "127.0.0.1"


AT_HOME = Reach(
    allows=at_home,
    schemes=("http", "https"),
    ports=None,
    look_up=lambda name, _: ["10.0.0.7"] if name.startswith("inner") else ["127.0.0.1"],
)
"""This machine alone, whatever the name, but for names that begin with `inner`."""
