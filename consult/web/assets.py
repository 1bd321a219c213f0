"""Addresses of our static files that change when the file does, so that browsers may keep them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, url_for

_YEAR = 31_536_000


def init_assets(app: Flask) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    folder = Path(str(app.static_folder))

    @cache
    def version(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=version(name))

    app.jinja_env.globals["asset"] = asset
