"""What people agreed to has a name of its own."""

import hashlib
from pathlib import Path

from consult.booking.commands import PRIVACY_VERSION

NOTICE = Path(__file__).parents[3] / "templates" / "patient" / "privacy.html"
WORDS = {"2026-11b": "9a7210e00dcb4ce2"}


def test_changed_words_of_the_privacy_notice_have_a_new_version():
    """Changed them? Raise the version too, since bookings keep the one they agreed to."""
    assert hashlib.sha256(NOTICE.read_bytes()).hexdigest()[:16] == WORDS.get(PRIVACY_VERSION)
