from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from consult.notifications.message import Message

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@pytest.fixture
def message() -> Callable[..., Message]:
    """A plain mail to Ann; give what shall differ."""

    def make(**changes: object) -> Message:
        values: dict[str, object] = {
            "to_name": "Ann Lee",
            "to_email": "ann@example.com",
            "subject": "Your appointment is booked",
            "text": "Hello Ann,\n",
            "html": "<p>Hello Ann,</p>\n",
            "dedupe_key": "confirmation:1",
        }
        return Message(**{**values, **changes})

    return make
