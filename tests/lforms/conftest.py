"""LHC-Forms, another maker's renderer of FHIR forms, in a real browser.

Its npm package holds the built web component; npm brings it once, into build/lforms. Where npm or Chromium is
missing, or npm cannot reach a registry, these tests are skipped and say so.
"""

import base64
import functools
import hashlib
import http.server
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, Playwright

VERSION = "40.1.3"
INTEGRITY = "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ=="
"""SHA-512 of the package, so that what runs here is what was looked at."""
BUILD = Path(__file__).parents[2] / "build" / "lforms"
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
_NPM_SECONDS = 60
_PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def component() -> Path:
    """The folder with the built web component and a page that shows a form."""
    if shutil.which("chromium") is None:
        pytest.skip("there is no `chromium` on the PATH")
    folder = BUILD / VERSION
    if not folder.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        _unpack(_fetched(), folder)
    return folder


def _fetched() -> Path:
    """The package as npm hands it over: nothing of it is run, nor are the packages it names installed."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no `npm` on the PATH")
    command = [
        npm,
        "pack",
        f"lforms@{VERSION}",
        "--silent",
        "--ignore-scripts",
        f"--pack-destination={BUILD}",
    ]
    try:
        subprocess.run(command, cwd=BUILD, check=True, capture_output=True, timeout=_NPM_SECONDS)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm could not fetch lforms {VERSION}: {type(error).__name__}")
    return BUILD / f"lforms-{VERSION}.tgz"


def _unpack(package: Path, folder: Path) -> None:
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    assert digest == INTEGRITY, "this is not the lforms package that was looked at"
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
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
    shutil.rmtree(unfinished)
    package.unlink()


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
