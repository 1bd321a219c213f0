"""The mail with a code goes to an address nobody has confirmed yet, so it says nothing of anybody."""

import re

from jinja2 import Environment

from consult.notifications.compose import Recipient, compose
from consult.notifications.letters import EmailCode

from .test_compose import HEALTH_WORDS


def test_it_holds_the_code_and_how_long_it_works_and_nothing_about_whom_or_what(environment: Environment):
    letter = EmailCode(code="012345", minutes="15")
    message = compose(environment, letter, Recipient("", "ann@example.com"), dedupe_key="k")
    assert "012345" in message.text.splitlines()
    for body in (message.text, message.html):
        assert "It works for 15 minutes" in body
        assert "012345" in body
        said = re.sub(r"<[^>]+>", " ", body)
        assert HEALTH_WORDS.findall(said) == []
        assert "Patel" not in said
        assert "://" not in body
    assert message.subject == "Your code to go on"
    assert message.to_name == ""
