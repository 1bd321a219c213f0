"""Packages of other makers that tests run with Node or in a browser, as npm hands them over."""

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[1] / "build"
_SECONDS = 60


def npm_package(name: str, version: str, integrity: str, unpack: Callable[[Path, Path], None]) -> Path:
    """The folder into which `unpack` has put what it wants of the package, fetched once for all runs.

    `integrity` is the SHA-512 of the package, so that what runs here is what was looked at. Nothing of it is
    run by npm, nor are the packages it names installed.
    """
    folder = BUILD / name / version
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
            package = _fetched(name, version, Path(beside))
            digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
            assert digest == integrity, f"this is not the {name} package that was looked at"
            unpack(package, Path(beside) / "unpacked")
            (Path(beside) / "unpacked").rename(folder)
    return folder


def skip_here(reason: str) -> None:
    """CI has everything and may skip nothing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _fetched(name: str, version: str, into: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        skip_here("there is no `npm` on the PATH")
    command = [npm or "npm", "pack", f"{name}@{version}", "--silent", "--ignore-scripts"]
    try:
        subprocess.run(command, cwd=into, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        skip_here(f"npm could not fetch {name} {version}: {type(error).__name__}")
    return into / f"{name}-{version}.tgz"
