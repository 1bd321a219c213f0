"""The real application on a port of this machine, and visitors with a real browser.

Chromium comes from the system (`apt-get install chromium`); nothing is downloaded. The browser can reach no
address but 127.0.0.1.
"""

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from pytest_playwright.pytest_playwright import CreateContextCallback
from werkzeug.serving import WSGIRequestHandler, make_server

from consult.app import create_app
from consult.deps import deps
from consult.settings import Settings
from tests.browser.visitor import PATIENCE_MS, THERAPIST_PASSWORD, Visitor

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first. Besides, Playwright keeps an event loop running in this thread to the end, where no
    test after it could run one of its own.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium")
    if path is not None:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail("CI must run the browser tests, and there is no `chromium` on the PATH", pytrace=False)
    pytest.skip("there is no `chromium` on the PATH")


@pytest.fixture(scope="session")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demonstration practice, served, by the real clock: its free times lie ahead."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        app = _practice(tmp_path_factory.mktemp("site"), f"http://127.0.0.1:{port}")
        server = make_server(
            "127.0.0.1", port, app, threaded=True, request_handler=_Quiet, fd=listening.fileno()
        )
        thread = Thread(target=server.serve_forever, name="site")
        thread.start()
        yield app
        server.shutdown()
        thread.join()
        server.server_close()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture(scope="session")
def base_url(site: Flask) -> str:
    with site.app_context():
        return deps().settings.public_url


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium: str, base_url: str
) -> dict[str, Any]:
    """The site is asked for only so that it outlives the browser, which then leaves no connection open."""
    return browser_type_launch_args | {
        "executable_path": chromium,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ],
    }


@pytest.fixture
def photos(request: pytest.FixtureRequest) -> Path:
    """An empty folder under build/screenshots, named for the test."""
    folder = SCREENSHOTS / re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def new_visitor(
    base_url: str, new_context: CreateContextCallback, photos: Path
) -> Iterator[Callable[..., Visitor]]:
    """Makes people with a browser of their own: on a phone in Los Angeles unless told otherwise."""
    visitors: list[Visitor] = []

    def make(*, scripts: bool = True, width: int = 390, zone: str = "America/Los_Angeles") -> Visitor:
        context = new_context(
            java_script_enabled=scripts,
            viewport={"width": width, "height": 844},
            timezone_id=zone,
            locale="en-US",
            has_touch=True,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        visitors.append(Visitor(context.new_page(), base_url, photos, scripts=scripts))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.check_faults()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """A secret address must not be printed, here neither."""


def _practice(folder: Path, address: str) -> Flask:
    """What `make run` makes: a migrated database with the demonstration in it."""
    app = create_app(
        Settings.from_environ(
            {
                "CONSULT_DATA": str(folder),
                "PUBLIC_URL": address,
                "DEMO_THERAPIST_PASSWORD": THERAPIST_PASSWORD,
            }
        )
    )
    with app.app_context():
        for command in (["db", "upgrade"], ["seed-demo"]):
            app.test_cli_runner().invoke(args=command, catch_exceptions=False)
    return app
