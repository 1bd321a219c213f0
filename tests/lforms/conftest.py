"""LHC-Forms, another maker's renderer of FHIR forms, in a real browser.

Its npm package holds the built web component; npm brings it once, into build/lforms. Where npm or Chromium is
missing, or npm cannot reach a registry, these tests are skipped and say so.
"""

import functools
import http.server
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, Playwright

from tests.npm_package import npm_package

VERSION = "40.1.3"
INTEGRITY = "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ=="
_COMPONENT = "package/dist/lforms/"
_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Form</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="webcomponent/styles.css">
<div id="form"></div>
<script src="webcomponent/assets/lib/zone.min.js"></script>
<script src="webcomponent/lhc-forms.js"></script>
<script src="fhir/R4/lformsFHIR.min.js"></script>
"""
_PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def component() -> Path:
    """The folder with the built web component and a page that shows a form."""
    if shutil.which("chromium") is None:
        pytest.skip("there is no `chromium` on the PATH")
    return npm_package("lforms", VERSION, INTEGRITY, _unpack)


def _unpack(package: Path, folder: Path) -> None:
    unfinished = folder.with_suffix(".part")
    with tarfile.open(package) as archive:
        wanted = [
            member
            for member in archive.getmembers()
            if member.name.startswith((f"{_COMPONENT}webcomponent/", f"{_COMPONENT}fhir/R4/"))
            and not member.name.endswith(".map")
        ]
        archive.extractall(unfinished, wanted, filter="data")
    component = unfinished / _COMPONENT
    (component / "form.html").write_text(_PAGE, encoding="utf-8")
    component.rename(folder)


@pytest.fixture(scope="session")
def address(component: Path) -> Iterator[str]:
    """Where the page is served: on this machine, without a content security policy, which it cannot bear."""
    handler = functools.partial(_Quiet, directory=str(component))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, name="lforms")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/form.html"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def page(address: str, playwright: Playwright) -> Iterator[Page]:
    """The page with the component loaded, in a browser that reaches no other machine; no fault may occur."""
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
    )
    page = browser.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(request.url))
    page.goto(address)
    page.wait_for_function("window.LForms?.FHIR?.R4")
    yield page
    browser.close()
    assert faults == []


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Requests are nothing to read."""
