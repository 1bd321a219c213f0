"""An HTTP double served on this machine until a test is over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from werkzeug.serving import WSGIRequestHandler, make_server


class Served(Protocol):
    closing: threading.Event

    def app(self) -> Any: ...


Double = TypeVar("Double", bound=Served)


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object) -> None:
        """The double keeps a log of its own."""


@contextmanager
def serving(make: Callable[[str], Double], name: str, port: int = 0) -> Iterator[Double]:
    """What `make` makes of its address, answering on 127.0.0.1; on any free port unless told."""
    server = make_server("127.0.0.1", port, _not_yet, threaded=True, request_handler=_Quiet)
    double = make(f"http://127.0.0.1:{server.port}")
    server.app = double.app()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=name, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _not_yet(_environ: object, _start: object) -> list[bytes]:
    raise AssertionError("served before the double was there")
