"""What people agreed to stays as it was."""

import hashlib

from consult.notifications.text_consent import WORDING, WORDINGS

AGREED_TO = {"2026-11": "f75771cfc865e52a"}


def test_words_that_anybody_agreed_to_are_never_changed():
    """Changed them? Put them back, and write the new ones under a new id."""
    kept = {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in WORDINGS.items()}
    assert kept == AGREED_TO
    assert WORDING in WORDINGS


def test_the_words_say_how_often_what_it_costs_and_how_to_end_it():
    text = WORDINGS[WORDING]
    for said in ("usually two", "Message and data rates may apply", "STOP", "HELP", "without this"):
        assert said in text
